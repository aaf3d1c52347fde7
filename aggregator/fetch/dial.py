"""Host name → connection to a checked address, over which only so much can come.

A name with any bad address is refused whole, and what was checked is what is connected to: nothing is looked up a
second time (DNS rebinding).
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from aggregator.fetch import guard
from aggregator.fetch.decode import TooLargeError
from aggregator.settings import PollSettings

SPARE = 1024 * 1024  # bytes of one answer beyond its body: head, framing, trailers
INTERIM = 16  # answers to one request, waiting to be read: 100 Continue, 103 Early Hints, …
GOODBYE = 1.0  # seconds at most for aborted connections to be gone

Lookup = Callable[[str, int, int], list[tuple[Any, Any, int, str, Any]]]
Check = Callable[[str], None]  # raises guard.ForbiddenError


def system_lookup(host: str, port: int, family: int) -> list[tuple[Any, Any, int, str, Any]]:
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


class CheckedResolver(AbstractResolver):
    """getaddrinfo, each look-up in a daemon thread of its own.

    A look-up cannot be cancelled. In a pool, a few names whose servers are silent would hold up all the others, and the
    end of the process; there are never more look-ups than requests in flight.
    """

    def __init__(self, check: Check, lookup: Lookup = system_lookup) -> None:
        self._check, self._lookup = check, lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[tuple[Any, Any, int, str, Any]]] = loop.create_future()

        def settle(rows: list[tuple[Any, Any, int, str, Any]] | None, error: Exception | None) -> None:
            if found.done():  # nobody waits any more
                return
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(rows or [])

        def look_up() -> None:
            rows, error = None, None
            try:
                rows = self._lookup(host, port, family)
            except OSError as failure:
                error = failure
            except UnicodeError:
                error = OSError(f"{host!r} is not a host name")
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, rows, error)

        threading.Thread(target=look_up, name=f"look up {host[:40]}", daemon=True).start()
        addresses = [(row[0], row[4][0]) for row in await found]
        if not addresses:
            raise OSError(f"{host} has no address")
        for _, address in addresses:
            self._check(address)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=socket.IPPROTO_TCP, flags=flags)
            for kind, address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def checked_socket(check: Check, address: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
    """The last gate: sees every address connected to, however it was come by (literals, redirects, races)."""
    family, kind, protocol, _, sockaddr = address
    check(sockaddr[0])
    return socket.socket(family=family, type=kind, proto=protocol)


# the connections that are not lost yet; weak, for a tunnel's handler is given up for that of the TLS within, unheard of
Standing = WeakKeyDictionary["BoundedHandler", asyncio.Transport]


class StaleError(aiohttp.ServerDisconnectedError):
    """The server closed an idle connection just when it was to be used again (RFC 9112 section 9.3.1)."""


class BoundedHandler(ResponseHandler):
    """One connection. Counts what comes from the wire for one answer: framing, trailers and interim answers included,
    which aiohttp reads without end. Tells a kept connection that turned out to be closed from one that broke.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int, standing: Standing) -> None:
        super().__init__(loop)
        self._most, self._came, self._requests, self._standing = most, 0, 0, standing

    def set_response_params(self, **parameters: Any) -> None:
        self._came = 0
        self._requests += 1
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        if self._came <= self._most:
            super().data_received(data)
        if self._came > self._most or len(self) > INTERIM:
            error = TooLargeError()
            if self._payload is not None:
                self._payload.set_exception(error)
            self.set_exception(error)
            self._buffer.clear()
            if self.transport is not None:
                self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self._standing[self] = self.transport

    def connection_lost(self, exc: BaseException | None) -> None:
        self._standing.pop(self, None)
        if self._requests > 1 and not self._came and not self.is_eof():
            self.set_exception(StaleError())
        super().connection_lost(exc)


class BoundedConnector(aiohttp.TCPConnector):
    def __init__(self, *, max_body: int, **options: Any) -> None:
        super().__init__(keepalive_timeout=15, **options)
        self._standing: Standing = WeakKeyDictionary()
        # no public way: the class of the connections is fixed in aiohttp's connector
        make: partial[Any] = partial(
            BoundedHandler, loop=self._loop, most=2 * max_body + SPARE, standing=self._standing
        )
        self._factory = make

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Also connections let go of that still say goodbye over TLS: what outlives its event loop, breaks it."""
        await super().close(abort_ssl=abort_ssl)
        standing = list(self._standing.items())
        lost = [closed for handler, _ in standing if (closed := handler.closed)]
        for _, transport in standing:
            transport.abort()
        if lost:
            await asyncio.wait(lost, timeout=GOODBYE)


def connector(
    settings: PollSettings, *, environ: Mapping[str, str], lookup: Lookup = system_lookup
) -> aiohttp.TCPConnector:
    """Connections to public addresses and `allow_networks` only; or to the proxy alone, if the user named one.

    A proxy looks the names up and stands where we cannot: it does the guarding then. Certificates are checked against
    one context for all: the system's, or SSL_CERT_FILE's.
    """
    context = ssl.create_default_context(cafile=environ.get("SSL_CERT_FILE"))
    bounds: dict[str, Any] = {"max_body": settings.max_body, "limit": settings.in_flight, "ssl": context}
    if settings.proxy:
        return BoundedConnector(**bounds)
    check = partial(guard.check, allow_networks=settings.allow_networks)
    return BoundedConnector(
        resolver=CheckedResolver(check, lookup),
        use_dns_cache=False,
        socket_factory=partial(checked_socket, check),
        **bounds,
    )
