"""Very many feeds on a few hundred loopback hosts, in a process of their own: their CPU time is not the client's.

``python -m tests.benchmarks.farm --feeds 1000 --hosts 50 [--slow 5 --silent 5 --throttled 2]`` says the addresses of
the feeds, then answers one command a line: {"mode": …} how to answer from now on, {"tally": true} what was seen.
"""

import argparse
import asyncio
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import islice

from aiohttp import web

from tests.articles import articles
from tests.replay.loopback import Loopback, address
from tests.replay.stream import Piece, rss

_SLOW = 25.0  # seconds until a slow host answers
_NEWEST = datetime(2026, 3, 2, tzinfo=UTC)


class Mode(StrEnum):
    """How healthy hosts answer."""

    NEW = "new"  # 200 with validators
    NOT_MODIFIED = "not modified"  # 304 to those validators
    UNCHANGED = "unchanged"  # 200 and the same bytes, validators ignored
    ONE_NEW = "one new"  # 200 and one more item on top


class Farm:
    """Feed n stands on host n % hosts; the first hosts are the slow, then the silent, then the throttled ones."""

    def __init__(self, *, feeds: int, hosts: int, entries: int, slow: int, silent: int, throttled: int) -> None:
        self.mode = Mode.NEW
        self.entries = entries
        self._names = [address(number) for number in range(hosts)]
        kinds = ["slow"] * slow + ["silent"] * silent + ["throttled"] * throttled
        self._kinds = dict(zip(self._names, kinds + ["healthy"] * (hosts - len(kinds)), strict=True))
        self.loopback = Loopback(self._answer, self._names)
        self._feeds = feeds
        self._documents: dict[tuple[int, bool], bytes] = {}

    @property
    def urls(self) -> list[str]:
        return [self.loopback.url(self._names[number % len(self._names)], str(number)) for number in range(self._feeds)]

    @cached_property
    def _pieces(self) -> list[Piece]:
        stream = articles(1, events=self._feeds * self.entries // 2)
        return [
            Piece(f"item-{number}", one.title, one.text, "", f"https://farm.example/{number}", "en", at, at)
            for number, one in enumerate(islice(stream, self._feeds * (self.entries + 1)))
            for at in [_NEWEST - timedelta(minutes=30 * (number % (self.entries + 1)))]
        ]

    def document(self, number: int, *, one_new: bool) -> bytes:
        """Feed number's RSS, gzipped: items 1 … entries, or 0 … entries - 1 with the new one on top."""
        key = (number, one_new)
        if key not in self._documents:
            first = number * (self.entries + 1) + (not one_new)
            body = rss(f"Feed {number}", self._pieces[first : first + self.entries], shown=lambda moment: moment)
            self._documents[key] = gzip.compress(body, compresslevel=6, mtime=0)
        return self._documents[key]

    def tally(self) -> dict[str, object]:
        """What the log says, and when each healthy feed was first asked (seconds since the first request of all)."""
        visits = list(self.loopback.log.visits)
        first: dict[str, float] = {}
        for visit in visits:
            if self._kinds[visit.host] == "healthy":
                first[visit.feed] = min(visit.started, first.get(visit.feed, visit.started))
        begin = min((visit.started for visit in visits), default=0.0)
        statuses: dict[int, int] = {}
        for visit in visits:
            statuses[visit.status] = statuses.get(visit.status, 0) + 1
        waits = sorted(started - begin for started in first.values())
        return {**asdict(self.loopback.log.tally()), "statuses": statuses, "healthy_waits": waits}

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        match self._kinds[request.transport.get_extra_info("sockname")[0]]:
            case "slow":
                await asyncio.sleep(_SLOW)
            case "silent":
                await asyncio.sleep(3600)
            case "throttled":
                return web.Response(status=429, headers={"Retry-After": "600"})
        return self._feed(request)

    def _feed(self, request: web.BaseRequest) -> web.Response:
        number, one_new = int(request.path.strip("/")), self.mode is Mode.ONE_NEW
        headers = {
            "ETag": f'W/"{number}-{one_new}"',
            "Last-Modified": f"Mon, 02 Mar 2026 00:00:0{int(one_new)} GMT",
            "Content-Type": "application/rss+xml; charset=utf-8",
        }
        if self.mode is Mode.NOT_MODIFIED and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        body = self.document(number, one_new=one_new)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=body, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=gzip.decompress(body), headers=headers)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.farm", description=__doc__)
    for name, default in (
        ("feeds", 1000),
        ("hosts", 50),
        ("entries", 20),
        ("slow", 0),
        ("silent", 0),
        ("throttled", 0),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    farm = Farm(**vars(parser.parse_args(arguments)))
    with farm.loopback:
        urls = farm.urls
        for number in range(len(urls)):  # rendered before, not while, the client is measured
            farm.document(number, one_new=False)
            farm.document(number, one_new=True)
        _say(urls)
        for line in sys.stdin:
            command = json.loads(line)
            if "mode" in command:
                farm.mode = Mode(command["mode"])
            _say(farm.tally() if command.get("tally") else None)


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
