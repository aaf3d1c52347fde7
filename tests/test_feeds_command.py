"""``aggregator feeds``: find, add, list, explain, check, remove, and OPML both ways; the real command, real HTTP."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import config
from aggregator.app import App
from aggregator.errors import CorruptError, UnavailableError, UsageError
from aggregator.model import Feed, FeedState, FeedStatus, Outcome
from aggregator.parse import opml
from aggregator.subscriptions import add, find, import_opml
from storage import open_store
from tests.daemon_process import aggregator
from tests.fetch_site import Reply, Site, paths
from tests.storage_values import fetched

HTML = {"Content-Type": "text/html"}
ITEM = "<item><guid>{n}</guid><title>Report {n}</title><link>https://p.example/{n}</link></item>"
ROBOTS = b"User-agent: *\nDisallow: /hidden\n"


def rss(title: str, entries: int = 2) -> Reply:
    items = "".join(ITEM.format(n=number) for number in range(entries))
    body = f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"
    return Reply(200, {"Content-Type": "application/rss+xml"}, body.encode())


def page(*links: str) -> Reply:
    return Reply(200, HTML, f"<html><head>{''.join(links)}</head><body><p>Welcome.</p></body></html>".encode())


def link(href: str) -> str:
    return f"<link rel='alternate' type='application/rss+xml' href='{href}'>"


@pytest.fixture
def site() -> Iterator[Site]:
    replies = {
        "/": page(link("/missing.xml"), link("news.xml"), link("/comments.xml")),
        "/news.xml": rss("Harbour Post"),
        "/comments.xml": rss("Comments", entries=0),
        "/blog/": page(),
        "/blog/atom.xml": rss("A blog"),
        "/hidden/": page(link("/news.xml")),
        "/robots.txt": Reply(200, {}, ROBOTS),
        "/nothing.txt": Reply(200, {"Content-Type": "text/plain"}, b"no feed, no page"),
    }
    with Site(paths(replies)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written = "# mine\ndatabase: a.db\npoll: {allow_networks: [127.0.0.0/8], host_gap: 0s, workers: 1}\n"
    (tmp_path / "feeds.yaml").write_text(f"{written}feeds: []\n")
    return tmp_path


def subscribed(folder: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(feed.url, feed.title, feed.tags) for feed in config.load(folder / "feeds.yaml").subscriptions()]


def test_a_site_is_added_listed_checked_explained_and_removed(site: Site, folder: Path) -> None:
    news, file = site.url("/news.xml"), folder / "feeds.yaml"

    done = aggregator(folder, "feeds", "add", site.url("/"), "--tag", "sea", "--tag", "ships")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"added {news} (Harbour Post) to feeds.yaml\n"
    assert subscribed(folder) == [(news, "Harbour Post", ("sea", "ships"))]
    assert file.read_text().startswith("# mine\n")
    assert not (folder / "a.db").exists()  # looking is not polling

    file.write_text(f"{file.read_text()}  - {site.url('/gone.xml')}\n")
    checked = aggregator(folder, "feeds", "check", "--json")
    assert checked.returncode == 69
    assert checked.stderr == "aggregator: 1 of 2 feeds failed\n"
    rows = {row["url"]: row for row in json.loads(checked.stdout)}
    assert rows[news] == {"url": news, "title": "Harbour Post", "entries": 2, "error": ""}
    assert "404" in rows[site.url("/gone.xml")]["error"]
    assert not (folder / "a.db").exists()

    now = datetime.now(UTC)
    with App(config.load(file)) as app:
        state = FeedState(
            FeedStatus.FAILING, next_at=now + timedelta(hours=4), why="failed: 404", error="404 Not Found"
        )
        app.store.save_poll(2, state, fetched(outcome=Outcome.DENIED))
    listed = aggregator(folder, "feeds", "list", "--failing", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["url"], row["status"], row["error"]) == (site.url("/gone.xml"), "failing", "404 Not Found")
    told = aggregator(folder, "feeds", "next").stdout.splitlines()
    assert told[0] == "Harbour Post: at the next round, because it was never asked"
    assert told[1].endswith("because failed: 404")

    removed = aggregator(folder, "feeds", "remove", "Harbour Post")
    assert removed.stdout == f"removed {news}\n"
    assert [url for url, _, _ in subscribed(folder)] == [site.url("/gone.xml")]


@pytest.fixture
def app(folder: Path) -> Iterator[App]:
    with App(config.load(folder / "feeds.yaml")) as opened:
        yield opened


def test_what_stands_behind_an_address(site: Site, folder: Path, app: App) -> None:
    assert [trial.title for trial in find(app, site.url("/"))] == ["Harbour Post", "Comments"]  # in the page's order
    (direct,) = find(app, site.url("/news.xml"))
    assert (direct.feed.url, direct.entries) == (site.url("/news.xml"), 2)
    before = len(site.asked)
    (guessed,) = find(app, site.url("/blog/"))
    assert (guessed.feed.url, guessed.title) == (site.url("/blog/atom.xml"), "A blog")
    tried = [asked.path for asked in site.asked[before:]]
    assert tried[0] == "/blog/"
    assert len(tried) < 8  # one after another, the first that works ends it

    with pytest.raises(UsageError, match="no feed there"):
        find(app, site.url("/nothing.txt"))
    with pytest.raises(UnavailableError, match="404"):
        find(app, site.url("/absent"))
    with pytest.raises(UnavailableError, match=r"robots\.txt disallows"):
        find(app, site.url("/hidden/"))

    path = folder / "feeds.yaml"
    assert add(app, path, site.url("/news.xml"), tags=()) == [Feed(site.url("/news.xml"), title="Harbour Post")]
    assert add(app, path, site.url("/"), tags=("x",)) == []  # the same feed again: left as it is
    assert subscribed(folder) == [(site.url("/news.xml"), "Harbour Post", ())]


FEEDS = [
    Feed("https://a.example/feed?x=1&y=2", title="Gazette & Post", tags=("News", "Far, away")),
    Feed("https://b.example/", title="Über <b>", tags=("News",)),
    Feed("https://c.example/feed"),
]


def test_opml_goes_in_and_comes_out_as_it_was(folder: Path) -> None:
    given = folder / "mine.opml"
    given.write_text(opml.write(FEEDS))
    done = aggregator(folder, "feeds", "import", str(given))
    assert done.stdout == "added 3 of 3 feeds to feeds.yaml\n"
    assert subscribed(folder) == [(feed.url, feed.title, feed.tags) for feed in FEEDS]
    assert import_opml(folder / "feeds.yaml", given) == (0, 3)
    assert aggregator(folder, "feeds", "export", "--output", "out.opml").returncode == 0
    assert opml.read((folder / "out.opml").read_bytes()) == FEEDS
    with open_store(folder / "new.db") as store:
        store.sync_feeds(config.load(folder / "feeds.yaml").subscriptions(), now=datetime.now(UTC))
        assert len(store.feeds()) == 3


def test_a_file_that_is_no_opml_changes_nothing(folder: Path) -> None:
    (folder / "page.opml").write_text("<html><body>hello</body></html>")
    with pytest.raises(CorruptError, match="not OPML"):
        import_opml(folder / "feeds.yaml", folder / "page.opml")
    assert subscribed(folder) == []
