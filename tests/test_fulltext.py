"""``fulltext: true``: article pages politely fetched, read in a worker, compared and searched; else the excerpt.

Real HTTP on loopback, a real worker process, a real database.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from aggregator import config, fulltext, text
from aggregator.app import App
from aggregator.errors import DocumentError
from aggregator.model import Entry
from aggregator.tally import Tally
from tests.fetch_site import NOW, Asked, Reply, Site

LEAD = "A ferry with 214 people aboard hit rocks off Port Calder on Thursday morning."
BODY = [
    LEAD,
    "Lifeboats from three harbours took everybody off within two hours, the coastguard said; nobody was badly hurt.",
    "The captain, who had sailed the strait for nineteen years, told reporters that the steering had failed.",
    "Salvage crews from Brannick will try to lift the Saint Edda off the reef at the spring tide on Sunday.",
]
HTML = {"Content-Type": "text/html; charset=utf-8"}
HANGS = "<html><body><article><p>" + "<b>word</b> and <i>word</i> " * 10_000 + "</p></article></body></html>"


def page(title: str, paragraphs: list[str]) -> bytes:
    menu = "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in ("News", "Sport", "Weather", "About us"))
    told = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>{title}</h1>{told}</article><footer>All rights reserved. Cookie settings.</footer></body></html>"
    ).encode()


PAGES = {
    "/ferry": Reply(200, HTML, page("Ferry hits rocks /ferry", BODY)),
    "/hangs": Reply(200, HTML, HANGS.encode()),
    "/missing": Reply(404, HTML, page("Not found", ["There is nothing here."])),
    "/film": Reply(200, {"Content-Type": "video/mp4"}, b"\0\1\2" * 1000),
    "/private": Reply(200, HTML, page("Ferry hits rocks off Port Calder", BODY)),
    "/wall": Reply(200, HTML, page("Before you continue", ["We and our 843 partners value privacy. " * 20])),
    "/robots.txt": Reply(200, {}, b"User-agent: aggregator\nDisallow: /private\n"),
}


def feed(site: Site, *paths: str) -> bytes:
    items = "".join(
        f"<item><guid isPermaLink='false'>{path}</guid><link>{site.url(path)}</link>"
        f"<title>Ferry hits rocks {escape(path)}</title>"
        f"<description>{LEAD}</description><pubDate>Wed, 04 Mar 2026 11:{59 - n % 60}:00 GMT</pubDate></item>"
        for n, path in enumerate(paths)
    )
    return f"<rss version='2.0'><channel><title>Harbour Post</title>{items}</channel></rss>".encode()


class Newspaper:
    """A feed at /feed of the articles whose paths stand in `told`."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.site = Site(self._respond)

    async def _respond(self, asked: Asked) -> Reply:
        if asked.path in ("/feed", "/other"):
            return Reply(200, {"Content-Type": "application/rss+xml"}, feed(self.site, *self.told))
        return PAGES.get(asked.path, Reply(404))

    @property
    def pages_asked(self) -> list[str]:
        return [asked.path for asked in self.site.asked if asked.path not in ("/feed", "/other", "/robots.txt")]


@pytest.fixture
def newspaper() -> Iterator[Newspaper]:
    opened = Newspaper()
    with opened.site:
        yield opened


@pytest.fixture
def app(newspaper: Newspaper, tmp_path: Path) -> Iterator[App]:
    path = tmp_path / "feeds.yaml"
    path.write_text(
        f"feeds:\n  - {{url: '{newspaper.site.url('/feed')}', fulltext: true}}\n"
        f"  - {{url: '{newspaper.site.url('/other', '127.0.0.2')}'}}\n"
        "database: a.db\npoll: {allow_networks: [127.0.0.0/8], host_gap: 0s, workers: 1, parse_timeout: 20s}\n"
    )
    with App(config.load(path), now=lambda: NOW) as opened:
        yield opened


def stored(app: App) -> dict[str, tuple[str, str]]:
    """guid → (excerpt, full text), of the feed that wants them."""
    rows = app.store.rows("SELECT guid, text, fulltext FROM entries WHERE feed_id = 1")
    return {guid: (excerpt, whole) for guid, excerpt, whole in rows}


