"""``aggregator run`` as a process of its own: its log as it grows, its signals, its exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import alive, family

_ROOT = Path(__file__).parents[1]
PATIENCE = 120.0  # seconds; the machine may be loaded


class Running:
    """The daemon in `folder`, whose feeds.yaml it reads. `lines`: its log as JSON objects, so far."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *options: str) -> None:
        self.folder, self._log = folder, folder / "daemon.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aggregator", "run", "--log-format", "json", *options],
                cwd=folder, env={**environment(folder), **environ}, stderr=log,
            )  # fmt: skip
        self.pid = self.process.pid

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self._log.read_text(encoding="utf-8")
        whole = text.splitlines(keepends=True)  # the tracker of multiprocessing may outlive us and has words of its own
        return [json.loads(line) for line in whole if line.startswith("{") and line.endswith("\n")]

    def wait_for(self, mark: str, *, times: int = 1) -> dict[str, Any]:
        """The line whose message holds the mark, when it has come so often."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            found = [line for line in self.lines if mark in line["message"]]
            if len(found) >= times:
                return found[times - 1]
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self._log.read_text()}"
            time.sleep(0.05)
        raise AssertionError(f"no line with {mark!r} in:\n{self._log.read_text()}")

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """(exit code, seconds it took). No process is left behind."""
        children, began = family(self.pid)[1:], time.monotonic()
        self.send(number)
        code = self.process.wait(PATIENCE)
        took = time.monotonic() - began
        gone(children)
        return code, took


def gone(pids: list[int]) -> None:
    ends = time.monotonic() + PATIENCE
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < ends, f"left behind: {left}"
        time.sleep(0.05)


def environment(folder: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"} | {
        "PYTHONPATH": str(_ROOT), "TZ": "UTC", "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip


@contextmanager
def daemon(folder: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Killed at the end if it has not ended by then."""
    running = Running(folder, environ or {}, *options)
    try:
        yield running
    finally:
        left = family(running.pid)[1:]
        running.process.kill()
        running.process.wait()
        for pid in left:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def aggregator(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aggregator", *arguments], cwd=folder, env=environment(folder),
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
