"""The daemon is ended while it waits, documents in hand, for someone else's transaction: what becomes of them?

Its feeds show their last few items only, so that what was downloaded and not stored can be gone at the next start.
"""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from storage import open_store
from tests.daemon_process import PATIENCE, Running, aggregator, daemon
from tests.processes import cpu_seconds
from tests.replay import Fault, ManualClock, Replay
from tests.replay.aftermath import read
from tests.replay.invent import invented

DAY = timedelta(days=1)
OUTLETS = 5


@contextmanager
def waiting(folder: Path) -> Iterator[tuple[Replay, Running, sqlite3.Connection]]:
    """A daemon that has downloaded all feeds and stored none: somebody else is writing."""
    stream = invented(outlets=OUTLETS, days=6, events=150, seed=6)
    slow = dict.fromkeys(stream.by_source, Fault.SLOW)  # answers after a second: time to begin a transaction
    database = folder / "news.db"
    with Replay(stream, clock=ManualClock(stream.start + 2 * DAY), window=5, faults=slow) as replay:
        (folder / "feeds.yaml").write_text(replay.feeds_yaml(database=database), encoding="utf-8")
        open_store(database).close()
        with daemon(folder) as running, closing(sqlite3.connect(database, isolation_level=None)) as other:
            until(lambda: other.execute("SELECT count(*) FROM feeds WHERE leased_until > ''").fetchone() == (OUTLETS,))
            other.execute("BEGIN IMMEDIATE")
            until(lambda: len(replay.log.visits) == OUTLETS)
            until_it_rests(running.process.pid)
            assert other.execute("SELECT count(*) FROM entries").fetchone() == (0,)
            yield replay, running, other


def until_it_rests(pid: int) -> None:
    """All has come in over loopback and is read: the daemon and its workers wait, and do no more."""
    spent = -1.0
    while spent < (now := cpu_seconds(pid)):  # a quick start is over sooner than a slow one
        spent = now + 0.1  # its threads look at the clock now and then
        time.sleep(2)


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def polled(folder: Path) -> subprocess.CompletedProcess[str]:
    done = aggregator(folder, "poll", "--force")
    assert done.returncode == 0, done.stderr
    return done


def test_a_stop_stores_what_was_downloaded(tmp_path: Path) -> None:
    with waiting(tmp_path) as (replay, running, other):
        running.send(signal.SIGTERM)
        running.wait_for("stopping on SIGTERM")
        other.execute("COMMIT")
        assert running.process.wait(PATIENCE) == 0
        replay.clock.now += 3 * DAY  # other items stand in the feeds by now
        polled(tmp_path)
        stored = read(tmp_path / "news.db", replay.urls).stored
        assert sorted(stored) == sorted(replay.log.served)
        assert len(stored) > 2 * OUTLETS


def test_what_a_kill_took_is_asked_for_again_as_if_it_had_never_come(tmp_path: Path) -> None:
    with waiting(tmp_path) as (replay, running, other):
        running.process.kill()
        running.process.wait()
        other.execute("COMMIT")
        polled(tmp_path)
        assert sorted(read(tmp_path / "news.db", replay.urls).stored) == sorted(replay.log.served)
        assert [visit.status for visit in replay.log.visits] == [200] * 2 * OUTLETS
        assert not any(visit.conditional for visit in replay.log.visits)
