"""Every zone, date from 2024 to 2034 and half hour: one mail each, at the first instant that shows the time."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aggregator.digest.due import due, moment
from aggregator.settings import DigestSettings
from tests.digest_zones import HALF_HOURS, dates, distinct_zones, is_first_instant

pytestmark = pytest.mark.bench


def test_all_dates() -> None:
    zones, checked = distinct_zones(), 0
    for zone in zones:
        for at in HALF_HOURS:
            former = None
            for day in dates():
                instant = moment(day, at, zone)
                assert is_first_instant(instant, day, at, zone), (zone, day, at)
                assert former is None or former < instant
                former, checked = instant, checked + 1
    print(f"\n{len(zones)} kinds of zones, {checked} mails, each at its first instant")


def test_ticks_around_every_change() -> None:
    """As the daemon does it: a tick every half hour, and the ledger decides."""
    mails = 0
    for zone, changes in distinct_zones().items():
        for at in HALF_HOURS:
            digest = DigestSettings(timezone=zone.key, at=f"{at:%H:%M}", to=("a@example.org",))
            for change in changes:
                done: set[str] = set()
                start = datetime.combine(change - timedelta(days=2), time(), UTC)
                for half_hours in range(5 * 48):
                    tick = start + timedelta(minutes=30 * half_hours)
                    for one in due([digest], tick, taken=lambda _name, day, _who: day in done):  # noqa: B023
                        assert one.day.isoformat() not in done
                        done.add(one.day.isoformat())
                wanted = {(change + timedelta(days=d)).isoformat() for d in (-1, 0, 1)}
                assert wanted <= done, (zone, change, at)
                mails += len(done)
    print(f"\n{mails} mails around changes of clocks")
