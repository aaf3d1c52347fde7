"""What polling costs: a thousand feeds against a peer, ten thousand on bad hosts, a tick over a hundred thousand.

    make bench        or        pytest -s -m bench tests/benchmarks/test_polling.py --timeout=0

CPU seconds are of the polling process and its workers; the server is a process of its own. Prints, never asserts time.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec

import pytest
from rich.console import Console
from rich.table import Table

from aggregator.model import Feed, FeedState, Fetched, Outcome
from storage import open_store
from storage.store import Database
from tests.benchmarks.farm import Mode
from tests.child import Child
from tests.processes import cpu_seconds, watched

pytestmark = pytest.mark.bench

PEERS = Path(os.environ.get("AGGREGATOR_PEERS", Path(__file__).parents[2] / ".venv-peers")) / "bin" / "python"
P = ParamSpec("P")
FIRST = datetime(2026, 3, 2, 1, tzinfo=UTC)


@dataclass
class Cost:
    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def weighed(child: Child) -> Iterator[Cost]:
    cost, cpu, wall = Cost(), cpu_seconds(child.pid), time.monotonic()
    yield cost
    cost.cpu, cost.wall = cpu_seconds(child.pid) - cpu, time.monotonic() - wall


def configuration(folder: Path, urls: list[str], *, gap: str) -> Path:
    path = folder / "feeds.yaml"
    lines = [f"database: {json.dumps(str(folder / 'bench.db'))}", "poll:", f"  host_gap: {gap}"]
    lines += ["  allow_networks: [127.0.0.0/8]", "feeds:", *(f"  - {url}" for url in urls)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def farm(folder: Path, **options: int) -> Child:
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return Child("tests.benchmarks.farm", *arguments, log=folder / "farm.log")


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


def test_a_thousand_feeds(tmp_path: Path) -> None:
    compare(tmp_path, feeds=1000)


def compare(folder: Path, *, feeds: int) -> None:
    """All new, 304, unchanged, one new: CPU and wall, ours (parsing, clustering, storing) and lemon24/reader's."""
    rows = []
    with ExitStack() as open_:
        server = open_.enter_context(farm(folder, feeds=feeds, hosts=50))
        config = configuration(folder, server.greeting, gap="0s")
        ours = open_.enter_context(Child("tests.poller", str(config), FIRST.isoformat(), log=folder / "ours.log"))
        peer = open_.enter_context(_reader(folder, server.greeting)) if PEERS.exists() else None
        for number, mode in enumerate(Mode):
            server.ask({"mode": mode})
            with weighed(ours) as cost:
                answer = ours.ask((FIRST + timedelta(days=2 * number)).isoformat())
            row = [mode, f"{answer['new']:,}", f"{cost.cpu / feeds * 1000:.2f}", f"{cost.wall:.1f}"]
            if peer:
                with weighed(peer) as theirs:
                    peer.ask("update")
                row += [f"{theirs.cpu / feeds * 1000:.2f}", f"{theirs.wall:.1f}", f"{theirs.cpu / cost.cpu:.1f}"]
            rows.append(row)
            assert not answer["errors"]
            assert answer["feeds"] == feeds
    columns = [
        "pass",
        "new entries",
        "ours: CPU ms a feed",
        "wall s",
        "reader: CPU ms a feed",
        "wall s",
        "ratio of CPU",
    ]
    if not peer:
        print(f"the peer is missing: {PEERS} has no `reader` (make bench installs it)")
    show(f"{feeds:,} feeds of 20 entries", columns[: len(rows[0])], rows)


def _reader(folder: Path, urls: list[str]) -> Child:
    listed = folder / "feeds.json"
    listed.write_text(json.dumps(urls), encoding="utf-8")
    arguments = [str(folder / "reader.db"), str(listed)]
    return Child("tests.benchmarks.reader_poller", *arguments, log=folder / "reader.log", python=str(PEERS))


def test_ten_thousand_feeds_on_bad_hosts(tmp_path: Path) -> None:
    """50 of the hosts answer after 25 s, 50 never, 20 with 429."""
    endure(tmp_path, feeds=10_000, hosts=500, bad={"slow": 50, "silent": 50, "throttled": 20})


