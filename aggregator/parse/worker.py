"""One worker process and its replacements: one job ─► its result or a typed failure.

Each worker stands in a one-process pool of its own (pebble), so a hang, a crash or a memory hog meets only its own
job: no pipe and no lock is shared between workers. Workers are forked from a fork server, a process without threads
that has imported the job's module once: the daemon itself has threads, where fork is unsafe, and a spawned
interpreter would pay the imports after every kill.
"""

import fcntl
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as Overdue
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import Any, Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.errors import AggregatorError, UnavailableError
from aggregator.model import FailureKind, WorkerFailure

J = TypeVar("J")
R = TypeVar("R")

TRIES = 3  # of a job whose worker died through no fault of its own, as far as can be told
RECYCLE_AFTER = 1000  # jobs a worker lives for: what a library leaks stays small
OUT_OF_MEMORY = 137  # exit status of a worker that met its memory limit
LOST = 255  # what multiprocessing reports when the fork server itself was ended
NEEDS = "a /dev/shm that may be written, and room for processes and open files"
# Sent to the whole process group, not for the job; positive: caught by pebble's handler while the worker started
INNOCENT = (-signal.SIGTERM, signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, LOST)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use."""

    seconds: float
    memory_mb: int
    files: int


# ---------------------------------------------------------------- seen from the parent


class Lane(Generic[J, R]):
    """One worker process and its replacements, one job at a time."""

    def __init__(self, function: Callable[[J], R], limits: Limits, preload: str = "") -> None:
        self._function, self._limits = function, limits
        self._preload = preload or function.__module__
        self._turn = threading.Lock()
        self._pool: ProcessPool | None = None
        self._future: Future[Any] | None = None
        self._closed = False

    def work(self, job: J) -> R | WorkerFailure:
        """Try again where the end of the worker was not, or not surely, the fault of the job."""
        with self._turn:
            for _ in range(TRIES):
                try:
                    return self._submit(job)
                except Overdue:
                    return WorkerFailure(FailureKind.TIMEOUT, f"took more than {self._limits.seconds:g} s")
                except ProcessExpired as expired:
                    self._end_pool()  # killed while it held the lock of its pipe, it would keep its successor waiting
                    if expired.exitcode not in INNOCENT:
                        return self._post_mortem(expired.exitcode)
                except (RuntimeError, CancelledError):  # pebble loses count when a worker dies while taking a job
                    if self._closed:
                        return WorkerFailure(FailureKind.CRASH, "the workers were closed")
                    self._end_pool()
            return WorkerFailure(FailureKind.CRASH, "the worker process died again and again")

    def _submit(self, job: J) -> R | WorkerFailure:
        if self._closed:
            raise RuntimeError("closed")
        if self._pool is not None and not self._pool.active:  # its worker died between two jobs
            self._end_pool()
        if self._pool is None:
            self._pool = _start(self._function, self._limits, self._preload)
        try:
            self._future = self._pool.schedule(_work, args=(job,), timeout=self._limits.seconds)
        except OSError as error:  # its first job starts it
            self._end_pool()
            raise UnavailableError(f"workers cannot be started ({error}): they need {NEEDS}") from error
        result: R | WorkerFailure = self._future.result()
        return result

    def _post_mortem(self, status: int) -> WorkerFailure:
        if status == OUT_OF_MEMORY:
            return WorkerFailure(FailureKind.MEMORY, f"took more than {self._limits.memory_mb} MiB")
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return WorkerFailure(FailureKind.CRASH, f"the worker process was ended {how}")

    def close(self) -> None:
        """End the process at once, for good."""
        self._closed = True
        if self._future is not None:
            self._future.cancel()  # pebble's own stop would leave whoever waits for it waiting
        with self._turn:
            self._end_pool()

    def _end_pool(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None


def hindrance() -> str:
    """Why no worker could be started here; empty if nothing speaks against it."""
    try:
        multiprocessing.get_context("forkserver").Lock()
    except OSError as error:
        return str(error)
    return ""


def _start(function: Callable[[J], R], limits: Limits, preload: str) -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPool(
        max_workers=1, max_tasks=RECYCLE_AFTER, initializer=_prepare, initargs=(function, limits), context=context
    )


# ---------------------------------------------------------------- inside a worker

_function: Callable[[Any], Any]


def _prepare(function: Callable[[Any], Any], limits: Limits) -> None:
    """Once a worker: its signals, its limits, its life tied to the parent's."""
    global _function  # noqa: PLW0603  the process exists for this one function
    _function = function
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a Python handler would wait for C code that never returns
    _die_with_parent()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits.files)
    held = Path("/proc/self/statm")
    if held.exists():  # Linux; elsewhere the limit on address space is not enforced anyway
        pages = int(held.read_text().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_mb * 2**20)


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard == resource.RLIM_INFINITY or value < hard:
        resource.setrlimit(what, (value, value))


def _die_with_parent() -> None:
    """Have the kernel send SIGIO, which kills, when the parent's end of the sentinel pipe closes.

    A watching thread would not do: a regular expression that runs away never gives up the interpreter's lock.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if connection.wait([parent.sentinel], timeout=0):  # it died before the kernel was asked
        os._exit(1)


def _work(job: Any) -> Any:
    result = attempt(_function, job)
    if isinstance(result, WorkerFailure) and result.kind is FailureKind.MEMORY:
        os._exit(OUT_OF_MEMORY)  # what is left of the heap serves nobody
    return result


def attempt(function: Callable[[J], R], job: J) -> R | WorkerFailure:
    """The result, or what was raised as a failure."""
    try:
        return function(job)
    except MemoryError:
        return WorkerFailure(FailureKind.MEMORY, "out of memory")
    except AggregatorError as error:
        return WorkerFailure(FailureKind.ERROR, str(error))
    except Exception as error:  # noqa: BLE001  whatever a document provokes is its own failure
        detail = " ".join(str(error).split())[:200]
        return WorkerFailure(FailureKind.ERROR, f"{type(error).__name__}: {detail}")
