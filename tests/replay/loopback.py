"""Many loopback hosts, one event loop in a thread of its own; every request is written into a Log."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.replay.log import Log, Visit

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def address(number: int) -> str:
    """The number-th host: 127.0.1.1, 127.0.1.2, … (Linux answers on all of 127.0.0.0/8)."""
    return f"127.0.{1 + number // 254}.{1 + number % 254}"


class Loopback:
    """Serves `answer` on every address between ``__enter__`` and ``__exit__``; `ports` says where.

    With port 0 each address gets a free port of its own. An answer that raises becomes a 500 on the wire and is
    raised again at the end: a broken server must not pass for a broken feed.
    """

    def __init__(self, answer: Answer, addresses: Sequence[str], *, port: int = 0) -> None:
        self.log = Log()
        self.ports: dict[str, int] = {}
        self._answer = answer
        self._addresses = addresses
        self._port = port
        self._errors: list[BaseException] = []
        self._up: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)

    def url(self, host: str, path: str) -> str:
        return f"http://{host}:{self.ports[host]}/{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.result(timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=60)
        if self._errors and error is None:
            raise self._errors[0]

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to the thread that waits in __enter__
            if self._up.done():
                raise
            self._up.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        protocol = web.Server(self._recorded, access_log=None, keepalive_timeout=3600, handler_cancellation=True)
        servers = [await self._loop.create_server(protocol, host, self._port, backlog=1024) for host in self._addresses]
        self.ports = {
            host: server.sockets[0].getsockname()[1] for host, server in zip(self._addresses, servers, strict=True)
        }
        self._up.set_result(None)
        await self._stop.wait()
        for server in servers:
            server.close()
        await protocol.shutdown(timeout=0.1)

    async def _recorded(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        host = request.transport.get_extra_info("sockname")[0]
        started, status = time.monotonic(), 0  # 0: hung up before we answered
        try:
            response = await self._answer(request)
            status = response.status
            return response
        except ConnectionError:  # they hung up: their business
            raise
        except Exception as error:
            self._errors.append(error)
            raise
        finally:
            conditional = "If-None-Match" in request.headers or "If-Modified-Since" in request.headers
            self.log.visits.append(
                Visit(request.path.strip("/"), host, started, time.monotonic(), status, conditional=conditional)
            )
