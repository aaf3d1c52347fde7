"""A real store with invented entries, and an outbox on it whose clock stands where the test puts it.

As a module (``python -m tests.digest_newsroom DATABASE PORT``) it forks a process that does the daily round whenever it
is told a moment, and says that process's number, for the test to kill it.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.digest.mail import way_out
from aggregator.digest.outbox import Outbox
from aggregator.errors import RefusedError, UnavailableError
from aggregator.model import Entry, Feed, Level, Placement, Sketch
from aggregator.ports import Send
from aggregator.settings import DigestSettings, SmtpSettings
from storage import Database, open_store

START = datetime(2026, 3, 14, 7, 0, tzinfo=UTC)
YOU = "reader@example.org"
DAILY = DigestSettings(to=(YOU,), title="The Orla Digest")


@dataclass
class Wire:
    """A way out that does what it is told next, and keeps what it took."""

    answers: list[str] = field(default_factory=list)  # "" or missing: taken; 4xx, 5xx
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:  # noqa: ARG002 the port
        answer = self.answers.pop(0) if self.answers else ""
        if answer:
            raise (RefusedError if answer.startswith("5") else UnavailableError)(answer)
        self.taken.append((recipient, message))
        return "250 ok"


@dataclass
class Newsroom:
    """`now` is the clock."""

    store: Database
    send: Send
    smtp: SmtpSettings = field(default_factory=lambda: SmtpSettings(sender="digest@example.org"))
    now: datetime = START
    count: int = 0

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.store, self.send, self.smtp, lambda: self.now)

    def tell(
        self, title: str, *, ago: timedelta = timedelta(hours=1), story_id: int | None = None, text: str = ""
    ) -> int:
        """One entry, seen that long ago; returns its story's id."""
        feed_id = self.store.feeds()[0][0].id
        seen = self.now - ago
        self.count += 1
        entry = Entry(
            guid=f"{title}/{self.count}", url="https://n.example.org/1", canonical_url="https://n.example.org/1",
            title=title, text=text, publisher="n.example.org", lang="en", published=seen, fingerprint="f",
        )  # fmt: skip
        placement = Placement(Level.STORY if story_id else Level.NEW, story_id, 1.0, "test")
        return self.store.add_entry(feed_id, entry, Sketch("test"), placement, profile=b"", seen=seen).story_id


def newsroom(path: Path, send: Send) -> Newsroom:
    store = open_store(path)
    store.sync_feeds([Feed(url="https://n.example.org/feed", title="Harbour Times")], now=START)
    return Newsroom(store, send)


def main(path: str, port: int) -> None:
    smtp = SmtpSettings(host="127.0.0.1", port=port, security="none", sender="digest@example.org")
    logging.disable()
    print('"ready"', flush=True)
    for line in sys.stdin:
        now = datetime.fromisoformat(json.loads(line))
        pid = os.fork()
        if not pid:
            _round(Path(path), smtp, lambda: now)  # noqa: B023 it does not outlive the turn of the loop
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print('"over"', flush=True)


def _round(path: Path, smtp: SmtpSettings, now: Callable[[], datetime]) -> None:
    with open_store(path) as store:
        list(Outbox(store, store, way_out(smtp, {}), smtp, now).work([DAILY]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
