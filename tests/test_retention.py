"""How long entries stay: a feed's own time, its tags', the general one."""

from datetime import UTC, datetime, timedelta

from aggregator import retention
from aggregator.model import Feed
from aggregator.settings import KeepSettings

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
