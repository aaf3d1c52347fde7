"""What is polled: feeds as wanted, as remembered, and as they answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # when a feed that is gone is due


@dataclass(frozen=True, slots=True)
class Feed:
    """One subscription as the user wrote it in feeds.yaml."""

    url: str
    title: str = ""  # the user's name for it; empty: the document's own title
    tags: tuple[str, ...] = ()
    publisher: str = ""  # empty: the registrable domain of each entry's link
    priority: int = 0  # higher wins when a story chooses its representative and its rank
    every: timedelta | None = None  # the user's interval; always wins over ours
    enabled: bool = True
    fulltext: bool = False
    id: int = 0  # 0 until the store has given one


class FeedStatus(StrEnum):
    """What polling thinks of a feed."""

    ACTIVE = "active"
    FAILING = "failing"  # the last poll failed; retried with growing delay
    QUARANTINED = "quarantined"  # its document killed the parser twice in a row; retried rarely
    GONE = "gone"  # 410: polled no more, entries kept


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed document says about its own rhythm (RSS ttl, skipHours, skipDays; sy:update*). Lower bounds."""

    interval: timedelta | None = None
    skip_hours: tuple[int, ...] = ()  # 0…23, GMT
    skip_days: tuple[int, ...] = ()  # Monday is 0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered between two polls of one feed. Only `fetch.cadence` makes a new one."""

    status: FeedStatus = FeedStatus.ACTIVE
    etag: str | None = None  # byte for byte as received
    last_modified: str | None = None
    body_hash: str | None = None  # of the last body that parsed
    next_at: datetime | None = None  # None: never polled, due at once
    why: str = ""  # the reason for next_at, in words
    checked_at: datetime | None = None  # last request
    succeeded_at: datetime | None = None
    changed_at: datetime | None = None  # last time it brought something new
    failures: int = 0  # in a row
    kills: int = 0  # parser workers killed in a row
    error: str = ""  # the last failure in one line; empty when well
    moved_to: str | None = None  # target of a permanent redirect under observation
    moved_since: datetime | None = None
    moved_answers: int = 0
    stuck_answers: int = 0  # 200s in a row with the same ETag and body (Apache bug 45023)
    hints: Hints = Hints()
    item_hashes: tuple[str, ...] = ()  # of the items of the last document: what need not be parsed again
    published: tuple[datetime, ...] = ()  # newest first, at most 20: the feed's own rhythm


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One feed to ask now."""

    feed: Feed
    state: FeedState = FeedState()
    unconditional: bool = False  # --refetch: send no validators


class Outcome(StrEnum):
    """How one request ended. Everything but CHANGED and UNCHANGED is a failure to be explained to the user."""

    CHANGED = "changed"  # 200 and a body we have not seen
    UNCHANGED = "unchanged"  # 304, or 200 with the body of last time
    GONE = "gone"  # 410
    DENIED = "denied"  # 401, 403, 404, other 4xx, a challenge page
    THROTTLED = "throttled"  # 429, or 503 with Retry-After
    BROKEN = "broken"  # 5xx, protocol violations, cut or undecodable bodies, redirect loops
    UNREACHABLE = "unreachable"  # DNS, connect, TLS, time-out
    REFUSED = "refused"  # our own guard: address, scheme, size
    POSTPONED = "postponed"  # not asked: the host's gap leaves no room in this round; still due


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, or the lack of one, as data."""

    url: str
    outcome: Outcome
    at: datetime
    final_url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""  # decoded; empty unless CHANGED
    body_hash: str | None = None
    hops: tuple[tuple[int, str], ...] = ()  # (status, target) of every redirect followed
    error: str = ""  # one line; empty when well
    seconds: float = 0.0
    wire_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HostBlock:
    """A host that asked to be left alone (Retry-After, 429): no feed of it is due before `until`."""

    host: str
    until: datetime
    why: str


class EventKind(StrEnum):
    BROKEN = "broken"  # has failed for long enough to tell the user
    RECOVERED = "recovered"
    MOVED = "moved"  # a permanent redirect was confirmed; feeds.yaml is to follow
    GONE = "gone"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something about a feed that the user is told once."""

    feed_id: int
    kind: EventKind
    at: datetime
    detail: str  # one line: what happened and what will happen next
    feed: str = ""  # its title, when read back
    id: int = 0
    tags: tuple[str, ...] = ()  # the feed's, when read back
