"""A feed that has moved for good: feeds.yaml follows, comments kept, and its history and entries stay with it."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import config
from aggregator.app import App
from aggregator.model import FeedState, Fetched, Outcome
from aggregator.moves import Moves
from storage import open_store
from tests.daemon_process import aggregator, daemon
from tests.fetch_site import NOW, Reply, Site, paths

NEWS = b"""<rss version='2.0'><channel><title>Harbour Post</title><item><guid>1</guid><title>Ferry aground off Port
Calder</title><description>A ferry with 214 people aboard hit rocks on Thursday.</description></item></channel></rss>"""
DAY = timedelta(days=1)


@pytest.fixture
def site() -> Iterator[Site]:
    replies = {
        "/old": Reply(301, {"Location": "/new"}),
        "/new": Reply(200, {"ETag": '"1"', "Content-Type": "application/rss+xml"}, NEWS),
        "/other": Reply(200, {}, NEWS.replace(b"Ferry", b"Another ferry")),
    }
    with Site(paths(replies)) as opened:
        yield opened


def written(folder: Path, site: Site, *more: str) -> Path:
    path = folder / "feeds.yaml"
    lines = [
        "# what I read",
        "feeds:",
        f"  - url: {site.url('/old')}   # the harbour",
        '    title: "Post"',
        *more,
        "database: a.db",
        "poll: {allow_networks: [127.0.0.0/8], host_gap: 0s, workers: 1}  # at home",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def nearly_moved(path: Path, site: Site) -> None:
    """As after two good answers through the redirect, two days apart: the next one confirms it."""
    settings, now = config.load(path), datetime.now(UTC)
    with open_store(settings.database) as store:
        store.sync_feeds(settings.subscriptions(), now=now)
        state = FeedState(
            next_at=now - DAY, succeeded_at=now - DAY, moved_to=site.url("/new"), moved_since=now - 2 * DAY,
            moved_answers=2,
        )  # fmt: skip
        store.save_poll(1, state, Fetched(site.url("/old"), Outcome.UNCHANGED, now - DAY, status=304))


def test_three_good_answers_over_a_day_rewrite_the_file(site: Site, tmp_path: Path) -> None:
    path = written(tmp_path, site)
    before, clock = path.read_text(), [NOW]
    moves, told = Moves(path), []
    with App(config.load(path), now=lambda: clock[0]) as app:
        for wait in (timedelta(0), DAY / 2, DAY / 2):
            clock[0] += wait
            for one in app.poll(app.lease(force=True)):
                moves.add(one)
            assert path.read_text() == before
            told.append(moves.write())
        assert told[:2] == [([], []), ([], [])]
        assert path.read_text() == before.replace("/old ", "/new ")
        app.resubscribe(config.load(path))
        ((feed, state),) = app.store.feeds()
        assert (feed.id, feed.url, feed.title) == (1, site.url("/new"), "Post")
        assert state.etag == '"1"'
        assert app.store.one("SELECT count(*) FROM entries WHERE feed_id = 1")[0] == 1
        assert app.store.one("SELECT count(*) FROM fetches WHERE feed_id = 1")[0] == 3
        clock[0] += DAY
        (again,) = app.poll(app.lease())
        assert again.fetched.hops == ()
        assert again.fetched.outcome is Outcome.UNCHANGED


def test_the_command_rewrites_it_and_says_so(site: Site, tmp_path: Path) -> None:
    path = written(tmp_path, site)
    nearly_moved(path, site)
    done = aggregator(tmp_path, "poll", "--json")
    assert f"{site.url('/old')} has moved for good: feeds.yaml now says {site.url('/new')}" in done.stderr
    assert done.stdout.startswith("[")
    assert f"  - url: {site.url('/new')}   # the harbour\n" in path.read_text()
    with open_store(tmp_path / "a.db", read_only=True) as store:
        assert [feed.url for feed, _ in store.feeds()] == [site.url("/new")]


def test_a_file_that_cannot_be_written_costs_one_line(site: Site, tmp_path: Path) -> None:
    """And so does a new address that is subscribed to already: the user must choose."""
    path = written(tmp_path, site, f"  - {site.url('/new')}")
    before = path.read_text()
    nearly_moved(path, site)
    done = aggregator(tmp_path, "poll")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "names already: keep one of the two" in line
    assert path.read_text() == before

    moves = Moves(path)
    with App(config.load(path)) as app:
        for one in app.poll(app.lease(force=True)):
            moves.add(one)
        path.unlink()
        written_now, refused = moves.write()
    assert not written_now
    assert len(refused) == 1
    assert "no such file" in refused[0]
    assert moves.write() == ([], [])  # once


def test_the_daemon_rewrites_it_and_goes_on_with_it(site: Site, tmp_path: Path) -> None:
    nearly_moved(written(tmp_path, site), site)
    with daemon(tmp_path) as running:
        running.wait_for(f"feeds.yaml now says {site.url('/new')}")
        running.send(signal.SIGUSR1)
        running.wait_for("polled 1 feed (1 unchanged)")
        assert running.stop()[0] == 0
    assert "# the harbour" in (tmp_path / "feeds.yaml").read_text()
    assert [asked.path for asked in site.asked] == ["/old", "/new", "/new"]
    with open_store(tmp_path / "a.db", read_only=True) as store:
        assert [feed.url for feed, _ in store.feeds()] == [site.url("/new")]
        assert store.one("SELECT count(*) FROM entries WHERE feed_id = 1")[0] == 1
