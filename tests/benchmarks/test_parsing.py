"""What parsing costs a feed, beside plain feedparser, and what a worker adds to a job. Printed, never asserted."""

import io
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator import parse
from aggregator.errors import DocumentError
from aggregator.parse.pool import Workers
from tests.parse_documents import URL, fetched

pytestmark = pytest.mark.bench
HEADERS = {"content-type": "application/xml", "content-location": URL}
JOBS = 2000


@pytest.fixture(scope="module")
def bodies(shared: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((shared / "feeds").glob("*/*"))]
    return [body for body in found if not body.lstrip().startswith(b"{")]


def measure(name: str, function: Callable[[Any], Any], arguments: Iterable[Any]) -> None:
    jobs = list(arguments)
    start = time.process_time()
    for job in jobs:
        function(job)
    print(f"{name:<38}{(time.process_time() - start) / len(jobs) * 1000:8.2f} ms CPU a feed")


def plain(body: bytes) -> Any:
    return feedparser.parse(io.BytesIO(body), response_headers=HEADERS)


def lean(body: bytes) -> Any:
    return feedparser.parse(
        io.BytesIO(body), response_headers=HEADERS, sanitize_html=False, resolve_relative_uris=False
    )


def test_cost_of_a_feed(bodies: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = [hashes_of(body) for body in bodies]
    size = sum(map(len, bodies)) / len(bodies) / 1024
    print(f"\n{len(bodies)} documents of {size:.0f} KiB, {sum(map(len, hashes))} items")
    ours, base = feedparser.api.PREFERRED_XML_PARSERS, feedparser.mixin.make_safe_absolute_uri
    with monkeypatch.context() as untouched:
        untouched.setattr(feedparser.api, "PREFERRED_XML_PARSERS", ["drv_libxml2"])
        untouched.setattr(feedparser.mixin, "make_safe_absolute_uri", base.__wrapped__)
        measure("feedparser as it comes", plain, bodies)
        measure("without sanitiser and URI pass", lean, bodies)
        untouched.setattr(feedparser.api, "PREFERRED_XML_PARSERS", ours)
        measure("… with whole text nodes", lean, bodies)
    measure("… with the base remembered", lean, bodies)
    measure("ours, all items new", parse_known, ((body, frozenset()) for body in bodies))
    measure("ours, one new item", parse_known, zip(bodies, (frozenset(h[1:]) for h in hashes), strict=True))
    measure("ours, nothing new", parse_known, zip(bodies, map(frozenset, hashes), strict=True))


def hashes_of(body: bytes) -> tuple[str, ...]:
    return parse.feed(fetched(body)).item_hashes


def parse_known(job: tuple[bytes, frozenset[str]]) -> Any:
    try:
        return parse.feed(fetched(job[0]), known=job[1])
    except DocumentError:
        return None


@pytest.mark.parametrize("size", [0, 60_000, 600_000])
@pytest.mark.parametrize("processes", [1, 2])
def test_cost_of_a_worker(processes: int, size: int) -> None:
    with Workers(len, processes=processes, seconds=10, memory_mb=512) as workers:
        list(workers.run([b""]))
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in workers.run(b"x" * size for _ in range(JOBS)):
            pass
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = f"{wall / JOBS * 1000:.2f} ms wall, {cpu / JOBS * 1000:.2f} ms CPU here"
    print(f"\n{processes} workers, {size:>7} bytes a job: {each}")
