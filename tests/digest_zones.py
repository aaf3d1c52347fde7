"""The time zones of the tz database whose clocks differ from one another between 2024 and 2034."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = date(2024, 1, 1), date(2034, 12, 31)
HALF_HOURS = tuple(time(hour, minute) for hour in range(24) for minute in (0, 30))


def dates(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


@cache
def distinct_zones(last: date = LAST) -> dict[ZoneInfo, tuple[date, ...]]:
    """One zone for each behaviour until then, with the UTC dates on which its clocks are changed."""
    found: dict[tuple[object, ...], tuple[ZoneInfo, tuple[date, ...]]] = {}
    midnights = [datetime.combine(day, time(), UTC) for day in dates(last=last + timedelta(days=1))]
    for key in sorted(available_timezones()):
        zone = ZoneInfo(key)
        offsets = [midnight.astimezone(zone).utcoffset() for midnight in midnights]
        changes = [i for i in range(len(offsets) - 1) if offsets[i] != offsets[i + 1]]
        behaviour = (offsets[0], *((i, _hours(zone, midnights[i])) for i in changes))
        found.setdefault(behaviour, (zone, tuple(midnights[i].date() for i in changes)))
    return dict(found.values())


def _hours(zone: ZoneInfo, midnight: datetime) -> tuple[timedelta | None, ...]:
    return tuple((midnight + timedelta(minutes=30 * i)).astimezone(zone).utcoffset() for i in range(49))


def is_first_instant(instant: datetime, day: date, at: time, zone: ZoneInfo) -> bool:
    """Whether the wall shows (day, at) or later at that instant, and did not a second before."""
    wanted = datetime.combine(day, at)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    before = (instant - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    return before < wanted <= shown
