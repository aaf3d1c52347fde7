"""What a feed says about its own rhythm ─► Hints. Pure.

RSS 2.0 ttl, skipHours, skipDays; RSS 1.0 syndication module (updatePeriod, updateFrequency).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aggregator.model import Hints

_LONGEST = timedelta(days=30)  # a slip of the pen is not obeyed for a year
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = {day: n for n, day in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))}
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*([A-Za-z]{6,9})\s*</day>", re.IGNORECASE)


def hints(feed: Mapping[str, Any], outside: bytes) -> Hints:
    """`feed` is feedparser's, `outside` the document without its items: of several hours feedparser keeps the last."""
    hours = {int(hour) % 24 for hour in _HOUR.findall(_inside(outside, b"skiphours"))}
    days = {
        _DAYS[name] for day in _DAY.findall(_inside(outside, b"skipdays")) if (name := day.decode().lower()) in _DAYS
    }
    return Hints(_interval(feed), tuple(sorted(hours)), tuple(sorted(days)))


def _inside(outside: bytes, tag: bytes) -> bytes:
    lower = outside.lower()
    start = lower.find(b"<" + tag)
    return outside[start : lower.find(b"</" + tag, start)] if start >= 0 else b""


def _interval(feed: Mapping[str, Any]) -> timedelta | None:
    ttl = timedelta(minutes=_number(feed.get("ttl")))
    period = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower(), timedelta(0))
    period /= max(1, _number(feed.get("sy_updatefrequency")))
    longest = min(max(ttl, period), _LONGEST)
    return longest or None


def _number(value: Any) -> int:
    text = str(value).strip()
    return min(int(text), 10**6) if text.isascii() and text.isdigit() and len(text) < 10 else 0
