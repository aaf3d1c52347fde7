"""FetchRequest… → (FetchRequest, Fetched)…, as they arrive. The port `Fetch`; the only sockets to the outside.

One event loop in a thread; a task for each request; hosts take turns (traffic), every hop is guarded (guard, dial), one
deadline over each exchange (exchange). Closing the iterator cancels what is under way.
"""

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from aggregator.fetch import dial
from aggregator.fetch.background import Background
from aggregator.fetch.exchange import Exchange, Wire
from aggregator.fetch.failure import explain
from aggregator.fetch.freshness import validators
from aggregator.fetch.handover import Handover
from aggregator.fetch.judge import judge
from aggregator.fetch.robots import Robots
from aggregator.fetch.traffic import Held, Lanes, NoRoomError, Turns
from aggregator.model import Feed, Fetched, FetchRequest, Outcome
from aggregator.settings import HostSettings, PollSettings

ACCEPT_FEED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
ACCEPT_PAGE = "text/html, application/xhtml+xml, */*;q=0.1"
HELD = 64 * 1024 * 1024  # bytes of bodies the caller has not taken yet; above, nothing new is begun

T = TypeVar("T")
_Answer = tuple[T, Fetched]


class HttpFetch:
    """Fetches feeds (call it) and pages politely. May be used as a context manager; else it ends with its last user."""

    def __init__(
        self,
        settings: PollSettings,
        hosts: Mapping[str, HostSettings],
        *,
        version: str,
        now: Callable[[], datetime],
        environ: Mapping[str, str],
        subscribers: int = 1,
        lookup: dial.Lookup = dial.system_lookup,
    ) -> None:
        self._settings, self._hosts, self._now, self._environ = settings, dict(hosts), now, environ
        self._lookup = lookup
        self.user_agent = f"aggregator/{version} (+{settings.contact}; {subscribers} subscribers)"
        self._background: Background | None = None
        self._wire: Wire | None = None
        self._starting = threading.Lock()  # feeds and pages may be asked for from two threads
        self._robots: Robots | None = None

    def _connected(self) -> Wire:
        if self._wire is None:
            raise RuntimeError("closed")
        return self._wire

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all that is under way. The next call starts anew."""
        background, self._background, self._wire, self._robots = self._background, None, None, None
        if background is not None:
            background.stop()

    # ------------------------------------------------------------ the caller's side

    def __call__(
        self, requests: Iterable[FetchRequest], *, deadline: float | None = None
    ) -> Generator[_Answer[FetchRequest], None, None]:
        """Ask each feed once; yields answers as they arrive.

        `deadline`: seconds from now after which no request is begun; those not begun come back POSTPONED.
        """
        return self._stream(list(requests), self._feed, deadline)

    def pages(self, urls: Iterable[str], *, deadline: float | None = None) -> Generator[_Answer[str], None, None]:
        """Fetch web pages under the same rules and those of robots.txt; a page that came is CHANGED, with its body."""
        return self._stream(list(urls), self._page, deadline)

    def _stream(
        self, jobs: Sequence[T], ask: Callable[[T, float | None], Awaitable[Fetched]], deadline: float | None
    ) -> Generator[_Answer[T], None, None]:
        if not jobs:
            return
        background = self._started()
        handover, held = background.call(self._begin(jobs, ask, deadline))
        try:
            for batch in handover.batches():
                if size := sum(len(fetched.body) for _, fetched in batch):
                    background.post(held.add, -size)
                yield from batch
        finally:
            handover.close(background.post)

    # ------------------------------------------------------------ on the loop

    def _started(self) -> Background:
        with self._starting:
            if self._background is None:
                self._background = Background()
                weakref.finalize(self, self._background.stop)
                self._wire = self._background.call(self._connect(self._background))
            return self._background

    async def _connect(self, background: Background) -> Wire:
        settings = self._settings
        session = aiohttp.ClientSession(
            connector=dial.connector(settings, environ=self._environ, lookup=self._lookup),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the exchange has its own deadline
            auto_decompress=False,
            trust_env=False,
        )
        session._retry_connection = False  # it would ask again at once, and also where the server had got the request
        background.closing(session.close)
        turns = Turns(self._hosts, settings.host_gap.total_seconds())
        lanes, held = Lanes(settings.in_flight), Held(HELD)
        return Wire(session, turns, lanes, held, settings, self._hosts, self._environ, self._now)

    async def _begin(
        self, jobs: Sequence[T], ask: Callable[[T, float | None], Awaitable[Fetched]], deadline: float | None
    ) -> tuple[Handover[_Answer[T]], Held]:
        handover: Handover[_Answer[T]] = Handover()
        until = None if deadline is None else asyncio.get_running_loop().time() + deadline
        wire = self._connected()
        wire.turns.forget_idle()

        async def one(job: T) -> None:
            fetched = await ask(job, until)
            wire.held.add(len(fetched.body))
            handover.give((job, fetched))

        async def all_of_them() -> None:
            async with asyncio.TaskGroup() as tasks:
                for job in jobs:
                    tasks.create_task(one(job))

        handover.start(all_of_them())
        return handover, wire.held

    async def _feed(self, request: FetchRequest, until: float | None) -> Fetched:
        conditional = {} if request.unconditional else validators(request.state)
        headers = {"Accept": ACCEPT_FEED, "User-Agent": self.user_agent, **conditional}
        return await self._ask(request, Exchange(self._connected(), request.feed.url, headers, until))

    async def _page(self, url: str, until: float | None) -> Fetched:
        headers = {"Accept": ACCEPT_PAGE, "User-Agent": self.user_agent}
        exchange = Exchange(self._connected(), url, headers, until, self._robots_of(self._connected()).check)
        return await self._ask(FetchRequest(Feed(url)), exchange)

    def _robots_of(self, wire: Wire) -> Robots:
        if self._robots is None:
            self._robots = Robots(wire, self.user_agent)
        return self._robots

    async def _ask(self, request: FetchRequest, exchange: Exchange) -> Fetched:
        outcome, body, digest, error = Outcome.POSTPONED, b"", None, ""
        try:
            body = await exchange.run()
            outcome, digest = judge(request, exchange, body)
        except NoRoomError as reason:
            error = str(reason)
        except Exception as failure:  # noqa: BLE001 – whatever an answer makes a library raise is this feed's failure
            failed = explain(failure)
            outcome, error = failed.outcome, str(failed)
        return Fetched(
            url=request.feed.url,
            outcome=outcome,
            at=self._now(),
            final_url=exchange.final_url,
            status=exchange.status,
            headers=exchange.answer,
            body=body if outcome is Outcome.CHANGED else b"",
            body_hash=digest,
            hops=tuple(exchange.hops),
            error=error,
            seconds=exchange.spent,
            wire_bytes=exchange.wire_bytes,
        )
