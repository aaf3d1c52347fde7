"""The nouns. Frozen values, standard library only; every datetime is aware and in UTC.

The life of one entry names them in order:

    Feed + FeedState ─► FetchRequest ─► Fetched ─► Document(Item…) ─► Entry ─► Sketch
                                                                        └► Candidate… ─► Placement ─► Story
    Story… ─► Digest
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# ---------------------------------------------------------------- feeds: wanted, remembered, received


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


# ---------------------------------------------------------------- documents and entries


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as published: markup and all, nothing trusted."""

    guid: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""  # HTML or text
    content: str = ""  # HTML or text, the longest the feed offers
    author: str = ""
    tags: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    lang: str = ""
    title_is_html: bool = False  # False: plain text, `<` is a character


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed feed document."""

    title: str
    items: tuple[Item, ...]
    dialect: str = ""  # rss20, atom10, rss10, json11, …
    site_url: str = ""
    lang: str = ""
    hints: Hints = Hints()
    malformed: str = ""  # what was wrong with it, though it could be read
    dropped: int = 0  # items beyond the cap
    item_hashes: tuple[str, ...] = ()  # of all items, known ones too; `items` holds the others only


class FailureKind(StrEnum):
    """How a worker failed on a document."""

    TIMEOUT = "timeout"  # killed: took too long
    MEMORY = "memory"  # ended: took too much
    CRASH = "crash"  # the process died
    ERROR = "error"  # an exception: usually not a usable feed


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """What came back instead of a result. Its document, and no other, is to blame."""

    kind: FailureKind
    message: str  # one line

    @property
    def killed(self) -> bool:
        """Whether it cost a worker its life: two in a row quarantine a feed."""
        return self.kind is not FailureKind.ERROR


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, clean: safe to store, show and compare."""

    guid: str  # with the feed: its identity
    url: str  # http(s) or empty
    canonical_url: str  # without tracking parameters; empty without url
    title: str  # plain text
    text: str  # plain text of the longest content, paragraphs separated by newlines
    html: str = ""  # cleaned by an allow-list; empty where the feed gave plain text
    author: str = ""
    tags: tuple[str, ...] = ()
    lang: str = "und"  # BCP 47 primary subtag, or und
    publisher: str = ""  # who counts as one source
    published: datetime | None = None  # None: missing or implausible; use the first-seen time
    updated: datetime | None = None
    fingerprint: str = ""  # hash of what a reader sees; a change is a revision


@dataclass(frozen=True, slots=True)
class Sketch:
    """What clustering keeps of an entry. Comparable only with sketches of the same recipe.

    ``signature`` and ``features`` are opaque outside `cluster/`.
    """

    recipe: str  # scheme, permutations, shingles, seed, tokeniser: everything that changes the numbers
    buckets: tuple[int, ...] = ()  # LSH: signed 64-bit, level and band mixed in; a shared bucket makes a candidate
    signature: bytes = b""
    features: bytes = b""
    terms: tuple[str, ...] = ()  # the distinct stems whose document frequency this entry raises by one


# ---------------------------------------------------------------- placing


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored entry that may be the same text or event."""

    entry_id: int
    story_id: int
    copy_of: int | None  # entry id of the original this one copies
    feed_id: int
    publisher: str
    title: str
    canonical_url: str
    lang: str
    seen: datetime
    sketch: Sketch  # without buckets and terms
    shared: int  # number of shared buckets


@dataclass(frozen=True, slots=True)
class StoryProfile:
    """What a story looks like to a newcomer. ``profile`` is opaque outside `cluster/`."""

    story_id: int
    recipe: str
    profile: bytes
    entries: int
    first_seen: datetime
    last_seen: datetime


class Level(StrEnum):
    """Why an entry stands where it stands."""

    NEW = "new"  # first of its story
    STORY = "story"  # same event, other text
    COPY = "copy"  # same text, other outlet
    REVISION = "revision"  # same outlet, re-titled or updated
    CORRECTION = "correction"  # a person said so


@dataclass(frozen=True, slots=True)
class Relation:
    """A noteworthy tie that decides nothing (a shared passage, a vetoed likeness)."""

    entry_id: int
    kind: str  # passage, veto
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an entry belongs, with the reason in words."""

    level: Level
    story_id: int | None  # None: a new story
    score: float  # 0…1, on the scale of its level
    reason: str
    copy_of: int | None = None  # entry id of the original, for COPY and REVISION
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """Two stories that turned out to be one; the older id survives and the other redirects to it."""

    into: int
    gone: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word on two entries: kept for ever, obeyed by every later decision."""

    a: int  # entry ids
    b: int
    together: bool  # True: must-link; False: cannot-link
    author: str
    at: datetime
    reason: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Document frequencies of the own stream, aged."""

    documents: float
    counts: Mapping[str, float]  # of the terms asked for; missing means 0


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a story, for showing."""

    entry_id: int
    title: str
    url: str
    outlet: str  # the feed's title
    publisher: str
    feed_id: int
    lang: str
    published: datetime | None
    seen: datetime
    excerpt: str
    level: Level
    score: float
    reason: str
    copy_of: int | None = None
    author: str = ""
    priority: int = 0
    text_length: int = 0  # characters of the stored text
    tags: tuple[str, ...] = ()  # of the feed

    @property
    def moment(self) -> datetime:
        """When it was published as far as is known, else when it was first seen."""
        return self.published or self.seen


@dataclass(frozen=True, slots=True)
class Story:
    """One event. `members` in time order; empty in lists."""

    id: int
    title: str
    first_seen: datetime
    last_seen: datetime
    entries: int
    copies: int  # members that repeat another member's text
    outlets: tuple[str, ...]  # feeds' titles, first come first
    independent: int  # distinct publishers among the originals
    tags: tuple[str, ...] = ()
    lang: str = "und"
    representative: int = 0  # entry id
    url: str = ""
    excerpt: str = ""
    members: tuple[Member, ...] = ()


# ---------------------------------------------------------------- digests


class DigestState(StrEnum):
    PENDING = "pending"  # rendered, waiting for (another) attempt
    SENT = "sent"
    FAILED = "failed"  # given up; the alarm is on
    SKIPPED = "skipped"  # nothing new that day


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One story as one issue told it."""

    story_id: int
    update: bool  # told before; only what is new is told now
    last_entry: int  # the highest entry id it contained: what is above is new next time


@dataclass(frozen=True, slots=True)
class Digest:
    """One issue for one digest name, local date and recipient: rendered once, then only sent."""

    name: str
    local_date: str  # YYYY-MM-DD in the digest's zone
    recipient: str
    message_id: str
    state: DigestState
    rendered: bytes  # the finished message, byte for byte as sent
    created_at: datetime
    items: tuple[DigestItem, ...] = ()
    last_event: int = 0  # the highest FeedEvent id it told
    attempts: int = 0
    next_at: datetime | None = None  # of the next attempt
    last_answer: str = ""
    sent_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Untold:
    """A story with something a recipient has not been told yet."""

    story: Story  # with members
    told_entry: int  # members with a higher id are news; 0: the story was never told


@dataclass(frozen=True, slots=True)
class Counts:
    """What came in since a moment."""

    entries: int
    feeds: int  # that brought any of them
    stories: int
