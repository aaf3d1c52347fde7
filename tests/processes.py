"""A process and all it started, read from /proc: who they are, how much memory and CPU time they take. Linux."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and its living descendants; empty when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return [pid, *(member for child in children for member in family(child))]
    return []


def alive(pid: int) -> bool:
    """Running or sleeping; a zombie is not alive."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return _stat(pid)[0] not in {"Z", "X"}
    return False


def footprint(pid: int) -> int:
    """Bytes in memory of the whole family; a page shared by n processes counts 1/n (Pss, proc_pid_smaps(5))."""
    total = 0
    for member in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole family so far, of ended and awaited children too."""
    total = 0
    for member in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            total += sum(map(int, _stat(member)[11:15]))
    return total / _TICKS


def _stat(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) from the third on: the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@dataclass
class Peak:
    """The most memory seen so far, in bytes."""

    footprint: int = 0


@contextmanager
def watched(pid: int, *, every: float = 0.2) -> Iterator[Peak]:
    """Samples the family's memory every so many seconds."""
    peak, over = Peak(), threading.Event()

    def sample() -> None:
        while not over.wait(every):
            peak.footprint = max(peak.footprint, footprint(pid))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield peak
    finally:
        over.set()
        sampler.join()
