"""The daemon polls a replay while others use its database: one runs the recipes of docs/schema.md that read, one those
that write, one makes backups and checks, and in one of two runs one holds write transactions of 1 to 30 seconds. No
error anywhere; the delays are printed.

A recipe that writes waits for another writer as long as SQLite's usual patience, five seconds. Beside the daemon alone
that must always do; beside a writer that holds the database for half a minute it cannot, and is told so: counted apart.

What a feed served is stored, though it shows its last sixty items only and hundreds come while a writer holds. Early
runs of this lost some: traced to documents that had been downloaded, waited for the writer, and were dropped when the
daemon was stopped; by the next poll their items had left the feed (their validators were not stored, nothing answered
304 for them). A stopped daemon now stores them as far as eight seconds suffice: ``tests/test_stop_and_kill.py``. Here
it is stopped between two rounds, so that nothing served may be missing.

``AGGREGATOR_BENCH_SECONDS`` (150): how long each.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage import open_store
from tests.daemon_process import Running
from tests.replay import Replay, RunningClock
from tests.replay.aftermath import read
from tests.replay.invent import invented

pytestmark = pytest.mark.bench

SECONDS = float(os.environ.get("AGGREGATOR_BENCH_SECONDS", "150"))
ROOT = Path(__file__).parents[2]

# each prints how long every act took and what it says of it, as JSON, when its time is over
RECIPES = """
import re
from pathlib import Path
from tests.schema_doc import PATH, RECIPE, run
recipes = [r for r in RECIPE.findall(PATH.read_text()) if not re.search("add-column|update stories", r)]
def act(number):
    run(recipes[number % len(recipes)], database)
"""
NOTES = """
import re
from pathlib import Path
from tests.schema_doc import PATH, RECIPE, run
todo = [r for r in RECIPE.findall(PATH.read_text()) if re.search("add-column|update stories", r)]
assert len(todo) == 2
def act(number):
    try:
        run(todo[0], database)
    except AssertionError as refusal:
        if "database is locked" not in str(refusal):
            raise
        return "locked"
    del todo[:-1]  # the column is there: from now on notes
"""
HOLDER = """
import random, sqlite3
draw = random.Random(8)
connection = sqlite3.connect(database, isolation_level=None, timeout=120)
def act(number):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO settings VALUES (?, 'held', 'of the test')", (f"held {number}",))
    time.sleep(min(draw.uniform(1, 30), max(1, ends - time.time())))
    connection.execute("COMMIT")
"""
BACKUPS = """
from storage import open_store
def act(number):
    with open_store(database, read_only=True) as store:
        store.backup(database.with_name("copy.db"), keep=3)
        assert store.check() == []
    with open_store(database.with_name("copy.db"), read_only=True) as copy:
        assert copy.check() == []
"""
LOOP = """
import json, sys, time
from pathlib import Path
database, ends, pause = Path(sys.argv[1]), time.time() + float(sys.argv[2]), float(sys.argv[3])
{}
took = []
while time.time() < ends:
    begun = time.time()
    said = act(len(took))
    took.append((time.time() - begun, said))
    time.sleep(pause)
print(json.dumps(took))
"""


OTHERS = {"recipes": (RECIPES, 0), "notes": (NOTES, 0.2), "backups": (BACKUPS, 1), "writer": (HOLDER, 1)}


@pytest.mark.parametrize("held", [False, True], ids=["daemon", "daemon-and-writer"])
def test_daemon_readers_writers_and_backups_on_one_database(tmp_path: Path, held: bool) -> None:
    stream = invented(outlets=12, days=6, events=600, seed=4)
    speed = (stream.end - stream.start) / timedelta(seconds=0.8 * SECONDS)
    clock = RunningClock(stream.start + timedelta(days=0.5), speed)
    database = tmp_path / "aggregator.db"
    with Replay(stream, clock=clock, window=60) as replay:
        pace = {"every": "3s", "fastest": "3s"}
        (tmp_path / "feeds.yaml").write_text(replay.feeds_yaml(database=database, poll=pace), encoding="utf-8")
        daemon = Running(tmp_path, {})
        daemon.wait_for("polled")
        others = {
            name: subprocess.Popen(
                [sys.executable, "-c", LOOP.format(script), str(database), str(SECONDS), str(pause)],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for name, (script, pause) in OTHERS.items() if held or name != "writer"
        }  # fmt: skip
        said = {name: other.communicate() for name, other in others.items()}
        rounds = sum("polled" in line["message"] for line in daemon.lines)
        daemon.wait_for("polled", times=rounds + 1)  # nothing is in hand now
        code, _ = daemon.stop(signal.SIGTERM)
        again = [sys.executable, "-m", "aggregator", "poll", "--force"]  # what came last
        subprocess.run(again, cwd=tmp_path, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        served = replay.log.served
    assert code == 0
    acts = {}
    for name, (out, err) in said.items():
        assert others[name].returncode == 0, f"{name}: {err}"
        acts[name] = json.loads(out)
        took = sorted(seconds for seconds, _ in acts[name])
        locked = sum(word == "locked" for _, word in acts[name])
        print(f"\n{name}: {len(took)} times, median {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s", end="")
        print(f", {locked} times told after five seconds that another writes" if locked else "", end="")
        assert held or not locked, "the daemon kept a writer out"
    wrong = [line for line in daemon.lines if line["level"] in {"error", "critical"}]
    polls = sum("polled" in line["message"] for line in daemon.lines)
    after = read(database, replay.urls)
    print(f"\ndaemon: {polls} rounds, {len(after.stored):,} entries in {after.stories:,} stories, {len(wrong)} errors")
    assert wrong == []
    assert set(after.stored) == served
    assert len(after.stored) == len(set(after.stored))
    with open_store(database) as store:
        assert store.check() == []
    with closing(sqlite3.connect(database)) as plain:
        (count,) = plain.execute("SELECT count(*) FROM settings WHERE value = 'held'").fetchone()
    assert count == len(acts.get("writer", ()))
