"""What people read: members, stories, hits; and how big the memory is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.placing import Level


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


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that a search found."""

    entry_id: int
    story_id: int
    title: str
    outlet: str
    url: str
    published: datetime | None
    seen: datetime
    snippet: str  # of the text; matched words stand between U+0002 and U+0003


@dataclass(frozen=True, slots=True)
class StoryHit:
    """One story that a search found."""

    story_id: int
    title: str
    entries: int
    matching: int  # … of them
    outlets: int
    independent: int
    last_seen: datetime
    best: Hit


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table with its indexes."""

    name: str
    rows: int
    bytes: int | None  # None where this SQLite cannot tell


@dataclass(frozen=True, slots=True)
class DatabaseStats:
    """How big the database is and how fast it grows."""

    bytes: int  # the file
    wal_bytes: int  # the log beside it
    free_bytes: int  # inside the file, to be used again
    entries: int
    stories: int
    entries_a_day: float  # over the last seven days
    bytes_a_day: float  # at that rate
    tables: tuple[TableSize, ...]  # largest first


@dataclass(frozen=True, slots=True)
class Health:
    """How the memory stands, at a glance: cheap enough to be asked every few seconds."""

    feeds: Mapping[str, int]  # active, failing, quarantined, gone, disabled
    last_poll: datetime | None
    next_poll: datetime | None  # when the first feed that may be asked is or was due
    entries: int
    copies: int
    stories: int
    bytes: int  # the file
    wal_bytes: int  # the log beside it
