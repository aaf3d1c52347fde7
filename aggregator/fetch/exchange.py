"""URL → status, headers, body: one request and its redirects, each guarded and in its host's turn, one deadline."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import aiohttp
from aiohttp import ClientResponse

from aggregator.fetch import guard
from aggregator.fetch.cadence import DENIAL
from aggregator.fetch.decode import ACCEPT, Body
from aggregator.fetch.dial import StaleError
from aggregator.fetch.failure import RequestError
from aggregator.fetch.freshness import retry_after
from aggregator.fetch.target import Target, subscribed
from aggregator.fetch.traffic import USUAL, Held, Lanes, Turns, budget
from aggregator.model import Outcome
from aggregator.settings import HostSettings, PollSettings

REDIRECTS = (301, 302, 303, 307, 308)
WITH_BODY = (200, 203)
PATIENCE = 10.0  # seconds a body may come as slowly as it likes
LEAST_RATE = 1024  # bytes a second after that

Permit = Callable[[str, float | None], Awaitable[None]]  # raises RequestError for a URL that may not be fetched


@dataclass(frozen=True, slots=True)
class Wire:
    """What all exchanges of one client share."""

    session: aiohttp.ClientSession
    turns: Turns
    lanes: Lanes
    held: Held
    settings: PollSettings
    hosts: Mapping[str, HostSettings]
    environ: Mapping[str, str]
    now: Callable[[], datetime]

    def of_host(self, host: str) -> HostSettings:
        return self.hosts.get(budget(host, self.hosts), USUAL)


@dataclass(slots=True)
class Exchange:
    """One request under way. What is known so far stays readable when `run` raises."""

    wire: Wire
    url: str
    headers: Mapping[str, str]
    until: float | None = None  # loop time after which nothing is begun
    permit: Permit | None = None  # asked before every hop
    hops: list[tuple[int, str]] = field(default_factory=list)
    status: int | None = None
    answer: dict[str, str] = field(default_factory=dict)  # headers, names in lower case
    wire_bytes: int = 0
    final_url: str = ""
    spent: float = 0.0  # seconds of the deadline; waiting for our own manners does not count

    async def run(self) -> bytes:
        """The decoded body; empty unless the status is 200.

        Raises RequestError, ForbiddenError, NoRoomError, and whatever a network raises.
        """
        here, userinfo = subscribed(self.url)
        first, seen = here, {here.url}
        while True:
            self.final_url = here.url
            if address := guard.literal(here.host):
                guard.check(address, self.wire.settings.allow_networks)
            if self.permit is not None:
                await self.permit(here.url, self.until)
            headers = self._headers(here, userinfo, trusted=here is first or here.same_party(first))
            body = await self._hop(here, headers)
            target = self._redirect(here)
            if target is None:
                return body
            if target.url in seen:
                raise RequestError(Outcome.BROKEN, f"redirect loop at {guard.redact(target.url)}")
            if len(self.hops) >= self.wire.settings.max_redirects:
                raise RequestError(Outcome.BROKEN, f"more than {self.wire.settings.max_redirects} redirects")
            self.hops.append((self.status or 0, target.url))
            seen.add(target.url)
            here = target

    # ------------------------------------------------------------ one hop

    async def _hop(self, target: Target, headers: Mapping[str, str]) -> bytes:
        turn = self.wire.turns.of(target.host)
        async with turn.taken(self.until):
            if not self.hops:  # whoever has sent us on was asked already, and shall not be asked again for nothing
                self.wire.turns.heed(target.host)
            await self.wire.held.room()
            async with self.wire.lanes.place(turn):
                clock, seconds = asyncio.get_running_loop().time, self.wire.settings.timeout.total_seconds()
                begun = clock()
                try:
                    async with asyncio.timeout(seconds - self.spent):
                        body = await self._converse(target, headers)
                        self._heed(target)
                        return body
                except TimeoutError:
                    stage = "the answer" if self.status is None else "the body"
                    raise RequestError(
                        Outcome.UNREACHABLE, f"timed out after {seconds:g} s, waiting for {stage}"
                    ) from None
                finally:
                    self.spent += clock() - begun

    def _heed(self, target: Target) -> None:
        """Those who wait for the same host hear of its wish before their turn comes."""
        asked = retry_after(self.answer, self.wire.now()) if self.status in (429, 503) else None
        if asked is None and self.status == 429:
            asked = DENIAL
        if asked:
            self.wire.turns.rest(target.host, asked.total_seconds())

    async def _converse(self, target: Target, headers: Mapping[str, str]) -> bytes:
        self.status, self.answer = None, {}
        response = await self._open(target, headers)
        try:
            self.status, self.answer = response.status, _plain(response)
            if response.status in WITH_BODY:
                return await self._body(response)
            response.release()  # keeps the connection only if nothing more is to come
            return b""
        finally:
            response.close()  # of a response read to its end: does nothing

    async def _open(self, target: Target, headers: Mapping[str, str]) -> ClientResponse:
        """Send the request; once more where no connection came about, or a kept one turned out to be closed."""
        send = partial(
            self.wire.session.get, target.sent, headers=headers, allow_redirects=False, proxy=self.wire.settings.proxy
        )
        try:
            return await send()
        except aiohttp.ClientConnectionError as error:
            if not _worth_another_try(error):
                raise
        await asyncio.sleep(self.wire.settings.host_gap.total_seconds())
        return await send()

    async def _body(self, response: ClientResponse) -> bytes:
        body = Body(self.answer.get("content-encoding", ""), limit=self.wire.settings.max_body)
        begun = asyncio.get_running_loop().time()
        slow = asyncio.timeout_at(begun + PATIENCE)
        try:
            async with slow:
                async for chunk in response.content.iter_any():
                    body.add(chunk)
                    slow.reschedule(begun + max(PATIENCE, body.wire_bytes / LEAST_RATE))
        except TimeoutError:
            if not slow.expired():
                raise
            raise RequestError(
                Outcome.UNREACHABLE, f"too slow: {body.wire_bytes} bytes in {PATIENCE:g} s or more"
            ) from None
        finally:
            self.wire_bytes += body.wire_bytes
        return body.finish()

    # ------------------------------------------------------------ what is sent, where to go next

    def _headers(self, target: Target, userinfo: str, *, trusted: bool) -> dict[str, str]:
        """Credentials, and whatever the user set for a host, go to the party the user named and to nobody else."""
        host = self.wire.of_host(target.host)
        headers = {"Accept-Encoding": ACCEPT, **self.headers}
        if host.user_agent:
            headers["User-Agent"] = host.user_agent
        if trusted:
            headers |= host.headers
            if credentials := self._credentials(host) or userinfo:
                headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
        return headers

    def _credentials(self, host: HostSettings) -> str:
        if host.username is None:
            return ""
        password = ""
        if host.password_env is not None:
            if host.password_env not in self.wire.environ:
                raise RequestError(Outcome.REFUSED, f"the environment variable {host.password_env} is not set")
            password = self.wire.environ[host.password_env]
        return f"{host.username}:{password}"

    def _redirect(self, here: Target) -> Target | None:
        """Where the answer sends us; None: nowhere. Raises RequestError, ForbiddenError."""
        if self.status not in REDIRECTS:
            return None
        location = self.answer.get("location", "")
        if not location:
            raise RequestError(Outcome.BROKEN, f"{self.status} without a Location")
        if retry_after(self.answer, self.wire.now()):
            raise RequestError(Outcome.THROTTLED, f"{self.status}: asks to wait before following its redirect")
        target = here.next(location)
        if (here.scheme, target.scheme) == ("https", "http"):
            raise RequestError(Outcome.REFUSED, f"redirected from https to {guard.redact(target.url)}")
        return target


def _worth_another_try(error: aiohttp.ClientConnectionError) -> bool:
    if isinstance(error, aiohttp.ClientConnectorDNSError | aiohttp.ClientSSLError):
        return False
    return isinstance(error, aiohttp.ClientConnectorError | StaleError)


def _plain(response: ClientResponse) -> dict[str, str]:
    """Names in lower case; repeated lists joined, of anything else the first; bytes that are no UTF-8 replaced."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if key not in headers:
            headers[key] = text
        elif key in ("cache-control", "content-encoding"):
            headers[key] += ", " + text
    return headers
