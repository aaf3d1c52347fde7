"""Who may go when: one at a time and spaced for each host, bounded over all, the slow never in the way of the quick.

Built on asyncio's semaphores, which are fair: requests of a host go in the order they came.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aggregator.settings import HostSettings

USUAL = HostSettings()  # of a host without an entry
TOO_LATE = "the host's turn comes after the end of this round"
HESITATION = 2.0  # seconds without an end after which a request, and its host, count as slow


class NoRoomError(Exception):
    """Nothing is asked in this round: the turn would come after its end, or the host wants to rest."""


def budget(host: str, hosts: Mapping[str, HostSettings]) -> str:
    """The name under which this host's requests are counted: the nearest parent with settings of its own, or itself.

    An entry for ``reddit.com`` makes one budget of www.reddit.com and old.reddit.com.
    """
    if not hosts:
        return host.lower().rstrip(".")
    labels = host.lower().rstrip(".").split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels)))
    return next((parent for parent in parents if parent in hosts), ".".join(labels))


class Turn:
    """One budget's turnstile."""

    def __init__(self, gap: float, concurrency: int) -> None:
        self._gap, self._alone = gap, concurrency == 1
        self._places = asyncio.Semaphore(concurrency)
        self._ready_at = 0.0  # loop time
        self.users = 0  # inside or waiting
        self.slow = False  # its last request hesitated

    def idle(self, now: float) -> bool:
        return not self.users and not self.slow and self._ready_at <= now

    @asynccontextmanager
    async def taken(self, until: float | None) -> AsyncIterator[None]:
        """Wait for a place and for the gap; raises NoRoomError when that would be later than `until` (loop time).

        The gap runs from the end of one request to the start of the next, or from start to start where several
        may run at once.
        """
        loop = asyncio.get_running_loop()
        self.users += 1
        try:
            try:
                async with asyncio.timeout_at(until):
                    await self._places.acquire()
            except TimeoutError:
                raise NoRoomError(TOO_LATE) from None
            try:
                while (now := loop.time()) < self._ready_at:
                    if until is not None and self._ready_at > until:
                        raise NoRoomError(TOO_LATE)
                    await asyncio.sleep(self._ready_at - now)
                self._ready_at = now + self._gap
                try:
                    yield
                finally:
                    if self._alone:
                        self._ready_at = loop.time() + self._gap
            finally:
                self._places.release()
        finally:
            self.users -= 1


class Turns:
    """The turnstiles of all hosts met so far."""

    def __init__(self, hosts: Mapping[str, HostSettings], gap: float) -> None:
        self._hosts, self._gap = hosts, gap
        self._turns: dict[str, Turn] = {}
        self._resting: dict[str, float] = {}  # host → loop time

    def of(self, host: str) -> Turn:
        name = budget(host, self._hosts)
        turn = self._turns.get(name)
        if turn is None:
            settings = self._hosts.get(name, USUAL)
            gap = self._gap if settings.gap is None else settings.gap.total_seconds()
            turn = self._turns[name] = Turn(gap, settings.concurrency)
        return turn

    def rest(self, host: str, seconds: float) -> None:
        """The host has asked for it: no feed there is begun to be asked so long, not even in this round."""
        self._resting[host] = asyncio.get_running_loop().time() + seconds

    def heed(self, host: str) -> None:
        """Raises NoRoomError for a host that rests."""
        if self._resting.get(host, 0.0) > asyncio.get_running_loop().time():
            raise NoRoomError("the host has asked for rest")

    def forget_idle(self) -> None:
        """Drop what would be made the same again."""
        now = asyncio.get_running_loop().time()
        self._turns = {name: turn for name, turn in self._turns.items() if not turn.idle(now)}
        self._resting = {host: until for host, until in self._resting.items() if until > now}


class Lanes:
    """At most `in_flight` requests on the wire. A third of that is the slow lane.

    A request that hesitates moves over when there is room; a host that was slow last time starts there. So known slow
    hosts, however many, never hold more than their third.
    """

    def __init__(self, in_flight: int) -> None:
        slow = in_flight // 3
        self.slow = asyncio.Semaphore(slow) if slow else None
        self.quick = asyncio.Semaphore(in_flight - slow)

    def place(self, turn: Turn) -> "Place":
        return Place(self, turn)


class Place:
    """One place in a lane, as an async context manager."""

    def __init__(self, lanes: Lanes, turn: Turn) -> None:
        self._lanes, self._turn = lanes, turn
        self._lane = lanes.slow if turn.slow and lanes.slow else lanes.quick
        self._move: asyncio.Task[None] | None = None
        self._late = False

    async def __aenter__(self) -> Self:
        await self._lane.acquire()
        self._timer = asyncio.get_running_loop().call_later(HESITATION, self._hesitated)
        return self

    def _hesitated(self) -> None:
        self._late = True
        if self._lanes.slow and self._lane is not self._lanes.slow:
            self._move = asyncio.ensure_future(self._change(self._lanes.slow))

    async def _change(self, lane: asyncio.Semaphore) -> None:
        await lane.acquire()
        self._lane.release()
        self._lane = lane

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._turn.slow = self._late
        try:
            if self._move is not None:
                self._move.cancel()
                await asyncio.wait({self._move})
        finally:
            self._lane.release()


class Held:
    """Bytes received and not yet taken over by the consumer. Above `most`, nothing new is begun."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        await self._room.wait()

    def add(self, size: int) -> None:
        """`size` is negative when the consumer takes over."""
        self._bytes += size
        if self._bytes > self._most:
            self._room.clear()
        else:
            self._room.set()
