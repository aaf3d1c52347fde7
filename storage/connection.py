"""A path → an open SQLite connection, its transactions, and its errors in our words.

The only module that knows pragmas and SQLite's error codes. Wrapped is what the machine does wrong (locked, full,
damaged, unreadable); what we do wrong (bad SQL, a broken constraint) stays a `sqlite3.Error`.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import sqlite_utils

from aggregator.errors import AggregatorError, BusyError, ConfigError, CorruptError, DiskError

MEMORY = ":memory:"
PATIENCE = 60.0  # seconds to wait for another writer: someone's half-minute transaction delays, never breaks
STRETCH = 1.5  # seconds of one transaction after the other …
BREATH = 0.2  # … after which the lock is left alone for so long: who waits for it looks every tenth of a second

_DAMAGED = (
    "is damaged and was left as it is; stop everything that uses it, then restore a backup, "
    "or save what can be read with: sqlite3 {path} .recover | sqlite3 rescued.db"
)
_EXPLANATIONS: dict[int, tuple[type[AggregatorError], str]] = {
    sqlite3.SQLITE_BUSY: (BusyError, "is held by another process for too long; end it or try again later"),
    sqlite3.SQLITE_LOCKED: (BusyError, "is held by another process for too long; end it or try again later"),
    sqlite3.SQLITE_FULL: (DiskError, "cannot grow: the disk is full; free some space, nothing was lost"),
    sqlite3.SQLITE_IOERR: (DiskError, "cannot be read or written; check the disk and its mount"),
    sqlite3.SQLITE_CORRUPT: (CorruptError, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (CorruptError, "is not a SQLite database and was left as it is; name another file"),
    sqlite3.SQLITE_READONLY: (ConfigError, "cannot be written; check the rights of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (ConfigError, "cannot be opened; check that the folder exists and may be used"),
    sqlite3.SQLITE_PERM: (ConfigError, "may not be used; check the rights of the file and its folder"),
}

Parameters = Sequence[object] | Mapping[str, object]
_P = ParamSpec("_P")
_R = TypeVar("_R")


def explained(error: sqlite3.Error, path: str) -> Exception:
    """The same failure as one line with a remedy, or the error itself where the fault is ours."""
    code = getattr(error, "sqlite_errorcode", None)
    found = _EXPLANATIONS.get(code & 0xFF) if code is not None else None
    return found[0](f"{path} {found[1].format(path=path)} ({error})") if found else error


@contextmanager
def explaining(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, path) from error


class Connection:
    """One SQLite connection. Used by one thread at a time; a process may open several."""

    def __init__(self, raw: sqlite3.Connection, path: str) -> None:
        self.raw = raw
        self.path = path
        self._stretch_began = self._stretch_ended = 0.0  # monotonic
        self.db = sqlite_utils.Database(raw, recursive_triggers=False, execute_plugins=False)

    def run(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """Execute a statement that returns nothing to read."""
        try:
            return self.raw.execute(sql, parameters)
        except sqlite3.Error as error:
            raise explained(error, self.path) from error

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        try:
            self.raw.executemany(sql, rows)
        except sqlite3.Error as error:
            raise explained(error, self.path) from error

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        try:
            return self.raw.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise explained(error, self.path) from error

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        try:
            found: sqlite3.Row | None = self.raw.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        return found

    def one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row:
        """The row that must be there."""
        found = self.row(sql, parameters)
        if found is None:
            raise LookupError(f"no row for: {sql}")
        return found

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[sqlite3.Row]:
        """Rows one by one: for results that are large, or read only as far as needed."""
        with explaining(self.path):
            yield from self.raw.execute(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK on an exception. Not nested.

        Immediate, because a deferred one that reads and then writes fails at once when another wrote in between.
        """
        self._breathe()
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.before_commit()
            self.run("COMMIT")
        except BaseException:
            if self.raw.in_transaction:  # some errors (disk full) have rolled back already
                self.raw.rollback()
            self.forget()
            raise
        finally:
            self._stretch_ended = time.monotonic()

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """All that is read inside is as of one moment. Part of the open transaction, if there is one."""
        if self.raw.in_transaction:
            yield
            return
        self.run("BEGIN")
        try:
            yield
        finally:
            self.raw.rollback()  # there is nothing to keep

    def _breathe(self) -> None:
        """Let others write: between two transactions of ours they would hardly ever find the lock free."""
        now = time.monotonic()
        if now - self._stretch_ended > BREATH:
            self._stretch_began = now
        elif now - self._stretch_began > STRETCH:
            time.sleep(BREATH)
            self._stretch_began = time.monotonic()

    def before_commit(self) -> None:
        """Write what was held back until the end of the transaction. For those who hold anything back."""

    def forget(self) -> None:
        """Drop what was remembered of a transaction that did not happen. For those who remember anything."""

    def close(self) -> None:
        self.raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_C = TypeVar("_C", bound=Connection)


def writes(method: Callable[Concatenate[_C, _P], _R], /) -> Callable[Concatenate[_C, _P], _R]:
    """The method becomes part of the open transaction, or has one of its own: never half done."""

    @wraps(method)
    def within(self: _C, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if self.raw.in_transaction:
            return method(self, *args, **kwargs)
        with self.transaction():
            return method(self, *args, **kwargs)

    return within


def connect(path: Path | str, *, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open for reading and writing; WAL, synchronous=NORMAL, foreign keys on. Raises `AggregatorError`."""
    with explaining(str(path)):
        raw = _prepared(sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False))
        try:
            if raw.execute("PRAGMA page_count").fetchone()[0] == 0:
                raw.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only possible before the first table
            raw.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            raw.close()
            raise
        return raw


def enter_wal(raw: sqlite3.Connection, path: str) -> None:
    """Write-ahead log: readers and the writer do not wait for each other. Lasts in the file."""
    with explaining(path):
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = NORMAL")  # in WAL: power loss may undo the last commits, never damage
        raw.execute("PRAGMA journal_size_limit = 67108864")
        raw.execute("PRAGMA cache_size = -65536")  # KiB


def require(path: Path) -> None:
    """Raises ConfigError where there is no database."""
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; `aggregator poll` makes it, --db names another")


def connect_read_only(path: Path, *, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open for reading, beside a writer or in a folder that cannot be written. Raises `AggregatorError`."""
    with explaining(str(path)):
        try:
            return _reader(path, "mode=ro", patience)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
                raise
            wal = path.with_name(path.name + "-wal")
            if wal.exists() and wal.stat().st_size:
                raise
            # a WAL database wants to make its -shm file; where the folder forbids that, nobody writes either
            return _reader(path, "mode=ro&immutable=1", patience)


def _reader(path: Path, options: str, patience: float) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{options}"
    raw = _prepared(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False))
    try:
        raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        raw.close()
        raise
    return raw


def _prepared(raw: sqlite3.Connection) -> sqlite3.Connection:
    raw.row_factory = sqlite3.Row
    return raw
