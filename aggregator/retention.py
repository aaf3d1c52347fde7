"""Settings, the feeds as stored → what may be removed, rule by rule; and whether this is the night to do it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from aggregator.model import Feed
from aggregator.settings import KeepSettings

NIGHT = time(3, 30)  # on the clock on the wall
TOLD_TIMES = 4  # stories that stood in a digest stay so many times as long, unless the settings say otherwise


@dataclass(frozen=True, slots=True)
class Rule:
    """Entries of these feeds go when their story was last seen before these moments."""

    name: str  # for people
    before: datetime
    told_before: datetime
    feed_ids: tuple[int, ...]


def rules(keep: KeepSettings, feeds: Iterable[Feed], overrides: dict[str, timedelta], *, now: datetime) -> list[Rule]:
    """One rule for each distinct time. `feeds` with their ids; `overrides`: URL → the feed's own time.

    A feed's own time wins, then the longest of its tags, then the general one; without any it keeps everything.
    """
    groups: dict[timedelta, list[Feed]] = {}
    for feed in feeds:
        times = (
            [overrides[feed.url]]
            if feed.url in overrides
            else [keep.tags[tag] for tag in feed.tags if tag in keep.tags]
        )
        time = max(times, default=keep.entries)
        if time is not None:
            groups.setdefault(time, []).append(feed)
    return [
        Rule(_name(members), now - time, now - (keep.told or time * TOLD_TIMES), tuple(feed.id for feed in members))
        for time, members in sorted(groups.items())
    ]


def night_due(last: datetime | None, now: datetime) -> bool:
    """Whether the nightly round is to be made: once after every 03:30, however late. `now` in the user's zone."""
    today = datetime.combine(now.date(), NIGHT, now.tzinfo)
    night = today if now >= today else datetime.combine(now.date() - timedelta(days=1), NIGHT, now.tzinfo)
    return last is None or last < night


def _name(feeds: list[Feed]) -> str:
    names = [feed.title or feed.url for feed in feeds]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
