"""One mail per local date, in every zone, on every day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.due import LATEST, days_between, due, moment, occasion, upcoming
from aggregator.settings import DigestSettings
from tests.digest_zones import HALF_HOURS, dates, distinct_zones, is_first_instant

START = datetime(2024, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Berlin", date(2026, 1, 15), "07:00", "2026-01-15T06:00"),
        ("Europe/Berlin", date(2026, 3, 29), "02:30", "2026-03-29T01:00"),  # 02:00–03:00 does not exist: its end
        ("Europe/Berlin", date(2026, 10, 25), "02:30", "2026-10-25T00:30"),  # twice: the first
        ("America/New_York", date(2026, 3, 8), "02:00", "2026-03-08T07:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", "2026-10-03T15:30"),  # a gap of half an hour
        ("America/Nuuk", date(2026, 3, 28), "23:30", "2026-03-29T01:00"),  # the gap ends the date
        ("Asia/Kathmandu", date(2026, 6, 1), "00:00", "2026-05-31T18:15"),
    ],
)
def test_moment(zone: str, day: date, at: str, utc: str) -> None:
    assert moment(day, time.fromisoformat(at), ZoneInfo(zone)) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_every_zone_around_every_change_of_clocks() -> None:
    """The moment is the first instant that shows the time; the next one is about a day later."""
    checked = 0
    for zone, changes in distinct_zones(date(2025, 1, 31)).items():
        days = {day + timedelta(days=d) for day in changes for d in (-1, 0, 1)} or {date(2024, 6, 1)}
        for at in HALF_HOURS:
            for day in days:
                here, there = moment(day, at, zone), moment(day + timedelta(days=1), at, zone)
                assert is_first_instant(here, day, at, zone), (zone, day, at)
                assert timedelta(hours=22) <= there - here <= timedelta(hours=26), (zone, day, at)
                checked += 1
    assert checked > 10_000


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Nuuk", "Australia/Lord_Howe", "Africa/Casablanca"])
@pytest.mark.parametrize("at", ["00:00", "01:30", "02:30", "23:30"])
def test_ticks_of_half_an_hour_make_each_date_once_and_at_once(zone: str, at: str) -> None:
    digest = DigestSettings(timezone=zone, at=at, to=("a@example.org",))
    for start in (
        datetime(2025, 2, 20, tzinfo=UTC),
        datetime(2025, 3, 27, tzinfo=UTC),
        datetime(2025, 10, 22, tzinfo=UTC),
    ):
        done: dict[str, datetime] = {}
        for tick in (start + timedelta(minutes=30 * i) for i in range(15 * 48)):
            for one in due([digest], tick, taken=lambda _name, day, _who: day in done):  # noqa: B023
                done[one.day.isoformat()] = tick
        first, last = start.date() + timedelta(days=1), start.date() + timedelta(days=13)
        assert {day.isoformat() for day in dates(first, last)} <= done.keys()
        for day, sent in list(done.items())[1:]:
            planned = moment(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
            assert timedelta(0) <= sent - planned < timedelta(minutes=30)


@given(
    st.integers(0, 11 * 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.sampled_from(HALF_HOURS),
)
def test_never_more_than_half_a_day_late_and_never_early(now: datetime, at: time) -> None:
    digest = DigestSettings(timezone="Europe/Berlin", at=f"{at:%H:%M}")
    day = occasion(digest, now)
    if day:
        assert timedelta(0) <= now - moment(day, at, BERLIN) < LATEST
    last = upcoming(digest, now) - timedelta(hours=26)
    assert (day is None) == (all(not timedelta(0) <= now - moment(d, at, BERLIN) < LATEST for d in
                             dates(last.date() - timedelta(days=1), last.date() + timedelta(days=3))))  # fmt: skip
    assert now < upcoming(digest, now) <= now + timedelta(hours=25)


def test_each_recipient_of_each_digest_once() -> None:
    one = DigestSettings(name="one", to=("a@example.org", "b@example.org", "a@example.org"))
    two = DigestSettings(name="two", to=("a@example.org",), at="09:00")
    now = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
    taken = {("one", "2026-03-14", "b@example.org")}
    found = [(o.digest.name, o.day, o.recipient) for o in due([one, two], now, taken=lambda *key: key in taken)]
    assert found == [("one", date(2026, 3, 14), "a@example.org")]


def test_days_between() -> None:
    assert days_between(date(2026, 3, 1), date(2026, 3, 4), at_most=9) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert days_between(date(2026, 3, 1), date(2026, 3, 9), at_most=2) == [date(2026, 3, 7), date(2026, 3, 8)]
    assert days_between(date(2026, 3, 1), date(2026, 3, 2), at_most=9) == []
    assert days_between(date(2026, 3, 3), date(2026, 3, 1), at_most=9) == []
