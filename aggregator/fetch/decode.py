"""Content-Encoding, chunks → the body, never more than was agreed. Pure.

Each step gives out a bounded piece, so a bomb costs its limit and not its size. One encoding at most: stacked ones
(``gzip, gzip``) have no honest use and multiply.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPT = "gzip, deflate, br, zstd"
PIECE = 256 * 1024  # decoded bytes given out at once
MEMBERS = 1000  # of one gzip or zstd stream: each costs an allocation, however empty
ZSTD_WINDOW = 23  # log2 bytes: RFC 9659, the most a server may ask for


class UndecodableError(Exception):
    """The bytes are not what Content-Encoding says, or end too early."""


class TooLargeError(Exception):
    """More bytes, decoded or raw, than were agreed."""


class _Decoder(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]:
        """All that `data` makes available, at most about PIECE bytes at once. Raises UndecodableError."""
        ...

    def complete(self) -> bool:
        """Whether the input may end here."""
        ...


class _Identity:
    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def complete(self) -> bool:
        return True


class _Zlib:
    """One member: an object of zlib's, with the input it has not taken kept."""

    def __init__(self, window_bits: int) -> None:
        self._engine = zlib.decompressobj(window_bits)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while (data or len(piece) >= PIECE) and not self._engine.eof:
            try:
                piece = self._engine.decompress(data, PIECE)
            except zlib.error as error:
                raise UndecodableError(str(error)) from None
            data = self._engine.unconsumed_tail
            yield piece

    def rest(self) -> bytes:
        return self._engine.unused_data

    def complete(self) -> bool:
        return self._engine.eof


class _Zstd:
    """One frame."""

    def __init__(self) -> None:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
        self._engine = zstd.ZstdDecompressor(options=options)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while (data or not self._engine.needs_input) and not self._engine.eof:
            try:
                yield self._engine.decompress(data, PIECE)
            except zstd.ZstdError as error:
                raise UndecodableError(str(error)) from None
            data = b""  # what it could not take yet it keeps

    def rest(self) -> bytes:
        return self._engine.unused_data

    def complete(self) -> bool:
        return self._engine.eof


class _Members:
    """Members one after the other (RFC 1952 section 2.2, RFC 8878 section 3); what follows and is none is padding."""

    def __init__(self, make: Callable[[], _Zlib | _Zstd], magic: Callable[[bytes], bool], magic_size: int) -> None:
        self._make, self._magic, self._magic_size = make, magic, magic_size
        self._member: _Zlib | _Zstd | None = None
        self._begun = 0
        self._held = b""  # too little to tell whether another member begins
        self._padding = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        data, self._held = self._held + data, b""
        while data and not self._padding:
            member = self._member or self._begin(data)
            if member is None:
                return
            yield from member.pieces(data)
            self._member = None if member.complete() else member
            data = member.rest() if member.complete() else b""

    def _begin(self, data: bytes) -> _Zlib | _Zstd | None:
        if self._begun and len(data) < self._magic_size:
            self._held = data
            return None
        if self._begun and not self._magic(data):
            self._padding = True
            return None
        self._begun += 1
        if self._begun > MEMBERS:
            raise UndecodableError(f"more than {MEMBERS} compressed members")
        return self._make()

    def complete(self) -> bool:
        return self._member is None and self._begun > 0


class _Deflate:
    """ "deflate" as servers mean it: a zlib stream (RFC 1950), or a bare one (RFC 1951)."""

    def __init__(self) -> None:
        self._held = b""
        self._stream: _Zlib | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        data, self._held = self._held + data, b""
        if self._stream is None:
            if len(data) < 2:
                self._held = data
                return
            zlib_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = _Zlib(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)
        yield from self._stream.pieces(data)

    def complete(self) -> bool:
        return self._stream is not None and self._stream.complete()


class _Brotli:
    def __init__(self) -> None:
        self._engine = brotli.Decompressor()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while not self._engine.is_finished():
            try:
                yield self._engine.process(data, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise UndecodableError(str(error)) from None
            data = b""
            if self._engine.can_accept_more_data():
                return

    def complete(self) -> bool:
        return bool(self._engine.is_finished())


def _gzip() -> _Members:
    return _Members(lambda: _Zlib(16 + zlib.MAX_WBITS), lambda data: data[:2] == b"\x1f\x8b", 2)


def _zstd() -> _Members:
    def magic(data: bytes) -> bool:  # a frame, or a skippable one
        number = int.from_bytes(data[:4], "little")
        return number == 0xFD2FB528 or number >> 4 == 0x184D2A5

    return _Members(_Zstd, magic, 4)


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "": _Identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _zstd,
}


class Body:
    """A body in the making: raw chunks in, at most `limit` decoded (and raw) bytes kept."""

    def __init__(self, content_encoding: str, *, limit: int) -> None:
        """Raises UndecodableError for an encoding we did not ask for, and for more than one."""
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")] or [""]
        if len(names) > 1:
            raise UndecodableError(f"stacked content encodings ({content_encoding[:80]})")
        if names[0] not in _DECODERS:
            raise UndecodableError(f"unknown content encoding {names[0][:40]!r}")
        self._decoder = _DECODERS[names[0]]()
        self._limit = limit
        self._kept = bytearray()
        self.wire_bytes = 0

    def add(self, chunk: bytes) -> None:
        """Raises UndecodableError, TooLargeError."""
        self.wire_bytes += len(chunk)
        if self.wire_bytes > self._limit:
            raise TooLargeError
        for piece in self._decoder.pieces(chunk):
            if len(self._kept) + len(piece) > self._limit:
                raise TooLargeError
            self._kept += piece

    def finish(self) -> bytes:
        """The whole body. Raises UndecodableError when it was cut."""
        if self.wire_bytes and not self._decoder.complete():
            raise UndecodableError("the compressed body is cut")
        return bytes(self._kept)
