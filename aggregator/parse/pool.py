"""Jobs ─► results or typed failures as they get ready, through worker processes that can be killed."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from aggregator.model import FailureKind, WorkerFailure
from aggregator.parse.worker import Lane, Limits, attempt

__all__ = ["FailureKind", "WorkerFailure", "Workers"]

J = TypeVar("J")
R = TypeVar("R")

AHEAD = 4  # jobs under way or waiting for the consumer, a worker


class Workers(Generic[J, R]):
    """Runs `function` on jobs in `processes` worker processes; 0 runs it in this process, without limits.

    `function` is a top-level callable; jobs and results can be pickled. A job may take `seconds` of wall time,
    `memory_mb` MiB beyond what an idle worker holds, and `files` open files. Processes start with the first job,
    as forks of one that has imported `preload` (a module name; empty: the function's module).
    """

    def __init__(
        self,
        function: Callable[[J], R],
        *,
        processes: int,
        seconds: float,
        memory_mb: int,
        files: int = 64,
        preload: str = "",
    ) -> None:
        self._function = function
        limits = Limits(seconds, memory_mb, files)
        self._lanes = [Lane(function, limits, preload) for _ in range(processes)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker processes at once, for good; a job under way is lost."""
        for lane in self._lanes:
            lane.close()

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
        return ((job, None if skip and skip(job) else attempt(self._function, job)) for job in jobs)


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

    def __init__(self, lanes: list[Lane[J, R]], jobs: Iterable[J], skip: Callable[[J], bool] | None) -> None:
        self._lanes, self._jobs, self._skip = lanes, jobs, skip
        self._permits = threading.Semaphore(AHEAD * len(lanes))
        self._todo: SimpleQueue[tuple[J] | None] = SimpleQueue()
        self._done: SimpleQueue[_Finished[J, R] | _Ended | BaseException] = SimpleQueue()
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
            if isinstance(event, BaseException):
                raise event
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

    def _work(self, lane: Lane[J, R]) -> None:
        try:
            while (one := self._todo.get()) is not None and not self._stopped.is_set():
                self._done.put(_Finished(one[0], lane.work(one[0])))
        except BaseException as raised:  # noqa: BLE001  a job that cannot be pickled: our mistake, not the document's
            self._done.put(raised)
