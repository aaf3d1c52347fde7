"""Ways out, against a real mail server on loopback that misbehaves."""

import mailbox
import socket
import stat
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.digest.compose import compose
from aggregator.digest.mail import check, way_out
from aggregator.digest.message import Sender, write
from aggregator.errors import ConfigError, RefusedError, UnavailableError
from aggregator.settings import SmtpSettings
from tests.digest_samples import NOW, SETTINGS, sample
from tests.digest_server import DROP, HANG, SESAME, certificate, mail_server

ME, YOU = "digest@example.org", "reader@example.org"
MESSAGE = write(compose(sample(), SETTINGS), SETTINGS, sender=Sender("", ME), recipient=YOU).data
WORD = {"password_env": "PW"}
STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "final")


def plain(port: int, **changes: object) -> SmtpSettings:
    base = SmtpSettings(host="127.0.0.1", port=port, security="none", sender=ME, timeout=timedelta(seconds=30))
    return replace(base, **changes)  # type: ignore[arg-type]


def deliver(smtp: SmtpSettings, environ: dict[str, str] | None = None) -> str:
    return way_out(smtp, environ or {})(MESSAGE, sender=ME, recipient=YOU)


def test_a_mail_arrives_byte_for_byte() -> None:
    with mail_server() as server:
        assert deliver(plain(server.port)) == "250 taken as 1234"
        assert server.received == [(ME, YOU, MESSAGE)]


@pytest.mark.parametrize("code", [451, 452, 421])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "final"])
def test_what_may_pass_is_unavailable(step: str, code: int) -> None:
    with (
        mail_server({step: f"{code} not now\x07"}) as server,
        pytest.raises(UnavailableError, match=f"{code} not now$") as e,
    ):
        deliver(plain(server.port))
    assert not isinstance(e.value, RefusedError)
    assert server.received == []


@pytest.mark.parametrize("code", [550, 552, 554])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "final"])
def test_what_will_not_pass_is_refused(step: str, code: int) -> None:
    with mail_server({step: f"{code} never"}) as server, pytest.raises(RefusedError, match=f"{code} never"):
        deliver(plain(server.port))
    assert server.received == []


def test_a_server_that_wants_no_mail_at_all_does_not_condemn_this_one() -> None:
    with mail_server({"connect": "554 no service"}) as server, pytest.raises(UnavailableError, match="554") as error:
        deliver(plain(server.port))
    assert not isinstance(error.value, RefusedError)


@pytest.mark.parametrize("step", STEPS)
def test_dropped_connections_are_unavailable(step: str) -> None:
    with mail_server({step: DROP}) as server, pytest.raises(UnavailableError, match=r"mail server 127\.0\.0\.1"):
        deliver(plain(server.port))
    assert len(server.received) == (step == "final")  # taken, but we cannot know


@pytest.mark.parametrize("step", STEPS)
def test_a_silent_server_is_left(step: str) -> None:
    with mail_server({step: HANG}) as server, pytest.raises(UnavailableError, match="timed out"):
        deliver(plain(server.port, timeout=timedelta(milliseconds=400)))


@pytest.mark.parametrize("fault", [DROP, HANG, "421 tired", "500 what"])
@pytest.mark.timeout(60)
def test_the_farewell_is_not_waited_for(fault: str) -> None:
    with mail_server({"QUIT": fault}) as server:
        assert deliver(plain(server.port, timeout=timedelta(hours=1))).startswith("250")
        assert len(server.received) == 1


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UnavailableError, match="refused"):
            deliver(plain(taken.getsockname()[1]))


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_tls_is_verified(tmp_path: Path, security: str, implicit: bool) -> None:
    cert, context = certificate(tmp_path)
    _, foreign = certificate(tmp_path, "other.example")
    needs = {"auth_required": not implicit, "auth_require_tls": not implicit}  # aiosmtpd knows only STARTTLS as TLS
    with mail_server(tls=context, implicit=implicit, **needs) as server:
        smtp = plain(server.port, host="localhost", security=security, ca_file=cert, username="me", **WORD)
        assert deliver(smtp, {"PW": SESAME}).startswith("250")
        with pytest.raises(UnavailableError, match="refused the login: 535"):
            deliver(smtp, {"PW": "wrong"})
        with pytest.raises(ConfigError, match="PW in the environment"):
            deliver(smtp)
        with pytest.raises(UnavailableError, match=r"(?i)certificate"):  # not known to this machine
            deliver(replace(smtp, ca_file=None), {"PW": SESAME})
        assert len(server.received) == 1
    with mail_server(tls=foreign, implicit=implicit) as server:
        smtp = replace(smtp, port=server.port, ca_file=tmp_path / "other.example.pem")
        with pytest.raises(UnavailableError, match=r"(?i)hostname mismatch"):
            deliver(smtp, {"PW": SESAME})
        assert server.received == []


