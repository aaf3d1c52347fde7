"""The daemon polls a replay while others use its database: one runs the recipes of docs/schema.md in a loop, one holds
write transactions of 1 to 30 seconds, one makes backups and checks. No error anywhere; the delays are printed.

``AGGREGATOR_BENCH_SECONDS`` (150): how long.
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

# each prints how long every act took, as JSON, when it is told to end
RECIPES = """
import re
from pathlib import Path
from tests.schema_doc import PATH, RECIPE, run
recipes = [r for r in RECIPE.findall(PATH.read_text()) if not re.search("add-column|update stories", r)]
def act(number):
    run(recipes[number % len(recipes)], database)
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
    time.sleep(1)
"""
BACKUPS = """
from storage import open_store
def act(number):
    with open_store(database, read_only=True) as store:
        store.backup(database.with_name("copy.db"), keep=3)
        assert store.check() == []
    with open_store(database.with_name("copy.db"), read_only=True) as copy:
        assert copy.check() == []
    time.sleep(1)
"""
LOOP = """
import json, sys, time
from pathlib import Path
database, ends = Path(sys.argv[1]), time.time() + float(sys.argv[2])
{}
took = []
while time.time() < ends:
    begun = time.time()
    act(len(took))
    took.append(time.time() - begun)
print(json.dumps(took))
"""


def test_daemon_readers_writers_and_backups_on_one_database(tmp_path: Path) -> None:
    stream = invented(outlets=12, days=6, events=600, seed=4)
    speed = (stream.end - stream.start) / timedelta(seconds=0.8 * SECONDS)
    clock = RunningClock(stream.start + timedelta(days=0.5), speed)
    database = tmp_path / "aggregator.db"
    with Replay(stream, clock=clock, window=900) as replay:  # all of it: hours of the stream pass while a writer holds
        pace = {"every": "3s", "fastest": "3s"}
        (tmp_path / "feeds.yaml").write_text(replay.feeds_yaml(database=database, poll=pace), encoding="utf-8")
        daemon = Running(tmp_path, {})
        daemon.wait_for("polled")
        others = {
            name: subprocess.Popen(
                [sys.executable, "-c", LOOP.format(script), str(database), str(SECONDS)],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for name, script in (("recipes", RECIPES), ("writer", HOLDER), ("backups", BACKUPS))
        }  # fmt: skip
        said = {name: other.communicate() for name, other in others.items()}
        code, _ = daemon.stop(signal.SIGTERM)
        again = [sys.executable, "-m", "aggregator", "poll", "--force"]  # what the stop had cut short
        subprocess.run(again, cwd=tmp_path, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        served = replay.log.served
    assert code == 0
    for name, (out, err) in said.items():
        assert others[name].returncode == 0, f"{name}: {err}"
        took = sorted(json.loads(out))
        print(f"\n{name}: {len(took)} times, median {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s", end="")
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
        (held,) = plain.execute("SELECT count(*) FROM settings WHERE value = 'held'").fetchone()
    assert held == len(json.loads(said["writer"][0]))
