"""What feeds hold: documents, items as published, clean entries, sketches, and workers that failed on them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from aggregator.model.feeds import Hints

EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)  # of all moments: from any since, a window may reach back


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
    plain: bool = False  # clean already, as an export wrote it: every character of title and text means itself


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
    fulltext: str = ""  # plain text of its article page, where that was wanted and to be had


@dataclass(frozen=True, slots=True)
class Sketch:
    """What clustering keeps of an entry. Comparable only with sketches of the same recipe.

    ``signature`` and ``features`` are opaque outside `cluster/`.
    """

    recipe: str  # scheme, permutations, shingles, seed, tokeniser: everything that changes the numbers
    # LSH: signed 64-bit names, level and band mixed in. Who shares one may tell the same event, or be the same text.
    event_buckets: tuple[int, ...] = ()
    text_buckets: tuple[int, ...] = ()
    signature: bytes = b""
    features: bytes = b""
    terms: tuple[str, ...] = ()  # the distinct stems whose document frequency this entry raises by one
