"""An event loop in a thread of its own, so that downloads go on while the caller thinks about what came."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:  # not on this platform: the standard loop does the same, slower
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

T = TypeVar("T")


class Background:
    """Starts at once; `stop` ends every task, closes what was opened on the loop, then the loop."""

    def __init__(self) -> None:
        self.loop = new_event_loop()
        self._opened = AsyncExitStack()
        self._thread = threading.Thread(target=self._run, name="fetch", daemon=True)
        self._thread.start()

    def closing(self, close: Callable[[], Awaitable[object]]) -> None:
        """Call this when the loop ends."""

        async def call() -> None:
            await close()

        self._opened.push_async_callback(call)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the loop, wait for it here."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def post(self, act: Callable[..., object], *arguments: object) -> None:
        """Have this done on the loop, soon; nothing happens once it has stopped."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(act, *arguments)

    def stop(self) -> None:
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        if threading.current_thread() is not self._thread:  # the collector may call us from anywhere
            self._thread.join()

    def _run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            try:
                self.loop.run_until_complete(self._end())
            finally:
                self.loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._opened.aclose()
