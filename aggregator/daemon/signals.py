"""Signals → their numbers, one after the other. The main thread waits here and nowhere else."""

import signal
import socket
from collections.abc import Collection
from types import FrameType


class Signals:
    """Through a socket that the C handler itself writes to (signal.set_wakeup_fd).

    A handler in Python would run only when the main thread next looks: one that came just before a wait began, be it
    for a lock or a queue, would stay unheard until the wait ends.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = frozenset(numbers)
        self._heard, self._said = socket.socketpair()
        self._said.setblocking(False)
        signal.set_wakeup_fd(self._said.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _taken)

    def wait(self, seconds: float | None) -> int | None:
        """The next one; None when none came in time. `seconds` None: for ever."""
        self._heard.settimeout(seconds)
        try:
            number = self._heard.recv(1)[0]
        except TimeoutError:
            return None
        return number if number in self._numbers else None


def _taken(_number: int, _frame: FrameType | None) -> None:
    """So that the signal does not do what it does by itself."""