def test_no_fall_back_to_clear_text() -> None:
    with mail_server() as server, pytest.raises(UnavailableError, match="STARTTLS"):
        deliver(plain(server.port, security="starttls"))
    assert server.received == []


@pytest.mark.parametrize(
    ("smtp", "said"),
    [
        (SmtpSettings(), r"smtp\.host"),
        (SmtpSettings(host="mail.example", security="none", username="me"), "in the clear"),
        (SmtpSettings(host="localhost", port=1, ca_file=Path("/no/such"), security="tls"), r"smtp\.ca_file"),
        (SmtpSettings(instead="maildir"), r"smtp\.path"),
    ],
)
def test_settings_that_do_not_say_enough(smtp: SmtpSettings, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        deliver(smtp)


def test_maildir_mbox_and_folder(tmp_path: Path) -> None:
    for kind in ("maildir", "mbox", "folder"):
        smtp = SmtpSettings(instead=kind, path=tmp_path / kind)
        assert deliver(smtp)
        assert deliver(smtp)
    assert len(mailbox.Maildir(tmp_path / "maildir")) == 2
    box = mailbox.mbox(tmp_path / "mbox")
    assert [m["To"] for m in box] == [YOU, YOU]
    box.close()
    (eml,) = (tmp_path / "folder").iterdir()  # the second replaced the first: it is the same mail
    assert eml.read_bytes() == MESSAGE
    assert eml.name.startswith("daily.20260314.")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for kind in ("maildir", "mbox", "folder"):
        with pytest.raises(UnavailableError, match=kind):
            deliver(SmtpSettings(instead=kind, path=tmp_path / "file" / "below"))


@pytest.mark.parametrize(
    ("code", "error"), [(0, None), (75, UnavailableError), (67, RefusedError), (1, UnavailableError)]
)
def test_a_sendmail_command(tmp_path: Path, code: int, error: type[Exception] | None) -> None:
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/out"\necho "$@" >> "{tmp_path}/args"\necho no >&2\nexit {code}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    smtp = SmtpSettings(instead="sendmail", command=f"{program} -f {{sender}} -- {{recipient}}")
    if error:
        with pytest.raises(error, match=f"ended with {code}: no"):
            deliver(smtp)
    else:
        assert deliver(smtp) == f"handed to {program}"
        assert (tmp_path / "args").read_text() == f"-f {ME} -- {YOU}\n"
        assert (tmp_path / "out").read_bytes() == MESSAGE.replace(b"\r\n", b"\n")


def test_a_sendmail_command_that_hangs_or_is_missing() -> None:
    slow = SmtpSettings(
        instead="sendmail",
        command=f"{sys.executable} -c 'input();import time;time.sleep(60)'",
        timeout=timedelta(seconds=1),
    )
    with pytest.raises(UnavailableError, match="timed out"):
        deliver(slow)
    with pytest.raises(UnavailableError, match="No such file"):
        deliver(replace(slow, command="/no/such/program"))


def test_check_goes_step_by_step(tmp_path: Path) -> None:
    cert, context = certificate(tmp_path)
    with mail_server(tls=context, auth_required=True) as server:
        smtp = plain(server.port, host="localhost", security="starttls", ca_file=cert, username=ME, **WORD)
        steps = list(check(smtp, {"PW": SESAME}, to=YOU, now=NOW))
        assert [(step.name, step.ok) for step in steps] == [
            (name, True) for name in ("From", "connect", "TLS", "login", "message")
        ]
        assert "TLSv1." in steps[2].detail
        assert b"Subject: [test] aggregator mail check" in server.received[0][2]
        steps = list(check(smtp, {"PW": "wrong"}, to=YOU, now=NOW))
        assert [(step.name, step.ok) for step in steps][-2:] == [("TLS", True), ("stopped", False)]
        assert len(server.received) == 1


def test_check_sees_a_login_of_another_domain(tmp_path: Path) -> None:
    smtp = SmtpSettings(instead="folder", path=tmp_path, sender=ME, username="me@elsewhere.example")
    steps = list(check(smtp, {}, to=YOU, now=NOW))
    assert [(step.name, step.ok) for step in steps] == [("From", False), ("message", True)]


def test_check_without_a_server() -> None:
    (from_, stopped) = check(SmtpSettings(sender=ME), {}, to="", now=NOW)
    assert from_.ok
    assert "smtp.host" in stopped.detail
