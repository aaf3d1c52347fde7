"""A request → health, readiness or metrics. A few threads beside the daemon; nothing can be changed from here."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from aggregator.errors import AggregatorError, UnavailableError
from aggregator.settings import HttpSettings

log = logging.getLogger("aggregator")

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Answer(NamedTuple):
    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


def respond(path: str, host: str, *, http: HttpSettings, page: Callable[[], bytes], state: Callable[[], str]) -> Answer:
    """What to say. `host`: the Host header, checked so that no web page can read us by DNS rebinding."""
    if _name(host) not in {name.lower() for name in (*LOOPBACK, http.host, *http.names)}:
        return Answer(421, b"not served under this name: add it to `http: {names: []}`\n")
    hindered = state()
    match path.partition("?")[0]:
        case "/healthz":  # restart us when this fails
            sick = hindered if hindered != "stopping" else ""
            return Answer(503 if sick else 200, f"{sick or 'ok'}\n".encode())
        case "/readyz":  # we do our work when this succeeds
            return _ready(hindered, page)
        case "/metrics":
            return _page(page)
        case "/":
            return Answer(200, b"/healthz\n/readyz\n/metrics\n")
    return Answer(404, b"not here\n")


def _page(page: Callable[[], bytes]) -> Answer:
    try:
        return Answer(200, page(), "text/plain; version=0.0.4; charset=utf-8")
    except AggregatorError as error:
        return Answer(503, f"{error}\n".encode())


def _ready(hindered: str, page: Callable[[], bytes]) -> Answer:
    """Ready is who can read the database."""
    if hindered:
        return Answer(503, f"{hindered}\n".encode())
    answer = _page(page)
    return answer if answer.status != 200 else Answer(200, b"ready\n")


def _name(host: str) -> str:
    """Without the port: ``[::1]:80`` → ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


@contextmanager
def serving(http: HttpSettings, page: Callable[[], bytes], state: Callable[[], str]) -> Iterator[None]:
    """Answer in the background as long as this lasts; nothing where no port is set. UnavailableError if it is taken."""
    if http.port is None:
        yield
        return

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version, timeout = "aggregator", "", 10.0

        def do_GET(self) -> None:
            answer = respond(self.path, self.headers["Host"] or "", http=http, page=page, state=state)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_HEAD = do_GET  # noqa: N815 – the library's name; any other method is answered 501

        def log_message(self, *_: object) -> None:  # probes come every few seconds
            pass

    try:
        server = ThreadingHTTPServer((http.host, http.port), Handler)
    except OSError as error:
        raise UnavailableError(
            f"http: cannot listen on {http.host}:{http.port} ({error.strerror}): choose another"
        ) from None
    server.daemon_threads = True
    log.info("http: listening on http://%s:%d", *server.server_address[:2])
    thread = Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
