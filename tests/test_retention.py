"""How long entries stay: a feed's own time, its tags', the general one; and what is done once a night."""

from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aggregator import retention
from aggregator.app import App
from aggregator.errors import AggregatorError
from aggregator.model import Digest, DigestItem, DigestState, Feed
from aggregator.settings import FeedSettings, KeepSettings, Settings
from storage import open_store
from tests.storage_values import add

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
FEEDS = [
    Feed("https://a.example/", tags=("film",), id=1),
    Feed("https://b.example/", tags=("film", "world"), id=2),
    Feed("https://c.example/", id=3),
    Feed("https://d.example/", tags=("film",), id=4),
]


def test_nothing_goes_unless_asked() -> None:
    assert retention.rules(KeepSettings(), FEEDS, {}, now=NOW) == []


def test_own_time_then_longest_tag_then_general() -> None:
    keep = KeepSettings(entries=90 * DAY, tags={"film": 10 * DAY, "world": 400 * DAY})
    found = retention.rules(keep, FEEDS, {"https://d.example/": 5 * DAY}, now=NOW)
    assert {rule.feed_ids: NOW - rule.before for rule in found} == {
        (4,): 5 * DAY,
        (1,): 10 * DAY,
        (3,): 90 * DAY,
        (2,): 400 * DAY,
    }


def test_stories_that_were_mailed_stay_longer() -> None:
    (rule,) = retention.rules(KeepSettings(entries=10 * DAY), FEEDS, {}, now=NOW)
    assert NOW - rule.told_before == 40 * DAY
    (rule,) = retention.rules(KeepSettings(entries=10 * DAY, told=11 * DAY), FEEDS, {}, now=NOW)
    assert NOW - rule.told_before == 11 * DAY


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, "2026-11-20T12:00", True),
        ("2026-11-20T03:31", "2026-11-20T23:59", False),
        ("2026-11-20T03:31", "2026-11-21T03:29", False),
        ("2026-11-20T03:31", "2026-11-21T03:30", True),
        ("2026-11-18T03:31", "2026-11-20T01:00", True),  # asleep for a night: caught up with
        ("2026-11-20T01:00", "2026-11-20T03:00", False),
    ],
)
def test_once_a_night_however_late(last: str | None, now: str, due: bool) -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = datetime.fromisoformat(last).replace(tzinfo=zone).astimezone(UTC) if last else None
    assert retention.night_due(before, datetime.fromisoformat(now).replace(tzinfo=zone)) is due


def aged(path: Path) -> Path:
    """Three stories: of forty days ago, the same in a digest, and of today."""
    with open_store(path) as store:
        store.sync_feeds([Feed("https://a.example/", title="Post")], now=NOW)
        for number, age in ((1, 40), (2, 40), (3, 0)):
            add(store, number, seen=NOW - age * DAY)
        told = (DigestItem(2, False, 2),)
        store.add_digest(Digest("daily", "2026-10-11", "a@b", "<1@b>", DigestState.SENT, b"", NOW - 40 * DAY, told))
    return path


def app(path: Path, keep: KeepSettings, *, now: datetime = NOW) -> App:
    feeds = (FeedSettings(url="https://a.example/"),)
    return App(Settings(database=path, feeds=feeds, keep=keep), now=lambda: now)


def test_the_nightly_round_prunes_backs_up_and_is_made_once(tmp_path: Path) -> None:
    path, copy = aged(tmp_path / "a.db"), tmp_path / "copy.db"
    keep = KeepSettings(entries=30 * DAY, backup=copy, backups=2)
    with app(path, keep) as opened:
        deque(opened.tidy(), maxlen=0)
        assert [story.id for story in opened.store.stories()] == [3, 2]  # told: four times as long
        deque(opened.tidy(), maxlen=0)
        assert not copy.with_name("copy.db.1").exists()
    with open_store(copy, read_only=True) as kept:
        assert kept.check() == []
        assert len(kept.stories()) == 2
    with app(path, keep, now=NOW + 90 * DAY) as opened:
        deque(opened.tidy(), maxlen=0)
        assert [story.id for story in opened.store.stories()] == []
    assert copy.with_name("copy.db.1").exists()


def test_a_night_that_was_interrupted_or_failed_is_made_again(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.db")
    with app(path, KeepSettings(entries=30 * DAY)) as opened:
        next(opened.tidy())
        assert opened.store.last_night() is None
    with app(path, KeepSettings(backup=tmp_path / "no such folder" / "copy.db")) as opened:
        with pytest.raises(AggregatorError, match="no such folder"):
            deque(opened.tidy(), maxlen=0)
        assert opened.store.last_night() is None
