"""A real HTTP server on all loopback addresses, in a thread, that does as a test says and remembers what it was asked.

127.0.0.1, 127.0.0.2, … are different hosts to a client; `asked.host` tells them apart.
"""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from types import TracebackType
from typing import Any, Self

from aggregator.fetch.client import HttpFetch
from aggregator.model import Feed, FeedState, Fetched, FetchRequest
from aggregator.settings import HostSettings, PollSettings

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)
FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    host: str
    path: str
    headers: dict[str, str]
    lines: list[str]
    began: float
    ended: float = 0.0
    nth: int = 1  # on its connection


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. `write` replaces everything with bytes of the test's own."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = FEED
    close: bool = False
    write: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


Respond = Callable[[Asked], Awaitable[Reply]]


def always(reply: Reply) -> Respond:
    async def respond(_: Asked) -> Reply:
        return reply

    return respond


def paths(replies: Mapping[str, Reply]) -> Respond:
    """By path, its query included; anything else is 404."""

    async def respond(asked: Asked) -> Reply:
        return replies.get(asked.path, Reply(404))

    return respond


class Site:
    def __init__(self, respond: Respond, *, tls: ssl.SSLContext | None = None) -> None:
        self._respond, self._tls = respond, tls
        self.asked: list[Asked] = []
        self.connections = 0
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()  # at once, by host; "" for all
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def settle(self) -> None:
        """Wait until no further request comes for a while."""
        seen = -1
        while seen != len(self.asked):
            seen = len(self.asked)
            time.sleep(0.2)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "0.0.0.0", 0, ssl=self._tls, backlog=500)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            nth = 1
            while await self._one(reader, writer, nth):
                nth += 1
        with suppress(OSError, asyncio.CancelledError):
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, nth: int) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        asked = Asked(headers["host"].rpartition(":")[0], first.split()[1], headers, lines, time.monotonic(), nth=nth)
        self.asked.append(asked)
        for name in (asked.host, ""):
            self._now[name] += 1
            self.most[name] = max(self.most[name], self._now[name])
        try:
            reply = await self._respond(asked)
        finally:
            asked.ended = time.monotonic()
            for name in (asked.host, ""):
                self._now[name] -= 1
        if reply.write is not None:
            await reply.write(writer)
            await writer.drain()
            return False
        head = {"Content-Length": str(len(reply.body)), **reply.headers}
        writer.write(f"HTTP/1.1 {reply.status} X\r\n".encode())
        writer.write("".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + b"\r\n")
        if reply.status not in (204, 304):
            writer.write(reply.body)
        await writer.drain()
        return not reply.close


def client(hosts: Mapping[str, HostSettings] | None = None, *, environ: Mapping[str, str] | None = None,
           lookup: Any = None, **poll: Any) -> HttpFetch:  # fmt: skip
    """A client that may go to loopback, without gap unless the test wants one."""
    poll = {"allow_networks": LOOPBACK, "host_gap": timedelta(0)} | poll
    more = {} if lookup is None else {"lookup": lookup}
    return HttpFetch(
        PollSettings(**poll), hosts or {}, version="1.2", now=lambda: NOW, environ=environ or {}, subscribers=3, **more
    )


def fetch(fetcher: HttpFetch, *urls: str, state: FeedState | None = None, **more: Any) -> list[Fetched]:
    """Ask, and close; the answers in the order of the URLs."""
    requests = [FetchRequest(Feed(url, id=index), state or FeedState(), **more) for index, url in enumerate(urls)]
    with fetcher:
        answers = {request.feed.id: fetched for request, fetched in fetcher(requests)}
    assert len(answers) == len(urls)
    return [answers[index] for index in range(len(urls))]


def seen(fetcher: HttpFetch, url: str, **more: Any) -> Fetched:
    return fetch(fetcher, url, **more)[0]
