"""Host name → connection to a checked address. A name with any bad address is refused whole, and what was checked is
what is connected to: nothing is looked up a second time (DNS rebinding).
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from aggregator.fetch import guard

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


def connector(
    allow: Sequence[guard.Network], *, limit: int, context: ssl.SSLContext, lookup: Lookup = system_lookup
) -> aiohttp.TCPConnector:
    """Connections to public addresses and `allow` only."""
    check = partial(guard.check, allow_networks=tuple(allow))
    return aiohttp.TCPConnector(
        resolver=CheckedResolver(check, lookup),
        use_dns_cache=False,
        socket_factory=partial(checked_socket, check),
        limit=limit,
        ssl=context,
        keepalive_timeout=15,
    )


def proxied(*, limit: int, context: ssl.SSLContext) -> aiohttp.TCPConnector:
    """Connections to the proxy the user named: it looks names up, so it does the guarding."""
    return aiohttp.TCPConnector(limit=limit, ssl=context, keepalive_timeout=15)
