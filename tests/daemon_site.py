"""A site with one feed on loopback, and a folder that reads it: what tests of the daemon stand on."""

import asyncio
import json
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from tests.replay.loopback import Loopback, address
from tests.replay.stream import Piece, rss

NOW = datetime.now(UTC).replace(microsecond=0)


def news(count: int = 3) -> bytes:
    moments = [NOW - timedelta(minutes=number) for number in range(count)]
    pieces = [
        Piece(f"g{number}", f"Report {number} from Karveldova", f"The harbour reopened, report {number}.", "",
              f"https://well.example/{number}", "en", at, at)
        for number, at in enumerate(moments)
    ]  # fmt: skip
    return rss("well", pieces, shown=lambda moment: moment)


class Site:
    """One feed on loopback. `body`, `status` and `gate` (closed: it answers when opened) may change at any time."""

    def __init__(self) -> None:
        self.body, self.status = news(), 200
        self.gate, self.asked = threading.Event(), threading.Event()
        self.gate.set()
        self.served = Loopback(self._answer, [address(7)])

    async def _answer(self, _: web.BaseRequest) -> web.Response:
        self.asked.set()
        while not self.gate.is_set():
            await asyncio.sleep(0.02)
        return web.Response(status=self.status, body=self.body, content_type="application/rss+xml")

    @property
    def url(self) -> str:
        return self.served.url(address(7), "feed.xml")


def configure(folder: Path, site: Site | None = None, **sections: object) -> None:
    """feeds.yaml; JSON is YAML."""
    poll = {"allow_networks": ["127.0.0.0/8"], "host_gap": "0s", "reserve_mb": 0, "workers": 1}
    feeds = [{"url": site.url, "title": "Well"}] if site else []
    settings = {"database": "news.db", "feeds": feeds, "poll": poll | dict(sections.pop("poll", {}))} | sections  # type: ignore[call-overload]
    (folder / "feeds.yaml").write_text(json.dumps(settings), encoding="utf-8")


def mailing(port: int, **more: object) -> dict[str, object]:
    """A digest that is due now, to a server on loopback."""
    at = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%H:%M")
    return {
        "digest": {"at": at, "timezone": "UTC", "to": ["you@example.org"]},
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "sender": "me@example.org"} | more,
    }


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "news.db")) as db:
        return list(db.execute(query))
