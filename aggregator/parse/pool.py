"""Jobs ─► results or typed failures, through worker processes that can be killed.

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
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as Overdue
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.errors import AggregatorError
from aggregator.model import FailureKind, WorkerFailure

__all__ = ["FailureKind", "WorkerFailure", "Workers"]

J = TypeVar("J")
R = TypeVar("R")

RECYCLE_AFTER = 1000  # jobs a worker lives for: what a library leaks stays small
AHEAD = 4  # jobs under way or waiting for the consumer, a worker
OUT_OF_MEMORY = 137  # exit status of a worker that met its memory limit
INNOCENT = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)  # sent to the whole process group, not for the job


class Workers(Generic[J, R]):
    """Runs `function` on jobs in `processes` worker processes; 0 runs it in this process, without limits.

    `function` is a top-level callable; jobs and results can be pickled. A job may take `seconds` of wall time,
    `memory_mb` MiB beyond what an idle worker holds, and `files` open files. Processes start with the first job.
    """

    def __init__(
        self, function: Callable[[J], R], *, processes: int, seconds: float, memory_mb: int, files: int = 64
    ) -> None:
        self._function = function
        limits = Limits(seconds, memory_mb, files)
        self._lanes = [_Lane(function, limits) for _ in range(processes)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker processes at once; a job under way is lost."""
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join()

    def run(
        self, jobs: Iterable[J], *, skip: Callable[[J], bool] | None = None
    ) -> Iterator[tuple[J, R | WorkerFailure | None]]:
        """Every job with its result, as they get ready, in no order; None for jobs that `skip` says need no work.

        `jobs` is consumed in a thread of its own and may block; no more is taken from it than the workers and the
        consumer can keep up with. What it raises is raised here, after the results of the jobs before. Closing this
        iterator takes no further job.
        """
        if self._lanes:
            return _Run(self._lanes, jobs, skip).results()
        return ((job, None if skip and skip(job) else _attempt(self._function, job)) for job in jobs)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use."""

    seconds: float
    memory_mb: int
    files: int


# ---------------------------------------------------------------- one run: threads between the jobs and the consumer


@dataclass(frozen=True, slots=True)
class _Finished(Generic[J, R]):
    job: J
    result: R | WorkerFailure | None


@dataclass(frozen=True, slots=True)
class _Ended:
    """No more jobs; `error` is why, unless they were simply over."""

    taken: int
    error: BaseException | None


class _Run(Generic[J, R]):
    """One pass over some jobs. A permit stands for a job taken and not yet handed to the consumer."""

    def __init__(self, lanes: "list[_Lane[J, R]]", jobs: Iterable[J], skip: Callable[[J], bool] | None) -> None:
        self._lanes, self._jobs, self._skip = lanes, jobs, skip
        self._permits = threading.Semaphore(AHEAD * len(lanes))
        self._todo: SimpleQueue[tuple[J] | None] = SimpleQueue()
        self._done: SimpleQueue[_Finished[J, R] | _Ended] = SimpleQueue()
        self._stopped = threading.Event()

    def results(self) -> Iterator[tuple[J, R | WorkerFailure | None]]:
        threads = [threading.Thread(target=self._feed, name="jobs", daemon=True)]
        threads += [threading.Thread(target=self._work, args=(lane,), name="lane", daemon=True) for lane in self._lanes]
        for thread in threads:
            thread.start()
        try:
            yield from self._collect()
        finally:
            self._stopped.set()
            self._permits.release()

    def _collect(self) -> Iterator[tuple[J, R | WorkerFailure | None]]:
        given, ended = 0, None
        while ended is None or given < ended.taken:
            event = self._done.get()
            if isinstance(event, _Ended):
                ended = event
                continue
            given += 1
            self._permits.release()
            yield event.job, event.result
        if ended.error is not None:
            raise ended.error

    def _feed(self) -> None:
        taken, error = 0, None
        source = iter(self._jobs)
        try:
            while self._permits.acquire() and not self._stopped.is_set():
                job = next(source)
                taken += 1
                if self._skip and self._skip(job):
                    self._done.put(_Finished(job, None))
                else:
                    self._todo.put((job,))
        except StopIteration:
            pass
        except BaseException as raised:  # noqa: BLE001  handed over to the consumer's thread, which raises it
            error = raised
        finally:
            if self._stopped.is_set() and (close := getattr(source, "close", None)):
                close()
            for _ in self._lanes:
                self._todo.put(None)
            self._done.put(_Ended(taken, error))

    def _work(self, lane: "_Lane[J, R]") -> None:
        while (one := self._todo.get()) is not None and not self._stopped.is_set():
            self._done.put(_Finished(one[0], lane.work(one[0])))


# ---------------------------------------------------------------- one worker, seen from the parent


class _Lane(Generic[J, R]):
    """One worker process and its replacements, one job at a time."""

    def __init__(self, function: Callable[[J], R], limits: Limits) -> None:
        self._function, self._limits = function, limits
        self._turn = threading.Lock()
        self._pool: ProcessPool | None = None

    def work(self, job: J) -> R | WorkerFailure:
        """Try once, and a second time where the worker's end was not, or not surely, the job's fault."""
        with self._turn:
            for _ in range(2):
                try:
                    result: R | WorkerFailure = self._submit(job)
                except Overdue:
                    return WorkerFailure(FailureKind.TIMEOUT, f"took more than {self._limits.seconds:g} s")
                except ProcessExpired as expired:
                    if expired.exitcode not in INNOCENT:
                        return self._post_mortem(expired.exitcode)
                except (BrokenProcessPool, CancelledError):
                    # pebble loses count when a worker dies in the moment of taking a job
                    self.stop()
                else:
                    return result
            return WorkerFailure(FailureKind.CRASH, "the worker process died twice")

    def _submit(self, job: J) -> Any:
        if self._pool is None or not self._pool.active:
            self._pool = _start(self._function, self._limits)
        return self._pool.schedule(_work, args=(job,), timeout=self._limits.seconds).result()

    def _post_mortem(self, status: int) -> WorkerFailure:
        if status == OUT_OF_MEMORY:
            return WorkerFailure(FailureKind.MEMORY, f"took more than {self._limits.memory_mb} MiB")
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return WorkerFailure(FailureKind.CRASH, f"the worker process was ended {how}")

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]

    def join(self) -> None:
        if self._pool is not None:
            self._pool.join()
            self._pool = None


def _start(function: Callable[[J], R], limits: Limits) -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__])
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
    result = _attempt(_function, job)
    if isinstance(result, WorkerFailure) and result.kind is FailureKind.MEMORY:
        os._exit(OUT_OF_MEMORY)  # what is left of the heap serves nobody
    return result


def _attempt(function: Callable[[J], R], job: J) -> R | WorkerFailure:
    try:
        return function(job)
    except MemoryError:
        return WorkerFailure(FailureKind.MEMORY, "out of memory")
    except AggregatorError as error:
        return WorkerFailure(FailureKind.ERROR, str(error))
    except Exception as error:  # noqa: BLE001  whatever a document provokes is its own failure
        detail = " ".join(str(error).split())[:200]
        return WorkerFailure(FailureKind.ERROR, f"{type(error).__name__}: {detail}")
