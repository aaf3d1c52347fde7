"""What a hostile or broken server sends, and where a hostile name points: bounded, explained, nobody else disturbed."""

import asyncio
import gc
import gzip
import json
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import brotli
import pytest

from aggregator.fetch import decode, dial, exchange, guard
from aggregator.fetch.background import new_event_loop
from aggregator.fetch.decode import Body, TooLargeError, UndecodableError, zstd
from aggregator.model import Feed, FetchRequest, Outcome
from aggregator.settings import PollSettings
from tests.fetch_bombs import BOMBS
from tests.fetch_site import FEED, LOOPBACK, Reply, Site, always, client, paths, seen

TEXT = bytes(range(256)) * 400


def zlibbed(window_bits: int) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return engine.compress(TEXT) + engine.flush()


ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:99]) + gzip.compress(b"") + gzip.compress(TEXT[99:]),
    "GZIP": gzip.compress(TEXT) + bytes(700),  # padding
    "deflate": zlibbed(15),
    "deflate, identity": zlibbed(-15),
    "br": brotli.compress(TEXT),
    "zstd": zstd.compress(TEXT[:500]) + b"\x50\x2a\x4d\x18\x02\x00\x00\x00xx" + zstd.compress(TEXT[500:]),
    "": TEXT,
    "identity": TEXT,
}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_every_encoding_however_it_is_chopped(encoding: str, size: int) -> None:
    body, data = Body(encoding, limit=len(TEXT) + 5000), ENCODED[encoding]
    for start in range(0, len(data), size):
        body.add(data[start : start + size])
    assert body.finish() == TEXT
    assert body.wire_bytes == len(data)


def whole(encoding: str, data: bytes) -> bytes:
    body = Body(encoding, limit=10**6)
    body.add(data)
    return body.finish()


@pytest.mark.parametrize("encoding", [name for name in ENCODED if name in ("gzip", "deflate", "br", "zstd")])
@pytest.mark.parametrize("keep", [1, 3, 20, -1])
def test_cut_bodies_are_noticed(encoding: str, keep: int) -> None:
    data = ENCODED[encoding].rstrip(b"\0")
    with pytest.raises(UndecodableError):
        whole(encoding, data[:keep])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_garbage_is_noticed(encoding: str) -> None:
    with pytest.raises(UndecodableError):
        whole(encoding, b"\xff<rss>no compression here at all</rss>" * 20)


@pytest.mark.parametrize("encoding", ENCODED)
def test_the_limit_is_exact(encoding: str) -> None:
    data = ENCODED[encoding]
    body = Body(encoding, limit=len(TEXT))
    body.add(data)
    assert len(body.finish()) == len(TEXT)
    with pytest.raises(TooLargeError):
        Body(encoding, limit=len(TEXT) - 1).add(data)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br,gzip", "compress", "gzip;q=1", "aes128gcm"])
def test_encodings_nobody_asked_for(encoding: str) -> None:
    with pytest.raises(UndecodableError):
        Body(encoding, limit=100)


def test_raw_bytes_count_too() -> None:
    with pytest.raises(TooLargeError):
        Body("gzip", limit=100).add(gzip.compress(b"x") + bytes(200))  # padding without end


def test_no_piece_is_larger_than_agreed() -> None:
    for encoding, data in {"gzip": gzip.compress(bytes(10**7)), "br": brotli.compress(bytes(10**7))}.items():
        made = decode._DECODERS[encoding]()
        assert max(map(len, made.pieces(data))) <= 2 * decode.PIECE


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_encoding_over_http(encoding: str) -> None:
    with Site(always(Reply(headers={"Content-Encoding": encoding}, body=ENCODED[encoding]))) as site:
        fetched = seen(client(), site.url())
    assert (fetched.outcome, fetched.body) == (Outcome.CHANGED, TEXT)
    assert fetched.wire_bytes == len(ENCODED[encoding])


@pytest.fixture
def bombs() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-m", "tests.fetch_bombs", "serve"], stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield server.stdout.readline().decode().strip()
        server.kill()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux' /proc")