def test_pages_are_read_compared_and_searched_and_what_fails_keeps_its_excerpt(newspaper: Newspaper, app: App) -> None:
    newspaper.told = ["/ferry", "/missing", "/film", "/private", "/wall"]
    polled = {one.feed.id: one for one in app.poll(app.lease())}
    assert (polled[1].new, polled[1].pages, polled[1].fulltexts) == (5, 5, 1)
    assert (polled[2].new, polled[2].pages, polled[2].fulltexts) == (5, 0, 0)
    assert "full text of 1 of 5" in Tally.of(polled.values()).line()
    assert tuple(app.store.one("SELECT pages, fulltexts FROM fetches WHERE feed_id = 1")) == (5, 1)

    excerpt, whole = stored(app)["/ferry"]
    assert excerpt == LEAD
    assert whole.split("\n") == BODY  # neither menu nor footer, nor the headline again
    assert {guid for guid, (_, whole) in stored(app).items() if whole} == {"/ferry"}
    assert {excerpt for excerpt, _ in stored(app).values()} == {LEAD}
    assert sorted(newspaper.pages_asked) == ["/ferry", "/film", "/missing", "/wall"]  # robots.txt disallows the other

    (hit,) = app.store.search("salvage Brannick")
    assert "\x02Salvage\x03" in hit.snippet
    assert "\x02rocks\x03" in app.store.search("rocks aboard")[0].snippet
    sizes = app.store.rows(
        "SELECT guid, length(features) FROM signatures JOIN entries ON id = entry_id WHERE feed_id = 1"
    )
    features = dict(sizes)  # what is compared is the full text
    assert features["/ferry"] > features["/missing"] * 1.5

    app.store.run("UPDATE feeds SET next_at = NULL")
    newspaper.told.append("/ferry?again")
    again = {one.feed.id: one for one in app.poll(app.lease())}
    assert (again[1].new, again[1].pages) == (1, 1)  # pages of known entries are never asked for again
    assert newspaper.pages_asked.count("/ferry") == 1


def test_a_page_that_hangs_the_extractor_costs_its_feed_the_round_and_nobody_else(
    newspaper: Newspaper, tmp_path: Path
) -> None:
    newspaper.told = ["/hangs"]
    path = tmp_path / "feeds.yaml"
    path.write_text(
        f"feeds:\n  - {{url: '{newspaper.site.url('/feed')}', fulltext: true}}\n"
        "database: a.db\npoll: {allow_networks: [127.0.0.0/8], host_gap: 0s, workers: 1, parse_timeout: 5s}\n"
    )
    with App(config.load(path), now=lambda: NOW) as app:
        (polled,) = app.poll(app.lease())
        assert (polled.new, polled.pages, polled.fulltexts, polled.state.error) == (1, 1, 0, "")
        assert stored(app) == {"/hangs": (LEAD, "")}
        assert polled.state.kills == 0  # its document is not to blame: no step towards quarantine


def test_no_more_than_so_many_pages_of_a_feed_in_a_round(
    newspaper: Newspaper, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "MAX_PAGES", 3)
    newspaper.told = [f"/missing?{number}" for number in range(5)]
    polled = {one.feed.id: one for one in app.poll(app.lease())}
    assert (polled[1].new, polled[1].pages) == (5, 3)
    assert sorted(newspaper.pages_asked) == [f"/missing?{number}" for number in range(3)]  # the newest


ENTRY = Entry("1", "https://a.example/1", "", "Ferry hits rocks off Port Calder", LEAD)


@pytest.mark.parametrize(
    ("html", "content_type", "said"),
    [
        ("<html><body>" + "x" * text.article.MAX_PAGE, "text/html", "too large"),
        (page("t", BODY).decode(), "application/pdf", "not HTML"),
        ('{"text": "Ferry"}', "", "not HTML"),
        ("<html><body></body></html>", "text/html", "no more"),
        (page("t", [LEAD[:40]]).decode(), "text/html", "no more"),
        (page("Wall", ["We value your privacy and so do all our partners. " * 9]).decode(), "", "something else"),
    ],
    ids=["large", "pdf", "json", "empty", "short", "wall"],
)
def test_a_page_that_is_of_no_use_is_refused(html: str, content_type: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        text.complete(ENTRY, html, content_type=content_type)


def test_a_page_in_a_script_without_spaces_is_about_its_entry() -> None:
    lead = "木曜日の朝、乗客二百十四人を乗せたフェリーが岩に衝突した。"
    more = ["沿岸警備隊によると、三つの港から来た救命艇が二時間以内に全員を救助した。けが人は出ていないという。" * 3]
    entry = Entry("1", "https://a.example/1", "", "フェリー座礁、全員救助", lead)
    whole = text.complete(entry, page("フェリー座礁", [lead, *more]).decode(), content_type="text/html")
    assert lead in whole.fulltext
    assert whole.text == lead
