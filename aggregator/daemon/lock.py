"""A database → at most one daemon at work on it, and who that is. The only filelock.

The lock goes with the process, however it ends; the small file beside it only tells people whose it is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from aggregator.errors import BusyError, ConfigError

PATIENCE = 1.0  # seconds: somebody may be looking whether the lock is held


@dataclass(frozen=True, slots=True)
class Holder:
    """A process at work on the database."""

    pid: int
    since: datetime
    command: str  # run, digest --send


@contextmanager
def exclusive(database: Path, *, command: str, now: datetime) -> Iterator[None]:
    """Hold the lock. Raises BusyError naming the holder, ConfigError where the folder cannot be written."""
    lock, note = FileLock(_beside(database, ".lock"), timeout=PATIENCE), _beside(database, ".pid")
    if not database.absolute().parent.is_dir():  # the lock would make it
        raise ConfigError(f"{database}: there is no such folder: make it, or name another with `database:` or --db")
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(f"{database}: {_told(_read(note))} works on it: stop that first") from None
    except OSError as error:
        raise ConfigError(f"{lock.lock_file}: cannot be written ({error.strerror}): check the folder") from None
    try:
        note.write_text(f"{os.getpid()}\n{now.isoformat()}\n{command}\n", encoding="ascii")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def holder(database: Path) -> Holder | None:
    """Who holds the lock now. Changes nothing."""
    lock, note = _beside(database, ".lock"), _beside(database, ".pid")
    if not lock.exists():
        return None
    try:
        with FileLock(lock, timeout=0):
            return None
    except Timeout:
        return _read(note)
    except OSError:  # another user's: its word must do
        found = _read(note)
        return found if found and Path(f"/proc/{found.pid}").exists() else None


def died(database: Path) -> Holder | None:
    """Who held the lock last and did not put it down: killed, or the machine went down."""
    return None if holder(database) else _read(_beside(database, ".pid"))


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


def _read(note: Path) -> Holder | None:
    with suppress(OSError, ValueError):
        pid, since, command = note.read_text(encoding="ascii").splitlines()
        return Holder(int(pid), datetime.fromisoformat(since), command)
    return None


def _told(found: Holder | None) -> str:
    return f"`aggregator {found.command}` (pid {found.pid})" if found else "another process (pid unknown)"