def test_bombs_cost_their_limit_and_not_their_size(bombs: str) -> None:
    """Server and client each in a process of its own; 10 MiB are allowed, the bombs are a gibibyte or endless."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.fetch_bombs", "ask", bombs, "4"],
        capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer[0] for answer in answers] == ["/warm", *BOMBS]
    for path, named, error, size, cost in answers[1:]:
        outcome = Outcome(named)
        assert outcome in (Outcome.REFUSED, Outcome.BROKEN, Outcome.UNREACHABLE), path
        assert error
        assert size == 0
        if path in ("/gzip", "/zlib", "/deflate", "/br", "/zstd", "/members", "/endless"):
            assert outcome is Outcome.REFUSED
            assert error == "the body is larger than poll.max_body"
        assert cost < 32, f"{path} cost {cost:.0f} MiB"
    assert ran.stderr == ""


# ---------------------------------------------------------------- slow, cut, malformed


async def trickle(writer: asyncio.StreamWriter, *, head: bytes, piece: bytes, pause: float) -> None:
    writer.write(head)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("head", "piece", "waiting"),
    [
        (b"", b"", "the answer"),  # says nothing
        (b"HTTP/1.1 200 OK\r\nX: ", b"y", "the answer"),  # headers, drip by drip
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"y", "the body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"", "the body"),
    ],
)
def test_one_deadline_over_everything(head: bytes, piece: bytes, waiting: str) -> None:
    with Site(always(Reply(write=partial(trickle, head=head, piece=piece, pause=0.05)))) as site:
        fetched = seen(client(timeout=SECOND), site.url())
    assert (fetched.outcome, fetched.error) == (Outcome.UNREACHABLE, f"timed out after 1 s, waiting for {waiting}")


def test_the_deadline_is_not_anew_for_every_redirect() -> None:
    async def respond(asked: Any) -> Reply:
        await asyncio.sleep(0.4)
        return Reply(302, {"Location": asked.path + "x"})

    with Site(respond) as site:
        fetched = seen(client(timeout=SECOND), site.url())
    assert (fetched.outcome, "timed out" in fetched.error) == (Outcome.UNREACHABLE, True)
    assert len(site.asked) <= 3


def test_waiting_for_our_own_manners_does_not_count() -> None:
    replies = {"/": Reply(302, {"Location": "/b"}), "/b": Reply(302, {"Location": "/c"}), "/c": Reply()}
    with Site(paths(replies)) as site:
        fetched = seen(client(timeout=SECOND, host_gap=timedelta(seconds=0.7)), site.url())
    assert fetched.outcome is Outcome.CHANGED
    assert fetched.seconds < 1


@pytest.mark.parametrize("piece", [b"y" * 20, b""])
def test_a_minimum_rate_after_a_while(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"
    with Site(always(Reply(write=partial(trickle, head=head, piece=piece, pause=0.05)))) as site:
        fetched = seen(client(timeout=timedelta(minutes=5)), site.url())
    assert (fetched.outcome, fetched.error.partition(":")[0]) == (Outcome.UNREACHABLE, "too slow")


def test_slow_but_fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.1)

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n")
        for _ in range(10):
            writer.write(bytes(3000))
            await writer.drain()
            await asyncio.sleep(0.05)

    with Site(always(Reply(write=write))) as site:
        assert len(seen(client(), site.url()).body) == 30000


def bytes_(data: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return write


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>",  # cut
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n<rss>",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\xff\x00",
        b"HTTP/1.1 200 OK\r\nBad Header\x00: \xff\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://" + b"a." * 300 + b"/\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
)
def test_wrong_answers_are_data_and_never_an_exception(data: bytes) -> None:
    with Site(always(Reply(write=bytes_(data)))) as site:
        fetched = seen(client(timeout=timedelta(seconds=10)), site.url())
    assert fetched.outcome in (Outcome.BROKEN, Outcome.UNREACHABLE, Outcome.REFUSED)
    assert fetched.error
    assert len(fetched.error.splitlines()) == 1
    assert fetched.body == b""


def test_what_comes_after_the_announced_length_is_not_part_of_it() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<rss>HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<bad>"
    with Site(always(Reply(write=bytes_(data)))) as site:
        assert seen(client(), site.url()).body == b"<rss>"


def test_headers_in_any_bytes_become_text() -> None:
    data = b'HTTP/1.1 200 OK\r\nX-A: \xff\xfe\r\nETag: "\xe9"\r\nContent-Length: 5\r\n\r\n<rss>'
    with Site(always(Reply(write=bytes_(data)))) as site:
        fetched = seen(client(), site.url())
    assert fetched.outcome is Outcome.CHANGED
    "".join(fetched.headers.values()).encode()  # no surrogates


# ---------------------------------------------------------------- names and addresses

Rows = list[tuple[Any, Any, int, str, Any]]


def row(address: str, port: int) -> tuple[Any, Any, int, str, Any]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


def names(*answers: list[str]) -> tuple[Callable[[str, int, int], Rows], list[str]]:
    """A resolver that gives these addresses, one answer a look-up, the last for ever."""
    left, asked = list(answers), []

    def lookup(host: str, port: int, family: int) -> Rows:
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [row(one, port) for one in addresses]

    return lookup, asked


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::ffff:169.254.169.254"],
        ["::1"],
        ["127.0.0.1", "fe80::1%1"],
    ],
)
def test_a_name_with_any_bad_address_is_refused_whole(addresses: list[str]) -> None:
    lookup, _ = names(addresses)
    with Site(always(Reply())) as site:
        fetched = seen(client(lookup=lookup), site.url(host="feeds.test"))
        assert not site.asked
        assert not site.connections
    assert fetched.outcome is Outcome.REFUSED


def test_what_was_checked_is_what_is_connected_to() -> None:
    """Rebinding: the name is looked up once, and its second answer would have been a private address."""
    lookup, asked = names(["127.0.0.1"], ["10.0.0.1"])
    with Site(always(Reply())) as site:
        fetched = seen(client(lookup=lookup), site.url(host="feeds.test"))
        assert site.asked[0].headers["host"] == f"feeds.test:{site.port}"
    assert fetched.outcome is Outcome.CHANGED
    assert asked == ["feeds.test"]


def test_a_redirect_to_a_name_is_looked_up_and_checked_anew() -> None:
    lookup, asked = names(["127.0.0.1"], ["192.168.1.1"])
    with Site(paths({"/": Reply(302, {"Location": "http://inside.test/"})})) as site:
        fetched = seen(client(lookup=lookup), site.url(host="feeds.test"))
    assert (fetched.outcome, asked) == (Outcome.REFUSED, ["feeds.test", "inside.test"])


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"]
)
def test_loopback_is_not_reached_unless_it_is_meant(host: str) -> None:
    with Site(always(Reply())) as site:
        fetched = seen(client(allow_networks=()), site.url(host=host))
        assert not site.connections
    assert fetched.outcome is Outcome.REFUSED


def test_the_last_gate_sees_every_address() -> None:
    check = partial(guard.check, allow_networks=LOOPBACK)
    dial.checked_socket(check, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))).close()
    for address in ("10.0.0.1", "::1"):
        with pytest.raises(guard.ForbiddenError):
            dial.checked_socket(check, (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))


def test_a_name_that_does_not_exist() -> None:
    def lookup(host: str, port: int, family: int) -> Rows:
        raise socket.gaierror(-2, "Name or service not known")

    fetched = seen(client(lookup=lookup), "http://nowhere.test/")
    assert (fetched.outcome, fetched.error) == (Outcome.UNREACHABLE, "name not found: Name or service not known")


def test_a_silent_name_server_holds_up_nobody() -> None:
    released = threading.Event()

    def lookup(host: str, port: int, family: int) -> Rows:
        if host.startswith("silent"):
            released.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with Site(always(Reply())) as site, client(lookup=lookup, timeout=timedelta(seconds=3)) as fetcher:
        urls = [site.url(host=f"silent{n}.test") for n in range(40)] + [
            site.url(host=f"well{n}.test") for n in range(40)
        ]
        order = [fetched.outcome for _, fetched in fetcher([FetchRequest(Feed(url)) for url in urls])]
        released.set()
    assert order == [Outcome.CHANGED] * 40 + [Outcome.UNREACHABLE] * 40


# ---------------------------------------------------------------- TLS, proxies


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    try:
        subprocess.run(
            [*"openssl req -x509 -nodes -days 9 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(),
             *"-subj /CN=feeds.test -addext subjectAltName=DNS:feeds.test".split(),
             "-keyout", path, "-out", f"{path}.crt"],
            check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("needs the openssl program")
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


LOCAL, _ = names(["127.0.0.1"])


def test_certificates_are_checked(certificate: Path) -> None:
    with Site(always(Reply()), tls=tls(certificate)) as site:
        unknown = seen(client(lookup=LOCAL), site.url(host="feeds.test"))
        trusting = {"SSL_CERT_FILE": str(certificate)}
        known = seen(client(lookup=LOCAL, environ=trusting), site.url(host="feeds.test"))
        misnamed = seen(client(lookup=LOCAL, environ=trusting), site.url(host="other.test"))
    assert (unknown.outcome, known.outcome, misnamed.outcome) == (
        Outcome.UNREACHABLE, Outcome.CHANGED, Outcome.UNREACHABLE,
    )  # fmt: skip
    assert unknown.error.startswith("TLS: certificate not accepted")
    assert misnamed.error.startswith("TLS: certificate not accepted")


def test_never_from_https_to_http(certificate: Path) -> None:
    with (
        Site(always(Reply())) as plain,
        Site(paths({"/": Reply(301, {"Location": plain.url(host="feeds.test")})}), tls=tls(certificate)) as site,
    ):
        fetched = seen(client(lookup=LOCAL, environ={"SSL_CERT_FILE": str(certificate)}), site.url(host="feeds.test"))
        assert not plain.asked
    assert (fetched.outcome, "from https to http" in fetched.error) == (Outcome.REFUSED, True)


def test_no_connection_outlives_its_connector(certificate: Path) -> None:
    """uvloop's loop cannot be closed over TLS that is still saying goodbye, to a server that may never answer."""

    async def and_then_silence(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 301 X\r\nLocation: /\r\nContent-Length: 500000\r\n\r\nabc")
        await writer.drain()
        await asyncio.sleep(30)

    async def given_up(url: str) -> bool:
        settings, trusting = PollSettings(allow_networks=LOOPBACK), {"SSL_CERT_FILE": str(certificate)}
        async with aiohttp.ClientSession(connector=dial.connector(settings, environ=trusting, lookup=LOCAL)) as session:
            response = await session.get(url, allow_redirects=False)
            assert response.connection is not None
            connection = response.connection.protocol
            response.close()
        assert connection is not None
        return connection.closed is None or connection.closed.done()  # None: nobody asked before it was lost

    with (
        Site(always(Reply(write=and_then_silence)), tls=tls(certificate)) as site,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        assert runner.run(given_up(site.url(host="feeds.test")))


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that knows CONNECT only."""
    port = (await reader.readuntil(b"\r\n\r\n")).split()[1].rpartition(b":")[2]
    there, back = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    with suppress(OSError):
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))


def test_tunnels_that_are_done_leave_nothing_behind(certificate: Path) -> None:
    async def handlers_left(url: str) -> int:
        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as proxy:
            settings = PollSettings(proxy=f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            connector = dial.connector(settings, environ={"SSL_CERT_FILE": str(certificate)})
            async with aiohttp.ClientSession(connector=connector) as session:
                async with session.get(url, proxy=settings.proxy) as response:
                    assert await response.read() == FEED
                del response
                await asyncio.sleep(0.2)
                gc.collect()
                return sum(isinstance(one, dial.BoundedHandler) for one in gc.get_objects())

    closing = Reply(headers={"Connection": "close"}, close=True)
    with (
        Site(always(closing), tls=tls(certificate)) as site,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        assert runner.run(handlers_left(site.url(host="feeds.test"))) == 0


def test_proxies_come_from_the_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with Site(always(Reply())) as site, Site(always(Reply(body=FEED + b"\n"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert seen(client(), site.url()).body == FEED
        assert not proxy.asked
        assert seen(client(proxy=proxy.url()), "http://feeds.test/x").body == FEED + b"\n"
        assert seen(client(proxy=proxy.url(), allow_networks=()), site.url()).outcome is Outcome.REFUSED
        assert [asked.path for asked in proxy.asked] == ["http://feeds.test/x"]
