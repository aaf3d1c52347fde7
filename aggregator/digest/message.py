"""Composed issue → the bytes of one mail (RFC 5322, MIME), checked by reading them back. Pure.

Everything is 7-bit. Our own header lines are made of checked or cleaned text, no header value can hold a line break or
what looks like an encoded word, and the finished bytes are parsed again and must have exactly the headers meant
(CVE-2024-6923: Python before 3.11.10 lets a crafted value start a new header).
"""

import base64
import hashlib
import quopri
from dataclasses import dataclass
from datetime import date, datetime
from email import policy
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.parser import BytesParser
from email.utils import format_datetime, formataddr, parseaddr
from urllib.parse import quote

from aggregator.digest import show
from aggregator.digest.compose import Composed
from aggregator.errors import ConfigError, CorruptError
from aggregator.settings import DigestSettings, SmtpSettings

HEADER_LIMIT = 200  # characters of words
ADDRESS_LIMIT = 2000  # of addresses, which must not be cut but by the user
_WIRE = policy.compat32.clone(linesep="\r\n", mangle_from_=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mails are from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """One finished mail."""

    message_id: str
    data: bytes


def sender_of(smtp: SmtpSettings) -> Sender:
    """`smtp.sender`, else the login if it is an address. Raises ConfigError if there is none."""
    login = smtp.username if smtp.username and "@" in smtp.username else ""
    fallback = "aggregator@localhost" if smtp.instead else ""
    name, address = parseaddr(smtp.sender or login or fallback)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain and address.isascii() and address.isprintable() and " " not in address):
        raise ConfigError(f"smtp.sender: {smtp.sender!r} is no mail address: write one such as digest@example.org")
    return Sender(show.line(name, 80), address)


def message_id(name: str, day: date, recipient: str, sender: Sender, *, mark: str = "") -> str:
    """The same for the same digest, date and recipient, whenever it is made."""
    who = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    return f"<{mark}{name}.{day:%Y%m%d}.{who}@{sender.domain}>"


def write(composed: Composed, digest: DigestSettings, *, sender: Sender, recipient: str, test: bool = False) -> Letter:
    """The mail of one issue for one recipient; `test` marks it as such and gives it a Message-ID of its own."""
    issue = composed.issue
    mark = f"test-{issue.now:%H%M%S}." if test else ""
    identity = message_id(digest.name, issue.day, recipient, sender, mark=mark)
    body = _body(composed, digest, boundary=_boundary(identity, composed))
    headers = {
        "From": _mailbox(sender.name or issue.title, sender.address),
        "To": recipient,
        "Subject": ("[test] " if test else "") + composed.subject,
        "Date": format_datetime(issue.now),
        "Message-ID": identity,
        **_thread(digest, issue.day, recipient, sender),
        "List-ID": f"{_quoted(issue.title)} <{digest.name}.aggregator.{sender.domain}>",
        **_unsubscribe(digest, sender),
        "Auto-Submitted": "auto-generated",
        "Content-Language": ", ".join(composed.languages[:8]),
    }
    return Letter(identity, finish(body, headers))


def note(*, sender: Sender, recipient: str, subject: str, text: str, now: datetime) -> Letter:
    """A short plain mail of our own, such as the one that tries the way out."""
    identity = f"<test.{now:%Y%m%dT%H%M%S}@{sender.domain}>"
    headers = {
        "From": _mailbox(sender.name or "aggregator", sender.address),
        "To": recipient,
        "Subject": subject,
        "Date": format_datetime(now),
        "Message-ID": identity,
        "Auto-Submitted": "auto-generated",
    }
    return Letter(identity, finish(_text(text, "plain"), headers))


def finish(body: Message, headers: dict[str, str]) -> bytes:
    """Put the headers on and serialise. Raises CorruptError if the bytes do not read back as meant."""
    clean = {name: show.line(value, ADDRESS_LIMIT) for name, value in headers.items()}
    clean["Subject"] = header_text(headers["Subject"])
    for name, value in clean.items():
        body[name] = Header(value, header_name=name).encode() if name == "Subject" else value
    data = body.as_bytes(policy=_WIRE)
    _verify(data, body.keys(), clean)
    return data


def body(data: bytes, kind: str) -> str:
    """The `html` or `plain` body of a mail that was finished earlier."""
    part = BytesParser(policy=policy.default).parsebytes(data).get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


def header_text(value: str) -> str:
    """Words for a header: one line, nothing that reads as an encoded word, at most 200 characters."""
    return show.line(show.line(value, HEADER_LIMIT).replace("=?", "= ?"), HEADER_LIMIT)


def _verify(data: bytes, names: list[str], meant: dict[str, str]) -> None:
    read = BytesParser(policy=policy.default).parsebytes(data)
    if [name for name, _ in read.raw_items()] != names:
        raise CorruptError("a mail did not read back with the headers meant: it was not sent; please report this")
    if read["Subject"] != meant["Subject"] or read["To"] != meant["To"]:
        raise CorruptError("a mail did not read back with the subject and recipient meant: it was not sent")
    if any(part.defects for part in read.walk()):
        raise CorruptError("a mail did not read back as well-formed MIME: it was not sent; please report this")
    if not data.isascii() or b"\n" in data.replace(b"\r\n", b""):
        raise CorruptError("a mail is not 7-bit with CRLF line ends: it was not sent; please report this")


def _body(composed: Composed, digest: DigestSettings, *, boundary: str) -> Message:
    parts = MIMEMultipart("alternative", boundary, [_text(composed.text, "plain"), _text(composed.html, "html")])
    if not composed.full_html:
        return parts
    page = _text(composed.full_html, "html")
    page.add_header("Content-Disposition", "attachment", filename=f"{digest.name}-{composed.issue.day}.html")
    return MIMEMultipart("mixed", f"=_mixed{boundary[2:]}", [parts, page])


def _text(text: str, kind: str) -> Message:
    """A UTF-8 part in the shorter of the two 7-bit encodings."""
    data = text.encode()
    shorter = QP if len(quopri.encodestring(data)) <= len(base64.encodebytes(data)) else BASE64
    charset = Charset("utf-8")
    charset.body_encoding = shorter
    part = MIMENonMultipart("text", kind)
    part.set_payload(text, charset)
    del part["MIME-Version"]
    return part


def _boundary(identity: str, composed: Composed) -> str:
    """Fixed by the content, and by that unknown to whoever wrote it."""
    content = "\0".join((identity, composed.text, composed.html, composed.full_html))
    return f"=_{hashlib.sha256(content.encode()).hexdigest()[:40]}"


def _mailbox(name: str, address: str) -> str:
    return formataddr((header_text(name), address))


def _quoted(phrase: str) -> str:
    return formataddr((header_text(phrase), "x@x")).removesuffix(" <x@x>")


def _thread(digest: DigestSettings, day: date, recipient: str, sender: Sender) -> dict[str, str]:
    """Weekly: all mails of one ISO week answer one that never was, which mail programs show as one thread."""
    if digest.threading == "off":
        return {}
    monday = date.fromisocalendar(*day.isocalendar()[:2], 1)
    root = message_id(digest.name, monday, recipient, sender, mark="week-")
    return {"In-Reply-To": root, "References": root}


def _unsubscribe(digest: DigestSettings, sender: Sender) -> dict[str, str]:
    """RFC 2369, and RFC 8058 where the user has something that answers it."""
    mail = f"<mailto:{sender.address}?subject={quote(f'unsubscribe {digest.name}')}>"
    if not digest.unsubscribe_url:
        return {"List-Unsubscribe": mail}
    return {
        "List-Unsubscribe": f"{mail}, <{digest.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
