"""Answers made on the loop → the caller's thread, all of one turn of the loop at once: waking a thread costs more than
an answer does.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """Made and filled on the loop, emptied by one other thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._made: list[T] = []
        self._batches: SimpleQueue[list[T]] = SimpleQueue()  # an empty one is the last
        self._work: asyncio.Task[None] | None = None
        self._over = False  # the last batch has been taken

    # ------------------------------------------------------------ on the loop

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """The work that calls `give`, and whose end ends all."""
        self._work = self._loop.create_task(work)
        self._work.add_done_callback(self._end)

    def give(self, one: T) -> None:
        if not self._made:
            self._loop.call_soon(self._hand_over)
        self._made.append(one)

    def _hand_over(self) -> None:
        if self._made:
            self._batches.put(self._made)
            self._made = []

    def _end(self, _: asyncio.Task[None]) -> None:
        self._hand_over()
        self._batches.put([])

    def cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    # ------------------------------------------------------------ in the caller's thread

    def batches(self) -> Iterator[list[T]]:
        """Until the work has ended; raises what it raised, unless it was cancelled."""
        while batch := self._next():
            yield batch
        if self._work is not None and not self._work.cancelled():
            self._work.result()

    def close(self, post: Callable[[Callable[[], None]], None]) -> None:
        """End the work, if it has not ended, and wait for that; `post` has something done on the loop."""
        if not self._over:
            post(self.cancel)
        while self._next():
            pass

    def _next(self) -> list[T]:
        """The next batch; empty when all is over."""
        batch = [] if self._over else self._batches.get()
        self._over = not batch
        return batch
