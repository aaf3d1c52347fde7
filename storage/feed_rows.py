"""A row of `feeds` ↔ Feed and FeedState. Pure."""

import json
from datetime import timedelta
from sqlite3 import Row
from urllib.parse import urlsplit

from aggregator.model import Feed, FeedState, FeedStatus, Hints
from storage.values import clamp, clean, clean_or_none, strings, to_moment, to_text

SELECT_FEEDS = "SELECT f.*, m.published, m.item_hashes FROM feeds f LEFT JOIN feed_memory m ON m.feed_id = f.id "
_STATUSES = {str(status): status for status in FeedStatus}
_NO_HINTS = Hints()


def host_of(url: str) -> str:
    """Lower case, without port and credentials: what takes turns and asks for rest."""
    return urlsplit(url).hostname or ""


def address(url: str) -> str:
    """What to call a feed before it has told its name: its URL without scheme, credentials and query."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")


def read_feed(row: Row) -> Feed:
    every = row["every_seconds"]
    return Feed(
        url=row["url"],
        title=row["title"],
        tags=strings(row["tags"]),
        publisher=row["publisher"],
        priority=row["priority"],
        every=None if every is None else timedelta(seconds=every),
        enabled=bool(row["enabled"]),
        fulltext=bool(row["fulltext"]),
        id=row["id"],
    )


def read_state(row: Row) -> FeedState:
    return FeedState(
        status=_STATUSES[row["status"]],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        next_at=to_moment(row["next_at"]),
        why=row["why"],
        checked_at=to_moment(row["checked_at"]),
        succeeded_at=to_moment(row["succeeded_at"]),
        changed_at=to_moment(row["changed_at"]),
        failures=row["failures"],
        kills=row["kills"],
        error=row["error"],
        moved_to=row["moved_to"],
        moved_since=to_moment(row["moved_since"]),
        moved_answers=row["moved_answers"],
        stuck_answers=row["stuck_answers"],
        hints=_read_hints(row["hints"]),
        item_hashes=strings(row["item_hashes"] or "[]"),
        published=tuple(map(to_moment, strings(row["published"] or "[]"))),
    )


def state_columns(state: FeedState) -> dict[str, object]:
    return {
        "status": str(state.status),
        "etag": clean_or_none(state.etag),
        "last_modified": clean_or_none(state.last_modified),
        "body_hash": clean_or_none(state.body_hash),
        "next_at": to_text(state.next_at),
        "why": clean(state.why),
        "checked_at": to_text(state.checked_at),
        "succeeded_at": to_text(state.succeeded_at),
        "changed_at": to_text(state.changed_at),
        "failures": clamp(state.failures),
        "kills": clamp(state.kills),
        "error": clean(state.error),
        "moved_to": clean_or_none(state.moved_to),
        "moved_since": to_text(state.moved_since),
        "moved_answers": clamp(state.moved_answers),
        "stuck_answers": clamp(state.stuck_answers),
        "hints": _write_hints(state.hints),
    }


def _read_hints(text: str) -> Hints:
    if not text:
        return _NO_HINTS
    stored = json.loads(text)
    seconds = stored["interval"]
    return Hints(
        interval=None if seconds is None else timedelta(seconds=seconds),
        skip_hours=tuple(stored["hours"]),
        skip_days=tuple(stored["days"]),
    )


def _write_hints(hints: Hints) -> str:
    if hints == _NO_HINTS:
        return ""
    seconds = hints.interval.total_seconds() if hints.interval is not None else None
    return json.dumps({"interval": seconds, "hours": hints.skip_hours, "days": hints.skip_days})
