"""`aggregator doctor` and `status`: what is wrong is found, and each fault comes with a remedy."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import status
from aggregator.app import App, utc_now
from aggregator.doctor import EXPAT, PYTHON, SQLITE, Finding, Hole, Verdict, examine, open_in
from aggregator.errors import ConfigError
from aggregator.model import Digest, DigestState, FeedState, FeedStatus, Fetched, Outcome
from aggregator.settings import DigestSettings, FeedSettings, PollSettings, Settings, SmtpSettings
from tests.digest_server import mail_server
from tests.fetch_site import LOOPBACK, Reply, Site, always

VERSIONS = [
    ("3.11.7", PYTHON, True), ("3.11.10", PYTHON, False), ("3.12.4", PYTHON, True), ("3.12.5", PYTHON, False),
    ("3.13.0", PYTHON, False), ("3.14.0", PYTHON, False), ("3.13.0rc2", PYTHON, False),
    ("2.5.0", EXPAT, True), ("2.7.0", EXPAT, False), ("2.10.1", EXPAT, False),
    ("3.40.1", SQLITE, True), ("3.44.6", SQLITE, False), ("3.50.6", SQLITE, True), ("3.50.7", SQLITE, False),
    ("3.51.2", SQLITE, True), ("3.53.0", SQLITE, False),
]  # fmt: skip


@pytest.mark.parametrize(("version", "hole", "open_"), VERSIONS)
def test_versions_with_known_holes(version: str, hole: Hole, open_: bool) -> None:
    assert open_in(version, hole) is open_


def found(settings: Settings) -> dict[str, Finding]:
    """By what they are about; without the versions of this machine."""
    findings = {one.about: one for one in examine(lambda: settings)}
    assert all(one.remedy for one in findings.values() if one.verdict is not Verdict.OK)
    return {name: one for name, one in findings.items() if name not in {"Python", "SQLite", "expat"}}


def settings(folder: Path, url: str = "", **more: object) -> Settings:
    feeds = (FeedSettings(url, title="The feed"),) if url else ()
    return Settings(feeds=feeds, database=folder / "d.db", poll=PollSettings(allow_networks=LOOPBACK), **more)  # type: ignore[arg-type]


def date(ahead: timedelta) -> dict[str, str]:
    from email.utils import format_datetime  # noqa: PLC0415

    return {"Date": format_datetime(utc_now() + ahead, usegmt=True)}


def test_all_is_well(tmp_path: Path) -> None:
    with Site(always(Reply(headers=date(timedelta())))) as site, mail_server() as server:
        smtp = SmtpSettings(host="127.0.0.1", port=server.port, security="none", sender="me@example.org")
        made = settings(tmp_path, site.url(), digest=DigestSettings(to=("you@example.org",)), smtp=smtp)
        with App(made):
            pass
        assert {one.verdict for one in found(made).values()} == {Verdict.OK}
        assert server.received == []


def test_a_wrong_clock_a_missing_name_and_a_deaf_mail_server(tmp_path: Path) -> None:
    with Site(always(Reply(headers=date(timedelta(hours=3))))) as site:
        smtp = SmtpSettings(host="127.0.0.1", port=1, security="none", sender="me@example.org")
        made = settings(tmp_path, site.url(), digest=DigestSettings(to=("you@example.org",)), smtp=smtp)
        findings = found(made)
    assert findings["clock"].verdict is Verdict.WARNING
    assert findings["mail stopped"].verdict is Verdict.ERROR
    assert findings["database"].verdict is Verdict.WARNING  # not there yet


def test_a_broken_configuration_is_all_it_says() -> None:
    def load() -> Settings:
        raise ConfigError("feeds.yaml:3: unknown key `fields`")

    *_, last = examine(load)
    assert (last.about, last.verdict) == ("configuration", Verdict.ERROR)
    assert "feeds.yaml:3" in last.detail


def damage(made: Settings) -> None:
    made.database.write_bytes(b"SQLite format 3\0" + b"x" * 8000)


def died(made: Settings) -> None:
    made.database.with_name("d.db.lock").touch()
    made.database.with_name("d.db.pid").write_text("99999999\n2026-11-20T12:00:00+00:00\nrun\n")


def fail(made: Settings) -> None:
    with App(made) as app:
        failing = FeedState(status=FeedStatus.FAILING, error="500 out of order", failures=3, checked_at=utc_now())
        app.store.save_poll(1, failing, Fetched("u", Outcome.BROKEN, utc_now()))


def give_up(made: Settings) -> None:
    with App(made) as app:
        row = Digest("daily", "2026-11-20", "you@example.org", "<m>", DigestState.PENDING, b"x", utc_now())
        row = app.store.add_digest(row)
        app.store.record_attempt(row.id, DigestState.FAILED, at=utc_now(), answer="550 no", next_at=None)


@pytest.mark.parametrize(
    ("spoil", "about", "said"),
    [(damage, "database", "d.db"), (died, "daemon", "ended without a word"), (fail, "feed", "500 out of order"),
     (give_up, "digest", "550 no")],
)  # fmt: skip
def test_what_is_wrong_is_named(spoil: Callable[[Settings], None], about: str, said: str, tmp_path: Path) -> None:
    made = settings(tmp_path, "http://127.0.0.1:1/feed")
    spoil(made)
    finding = found(made)[about]
    assert finding.verdict is not Verdict.OK
    assert said in finding.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert found(settings(tmp_path))["database rights"].verdict is Verdict.ERROR


def test_a_machine_where_workers_cannot_be_started() -> None:
    code = (
        "import resource; from aggregator import doctor; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "print(doctor._workers().verdict)"  # a shared lock is a file in /dev/shm
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "error\n"


def test_status_counts_and_warns(tmp_path: Path) -> None:
    made = settings(tmp_path, "http://127.0.0.1:1/feed", digest=DigestSettings(to=("you@example.org",)))
    give_up(made)
    fail(made)
    with App(made, read_only=True, now=lambda: utc_now() + timedelta(days=3)) as app:
        seen = status.look(app)
    assert seen.health.feeds["failing"] == 1
    assert seen.running is None
    assert [(one.name, one.alarms) for one in seen.digests] == [("daily", 1)]
    said = "\n".join(seen.warnings)
    assert "given up (550 no)" in said
    assert "nothing polls: start `aggregator run`" in said
