"""URL → may a page be fetched? robots.txt by RFC 9309: for article pages and discovery, never for subscribed feeds."""

import asyncio
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urlsplit

from protego import Protego

from aggregator.fetch.exchange import Exchange, Wire
from aggregator.fetch.failure import RequestError
from aggregator.fetch.traffic import NoRoomError
from aggregator.model import Outcome

PRODUCT = "aggregator"  # our name in robots.txt
KEPT = 1000  # origins
VALID = 24 * 3600.0  # seconds: section 2.4
SULK = 600.0  # seconds until a robots.txt that could not be had is asked for again
MOST = 512 * 1024  # bytes read: section 2.5


@dataclass(slots=True)
class _Origin:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Protego | None = None  # None: nothing may be fetched
    until: float = float("-inf")  # loop time


class Robots:
    """The robots.txt of the origins met, each fetched once a day by the same polite client."""

    def __init__(self, wire: Wire, user_agent: str) -> None:
        self._wire, self._user_agent = wire, user_agent
        self._origins: dict[str, _Origin] = {}

    async def check(self, url: str, until: float | None) -> None:
        """Raise RequestError unless the site lets us fetch this page. `until`: as of Exchange."""
        parts = urlsplit(url)
        name = f"{parts.scheme}://{parts.netloc}"
        origin = self._origins.setdefault(name, _Origin())
        self._forget_oldest()
        clock = asyncio.get_running_loop().time
        async with origin.lock:
            if clock() >= origin.until:
                origin.rules, seconds = await self._read(name, until)
                origin.until = clock() + seconds
        if origin.rules is None:
            raise RequestError(Outcome.DENIED, "its robots.txt cannot be had now, so nothing is fetched")
        if not origin.rules.can_fetch(url, PRODUCT):
            raise RequestError(Outcome.DENIED, "robots.txt disallows it")

    async def _read(self, origin: str, until: float | None) -> tuple[Protego | None, float]:
        """Rules, and how long they are good for. 4xx: none there, all is allowed; anything worse: nothing is."""
        headers = {"Accept": "text/plain, */*;q=0.1", "User-Agent": self._user_agent}
        exchange = Exchange(self._wire, f"{origin}/robots.txt", headers, until)
        try:
            body = await exchange.run()
        except NoRoomError:
            raise
        except Exception:  # noqa: BLE001 – whatever went wrong, the rules are not known (section 2.3.1.4)
            return None, SULK
        status = exchange.status or 0
        if status == 429 or not (status in (200, 203) or 400 <= status < 500):
            return None, SULK
        return Protego.parse(body[:MOST].decode("utf-8-sig", "replace")), VALID

    def _forget_oldest(self) -> None:
        idle = (name for name, origin in self._origins.items() if not origin.lock.locked())
        for name in list(islice(idle, max(0, len(self._origins) - KEPT))):
            del self._origins[name]
