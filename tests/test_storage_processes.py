"""Real processes on one database: killed in mid-write, reading, holding it, taking it away."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.errors import BusyError, ConfigError, CorruptError, DiskError
from storage import keeping, open_store
from tests import storage_kills
from tests.storage_kills import start
from tests.storage_values import DAY, NOON, add, entry, with_feeds

READER = """
import os, sys
from storage import keeping, open_store
open_store(":memory:").close()  # imports what it needs
if os.getuid() == 0:
    os.setuid(65534)  # root may write everywhere
with open_store(sys.argv[1], read_only=True) as store:
    print(store.stories())
"""
HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE feeds SET why = 'held'")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "aggregator.db"
    with open_store(made) as store:
        with_feeds(store)
    return made


def test_nothing_acknowledged_is_lost_when_killed(path: Path) -> None:
    storage_kills.while_writing(path, times=3)


def test_killed_while_pruning_and_copying(path: Path) -> None:
    storage_kills.while_pruning(path, times=3)


def test_killed_while_migrating(tmp_path: Path) -> None:
    storage_kills.while_migrating(tmp_path, times=3)


def test_a_reader_does_not_block_the_writer_and_reads_on(path: Path) -> None:
    with open_store(path) as store, open_store(path, read_only=True) as reader:
        add(store, 1)
        rows = reader.stream("SELECT id FROM entries UNION ALL SELECT id FROM feeds")
        assert next(rows)[0] == 1
        add(store, 2)  # would raise BusyError in a rollback journal
        assert [row[0] for row in rows] == [1, 2, 3]
        assert reader.counts(since=NOON).entries == 2


def test_a_long_writer_only_delays(path: Path) -> None:
    holder = start(HOLDER, path, 1.0)
    assert holder.stdout.readline() == "held\n"
    with open_store(path) as store:
        assert store.stories() == []  # reading does not wait
        add(store, 1)
        assert store.rows("SELECT DISTINCT why FROM feeds")[0][0] == "held"  # it had come first
    holder.communicate()


def test_impatience_is_one_line(path: Path) -> None:
    holder = start(HOLDER, path, 60)
    holder.stdout.readline()
    with open_store(path, patience=0.05) as store, pytest.raises(BusyError, match="held by another process"):
        add(store, 1)
    holder.kill()
    holder.communicate()


def test_who_reads_before_writing_is_not_overtaken(path: Path) -> None:
    """A deferred transaction would let the other in, and then fail at its own first write."""
    with open_store(path) as store, open_store(path, patience=0.05) as other, store.transaction():
        assert store.known(1, ["guid 1"]) == {}
        with pytest.raises(BusyError):
            add(other, 1)
        add(store, 1)


def test_the_log_is_bounded_and_cut(path: Path) -> None:
    wal = path.with_name(path.name + "-wal")
    with open_store(path) as store:
        for number in range(300):
            add(store, number, text="x" * 20_000)
        assert wal.stat().st_size < 10_000_000
        store.tidy()
        assert wal.stat().st_size == 0


# ---------------------------------------------------------------- what the machine does wrong


def test_a_full_disk_is_said_and_nothing_is_lost(path: Path) -> None:
    with open_store(path) as store:
        add(store, 1)
        store.run(f"PRAGMA max_page_count = {store.one('PRAGMA page_count')[0] + 3}")  # SQLite's own way to be full
        with pytest.raises(DiskError, match="disk is full"):
            add(store, 2, text="x" * 100_000)
        assert store.counts(since=NOON).entries == 1
        store.run("PRAGMA max_page_count = 1000000")
        add(store, 2)
        assert store.check() == []


def test_a_damaged_file_is_left_as_it_is(path: Path) -> None:
    with open_store(path) as store, store.transaction():
        for number in range(200):
            add(store, number, text="word " * 500)
    content = bytearray(path.read_bytes())
    content[4096:-4096] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(CorruptError, match=r"\.recover"), open_store(path) as store:
        store.check()
    assert path.read_bytes() == bytes(content)


def test_no_database_at_all(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("Dear diary, " * 100)
    for read_only in (False, True):
        with pytest.raises(CorruptError, match="not a SQLite database"):
            open_store(text, read_only=read_only)
    assert text.read_text() == "Dear diary, " * 100
    with pytest.raises(ConfigError, match="does not exist"):
        open_store(tmp_path / "none.db", read_only=True)
    with pytest.raises(ConfigError, match="cannot be opened"):
        open_store(tmp_path / "no" / "folder.db")


def test_our_own_mistakes_are_not_wrapped(path: Path) -> None:
    with open_store(path) as store:
        with pytest.raises(sqlite3.IntegrityError):
            add(store, 1, feed_id=99)
        with pytest.raises(sqlite3.OperationalError, match="syntax"):
            store.run("SELEKT")
        with store.transaction(), pytest.raises(sqlite3.OperationalError, match="within a transaction"):
            store.lease_due(NOON, until=NOON, limit=1)


@pytest.fixture
def locked_folder(path: Path) -> Iterator[Path]:
    """The database in a folder nobody may write, outside of pytest's private one."""
    folder = Path(f"/tmp/aggregator-test-{os.getpid()}")  # noqa: S108
    folder.mkdir()
    shutil.copy(path, folder / "aggregator.db")
    (folder / "aggregator.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder / "aggregator.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_reading_where_nothing_may_be_written(locked_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READER, str(locked_folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_reader_writes_nothing(path: Path) -> None:
    with open_store(path, read_only=True) as reader, pytest.raises(ConfigError, match="cannot be written"):
        add(reader, 1)


# ---------------------------------------------------------------- keeping


def test_pruning_keeps_what_must_be_known(path: Path) -> None:
    with open_store(path) as store:
        for number in range(1, 11):
            add(store, number, seen=NOON - DAY * (11 - number), buckets=(number,))
        removed = [store.prune(before=NOON - 3 * DAY, limit=4) for _ in range(3)]
        assert removed == [4, 3, 0]
        assert len(store.stories()) == 3
        assert store.known(1, ["guid 1"])["guid 1"].fingerprint == "print 1"
        store.revise_entry(1, entry(1, fingerprint="two"), seen=NOON)
        assert store.known(1, ["guid 1"])["guid 1"].fingerprint == "two"
        store.sort_bands()
        assert store.sweep_bands(NOON - 2 * DAY) == 1  # those of pruned entries had gone before they were sorted
        assert store.check() == []
        assert add(store, 99).entry_id == 11  # ids are not used again


def test_maintenance_and_stats(path: Path) -> None:
    with open_store(path) as store:
        with store.transaction():
            for number in range(300):
                add(store, number, text="x" * 5000)
        store.count_terms([["a"]], at=NOON)
        stats = store.stats(NOON)
        assert (stats.entries, stats.stories, round(stats.entries_a_day)) == (300, 300, 43)
        assert stats.tables[0].name == "entries"
        assert stats.tables[0].bytes > 300 * 5000
        while store.prune(before=NOON + DAY):
            pass
        store.maintenance(NOON + 2 * DAY, window=DAY)
        assert store.stats(NOON).bytes < stats.bytes / 3
        assert store.frequencies(["a"], at=NOON + 14 * DAY).counts["a"] == pytest.approx(0.5)


def test_all_free_pages_are_returned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PAGES_RETURNED", 10)
    with open_store(path) as store:
        with store.transaction():
            for number in range(100):
                add(store, number, text="x" * 5000)
        while store.prune(before=NOON + DAY):
            pass
        assert store.stats(NOON).free_bytes > 400_000
        store.tidy()
        assert store.stats(NOON).free_bytes == 0


def test_backups_rotate(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with open_store(path) as store:
        for number in range(1, 5):
            add(store, number)
            store.backup(target, keep=3)
    counts = []
    for name in ("copy.db", "copy.db.1", "copy.db.2"):
        with open_store(tmp_path / name, read_only=True) as copy:
            counts.append(copy.counts(since=NOON).entries)
    assert counts == [4, 3, 2]
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db", "copy.db.1", "copy.db.2"]


TOGETHER = "INSERT INTO corrections (a, b, together, author, at, reason) VALUES (1, 2, 1, '', '', '')"
APART = f"{TOGETHER}; UPDATE corrections SET together = 0; UPDATE entries SET story_id = 1"  # noqa: S608 - a constant


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE stories SET entries = 7 WHERE id = 1", "counts of 1 stories"),
        ("UPDATE stories SET representative = 2 WHERE id = 1", "represented by an entry of another"),
        ("DELETE FROM placements WHERE entry_id = 1", "1 entries have no placement"),
        ("UPDATE entries SET copy_of = 2 WHERE id = 1", "another story than their original"),
        ("DELETE FROM feeds WHERE id = 1", "foreign keys: 2 rows of entries"),
        ("INSERT INTO redirects VALUES (1, 2, 0, '', '')", "merged stories still exist"),
        (TOGETHER, "one that a person put them with"),
        (APART, "one that a person keeps them from"),
        ("DROP TRIGGER entries_au; UPDATE entries SET title = 'unseen' WHERE id = 1", "search: the index differs"),
    ],
)
def test_check_finds_what_other_hands_have_done(path: Path, damage: str, finding: str) -> None:
    with open_store(path) as store:
        add(store, 1)
        add(store, 2)
        assert store.check() == []
        with closing(sqlite3.connect(path)) as stranger:  # foreign keys are off by default
            stranger.executescript(damage)
        assert any(finding in line for line in store.check()), store.check()
    with open_store(path, read_only=True) as reader:  # as the command does
        assert any(finding in line for line in reader.check()), reader.check()
