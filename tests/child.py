"""A Python module as a process of its own: a JSON line in, a JSON line out, until its input ends or it is killed."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.processes import alive, family

_ROOT = Path(__file__).parents[1]


class Child:
    """``python -m module arguments``. Its stderr goes to the end of `log`.

    The module says something (any JSON value) when it is ready; that is `greeting`. AssertionError when it ends by
    itself or keeps silent for `patience` seconds.
    """

    def __init__(
        self, module: str, *arguments: str, log: Path, python: str = sys.executable, patience: float = 600.0
    ) -> None:
        self._log, self._patience = log, patience
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [python, "-m", module, *arguments],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        self.pid = self._process.pid
        try:
            self.greeting = self.hear()
        except BaseException:
            self.kill(grace=0)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Its input ends, and it should; what is left after half a minute is killed."""
        assert self._process.stdin is not None
        workers = family(self.pid)[1:]
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=30)
        self._end(workers, grace=0)

    def ask(self, question: object) -> Any:
        self.tell(question)
        return self.hear()

    def tell(self, question: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        assert self.answers_within(self._patience), f"no answer within {self._patience:.0f} s"
        line = self._process.stdout.readline()
        assert line, f"process {self.pid} ended by itself:\n{self._log.read_text()}"
        return json.loads(line)

    def answers_within(self, seconds: float) -> bool:
        """True as soon as there is something to hear, its end included."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def kill(self, *, grace: float = 10.0) -> int:
        """SIGKILL to the process alone; returns how many of its children outlived it by `grace` seconds."""
        children = family(self.pid)[1:]
        self._process.kill()
        return self._end(children, grace=grace)

    def _end(self, children: list[int], *, grace: float) -> int:
        """No process and no pipe is left; returns how many of the children had to be killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        ends = time.monotonic() + grace
        while any(map(alive, children)) and time.monotonic() < ends:
            time.sleep(0.02)
        left = [pid for pid in children if alive(pid)]
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(left)
