"""Every schema ever released becomes this one; a newer or foreign database is refused before anything is written."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils
from sqlite_utils import Migrations

from aggregator.app import App
from aggregator.errors import ConfigError
from aggregator.settings import KeepSettings, Settings
from storage import open_store, versions
from storage.connection import Connection, connect
from storage.migrations import history
from tests.dump_schema import fill
from tests.storage_values import NOON, add, sketch

RELEASED = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        return {name: " ".join(sql.replace("'", '"').split()) for name, sql in rows if sql}


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_a_released_schema_becomes_this_one(released: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(released.read_text())
    with open_store(old) as store:
        told = store.story(1)
        assert (told.entries, told.copies, told.independent) == (3, 1, 2)
        assert store.digests(limit=1)[0].rendered == b"mail\xff"
        assert store.untold("daily", "a@b", since=NOON) == []
        assert [hit.entry_id for hit in store.search("headline")] == [3, 2, 1]
        near = store.candidates(sketch(2, 3), since=NOON, limit=9)
        assert [(one.entry_id, one.shared) for one in near] == [(2, 2), (1, 1)]
        assert add(store, 4).entry_id == 4
        assert store.check() == []
    open_store(new).close()
    assert schema(old) == schema(new)


def test_the_last_dump_is_of_this_schema(tmp_path: Path) -> None:
    """When this fails after a release, add a migration; before it, run `python -m tests.dump_schema` again."""
    with closing(sqlite3.connect(tmp_path / "dumped.db")) as connection:
        connection.executescript(RELEASED[-1].read_text())
    open_store(tmp_path / "new.db").close()
    assert schema(tmp_path / "dumped.db") == schema(tmp_path / "new.db")


def older(path: Path) -> None:
    """A database that lacks the last migration."""
    with closing(Connection(connect(path), str(path))) as connection:
        names = [migration.name for migration in history.pending(connection.db)]
        history.apply(connection.db, stop_before=names[-1])
        connection.run("PRAGMA user_version = 7")
        connection.run("INSERT INTO settings (key, value, meaning) VALUES ('mark', '1', 'of the test')")


def test_a_copy_is_kept_before_the_first_migration(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    older(path)
    with open_store(path) as store:
        assert store.one("PRAGMA user_version")[0] == 8
        assert store.one("SELECT value FROM settings WHERE key = 'mark'")[0] == "1"
    copy = tmp_path / "a.db.v7.bak"
    assert "fresh_terms" in schema(path)
    assert "fresh_terms" not in schema(copy)
    open_store(path).close()  # nothing to migrate: no further copy
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.db", "a.db.v7.bak"]


def test_no_copy_when_told_not_to_or_when_new(tmp_path: Path) -> None:
    older(tmp_path / "a.db")
    told_not_to = KeepSettings(migration_copy=False)
    with App(Settings(database=tmp_path / "a.db", keep=told_not_to)) as app:
        assert app.store.check() == []
    open_store(tmp_path / "b.db").close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.db", "b.db"]


def test_a_reader_does_not_migrate(tmp_path: Path) -> None:
    older(tmp_path / "a.db")
    with pytest.raises(ConfigError, match="older"):
        open_store(tmp_path / "a.db", read_only=True)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aggregator', 'm999', 'x')",
            "newer aggregator",
        ),
        ("PRAGMA application_id = 7", "another program"),
        ("DROP TABLE _sqlite_migrations", "another program"),
    ],
)
def test_newer_and_foreign_databases_are_refused_untouched(
    tmp_path: Path, damage: str, said: str, read_only: bool
) -> None:
    path = tmp_path / "a.db"
    open_store(path).close()
    with closing(sqlite3.connect(path)) as stranger:
        stranger.execute(damage)
        stranger.commit()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=said) as refused:
        open_store(path, read_only=read_only)
    assert refused.value.exit_code == 78
    assert path.read_bytes() == before


def test_an_interrupted_migration_goes_on_where_it_was(tmp_path: Path) -> None:
    """Each migration is a transaction: what was done stays done, the failing one leaves no trace."""
    steps = Migrations("aggregator")
    fail = [True]

    @steps()
    def first(db: sqlite_utils.Database) -> None:
        db.execute("CREATE TABLE one (id INTEGER)")

    @steps()
    def second(db: sqlite_utils.Database) -> None:
        db.execute("CREATE TABLE two (id INTEGER)")
        if fail:
            raise KeyboardInterrupt

    path = tmp_path / "a.db"
    with closing(Connection(connect(path), str(path))) as connection:
        with pytest.raises(KeyboardInterrupt):
            versions.migrate(connection, steps)
        assert connection.db.table_names() == ["_sqlite_migrations", "one"]
        fail.clear()
        versions.migrate(connection, steps)
        assert connection.db.table_names() == ["_sqlite_migrations", "one", "two"]
        assert connection.one("PRAGMA user_version")[0] == 2


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from storage import open_store; open_store(sys.argv[1]).close()"]
    both = [subprocess.Popen([*command, str(tmp_path / "a.db")]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    with open_store(tmp_path / "a.db") as store:
        fill(store)
        assert store.stories(since=NOON)
