"""A real SMTP server on loopback that fails where it is told to."""

# ruff: noqa: N802 the names of the hooks are aiosmtpd's

import asyncio
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

DROP, HANG = "drop", "hang"
SESAME = "open sesame"


@dataclass
class MailServer:
    """`faults`: step (connect, EHLO, MAIL, RCPT, DATA, final, QUIT) → a reply to give instead, DROP or HANG."""

    faults: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, message
    open: dict[SMTP, asyncio.Transport] = field(default_factory=dict)
    delay: float = 0.0  # seconds before each answer to a message
    port: int = 0

    def settle(self) -> None:
        """Wait until no one is talking to us."""
        for _ in range(1000):
            if all(transport.is_closing() for transport in list(self.open.values())):
                return
            time.sleep(0.005)
        raise AssertionError("a mail session does not end")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay)
        fault = self.faults.get("final", "")
        if fault in ("", DROP, HANG):
            content = envelope.original_content or b""
            self.received.append((str(envelope.mail_from), str(envelope.rcpt_tos[0]), content))
        return "250 taken as 1234" if fault in ("", DROP, HANG) else fault


class _Faulty(SMTP):
    """Faults strike before the real command is carried out; "final" ones after the message has been taken."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        super().__init__(server, hostname="localhost", **options)
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._server.open[self] = transport  # again after STARTTLS
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.open.pop(self, None)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        said = status if isinstance(status, str) else bytes(status).decode()
        fault = self._server.faults.get("connect" if said.startswith("220 ") and "Python SMTP" in said else "", "")
        final = self._server.faults.get("final", "") if said.startswith("250 taken") else ""
        if not await self._strike(fault or final):
            await super().push(status)

    async def _strike(self, fault: str) -> bool:
        """Whether the fault has taken the place of the answer."""
        if fault == DROP and isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        elif fault == HANG:
            await asyncio.sleep(3600)
        elif fault:
            await super().push(fault)
        return bool(fault)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._strike(self._server.faults.get("EHLO", "")):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str) -> None:
        if not await self._strike(self._server.faults.get("MAIL", "")):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        if not await self._strike(self._server.faults.get("RCPT", "")):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._strike(self._server.faults.get("DATA", "")):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._strike(self._server.faults.get("QUIT", "")):
            await super().smtp_QUIT(arg)


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == SESAME.encode(), handled=False)


@contextmanager
def mail_server(
    faults: Mapping[str, str] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    **options: Any,
) -> Iterator[MailServer]:
    """Runs in a thread of its own. `tls` offers STARTTLS, or with `implicit` speaks TLS from the first byte."""
    server = MailServer(dict(faults or {}))
    loop = asyncio.new_event_loop()
    starttls = {"tls_context": tls} if tls and not implicit else {}

    def protocol() -> SMTP:
        return _Faulty(server, loop=loop, authenticator=_authenticate, **starttls, **options)

    listening = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening, server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(listening: asyncio.Server, server: MailServer) -> None:
    listening.close()
    for transport in server.open.values():
        transport.abort()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.02)  # transports close in callbacks


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for the name and 127.0.0.1's server side; skips where there is no openssl."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", f"/CN={name}",
               "-addext", f"subjectAltName=DNS:{name}"]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl command to make a certificate with")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
