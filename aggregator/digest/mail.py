"""A finished message → the other side's answer, by SMTP (RFC 5321). The only SMTP.

One connection a mail, each step with its own time limit, TLS always verified. As soon as the server has answered the
final dot we return, without waiting for its farewell: the less time between its 250 and our commit, the better.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from aggregator.digest import show
from aggregator.digest.drops import CommandSend, FolderSend, MaildirSend, MboxSend
from aggregator.digest.message import note, sender_of
from aggregator.errors import AggregatorError, ConfigError, RefusedError, UnavailableError
from aggregator.ports import Send
from aggregator.settings import SmtpSettings


def way_out(smtp: SmtpSettings, environ: Mapping[str, str]) -> Send:
    """How mail leaves. Settings that do not say enough raise ConfigError at the first mail, not before."""

    def send(message: bytes, *, sender: str, recipient: str) -> str:
        return _chosen(smtp, environ)(message, sender=sender, recipient=recipient)

    return send


def require(smtp: SmtpSettings, environ: Mapping[str, str]) -> None:
    """Raise ConfigError where mail cannot leave with these settings. Asks nobody."""
    sender_of(smtp)
    send = _chosen(smtp, environ)
    if isinstance(send, SmtpSend) and smtp.username:
        send.password()


def _chosen(smtp: SmtpSettings, environ: Mapping[str, str]) -> Send:
    if not smtp.instead:
        return SmtpSend(smtp, environ)
    if smtp.instead == "sendmail":
        return CommandSend(smtp.command, smtp.timeout.total_seconds())
    if smtp.path is None:
        raise ConfigError(f"smtp.path: write where the {smtp.instead} is")
    drops: dict[str, Callable[[Path], Send]] = {"maildir": MaildirSend, "mbox": MboxSend, "folder": FolderSend}
    return drops[smtp.instead](smtp.path)


class SmtpSend:
    """Send by SMTP."""

    def __init__(self, settings: SmtpSettings, environ: Mapping[str, str]) -> None:
        if not settings.host:
            raise ConfigError("smtp.host: write the name of your mail server, or see `instead:`")
        if settings.username and settings.security == "none" and not _is_loopback(settings.host):
            raise ConfigError("smtp.security: none would send the password in the clear: write starttls or tls")
        self._settings = settings
        self._environ = environ

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:
        with self.foreseen(), self.session() as client:
            self.enter(client)
            size = [f"size={len(message)}"] if client.has_extn("size") else []
            _expect(client.mail(sender, size), "MAIL FROM")
            _expect(client.rcpt(recipient), f"RCPT TO {recipient}")
            return _expect(client.data(message), "message")

    @contextmanager
    def session(self) -> Iterator[smtplib.SMTP]:
        """A connection that has said hello, closed in any case."""
        host, port, seconds = self._settings.host, self._settings.port, self._settings.timeout.total_seconds()
        name = socket.gethostname()
        if self._settings.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, name, timeout=seconds, context=self._context())
        else:
            client = smtplib.SMTP(host, port, name, timeout=seconds)
        try:
            yield client
        finally:
            with suppress(smtplib.SMTPException, OSError):
                client.putcmd("QUIT")
            client.close()

    def enter(self, client: smtplib.SMTP) -> None:
        """STARTTLS and login, as far as the settings ask for them."""
        self.secure(client)
        self.login(client)

    def secure(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if self._settings.security == "starttls":
            client.starttls(context=self._context())
            client.ehlo_or_helo_if_needed()

    def login(self, client: smtplib.SMTP) -> None:
        if self._settings.username:
            client.login(self._settings.username, self.password())

    def password(self) -> str:
        """Raises ConfigError when the environment does not hold it."""
        name = self._settings.password_env
        if not name or name not in self._environ:
            raise ConfigError(f"smtp.password_env: set {name or 'it to the name of a variable'} in the environment")
        return self._environ[name]

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"smtp.ca_file: {self._settings.ca_file} cannot be used ({error})") from None

    @contextmanager
    def foreseen(self) -> Iterator[None]:
        """What a mail server or the network does wrong, in our words. Only an answer to this mail refuses for good."""
        where = f"mail server {self._settings.host}:{self._settings.port}"
        try:
            yield
        except smtplib.SMTPDataError as error:
            _expect((error.smtp_code, _bytes(error.smtp_error)), "DATA")
        except smtplib.SMTPAuthenticationError as error:
            said = _said(error.smtp_code, error.smtp_error)
            raise UnavailableError(f"{where} refused the login: {said}") from None
        except smtplib.SMTPResponseException as error:
            raise UnavailableError(f"{where} answered {_said(error.smtp_code, error.smtp_error)}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise UnavailableError(f"{where}: {show.line(str(error), 200) or type(error).__name__}") from None


def _expect(reply: tuple[int, bytes], step: str) -> str:
    """The server's answer in one line; 4xx and 5xx as errors."""
    code, text = reply
    said = _said(code, text)
    if 200 <= code < 300:
        return said
    if 500 <= code < 600:
        raise RefusedError(f"{step} refused: {said}")
    raise UnavailableError(f"{step} put off: {said}")


def _said(code: int, text: bytes | str) -> str:
    return show.line(f"{code} {_bytes(text).decode('utf-8', 'replace')}", 200)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# ---------------------------------------------------------------- trying it


@dataclass(frozen=True, slots=True)
class Step:
    """One thing `check` tried."""

    name: str
    ok: bool
    detail: str


def check(smtp: SmtpSettings, environ: Mapping[str, str], *, to: str, now: datetime) -> Iterator[Step]:
    """Try the way out step by step, ending with a test message if `to` is given. Stops at the first failure."""
    steps = _steps(smtp, environ, to, now)
    try:
        yield from steps
    except AggregatorError as error:
        yield Step("stopped", False, str(error))


def _steps(smtp: SmtpSettings, environ: Mapping[str, str], to: str, now: datetime) -> Iterator[Step]:
    sender = sender_of(smtp)
    yield _alignment(smtp, sender.domain)
    send = _chosen(smtp, environ)
    if isinstance(send, SmtpSend):
        yield from _conversation(send, smtp)
    if to:
        text = "This is a test of your feed aggregator's way out for mail.\nIf you can read it, it works.\n"
        letter = note(sender=sender, recipient=to, subject="[test] aggregator mail check", text=text, now=now)
        yield Step("message", True, f"to {to}: {send(letter.data, sender=sender.address, recipient=to)}")


def _conversation(send: SmtpSend, smtp: SmtpSettings) -> Iterator[Step]:
    with send.foreseen(), send.session() as client:
        yield Step("connect", True, f"{smtp.host}:{smtp.port}")
        send.secure(client)
        if isinstance(client.sock, ssl.SSLSocket):
            until = (client.sock.getpeercert() or {}).get("notAfter", "?")
            yield Step("TLS", True, f"{client.sock.version()}, certificate verified, valid until {until}")
        else:
            yield Step("TLS", smtp.security == "none", "off, as configured")
        send.login(client)
        yield Step("login", True, f"as {smtp.username}" if smtp.username else "none configured")


def _alignment(smtp: SmtpSettings, domain: str) -> Step:
    """From and envelope are the same address, so SPF can align; the login should belong to the same domain."""
    login = (smtp.username or "").rpartition("@")[2] if "@" in (smtp.username or "") else ""
    if login and login.lower() != domain.lower():
        why = f"From is at {domain}, the login at {login}: many servers rewrite or refuse that, and DMARC may fail"
        return Step("From", False, why)
    return Step("From", True, f"{sender_of(smtp).address}, also as envelope sender")
