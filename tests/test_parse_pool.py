"""Workers with real processes: what hangs, crashes, eats or raises fails alone; nothing piles up; nobody survives."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import FailureKind, WorkerFailure
from aggregator.parse import pool, worker
from aggregator.parse.pool import Workers
from tests.parse_jobs import act
from tests.processes import alive

LONG = 60  # seconds; no test waits for it


def workers(processes: int = 1, seconds: float = LONG) -> Workers[Any, Any]:
    return Workers(act, processes=processes, seconds=seconds, memory_mb=256)


@pytest.mark.parametrize(
    ("job", "kind", "words"),
    [
        ("hang", FailureKind.TIMEOUT, "took more than 1 s"),
        ("memory", FailureKind.MEMORY, "took more than 256 MiB"),
        ("crash", FailureKind.CRASH, "ended by SIGSEGV"),
        ("exit", FailureKind.CRASH, "ended with status 3"),
        ("files", FailureKind.ERROR, "Too many open files"),
        ("refuse", FailureKind.ERROR, "an HTML page, not a feed"),
        ("raise", FailureKind.ERROR, "ValueError: two lines"),
        ("stubborn", FailureKind.ERROR, "StubbornError: 1 of 2"),
    ],
)
def test_a_failure_is_typed_and_its_own(job: str, kind: FailureKind, words: str) -> None:
    with workers(seconds=1) as some:
        results = list(some.run([1, job, 2]))
    assert dict(results[::2]) == {1: 2, 2: 4}
    failure = results[1][1]
    assert isinstance(failure, WorkerFailure)
    assert failure.kind is kind
    assert words in failure.message
    assert failure.killed is (kind is not FailureKind.ERROR)


def test_where_no_worker_can_be_started_it_is_said_why() -> None:
    code = (
        "import resource; from tests.test_parse_pool import *; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with workers() as some: list(some.run([1]))"  # a shared lock is a file in /dev/shm
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UnavailableError: workers cannot be started ([Errno 27] File too large): they need" in done.stderr


def test_the_innocent_among_many_are_unharmed() -> None:
    jobs = [job for n in range(12) for job in (n, ("crash", "exit", "memory", "raise")[n % 4])]
    with workers(processes=2) as some:
        results = list(some.run(jobs))
    assert sorted((job, result) for job, result in results if isinstance(job, int)) == [(n, 2 * n) for n in range(12)]
    assert sum(isinstance(result, WorkerFailure) for _, result in results) == 12


def test_results_come_while_the_source_of_jobs_is_blocked() -> None:
    seen = threading.Event()

    def jobs() -> Iterator[int]:
        yield 1
        assert seen.wait(LONG)  # a network that waits until the consumer has got the first result
        yield 2

    with workers() as some:
        for _, result in some.run(jobs()):
            assert result in (2, 4)
            seen.set()


def test_a_slow_consumer_stops_the_source_of_jobs_and_closing_ends_it() -> None:
    taken: list[int] = []
    closed = threading.Event()

    def jobs() -> Iterator[int]:
        try:
            for number in itertools.count():
                taken.append(number)
                yield number
        finally:
            closed.set()

    with workers() as some:
        results = some.run(jobs())
        for _ in range(5):
            next(results)
        time.sleep(0.2)  # time in which a source without brakes would run away
        assert len(taken) <= 5 + pool.AHEAD
        results.close()  # type: ignore[attr-defined]
        assert closed.wait(LONG)


def test_what_the_source_raises_comes_after_the_results_before_it() -> None:
    def jobs() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("the network is gone")

    with workers(processes=2) as some:
        results = some.run(jobs())
        assert sorted(next(results) for _ in range(3)) == [(1, 2), (2, 4), (3, 6)]
        with pytest.raises(OSError, match="the network is gone"):
            next(results)


def test_skipped_jobs_need_no_worker() -> None:
    with workers() as some:
        assert list(some.run(["crash", "hang"], skip=lambda _: True)) == [("crash", None), ("hang", None)]


def test_a_job_that_cannot_be_pickled_is_our_mistake_and_raised() -> None:
    with workers() as some, pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        list(some.run([lambda: None]))


def test_workers_serve_run_after_run_and_are_recycled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RECYCLE_AFTER", 2)
    with workers() as some:
        pids = [pid for _ in range(2) for _, pid in some.run(["pid"] * 3)]
    assert len(set(pids)) == 3
    assert os.getpid() not in pids


def test_a_worker_killed_from_outside_between_jobs_is_replaced() -> None:
    with workers() as some:
        [(_, pid)] = some.run(["pid"])
        os.kill(pid, signal.SIGKILL)
        assert list(some.run([1])) == [(1, 2)]


def test_closing_ends_a_job_under_way() -> None:
    some = workers()
    results = some.run([1, "hang"])
    assert next(results) == (1, 2)
    some.close()
    assert isinstance(next(results)[1], WorkerFailure)


def test_in_this_process() -> None:
    jobs = [1, "raise", "refuse"]
    kinds = [r.kind if isinstance(r, WorkerFailure) else r for _, r in workers(processes=0).run(jobs)]
    assert kinds == [2, FailureKind.ERROR, FailureKind.ERROR]


# ---------------------------------------------------------------- life and death of the parent


def parent(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.parse_jobs", *arguments]
    return subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_a_worker_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with parent("hang", str(told)) as process:
        pid = int(_eventually(lambda: told.exists() and told.read_text()))
        assert alive(pid)
        process.kill()
        process.wait()
    _eventually(lambda: not alive(pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_lets_jobs_under_way_finish(number: signal.Signals) -> None:
    with parent("count") as process:
        assert process.stdout
        first = process.stdout.readline()
        os.killpg(process.pid, number)
        rest = process.stdout.read()
    assert {first, *rest.splitlines(keepends=True)} == {"42\n", "slow\n"}
    assert process.returncode == 0


def _eventually(condition: Any) -> Any:
    """The first true value; pytest's own time limit ends the waiting."""
    while not (value := condition()):
        time.sleep(0.02)
    return value
