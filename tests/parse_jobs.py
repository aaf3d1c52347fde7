"""What workers are made to do in tests: jobs that behave, hang, crash, eat memory or raise. Also a parent to kill.

Run as ``python -m tests.parse_jobs hang|count``, it is that parent; it prints what the test needs to know.
"""

import ctypes
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aggregator.errors import DocumentError
from aggregator.parse.pool import Workers


def act(job: Any) -> Any:
    """Numbers come back doubled; words do what they say."""
    return ACTS[job]() if isinstance(job, str) else job * 2


def act_and_tell(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    act("hang")


def _raise(error: Exception) -> None:
    raise error


class StubbornError(Exception):
    """One that cannot be rebuilt in the parent: it is pickled with one argument and wants two."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} of {two}")


ACTS: dict[str, Callable[[], Any]] = {
    "hang": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),  # in C, where no handler and no other thread gets a turn
    "crash": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "memory": lambda: len(bytearray(2**31)),
    "files": lambda: [os.dup(1) for _ in range(1000)],
    "refuse": lambda: _raise(DocumentError("an HTML page, not a feed")),
    "raise": lambda: _raise(ValueError("two\nlines")),
    "stubborn": lambda: _raise(StubbornError(1, 2)),
    "pid": os.getpid,
    "slow": lambda: time.sleep(0.5) or "slow",
}


def hang(told: str) -> None:
    """A parent whose worker never answers."""
    with Workers(act_and_tell, processes=1, seconds=600, memory_mb=256) as workers:
        list(workers.run([told]))


def count() -> None:
    """A parent that takes no more jobs once it is told to stop, and says what came of the others."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def jobs() -> Iterator[Any]:
        yield 21
        while not stop.is_set():
            yield "slow"

    with Workers(act, processes=2, seconds=60, memory_mb=256) as workers:
        for _, result in workers.run(jobs()):
            print(result, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
