"""What storage costs: leasing among 100,000 feeds, placing among 10,000 to a million entries. Printed, never asserted.

``AGGREGATOR_BENCH_ENTRIES=1000000`` for the largest (its filling takes minutes). The entries are generated: 59 buckets,
32 of them from 30 stems drawn skewed (as heaviest stems are), 300 words by rank, 1.3 KB of sketch. What is there before
is written in bulk, below the Store port; what is measured goes through it as the pipeline does.
"""

import itertools
import multiprocessing
import os
import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aggregator.cluster.shingles import mixed
from aggregator.model import FeedState, Sketch
from aggregator.pipeline import MAX_CANDIDATES, NEAR_STORIES
from storage import Database, open_store
from storage.bands import ADD_POSTINGS, BUCKET_READS, FRESH, packed
from tests.storage_values import HOUR, MINUTE, NOON, RECIPE, add, entry, feed, fetched, placed

pytestmark = pytest.mark.bench

LARGEST = int(os.environ.get("AGGREGATOR_BENCH_ENTRIES", "100000"))
SIZES = [size for size in (10_000, 100_000, 1_000_000) if size <= LARGEST]
MEASURED = FRESH  # placed in each measurement, so that their buckets are sorted in once
WORDS = [f"word{number}" for number in range(50_000)]
OFTEN = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(WORDS))))  # Zipf, as words of a language


def test_leasing_among_100_000_feeds(tmp_path: Path) -> None:
    with open_store(tmp_path / "feeds.db") as store:
        store.sync_feeds([feed(n, url=f"https://host{n % 5000}.example/{n}") for n in range(100_000)], now=NOON)
        store.run(
            "UPDATE feeds SET next_at ="
            " strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-03-01 12:00', (id % 3600) || ' seconds')"
        )
        start, leased = time.process_time(), []
        for tick in range(60):
            now = NOON + tick * MINUTE
            leased += store.lease_due(now, until=now + 2 * HOUR, limit=5000)
        lease = (time.process_time() - start) / len(leased)
        start = time.process_time()
        for request in leased[:5000]:
            with store.transaction():
                store.save_poll(request.feed.id, FeedState(next_at=now + HOUR), fetched(now))
        save = (time.process_time() - start) / 5000
        start = time.process_time()
        for _ in range(100):
            store.lease_due(NOON, until=NOON, limit=5000)
        idle = (time.process_time() - start) / 100
    print(f"\nlease {lease * 1e3:.3f} ms a feed, {len(leased)} feeds in 60 ticks; a tick with nothing due")
    print(f"{idle * 1e3:.2f} ms; save_poll with its transaction {save * 1e3:.3f} ms")


