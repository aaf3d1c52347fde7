"""Processes killed (SIGKILL) in the middle of writing, pruning, copying, migrating ─► what is left must be sound."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from storage import Database, open_store
from tests.storage_values import NOON, add

ROOT = Path(__file__).parents[1]
ENTRIES = 200  # to prune
OLD = ROOT / "tests" / "schemas" / "0.1.0-dev.sql"

WRITER = """
import sys
from pathlib import Path
from storage import bands, open_store
from tests.storage_values import NOON, MINUTE, add
bands.FRESH = 40  # so that sorting is interrupted too
with open_store(Path(sys.argv[1])) as store:
    number = store.one("SELECT count(*) FROM entries")[0]
    while True:
        with store.transaction():
            for _ in range(5):
                number += 1
                add(store, number, buckets=tuple(range(number, number + 40)), seen=NOON + number * MINUTE)
                store.count_terms([[f"term{number % 50}"]], at=NOON)
        print(number, flush=True)
"""
PRUNER = """
import sys
from pathlib import Path
from storage import open_store
from tests.storage_values import NOON, DAY
with open_store(Path(sys.argv[1])) as store:
    print(0, flush=True)
    removed = 0
    while True:
        removed += store.prune(before=NOON + 300 * DAY, limit=3)
        print(removed, flush=True)
        store.sweep_bands(NOON)
        store.backup(Path(sys.argv[1] + ".bak"), keep=2)
"""
MIGRATOR = """
import itertools, shutil, sys
from pathlib import Path
from storage import open_store
for number in itertools.count():
    path = Path(sys.argv[1]).with_name(f"{number}.db")
    shutil.copy(sys.argv[1], path)
    print(number, flush=True)
    open_store(path).close()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def kill_after(process: subprocess.Popen[str], seconds: float) -> int:
    """The last number it had said in full when it was killed."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest = process.communicate()[0]
    return int([first, *rest.splitlines(keepends=True)[: None if rest.endswith("\n") else -1]][-1])


def while_writing(path: Path, *, times: int, seed: int = 5) -> None:
    """Everything acknowledged is there, every transaction whole."""
    draw = random.Random(seed)
    for _ in range(times):
        said = kill_after(start(WRITER, path), draw.uniform(0, 0.3))
        with open_store(path) as store:
            stored = store.one("SELECT count(*) FROM entries")[0]
            assert stored >= said
            assert stored % 5 == 0
            assert abs(store.frequencies(["x"], at=NOON).documents - stored) < 1e-6
            assert store.check() == []


def while_pruning(path: Path, *, times: int, seed: int = 6) -> None:
    """What was removed is still known, what was not is still there; each copy is a whole database."""
    draw = random.Random(seed)
    guids = [f"guid {number}" for number in range(ENTRIES)]
    for _ in range(times):
        with open_store(path) as store, store.transaction():
            for number in range(ENTRIES):
                if not store.known(1, [guids[number]]):
                    add(store, number)
            before = _entries(store)
        said = kill_after(start(PRUNER, path), draw.uniform(0, 0.3))
        with open_store(path) as store:
            assert _entries(store) <= before - said
            assert store.check() == []
            assert len(store.known(1, guids)) == ENTRIES
            for copy in path.parent.glob(path.name + ".bak*[k0-9]"):
                with open_store(copy, read_only=True) as kept:
                    assert kept.check() == []
            if _entries(store) < ENTRIES // 2:
                store.run("DELETE FROM pruned")


def _entries(store: Database) -> int:
    return int(store.one("SELECT count(*) FROM entries")[0])


def while_migrating(folder: Path, *, times: int, seed: int = 7) -> None:
    """The next start goes on where it was; what was in the old database is in the new one, and in the copy kept."""
    old = folder / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(OLD.read_text())
        connection.execute("PRAGMA journal_mode = WAL")
    draw = random.Random(seed)
    for _ in range(times):
        number = kill_after(start(MIGRATOR, old), draw.uniform(0, 0.3))
        for path in [folder / f"{last}.db" for last in range(number + 1)]:
            with open_store(path) as store:
                assert store.check() == []
                assert len(store.untold("x", "y", since=NOON)) == 1
                assert store.search("headline")
        for copy in folder.glob("*.bak"):
            with closing(sqlite3.connect(copy)) as kept:
                assert kept.execute("SELECT count(*) FROM entries").fetchone() == (3,)
        for made in folder.glob("[0-9]*.db*"):
            made.unlink()
