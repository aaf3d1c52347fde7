"""A feed's own rhythm → how long to wait between two polls. Pure.

The interval grows with the square root of the time between two entries. That is the optimum for a fixed number of
requests and the smallest total delay: with entries at rate r and polls every i, the delay costs r·i/2 and the requests
1/i, so i ∝ 1/√r (Sia, Cho, Cho: Efficient Monitoring Algorithm for Fast News Alerts, IEEE TKDE 19(7), 2007).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model import Feed, FeedState, Hints
from aggregator.settings import HostSettings, PollSettings

KEPT = 20  # moments of publication remembered
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """A time to wait, and why in words."""

    time: timedelta
    why: tuple[str, ...]

    def at_least(self, time: timedelta, why: str) -> "Wait":
        """The longer one decides; its reason comes first."""
        return Wait(time, (why, *self.why)) if time > self.time else Wait(self.time, (*self.why, why))


def history(published: Iterable[datetime], state: FeedState, *, new: int, now: datetime) -> tuple[datetime, ...]:
    """The latest moments of publication, newest first; undated news counts as published when it was seen."""
    moments = {moment for moment in published if moment <= now}
    if new and not moments:
        moments = {now}
    return tuple(sorted(moments | set(state.published), reverse=True)[:KEPT])


def interval(feed: Feed, state: FeedState, settings: PollSettings, host: HostSettings) -> Wait:
    """The interval while all is well: the user's, else the feed's own, else the default."""
    if feed.every is not None:
        return Wait(feed.every, (f"you set every: {words(feed.every)}",))
    if not settings.adaptive or not state.published or state.checked_at is None:
        wait = Wait(settings.every, (f"poll.every is {words(settings.every)}",))
    else:
        gap = _gap(state.published, state.checked_at, settings.every)
        best = timedelta(seconds=(gap.total_seconds() * settings.every.total_seconds()) ** 0.5)
        clamped = min(max(best, settings.fastest), settings.slowest)
        wait = Wait(clamped, (f"publishes about every {words(gap)}",))
    if state.etag is None and state.last_modified is None:
        least = settings.every if host.without_validators is None else host.without_validators
        wait = wait.at_least(least, "no validators: every poll costs the whole document")
    return wait


def _gap(published: Sequence[datetime], now: datetime, every: timedelta) -> timedelta:
    """Mean time between entries, the silence since the newest included; `every` is the prior, worth one entry."""
    return (max(now - published[-1], timedelta()) + every) / (len(published) + 1)


def allowed(moment: datetime, hints: Hints) -> datetime:
    """The first moment from this one on that lies in no skipped hour or day (GMT); at most a day later."""
    for step in range(25):
        tried = moment if step == 0 else moment.replace(minute=0, second=0, microsecond=0) + step * HOUR
        if tried.hour not in hints.skip_hours and tried.weekday() not in hints.skip_days:
            return tried
    return moment + DAY


def words(time: timedelta) -> str:
    """``90 min``, ``4 h``, ``2 d``: short, rounded, for people."""
    minutes = time.total_seconds() / 60
    for size, unit in ((1440, "d"), (60, "h"), (1, "min")):
        if minutes >= 2 * size or (minutes >= size and minutes % size == 0):
            return f"{minutes / size:.0f} {unit}"
    return f"{time.total_seconds():.0f} s"