def endure(folder: Path, *, feeds: int, hosts: int, bad: dict[str, int], entries: int = 20) -> None:
    """Rounds on the real clock until there is nothing to ask; how the healthy fare, and that all are asked politely."""
    rounds: list[dict[str, Any]] = []
    with farm(folder, feeds=feeds, hosts=hosts, entries=entries, **bad) as server:
        config = configuration(folder, server.greeting, gap="1s")
        with Child("tests.poller", str(config), "wall", log=folder / "ours.log", patience=3600) as ours:
            with weighed(ours) as cost, watched(ours.pid) as peak:
                while not rounds or rounds[-1]["feeds"] > rounds[-1]["outcomes"].get("postponed", 0):
                    rounds.append(ours.ask("wall"))
            tally = server.ask({"tally": True})
    waits = tally["healthy_waits"]
    healthy = feeds * (hosts - sum(bad.values())) // hosts
    rows = [
        ["rounds", f"{len(rounds)}: " + ", ".join(str(one["outcomes"]) for one in rounds)],
        ["wall", f"{cost.wall:.0f} s"],
        ["CPU", f"{cost.cpu:.0f} s"],
        ["healthy feeds asked", f"{len(waits):,} of {healthy:,}"],
        [
            "their wait after being due, median / p99 / worst",
            f"{_at(waits, 0.5)} / {_at(waits, 0.99)} / {_at(waits, 1)}",
        ],
        ["peak memory, all processes", f"{peak.footprint / 2**20:.0f} MiB"],
        ["requests, by status", f"{tally['requests']:,}: {tally['statuses']}"],
        ["most at once at one host", str(tally["busiest"])],
        ["smallest gap at one host", f"{tally['smallest_gap']:.3f} s"],
    ]
    show(f"{feeds:,} feeds on {hosts} hosts, {bad}", ["", "measured"], rows)
    assert tally["busiest"] == 1


def _at(ordered: list[float], share: float) -> str:
    return f"{ordered[max(0, round(share * len(ordered)) - 1)]:.1f} s"


def test_a_tick_over_a_hundred_thousand_feeds(tmp_path: Path) -> None:
    """What the database takes to say what is due, none or a hundred, when it knows very many feeds."""
    rows = []
    for feeds in (10_000, 100_000):
        with open_store(tmp_path / f"{feeds}.db") as store:
            synced = _timed(store.sync_feeds, _subscriptions(feeds), now=FIRST)
            wanted = [feed for feed, _ in store.feeds()]
            saved = _timed(_all_polled, store, wanted[:1000])
            with store.transaction():
                _all_polled(store, wanted[1000:])
            none = [_timed(_tick, store, FIRST) for _ in range(200)]
            hundred = [_timed(_tick, store, FIRST + timedelta(hours=1)) for _ in range(50)]
        rows.append(
            [
                f"{feeds:,}",
                f"{synced:.2f} s",
                f"{saved / 1000 * 1e6:.0f} µs",
                f"{statistics.median(none) * 1000:.3f} ms",
                f"{statistics.median(hundred) * 1000:.2f} ms",
            ]
        )
    columns = ["feeds", "storing the subscriptions", "saving one poll", "tick, none due", "tick, 100 due"]
    show("One tick, CPU time", columns, rows)


def _subscriptions(feeds: int) -> list[Feed]:
    return [Feed(f"https://host-{number % 5000}.example/{number}.xml") for number in range(feeds)]


def _all_polled(store: Database, feeds: list[Feed]) -> None:
    """Every feed asked; the first hundred of all are due again within the hour, the others one by one after it."""
    for feed in feeds:
        late = timedelta(minutes=30) if feed.id <= 100 else timedelta(hours=2, seconds=feed.id)
        fetched = Fetched(feed.url, Outcome.UNCHANGED, FIRST, status=304)
        store.save_poll(feed.id, FeedState(next_at=FIRST + late, checked_at=FIRST), fetched)


def _tick(store: Database, now: datetime) -> None:
    leased = store.lease_due(now, until=now + timedelta(minutes=30), limit=20_000)
    store.release([request.feed.id for request in leased])


def _timed(work: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> float:
    began = time.process_time()
    work(*arguments, **options)
    return time.process_time() - began
