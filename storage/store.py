"""All of the memory in one object, and how it is opened."""

from pathlib import Path

from aggregator.errors import ConfigError
from storage.archive import Archive
from storage.checking import Checking
from storage.connection import PATIENCE, connect, connect_read_only, enter_wal, require
from storage.corrections import Corrections
from storage.decisions import Decisions
from storage.entries import Entries
from storage.feeds import Feeds
from storage.keeping import Keeping
from storage.ledger import Ledger
from storage.library import Library
from storage.polling import Polling
from storage.search import Search
from storage.stored import StoredEntries
from storage.versions import check_version, keep_copy, migrate


class Database(
    Feeds,
    Polling,
    Entries,
    Keeping,
    Corrections,
    Library,
    Ledger,
    Search,
    Archive,
    StoredEntries,
    Decisions,
    Checking,
):
    """The Store, Library and Ledger ports on one connection. A context manager; `close` ends it."""


def open_store(
    path: Path | str,
    *,
    read_only: bool = False,
    make: bool = True,
    backup_before_migration: bool = True,
    patience: float = PATIENCE,
) -> Database:
    """Open the database, made (unless not to `make`) and migrated as needed; `":memory:"` for one that dies with it.

    `read_only` opens beside a running daemon and in folders that cannot be written, and migrates nothing. `patience`
    is how many seconds to wait for another writer. Raises ConfigError (newer or foreign database, no such file or
    right), CorruptError (not a database, damaged), BusyError, DiskError.
    """
    name = str(path)
    if read_only or not make:
        require(Path(path))
    if read_only:
        database = Database(connect_read_only(Path(path), patience=patience), name)
    else:
        database = Database(connect(path, patience=patience), name)
    try:
        _bring_up_to_date(database, read_only, backup_before_migration)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database, read_only: bool, backup: bool) -> None:
    current = check_version(database)
    if read_only and not current:
        raise ConfigError(f"{database.path} is of an older version; `aggregator poll` brings it up to date")
    if read_only:
        return
    if not current and backup:
        keep_copy(database)
    enter_wal(database.raw, database.path)
    migrate(database)
