"""``python -m tests.replay.week``: a week of two thousand feeds with real rhythms, adaptive against hourly polling.

The whole program on the stream's clock, one tick every ten minutes; prints requests, the share of 304, entries found
and how long an item waited between its publication and our database. More than half an hour a run on two shared cores,
most of it for placing: so many feeds tell each article of the stream dozens of times. With --wordless it is minutes.
"""

import argparse
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.conftest import SHARED
from tests.replay import ManualClock, Replay, Stream
from tests.replay.crowd import crowd
from tests.replay.driver import Drive, Report
from tests.replay.log import Tally

_CADENCES = {
    "adaptive": {"adaptive": "true"},
    "every hour": {"adaptive": "false", "every": "1h"},
}


@dataclass(frozen=True)
class Week:
    tally: Tally
    report: Report
    stored: int
    waits: list[timedelta]  # publication to storage of everything published since the start, shortest first
    published: int  # since the start


def run(stream: Stream, folder: Path, *, start: datetime, poll: dict[str, str], tick: timedelta) -> Week:
    config, database = folder / "feeds.yaml", folder / "week.db"
    with Replay(stream, clock=ManualClock(start), window=30, hosts=200) as replay:
        config.write_text(replay.feeds_yaml(database=database, poll=poll), encoding="utf-8")
        report = Drive(replay, config, step=tick, start=start, after=()).run()
        tally = replay.log.tally()
    with closing(sqlite3.connect(database)) as db:
        rows = list(db.execute("SELECT published, seen FROM entries"))
    moments = [(datetime.fromisoformat(published), datetime.fromisoformat(seen)) for published, seen in rows]
    waits = sorted(seen - published for published, seen in moments if published > start)
    return Week(tally, report, len(rows), waits, sum(piece.collected > start for piece in stream.pieces))


def wordless(stream: Stream) -> Stream:
    """The same rhythm, with nothing to compare."""
    return Stream(replace(piece, title=str(number), text="") for number, piece in enumerate(stream.pieces))


def table(weeks: dict[str, Week], title: str) -> Table:
    shown = Table("", *weeks, title=title, box=None)
    columns = [_figures(week) for week in weeks.values()]
    for name in columns[0]:
        shown.add_row(name, *(column[name] for column in columns))
    return shown


def _figures(week: Week) -> dict[str, str]:
    minutes = [wait / timedelta(minutes=1) for wait in week.waits]
    return {
        "requests": f"{week.tally.requests:,}",
        "of them 304": f"{week.tally.not_modified / week.tally.requests:.0%}",
        "published": f"{week.published:,}",
        "found": f"{len(minutes):,} ({len(minutes) / week.published:.1%})",
        "median wait": f"{median(minutes):.0f} min",
        "90 % within": f"{minutes[int(len(minutes) * 0.9)]:.0f} min",
        "entries in all": f"{week.stored:,}",
        "wall": f"{week.report.wall:.0f} s",
        "CPU": f"{week.report.cpu:.0f} s",
        "peak memory, all processes": f"{week.report.peak_memory / 2**20:.0f} MiB",
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay.week", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--file", type=Path, default=SHARED / "corpora" / "rss_two_weeks.jsonl")
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--wordless", action="store_true", help="articles without words: polled, but not clustered")
    parser.add_argument("--tick", type=int, default=10, help="minutes of the stream between two rounds (10)")
    options = parser.parse_args()
    if not options.file.is_file():
        parser.error(f"no such file: {options.file} (--file, or AGGREGATOR_SHARED for the reference data)")
    stream = crowd(Stream.read(options.file), feeds=options.feeds, days=options.days)
    stream = wordless(stream) if options.wordless else stream
    start = stream.end.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=options.days - 1)
    weeks = {}
    for name, poll in _CADENCES.items():
        with tempfile.TemporaryDirectory() as folder:
            weeks[name] = run(stream, Path(folder), start=start, poll=poll, tick=timedelta(minutes=options.tick))
    feeds = len(stream.by_source)
    Console(width=120).print(table(weeks, f"{feeds:,} feeds, {options.days} days, a tick every {options.tick} min"))
    return 1 if any(week.report.errors for week in weeks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
