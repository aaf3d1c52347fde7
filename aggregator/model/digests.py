"""What is mailed: issues, and what they told whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aggregator.model.reading import Story


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
    told: frozenset[int] = frozenset()  # ids of the members that were; the others are news


@dataclass(frozen=True, slots=True)
class Counts:
    """What came in since a moment."""

    entries: int
    feeds: int  # that brought any of them
    stories: int
