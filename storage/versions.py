"""A connection to any file → one to a database of this version, or a refusal before anything was written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlite_utils
from sqlite_utils import Migrations

from aggregator.errors import ConfigError, CorruptError
from storage.connection import MEMORY, Connection, explaining
from storage.migrations import history

APPLICATION_ID = 0x41475247  # "AGRG", in the header of the file: `file aggregator.db` tells


def check_version(connection: Connection, migrations: Migrations = history) -> bool:
    """True when there is nothing to migrate. Raises ConfigError for a newer or foreign database; writes nothing."""
    with explaining(connection.path):
        names = connection.db.table_names()
        applied = [migration.name for migration in migrations.applied(connection.db)]
    identity = connection.rows("PRAGMA application_id")[0][0]
    if identity not in {0, APPLICATION_ID} or (names and not applied):
        raise ConfigError(f"{connection.path} is a database of another program; name another file with --db")
    known = _names(migrations)
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise ConfigError(
            f"{connection.path} was written by a newer aggregator (it has {unknown[-1]}); update aggregator, "
            "or restore the copy that was kept beside it"
        )
    return len(applied) == len(known)


def _names(migrations: Migrations) -> set[str]:
    """Of all of them: an empty database needs every one."""
    with closing(sqlite_utils.Database(memory=True, execute_plugins=False)) as empty:
        return {migration.name for migration in migrations.pending(empty)}


def migrate(connection: Connection, migrations: Migrations = history) -> None:
    """Apply what is missing, each migration in a transaction of its own: an interrupted start goes on where it was.

    Two processes may start at once: the second waits for the first and finds the work done.
    """
    while not check_version(connection, migrations):
        with connection.transaction(), explaining(connection.path):
            pending = [migration.name for migration in migrations.pending(connection.db)]
            migrations.apply(connection.db, stop_before=pending[1:2])
            connection.run(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.run(f"PRAGMA user_version = {len(migrations.applied(connection.db))}")


def keep_copy(connection: Connection) -> Path | None:
    """A copy beside the file before it is migrated, `NAME.vN.bak`. None for a new database or one in memory."""
    version = connection.rows("PRAGMA user_version")[0][0]
    if connection.path == MEMORY or version == 0:
        return None
    target = Path(f"{connection.path}.v{version}.bak")
    if not target.exists():  # an interrupted migration has kept the original already
        copy_to(connection, target)
    return target


def copy_to(connection: Connection, target: Path, *, pages: int = -1) -> None:
    """The database as it is now → a file of its own, checked before it takes its name. CorruptError if it fails."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    with explaining(str(partial)), closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        connection.raw.backup(copy, pages=pages)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise CorruptError(f"{connection.path} could not be copied soundly ({verdict}); {partial} is kept for a look")
    partial.replace(target)
