"""The database with many entries of the kind real feeds bring: sizes, rates, search, pruning. Printed, never asserted.

``AGGREGATOR_BENCH_INGESTED`` (18,000) go through the whole pipeline: two weeks of real feed items where the reference
data is there, invented ones elsewhere, and from the start again, two weeks later. Their rows are then copied, each time
four weeks later, up to ``AGGREGATOR_BENCH_ENTRIES`` (100,000): what is that old is no candidate, so the pipeline would
have made the same of them.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path

import pytest

from aggregator.app import App
from aggregator.settings import Settings
from storage import Database, open_store
from storage.bands import ADD_POSTINGS, packed, unpacked
from tests.articles import articles
from tests.conftest import SHARED

pytestmark = pytest.mark.bench

ENTRIES = int(os.environ.get("AGGREGATOR_BENCH_ENTRIES", "100000"))
INGESTED = min(ENTRIES, int(os.environ.get("AGGREGATOR_BENCH_INGESTED", "18000")))
LAP = timedelta(days=14)
START = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = 500


def real() -> list[dict[str, object]]:
    """Two weeks of feed items in order of their dates; empty where they are not at hand."""
    path = SHARED / "corpora" / "rss_two_weeks.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: row["collected"])


def made_up() -> list[dict[str, object]]:
    chance = random.Random(3)
    return [
        {"id": str(number), "title": one.title, "text": one.text, "source": f"Gazette {chance.randint(1, 60)}",
         "url": f"https://gazette.example/{number}", "lang": "en",
         "collected": (START + LAP * number / 20_000).isoformat()}
        for number, one in enumerate(islice(articles(3, events=9_000), 20_000))
    ]  # fmt: skip


def laps(rows: list[dict[str, object]]) -> Iterator[str]:
    for lap in count():
        for row in rows:
            moment = datetime.fromisoformat(str(row["collected"])) + lap * LAP
            again = {"id": f"{lap} {row['id']}", "published": moment.isoformat(), "url": f"{row['url']}?lap={lap}"}
            yield json.dumps({name: row[name] for name in ("title", "text", "source", "lang")} | again) + "\n"


def test_a_database_of_many_entries(tmp_path: Path) -> None:
    file, path = tmp_path / "articles.jsonl", tmp_path / "aggregator.db"
    with file.open("w") as out:
        out.writelines(islice(laps(real() or made_up()), INGESTED))
    print(f"\n{INGESTED:,} entries, {'real' if real() else 'invented'}")
    with App(Settings(database=path)) as app:
        wall, cpu = time.perf_counter(), time.process_time()
        app.ingest(file)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"ingest: {INGESTED / wall:.0f} a second ({INGESTED / cpu:.0f} a second of CPU)")
    with open_store(path) as store:
        multiply(store)
        store.tidy()
        sizes(store)
        searches(store)
        pruning(store, path)


# table → its columns that tell the copies apart
_STORY, _ENTRY = "{} + {stories}", "{} + {entries}"
_LATER = "strftime('%Y-%m-%dT%H:%M:%S', {}, '{days} days') || substr({}, 20)"
_COPIED: dict[str, dict[str, str]] = {
    "stories": {"id": _STORY, "representative": _ENTRY, "first_seen": _LATER, "last_seen": _LATER},
    "entries": {
        "id": _ENTRY, "story_id": _STORY, "copy_of": _ENTRY, "seen": _LATER, "published": _LATER, "updated": _LATER,
        "guid": "{} || ' {lap}'",
    },
    "placements": {"entry_id": _ENTRY, "at": _LATER},
    "relations": {"entry_id": _ENTRY, "other_id": _ENTRY},
    "redirects": {"old_id": _STORY, "story_id": _STORY, "at": _LATER},
    "signatures": {"entry_id": _ENTRY},
    "profiles": {"story_id": _STORY},
}  # fmt: skip


def multiply(store: Database) -> None:
    """Copies of all there is, until there are enough entries."""
    store.sort_bands()
    own = {
        "entries": store.one("SELECT max(id) FROM entries")[0],
        "stories": max(filter(None, store.one("SELECT max(id), (SELECT max(old_id) FROM redirects) FROM stories"))),
    }
    postings = [(row[0], unpacked(row[1])) for row in store.rows("SELECT bucket, entry_ids FROM bands")]
    for lap in range(1, -(-ENTRIES // INGESTED)):
        with store.transaction():
            store.run("PRAGMA defer_foreign_keys = ON")
            for table, changed in _COPIED.items():
                key = next(iter(changed))
                last = own["stories" if changed[key] is _STORY else "entries"]
                numbers = {name: count * lap for name, count in own.items()}
                columns = [row["name"] for row in store.rows(f"PRAGMA table_info({table})")]
                values = [
                    changed.get(name, "{}").replace("{}", name).format(**numbers, lap=lap, days=28 * lap)
                    for name in columns
                ]
                chosen = f"SELECT {', '.join(values)} FROM {table} WHERE {key} <= {last} ORDER BY 1"  # noqa: S608 – our own words
                store.run(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) {chosen}")
            copies = (
                (bucket // 2 + lap, packed(one + own["entries"] * lap for one in ids)) for bucket, ids in postings
            )
            store.many(ADD_POSTINGS, copies)


def sizes(store: Database) -> None:
    stats = store.stats(datetime.now(UTC))
    entries = stats.entries
    for table in stats.tables:
        if (table.bytes or 0) / entries >= 1:
            print(f"  {table.name:16} {(table.bytes or 0) / entries:7.0f} bytes an entry, {table.rows:,} rows")
    search = sum(table.bytes or 0 for table in stats.tables if table.name == "entries_fts")
    print(f"{entries:,} entries in {stats.stories:,} stories: {stats.bytes / entries:.0f} bytes an entry,", end=" ")
    print(f"{(stats.bytes - search) / entries:.0f} without search")


def searches(store: Database) -> None:
    """One to three words of a headline, as a person would look for it."""
    chance = random.Random(4)
    titles = [row[0] for row in store.rows("SELECT title FROM entries WHERE id % 97 = 0")]
    for name, by_story in (("entries", False), ("stories", True)):
        spent = []
        for _ in range(QUERIES):
            words = [word for word in chance.choice(titles).split() if word.isalpha()] or ["news"]
            query = " ".join(chance.sample(words, min(len(words), chance.randint(1, 3))))
            begun = time.perf_counter()
            store.search_stories(query) if by_story else store.search(query)
            spent.append((time.perf_counter() - begun) * 1e3)
        spent.sort()
        print(f"search for {name}: p50 {spent[QUERIES // 2]:.1f} ms, p99 {spent[QUERIES * 99 // 100]:.1f} ms")


def pruning(store: Database, path: Path) -> None:
    median = store.one(
        "SELECT last_seen FROM stories ORDER BY last_seen LIMIT 1 OFFSET (SELECT count(*)/2 FROM stories)"
    )
    before, slices, removed = datetime.fromisoformat(median[0]), [], 0
    while True:
        begun = time.perf_counter()
        gone = store.prune(before=before)
        slices.append(time.perf_counter() - begun)
        removed += gone
        if not gone:
            break
    print(
        f"prune: {removed:,} entries in {sum(slices):.1f} s, longest transaction {max(slices) * 1e3:.0f} ms;", end=" "
    )
    size, begun = path.stat().st_size, time.perf_counter()
    store.maintenance(before + LAP, window=timedelta(days=7))
    print(f"maintenance {time.perf_counter() - begun:.1f} s, {size / 1e6:.0f} → {path.stat().st_size / 1e6:.0f} MB")
    for name, act in (("check", store.check), ("backup", lambda: store.backup(path.with_suffix(".bak")))):
        begun = time.perf_counter()
        assert act() != ["?"]
        print(f"{name}: {time.perf_counter() - begun:.1f} s of {path.stat().st_size / 1e6:.0f} MB")
