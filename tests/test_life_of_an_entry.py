"""One entry from bytes to digest, station by station: the tour of the house for a newcomer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread

import pytest

from aggregator import cluster, pipeline
from aggregator.app import App
from aggregator.model import Feed, Fetched, FetchRequest, Frequencies, Level, Outcome
from aggregator.refine import Job, refine
from aggregator.settings import ClusterSettings, FeedSettings, PollSettings, Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAPER = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>{paper}</title><link>https://{host}/</link><language>en-GB</language>
<item><guid>{host}-1</guid><title>{title}</title><link>https://{host}/ferry?utm_source=rss</link>
<pubDate>Fri, 20 Nov 2026 {time} GMT</pubDate><description>{text}</description></item></channel></rss>"""
WIRE = (
    "&lt;p&gt;The ferry &lt;b&gt;Marigold&lt;/b&gt; ran aground on the Kettle Rocks off Port Calder on Friday morning "
    "with 214 people aboard, the coastguard said. Lifeboats took everybody off within three hours.&lt;/p&gt;"
    "&lt;script&gt;alert(1)&lt;/script&gt;"
)
POST = PAPER.format(
    paper="Harbour Post", host="post.example", time="09:00:00", title="Ferry Marigold aground, all 214 safe", text=WIRE
)
STAR = PAPER.format(
    paper="Northern Star", host="star.example", time="10:00:00", title="Lifeboats save 214 from ferry", text=WIRE
)
OWN = PAPER.format(
    paper="Calder Courier", host="courier.example", time="11:00:00",
    title="Blackout on the bridge: how the Marigold ended on Kettle Rocks",
    text="Both engines of the Marigold failed minutes before she hit the Kettle Rocks, her captain told the Courier. "
    "Port Calder's lifeboat crews rescued the passengers; the coastguard is investigating the ferry company.",
)  # fmt: skip


def fetched(body: str) -> Fetched:
    return Fetched("https://post.example/feed", Outcome.CHANGED, NOW, body=body.encode())


def test_the_pure_middle_bytes_to_placement() -> None:
    settings = ClusterSettings()
    job = Job(FetchRequest(Feed("https://post.example/feed")), fetched(POST), seed=1, settings=settings)
    refined = refine(job)

    assert refined.document.title == "Harbour Post"
    ((entry, sketch),) = refined.entries
    assert entry.title == "Ferry Marigold aground, all 214 safe"
    assert entry.canonical_url == "https://post.example/ferry"
    assert entry.text.startswith("The ferry Marigold ran aground")
    assert "script" not in entry.html
    assert "alert" not in entry.text
    assert (entry.lang, entry.publisher) == ("en", "post.example")
    assert entry.published == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert sketch.event_buckets
    assert sketch.text_buckets
    assert sketch.terms

    placement = cluster.place(entry, sketch, [], {}, Frequencies(0, {}), feed_id=1, seen=NOW, settings=settings)
    assert placement.level is Level.NEW
    assert placement.reason


class Newspapers(BaseHTTPRequestHandler):
    """Three papers, each with an ETag."""

    papers = {"/post": POST, "/star": STAR, "/courier": OWN}  # noqa: RUF012 – never changed

    def do_GET(self) -> None:
        known = self.headers.get("If-None-Match") == '"1"'
        body = b"" if known else self.papers[self.path].encode()
        self.send_response(304 if known else 200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def newsstand() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Newspapers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_from_feeds_yaml_to_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [NOW]
    with newsstand() as site:
        settings = Settings(
            feeds=tuple(FeedSettings(f"{site}{path}", tags=("local",)) for path in Newspapers.papers),
            database=tmp_path / "news.db",
            poll=PollSettings(
                allow_networks=(ip_network("127.0.0.0/8"),), host_gap=timedelta(0), workers=1, adaptive=False
            ),
        )
        with App(settings, now=lambda: clock[0], jitter=lambda: 0.0) as app:
            monkeypatch.setattr(pipeline, "MEND_AFTER", 2)
            polled = list(app.poll(app.lease()))
            assert app.grown.entries == 1  # what the first two brought is mended
            assert [(one.fetched.outcome, one.new) for one in polled] == [(Outcome.CHANGED, 1)] * 3
            app.mend()
            assert app.lease() == []  # nobody is due again at once

            (story,) = app.library.stories()
            assert (story.entries, len(story.outlets), story.copies) == (3, 3, 1)
            assert story.independent == 2
            told = app.library.story(story.id)
            assert told is not None
            levels = {member.outlet: member.level for member in told.members}
            assert sorted(levels.values()) == [Level.COPY, Level.NEW, Level.STORY]
            assert all(member.reason for member in told.members)

            issue = app.outbox.preview(app.settings.issues()[0])
            assert story.title in issue.text
            assert "<script" not in issue.html
            assert "utm_source" not in issue.html

            clock[0] += timedelta(hours=2)
            again = list(app.poll(app.lease()))
            assert [one.fetched.status for one in again] == [304] * 3
            assert sum(one.new for one in again) == 0
