"""A folder of newspapers → HTTP on loopback addresses, as a good publisher serves feeds.

Placeholders in the files, ``{{rfc:-3h30m}}`` (RFC 822) and ``{{iso:-3h}}`` (RFC 3339), become dates relative to the
midnight (UTC) that `now` follows: the papers are always fresh, and their validators hold for a day. ETag and
If-None-Match, Last-Modified and If-Modified-Since follow RFC 9110, sections 8.8 and 13.1; gzip is used when asked for.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_TYPES = {".xml": "application/xml; charset=utf-8", ".json": "application/feed+json"}
_DATE = re.compile(r"\{\{(rfc|iso):([+-])(?:(\d+)h)?(?:(\d+)m)?\}\}")


@dataclass(frozen=True, slots=True)
class Page:
    """One document, ready to send."""

    body: bytes
    content_type: str
    etag: str
    modified: datetime


def render(path: Path, *, now: datetime) -> Page:
    """The file with its dates filled in for the day of `now` (aware)."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    body = _DATE.sub(lambda found: _date(found, midnight), path.read_text("utf-8")).encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'  # weak: gzip sends other bytes under it
    return Page(body, _TYPES[path.suffix], etag, midnight)


def _date(found: re.Match[str], midnight: datetime) -> str:
    kind, sign, hours, minutes = found.groups()
    gap = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    moment = midnight - gap if sign == "-" else midnight + gap
    return format_datetime(moment, usegmt=True) if kind == "rfc" else moment.isoformat().replace("+00:00", "Z")


@contextmanager
def serve(folder: Path, *, now: datetime, port: int = 0) -> Iterator[dict[str, str]]:
    """Serve every paper of `folder`; yields file name → URL. Stops when the block is left.

    Every paper has a host of its own (127.0.0.2, 127.0.0.3, …), for a polite client asks one host only once a second;
    where the system has just 127.0.0.1, they share it on different ports. `port` 0: any free one.
    """
    with ExitStack() as running:
        urls = {}
        for number, path in enumerate(sorted(path for path in folder.iterdir() if path.stem != "expected")):
            server = _bind(number, port)
            server.page, server.path = render(path, now=now), f"/{path.name}"
            thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            running.callback(thread.join)
            running.callback(server.server_close)
            running.callback(server.shutdown)
            thread.start()
            host, bound = server.server_address[:2]
            urls[path.name] = f"http://{host!s}:{bound}{server.path}"
        yield urls


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page: Page
    path: str


def _bind(number: int, port: int) -> _Server:
    """On an address of its own, else on a port of its own, else wherever there is room."""
    for address in ((f"127.0.0.{number + 2}", port), ("127.0.0.1", port + number if port else 0)):
        try:
            return _Server(address, _Handler)
        except OSError:  # no such address here, or the port is taken
            continue
    return _Server(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds an idle connection is kept

    def do_GET(self) -> None:
        page = self.server.page
        if self.path != self.server.path:
            self.send_error(404)
            return
        fresh = self._is_fresh(page)
        body, zipped = b"" if fresh else page.body, False
        if body and "gzip" in self.headers.get("Accept-Encoding", ""):
            body, zipped = gzip.compress(body, mtime=0), True
        self.send_response(304 if fresh else 200)
        self.send_header("ETag", page.etag)
        self.send_header("Last-Modified", format_datetime(page.modified, usegmt=True))
        self.send_header("Vary", "Accept-Encoding")
        if not fresh:
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(body)))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _is_fresh(self, page: Page) -> bool:
        """Whether the client has this page already; If-None-Match alone decides where both validators are sent."""
        if tags := self.headers.get("If-None-Match"):
            return tags.strip() == "*" or page.etag in (tag.strip() for tag in tags.split(","))
        try:
            return page.modified <= parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except (TypeError, ValueError):
            return False

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the demo prints what the aggregator says."""
