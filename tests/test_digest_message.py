"""The bytes of a mail, and what hostile feeds cannot do to its headers."""

from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.digest.compose import Composed, compose
from aggregator.digest.message import Sender, finish, header_text, message_id, note, sender_of, write
from aggregator.errors import ConfigError, CorruptError
from aggregator.settings import SmtpSettings
from tests.digest_samples import NOW, SETTINGS, sample
from tests.test_digest_compose import HOSTILE

ME, YOU = Sender("", "digest@example.org"), "reader@example.org"
COMPOSED = compose(sample(), SETTINGS)
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "List-ID", "List-Unsubscribe", "Auto-Submitted",
           "Content-Language"]  # fmt: skip


def read(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def written(composed: Composed = COMPOSED, **changes: object) -> EmailMessage:
    return read(write(composed, replace(SETTINGS, **changes), sender=ME, recipient=YOU).data)  # type: ignore[arg-type]


def test_the_headers() -> None:
    mail = written()
    assert mail.keys() == ["Content-Type", "MIME-Version", *HEADERS]
    assert mail["From"] == "The Orla Digest <digest@example.org>"
    assert mail["To"] == YOU
    assert mail["Subject"] == COMPOSED.subject
    assert mail["Date"].datetime == NOW
    assert mail["List-ID"] == "The Orla Digest <daily.aggregator.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:digest@example.org?subject=unsubscribe%20daily>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en, ar, de, ja"


def test_the_parts_are_what_was_composed() -> None:
    mail = written()
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == COMPOSED.text
    assert html.get_content().replace("\r\n", "\n") == COMPOSED.html


def test_the_full_page_is_attached() -> None:
    digest = replace(SETTINGS, limit=5)
    mail = written(compose(sample(digest), digest), limit=5)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/html",
    ]  # fmt: skip
    (page,) = mail.iter_attachments()
    assert page.get_filename() == "daily-2026-03-14.html"
    assert page.get_content().count('class="item"') == 23


def test_the_same_issue_is_the_same_bytes() -> None:
    assert write(COMPOSED, SETTINGS, sender=ME, recipient=YOU) == write(COMPOSED, SETTINGS, sender=ME, recipient=YOU)


def test_message_ids_are_fixed_by_digest_date_and_recipient() -> None:
    day = date(2026, 3, 14)
    ids = {
        message_id(n, d, r, ME) for n in ("a", "b") for d in (day, date(2026, 3, 15)) for r in (YOU, "x@example.org")
    }
    assert len(ids) == 8
    assert message_id("a", day, YOU, ME) == message_id("a", day, YOU, ME)
    assert written()["Message-ID"] == message_id("daily", day, YOU, ME)


def test_unsubscribing_by_the_web_only_where_configured() -> None:
    url = "https://example.org/stop?" + "x" * 300
    mail = written(unsubscribe_url=url)
    assert mail["List-Unsubscribe"] == f"<mailto:digest@example.org?subject=unsubscribe%20daily>, <{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_weekly_threads() -> None:
    def root(day: date) -> str:
        return str(written(replace(COMPOSED, issue=replace(COMPOSED.issue, day=day)), threading="weekly")["References"])

    assert root(date(2026, 3, 9)) == root(date(2026, 3, 15)) != root(date(2026, 3, 16))
    assert written()["References"] is None


def test_a_test_mail_is_marked() -> None:
    mail = read(write(COMPOSED, SETTINGS, sender=ME, recipient=YOU, test=True).data)
    assert mail["Subject"].startswith("[test] Sat 14 Mar")
    assert mail["Message-ID"] != written()["Message-ID"]


@pytest.mark.parametrize(
    "text", [*HOSTILE, "x\r\n\r\n<html>", "From \n.\r\n.", "=?=?utf-8?b?QmNj?=", "é" * 300, "日" * 300]
)
def test_hostile_subjects(text: str) -> None:
    mail = written(replace(COMPOSED, subject=text))
    assert mail.keys() == ["Content-Type", "MIME-Version", *HEADERS]
    assert mail["Subject"] == header_text(text)
    assert len(mail["Subject"]) <= 200


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), st.text(max_size=60))
def test_any_subject_and_title_read_back(subject: str, title: str) -> None:
    data = note(sender=Sender(title, ME.address), recipient=YOU, subject=subject, text=title, now=NOW).data
    mail = read(data)
    assert mail.keys()[-6:] == ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    assert mail["Subject"] == header_text(subject)
    assert mail["From"].addresses[0].addr_spec == ME.address
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"=?" not in header_text(subject).encode()


def test_a_header_that_gets_through_is_caught() -> None:
    """The check itself: bytes that read back otherwise are not sent."""

    class Careless(EmailMessage):
        def as_bytes(self, *_: object, **__: object) -> bytes:
            return b"Bcc: evil@example.org\r\n" + super().as_bytes(policy=policy.SMTP)

    body = Careless()
    body.set_content("x")
    with pytest.raises(CorruptError, match="headers meant"):
        finish(body, {"To": YOU, "Subject": "x"})


@pytest.mark.parametrize(
    ("smtp", "sender"),
    [
        (SmtpSettings(sender="Orla <o@example.org>"), Sender("Orla", "o@example.org")),
        (SmtpSettings(username="me@example.org"), Sender("", "me@example.org")),
        (SmtpSettings(instead="folder"), Sender("", "aggregator@localhost")),
        (SmtpSettings(), None),
        (SmtpSettings(sender="me"), None),
        (SmtpSettings(sender="Orla <a b@example.org>"), None),
    ],
)
def test_the_sender(smtp: SmtpSettings, sender: Sender | None) -> None:
    if sender:
        assert sender_of(smtp) == sender
    else:
        with pytest.raises(ConfigError, match=r"smtp\.sender"):
            sender_of(smtp)
