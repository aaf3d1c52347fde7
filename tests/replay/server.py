"""Stream + clock + faults ─► one living RSS 2.0 feed per source, each on a host of its own."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from pathlib import Path
from re import sub
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.replay.clock import Clock, ManualClock
from tests.replay.faults import Fault
from tests.replay.log import Log
from tests.replay.loopback import Loopback, address
from tests.replay.stream import Piece, Stream, rss

_PAGE = b"<!DOCTYPE html><html><head><title>Our new home</title></head><body><p>Feeds moved.</p></body></html>"
_REPLACED: dict[Fault | None, Callable[[], web.Response]] = {  # faults that never come to the feed itself
    Fault.ERROR: lambda: web.Response(status=500, text="out of order"),
    Fault.MISSING: lambda: web.Response(status=404, body=_PAGE, content_type="text/html"),
    Fault.THROTTLED: lambda: web.Response(status=429, headers={"Retry-After": "3600"}),
    Fault.PAGE: lambda: web.Response(body=_PAGE, content_type="application/rss+xml"),
}


class Replay:
    """A stream on the air. `clock`, `faults` and `slowness` may be changed at any time, `log` read at any time.

    window: how many items a feed shows (one number, or one per source). hosts: on how many addresses the feeds are
    spread; by default each has its own. A clock that can be set can also be set over HTTP: ``PUT /_clock`` with an ISO
    moment as the body; ``GET /_report`` tells what was served so far.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        clock: Clock | None = None,
        window: int | Mapping[str, int] = 100,
        hosts: int | None = None,
        faults: Mapping[str, Fault] | None = None,
        port: int = 0,
    ) -> None:
        self.stream = stream
        self.clock: Clock = clock or ManualClock(stream.start)
        self.window = window
        self.faults = dict(faults or {})
        self.slowness = 1.0  # seconds
        self._paths = {_slug(source): source for source in stream.by_source}
        if len(self._paths) != len(stream.by_source):
            raise ValueError("two sources have names that make the same address")
        count = min(hosts or len(self._paths), len(self._paths))
        self._hosts = {source: address(number % count) for number, source in enumerate(self._paths.values())}
        self._loopback = Loopback(self._answer, [address(number) for number in range(count)], port=port)
        self._documents: dict[str, tuple[tuple[str, str], bytes, bytes]] = {}  # window's ends ─► plain, gzipped

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    @property
    def log(self) -> Log:
        return self._loopback.log

    @property
    def urls(self) -> dict[str, str]:
        """Source ─► the address of its feed."""
        return {source: self._loopback.url(self._hosts[source], f"{slug}.xml") for slug, source in self._paths.items()}

    def feeds_yaml(
        self,
        *,
        database: Path | None = None,
        poll: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        sections: Mapping[str, object] | None = None,
    ) -> str:
        """A configuration that reads every feed; `poll` are further lines of that section, `tags` is source ─► tag."""
        settings = {"host_gap": "0s", "allow_networks": "[127.0.0.0/8]", **(poll or {})}
        return "\n".join(
            [
                *([] if database is None else [f"database: {json.dumps(str(database))}"]),
                "poll:",
                *(f"  {key}: {value}" for key, value in settings.items()),
                "feeds:",
                *(
                    f"  - {json.dumps({'url': url, 'title': source, 'tags': (tags or {}).get(source, [])})}"
                    for source, url in self.urls.items()
                ),
                *(f"{name}: {json.dumps(section)}" for name, section in (sections or {}).items()),
                "",
            ]
        )

    def on_show(self, source: str) -> Sequence[Piece]:
        """What the source's feed shows now, newest first."""
        size = self.window if isinstance(self.window, int) else self.window[source]
        return self.stream.window(source, self.clock.now, size=size)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/_"):
            return await self._control(request)
        source = self._paths.get(request.path.strip("/").removesuffix(".xml"))
        if source is None:
            return web.Response(status=404)
        fault = self.faults.get(source)
        if fault in _REPLACED:
            return _REPLACED[fault]()
        if fault is Fault.SLOW:
            await asyncio.sleep(self.slowness)
        return await self._feed(request, source, fault)

    async def _feed(self, request: web.BaseRequest, source: str, fault: Fault | None) -> web.StreamResponse:
        pieces = self.on_show(source)
        plain, packed = self._document(source, pieces)
        changed = self.clock.shown(pieces[0].collected if pieces else self.stream.start).replace(microsecond=0)
        etag = 'W/"as-ever"' if fault is Fault.STUBBORN else f'W/"{blake2b(plain, digest_size=8).hexdigest()}"'
        headers = {
            "ETag": etag,
            "Last-Modified": format_datetime(changed, usegmt=True),
            "Date": format_datetime(self.clock.shown(self.clock.now), usegmt=True),
            "Content-Type": "application/rss+xml; charset=utf-8",
            "Vary": "Accept-Encoding",
        }
        if fault is not Fault.STUBBORN and _unchanged(request, etag, changed):
            return web.Response(status=304, headers=headers)
        spoilt = fault in {Fault.MALFORMED, Fault.CUT}
        (self.log.spoilt if spoilt else self.log.served).update((source, piece.id) for piece in pieces)
        if fault is Fault.MALFORMED:
            return web.Response(body=plain.replace(b"</title><link>", b" & <b></title><link>"), headers=headers)
        if fault is Fault.CUT:
            return await _cut(request, plain, headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=packed, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=plain, headers=headers)

    def _document(self, source: str, pieces: Sequence[Piece]) -> tuple[bytes, bytes]:
        ends = (pieces[0].id, pieces[-1].id) if pieces else ("", "")
        kept = self._documents.get(source)
        if kept is None or kept[0] != ends:
            plain = rss(source, pieces, shown=self.clock.shown)
            kept = self._documents[source] = (ends, plain, gzip.compress(plain, compresslevel=1, mtime=0))
        return kept[1], kept[2]

    async def _control(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/_report":
            return web.json_response(
                {"now": self.clock.now.isoformat(), "served": len(self.log.served)} | asdict(self.log.tally())
            )
        if request.path != "/_clock":
            return web.Response(status=404)
        if request.method == "PUT":
            if not isinstance(self.clock, ManualClock):
                return web.Response(status=409, text="this clock runs by itself")
            self.clock.now = datetime.fromisoformat(await request.text())
        return web.Response(text=self.clock.now.isoformat())


def _unchanged(request: web.BaseRequest, etag: str, changed: datetime) -> bool:
    """RFC 9110, section 13.2.2: If-None-Match decides where it is sent, else If-Modified-Since."""
    if "If-None-Match" in request.headers:
        return request.headers["If-None-Match"] == etag
    with suppress(KeyError, ValueError):
        return parsedate_to_datetime(request.headers["If-Modified-Since"]) >= changed
    return False


async def _cut(request: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers | {"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _slug(source: str) -> str:
    return sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")