def buckets(draw: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """(count, 59). The least of the stems in each band's own order, as MinHash with one row; the rest is its own."""
    stems = (np.minimum(draw.pareto(0.5, (count, 30)) + 1, 1e15).astype(np.uint64) % 300_000) << np.uint64(8)
    found = np.empty((count, 59), np.uint64)
    for band in range(32):
        found[:, band] = mixed(stems + np.uint64(band), 0).min(axis=1)
    found[:, 32:] = draw.integers(0, 2**64, (count, 27), np.uint64)
    return found.view(np.int64)


def postings(drawn: npt.NDArray[np.int64], first: int) -> Iterator[tuple[int, bytes]]:
    """The rows of `bands` that entries `first…` make."""
    ids = np.repeat(np.arange(first, first + len(drawn)), drawn.shape[1])
    order = np.lexsort((-ids, drawn.ravel()))
    names, ids = drawn.ravel()[order], ids[order]
    ends = [*np.flatnonzero(np.diff(names)).tolist(), len(names) - 1]
    start = 0
    for end in ends:
        yield int(names[end]), packed(ids[start : min(end + 1, start + BUCKET_READS)].tolist())
        start = end + 1


def fill(store: Database, count: int, draw: np.random.Generator) -> None:
    """Entries `1…count`, each a story of its own, in bulk."""
    moment = "2026-03-01T12:00:00.000000Z"
    add(store, 0)
    step = 250_000
    for start in range(2, count, step):
        ids = range(start, min(start + step, count + 1))
        blob = draw.bytes(650)
        with store.transaction():
            store.many(
                "INSERT INTO stories (id, title, first_seen, last_seen, entries, outlets, independent)"
                " VALUES (?, 'A headline of words', ?, ?, 1, 1, 1)",
                ((number, moment, moment) for number in ids),
            )
            store.many(
                "INSERT INTO entries (id, title, outlet, seen, story_id, feed_id, publisher, author, lang, url,"
                " canonical_url, tags, guid, fingerprint, text_length, text, html)"
                " VALUES (?, 'A headline of words', 'Paper', ?, ?, 1, 'p', '', 'en', ?, ?, '[]', ?, '', 0, '', '')",
                ((number, moment, number, f"u{number}", f"u{number}", f"bulk{number}") for number in ids),
            )
            store.many("INSERT INTO signatures VALUES (?, 1, ?, ?)", ((number, blob, blob) for number in ids))
            store.many("INSERT INTO profiles VALUES (?, 1, ?)", ((number, blob) for number in ids))
            store.many(ADD_POSTINGS, postings(buckets(draw, len(ids)), start))


def filled(path: Path, size: int) -> None:
    with open_store(path) as store:
        store.sync_feeds([feed(1)], now=NOON)
        fill(store, size, np.random.default_rng(size))
        store.sort_bands()


@pytest.mark.parametrize("size", SIZES)
def test_placing(size: int, tmp_path: Path) -> None:
    draw, words = np.random.default_rng(size + 1), random.Random(size)
    spent: defaultdict[str, float] = defaultdict(float)

    def timed(name: str, call: Callable[[], object]) -> object:
        start = time.process_time()
        result = call()
        spent[name] += time.process_time() - start
        return result

    path, found = tmp_path / "placing.db", 0
    filler = multiprocessing.get_context("spawn").Process(target=filled, args=(path, size))  # its memory is not ours
    filler.start()
    filler.join()
    assert filler.exitcode == 0
    start = time.perf_counter()
    with open_store(path) as store:
        opened = time.perf_counter() - start
        for batch in range(0, MEASURED, 5):
            with ExitStack() as transaction:
                transaction.enter_context(store.transaction())
                for number in range(batch, batch + 5):
                    found += _place(store, size + number, draw, words, timed)
                timed("commit", transaction.close)
        store.tidy()
    total = sum(spent.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{size:,} entries: {MEASURED / total:.0f} placed/s of CPU, {found / MEASURED:.0f} stories near, opened in")
    print(f"{opened * 1e3:.0f} ms, {path.stat().st_size / size:.0f} bytes an entry, peak {peak} MB (with pytest)")
    dearest = sorted(spent.items(), key=lambda part: -part[1])
    print("µs an entry: " + ", ".join(f"{name} {seconds / MEASURED * 1e6:.0f}" for name, seconds in dearest))


def _place(
    store: Database, number: int, draw: np.random.Generator, words: random.Random, timed: Callable[..., object]
) -> int:
    text = " ".join(words.choices(WORDS, cum_weights=OFTEN, k=300))
    terms = sorted(set(text.split()[:120]))
    drawn = buckets(draw, 1)[0].tolist()
    sketch = Sketch(RECIPE, tuple(drawn[:32]), tuple(drawn[32:]), draw.bytes(650), draw.bytes(650))
    timed("count terms", lambda: store.count_terms([terms], at=NOON))
    timed("candidates", lambda: store.candidates(sketch, since=NOON, limit=MAX_CANDIDATES))
    near = timed("stories near", lambda: store.stories_near(sketch, since=NOON, limit=NEAR_STORIES))
    assert isinstance(near, list)
    timed("profiles", lambda: store.profiles(near))
    timed("frequencies", lambda: store.frequencies(terms, at=NOON))
    new = entry(number, text=text)
    timed("add entry", lambda: store.add_entry(1, new, sketch, placed(), profile=b"p" * 650, seen=NOON))
    return len(near)
