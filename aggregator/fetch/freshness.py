"""Headers → how long an answer asks us to wait, and which validators to send. Pure (RFC 9110, RFC 9111)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.model import FeedState, Fetched, Outcome

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
STUCK = 3  # same 200s in a row after which a -gzip ETag is not sent any more

_MAX_AGE = re.compile(r'(?i)(?:^|[,\s])max-age\s*=\s*"?(\d{1,10})')
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,1024}")


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Retry-After in seconds or as a date, at most a week; zero is a value, None: none sent (RFC 9110 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,10}", value):
        return min(timedelta(seconds=int(value)), WEEK)
    moment = _date(value)
    return None if moment is None else min(max(moment - now, timedelta()), WEEK)


def fresh_for(headers: Mapping[str, str], now: datetime) -> tuple[timedelta, str] | None:
    """How long the answer says it stays fresh, at most a day, and in whose words; None when it does not say.

    ``max-age`` less Age, else Expires less Date (RFC 9111 section 4.2.1).
    """
    if found := _MAX_AGE.search(headers.get("cache-control", "")):
        seconds = int(found[1]) - _age(headers)
        return min(timedelta(seconds=max(seconds, 0)), DAY), f"max-age={found[1]}"
    expires = _date(headers.get("expires", ""))
    if expires is None:
        return None
    sent = _date(headers.get("date", "")) or now
    return min(max(expires - sent - timedelta(seconds=_age(headers)), timedelta()), DAY), "Expires"


def validators(state: FeedState) -> dict[str, str]:
    """The conditional headers for the next request, byte for byte as received."""
    stuck = state.stuck_answers >= STUCK and state.last_modified is not None
    sent = {}
    if state.etag is not None and not stuck:
        sent["If-None-Match"] = state.etag
    if state.last_modified is not None:
        sent["If-Modified-Since"] = state.last_modified
    return sent


def remembered(state: FeedState, fetched: Fetched) -> tuple[str | None, str | None, int]:
    """(etag, last_modified, stuck_answers) after a good answer.

    A 200 without a validator clears it, a 304 updates those it carries (RFC 9111 section 4.3.4). Apache's mod_deflate
    appends -gzip to the ETag and then does not recognise it (bug 45023): such answers are counted until it goes away.
    """
    etag, last_modified = (_validator(fetched.headers.get(name)) for name in ("etag", "last-modified"))
    if fetched.status == 304:
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    if etag is None or "-gzip" not in etag:
        return etag, last_modified, 0
    again = fetched.status != 304 and fetched.outcome is Outcome.UNCHANGED and etag == state.etag
    return etag, last_modified, min(state.stuck_answers + again, STUCK)


def _validator(value: str | None) -> str | None:
    return value if value is not None and _PRINTABLE.fullmatch(value) else None


def _age(headers: Mapping[str, str]) -> int:
    age = headers.get("age", "").strip()
    return int(age) if re.fullmatch(r"\d{1,10}", age) else 0


def _date(value: str) -> datetime | None:
    """An HTTP date; None for anything else (``Expires: 0`` is no date)."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
