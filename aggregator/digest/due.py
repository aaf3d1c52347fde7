"""Settings, now and what the ledger has → the mails that are due. Pure.

A digest has one moment per local date: the first instant at which the clock on the wall shows its time of day or later.
A time that a date lacks (clocks put forward) so falls on the end of the gap, and one that a date has twice on the
first; Python's fold=0 (PEP 495) is that rule. The ledger's rows decide what was done: nothing else is remembered.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aggregator.model import Digest, DigestState
from aggregator.settings import DigestSettings

LATEST = timedelta(hours=12)  # after its moment a mail no longer goes out: the next one covers the day


@dataclass(frozen=True, slots=True)
class Occasion:
    """One mail that should be made now."""

    digest: DigestSettings
    day: date
    recipient: str


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the digest of that local date goes out, in UTC."""
    wanted = datetime.combine(day, at, zone)
    instant = wanted.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return instant
    return _end_of_gap(wanted)


def _end_of_gap(wanted: datetime) -> datetime:
    """The first instant after a gap that swallowed this wall time.

    Read with the offset before the gap, the wall time lies behind the gap's end; with the one after, before it (PEP
    495). The change lies between the two.
    """
    after, before = wanted.astimezone(UTC), wanted.replace(fold=1).astimezone(UTC)
    zone = wanted.tzinfo
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def occasion(digest: DigestSettings, now: datetime) -> date | None:
    """The local date whose mail may go out now: the latest whose moment has come, if not more than 12 h ago."""
    zone, at = ZoneInfo(digest.timezone), time.fromisoformat(digest.at)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if moment(day, at, zone) <= now:
            return day if now < moment(day, at, zone) + LATEST else None
    return None


def upcoming(digest: DigestSettings, now: datetime) -> datetime:
    """The next moment after now, in UTC: for status."""
    zone, at = ZoneInfo(digest.timezone), time.fromisoformat(digest.at)
    today = now.astimezone(zone).date()
    return next(instant for days in range(-1, 4) if (instant := moment(today + timedelta(days=days), at, zone)) > now)


def today(digest: DigestSettings, now: datetime) -> date:
    """The local date in the digest's zone."""
    return now.astimezone(ZoneInfo(digest.timezone)).date()


def due(
    digests: Iterable[DigestSettings], now: datetime, *, taken: Callable[[str, str, str], bool]
) -> Iterator[Occasion]:
    """What is to be made now. `taken(name, local date, recipient)` says whether the ledger has a row for it."""
    for digest in digests:
        day = occasion(digest, now)
        if day is None:
            continue
        for recipient in dict.fromkeys(digest.to):
            if not taken(digest.name, day.isoformat(), recipient):
                yield Occasion(digest, day, recipient)


def days_between(first: date, last: date, *, at_most: int) -> list[date]:
    """The dates strictly between two, the latest so many."""
    count = min(at_most, (last - first).days - 1)
    return [last - timedelta(days=back) for back in range(count, 0, -1)]


def alarms(rows: Iterable[Digest]) -> list[Digest]:
    """Of these rows, newest first: the mails given up whose stories have reached their reader by no later one."""
    settled: set[tuple[str, str]] = set()
    found = []
    for row in rows:
        key = (row.name, row.recipient)
        if row.state is DigestState.SENT:
            settled.add(key)
        elif row.state is DigestState.FAILED and key not in settled:
            found.append(row)
    return found
