"""Two programs for measuring what a bomb costs: ``serve`` them all, and ``ask`` for them one by one.

Both run in processes of their own; `ask` prints a line of JSON for each path: outcome, error, peak memory above the
level before.
"""

import asyncio
import gzip
import json
import re
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import brotli

from aggregator.fetch.client import HttpFetch
from aggregator.fetch.decode import zstd
from aggregator.model import Feed, FetchRequest
from aggregator.settings import PollSettings

MEBI = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/rss+xml\r\n"


def deflated(window_bits: int) -> bytes:
    """A gibibyte of zeros."""
    engine = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    block = engine.compress(bytes(MEBI)) + engine.flush(zlib.Z_FULL_FLUSH)
    again = engine.compress(bytes(MEBI)) + engine.flush(zlib.Z_FULL_FLUSH)
    return block + again * 1023


def brotlied() -> bytes:
    engine = brotli.Compressor(quality=3)
    return b"".join([engine.process(bytes(MEBI)) for _ in range(256)] + [engine.finish()])


def zstandard() -> bytes:
    frame = zstd.compress(bytes(16 * MEBI))
    return frame * 64


def wide_zstd() -> bytes:
    """Asks for a window of 128 MiB; streamed, so that the frame does not tell its size."""
    engine = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    return engine.compress(bytes(MEBI)) + engine.flush()


async def _pieces(encoding: str, body: bytes) -> AsyncIterator[bytes]:
    yield HEAD + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _endless(start: bytes, piece: bytes) -> AsyncIterator[bytes]:
    yield start
    while True:
        yield piece


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMBS: dict[str, Callable[[], AsyncIterator[bytes]]] = {
    "/gzip": lambda: _pieces("gzip", deflated(31)),
    "/zlib": lambda: _pieces("deflate", deflated(15)),
    "/deflate": lambda: _pieces("deflate", deflated(-15)),
    "/br": lambda: _pieces("br", brotlied()),
    "/zstd": lambda: _pieces("zstd", zstandard()),
    "/zstd-window": lambda: _pieces("zstd", wide_zstd()),
    "/stacked": lambda: _pieces("gzip, gzip", gzip.compress(deflated(31))),
    "/stacked-lines": lambda: _pieces("gzip\r\nContent-Encoding: br", gzip.compress(b"x")),
    "/members": lambda: _pieces("gzip", gzip.compress(bytes(MEBI)) * 500),
    "/empty-members": lambda: _pieces("gzip", gzip.compress(b"") * 200_000),
    "/empty-frames": lambda: _pieces("zstd", zstd.compress(b"") * 200_000),
    "/endless": lambda: _endless(HEAD + b"\r\n", bytes(64 * 1024)),
    "/endless-gzip-padding": lambda: _endless(
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x"), bytes(64 * 1024)
    ),
    "/endless-chunks": lambda: _endless(CHUNKED, b"1\r\nx\r\n" * 10_000),
    "/endless-chunk-size": lambda: _endless(CHUNKED + b"1;", b"x" * 64 * 1024),
    "/endless-trailer": lambda: _endless(CHUNKED + b"0\r\n", b"X-T: y\r\n" * 5000),
    "/endless-headers": lambda: _endless(HEAD, b"X-Header: y\r\n" * 5000),
    "/endless-line": lambda: _endless(HEAD + b"X-Header: ", b"x" * 64 * 1024),
    "/endless-status": lambda: _endless(b"HTTP/1.1 200 ", b"x" * 64 * 1024),
    "/endless-continue": lambda: _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if path in BOMBS:
            async for piece in BOMBS[path]():
                writer.write(piece)
                await writer.drain()
        else:
            writer.write(HEAD + b"Content-Length: 1\r\n\r\nx")
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve() -> None:
    server = await asyncio.start_server(_connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _memory(field: str) -> float:
    """MiB; VmHWM is the peak since it was last reset."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def ask(port: str, timeout: str) -> None:
    settings = PollSettings(
        allow_networks=(ip_network("127.0.0.0/8"),),
        host_gap=timedelta(0),
        timeout=timedelta(seconds=float(timeout)),
    )
    with HttpFetch(settings, {}, version="0", now=lambda: datetime.now(UTC), environ={}) as fetch:
        for path in ("/warm", *BOMBS):
            Path("/proc/self/clear_refs").write_text("5")
            before = _memory("VmRSS")
            ((_, fetched),) = fetch([FetchRequest(Feed(f"http://127.0.0.1:{port}{path}"))])
            cost = _memory("VmHWM") - before
            print(json.dumps([path, fetched.outcome, fetched.error, len(fetched.body), cost]), flush=True)


if __name__ == "__main__":
    asyncio.run(serve()) if sys.argv[1] == "serve" else ask(*sys.argv[2:])
