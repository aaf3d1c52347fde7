"""Permanent redirects under observation → an address to believe in. Pure.

One 301 may be a captive portal or a bad deploy. The new address is believed after three good answers in a row through
the same 301s or 308s, over at least a day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from aggregator.model import Feed, FeedState, Fetched

PERMANENT = (301, 308)
ANSWERS = 3
SPAN = timedelta(days=1)


class Move(NamedTuple):
    """The `moved_*` fields of a FeedState."""

    to: str | None = None
    since: datetime | None = None
    answers: int = 0


def observe(feed: Feed, state: FeedState, fetched: Fetched, now: datetime) -> Move:
    """What is remembered after a good answer. Any other target, or none, starts anew."""
    target = _target(feed, fetched.hops)
    if target is None:
        return Move()
    if target != state.moved_to:
        return Move(target, now, 1)
    return Move(target, state.moved_since, state.moved_answers + 1)


def confirmed(state: FeedState) -> str | None:
    """The address that feeds.yaml should name from now on, or None."""
    if state.moved_to is None or state.moved_since is None or state.succeeded_at is None:
        return None
    enough = state.moved_answers >= ANSWERS and state.succeeded_at - state.moved_since >= SPAN
    return state.moved_to if enough else None


def _target(feed: Feed, hops: Sequence[tuple[int, str]]) -> str | None:
    """How far the chain is permanent from its start; None where it is not, or where the URL carries credentials."""
    if "@" in urlsplit(feed.url).netloc:
        return None
    target = None
    for status, url in hops:
        if status not in PERMANENT:
            break
        target = url
    return None if target == feed.url else target
