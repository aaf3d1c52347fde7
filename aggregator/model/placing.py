"""Where entries belong: candidates, placements, merges, corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aggregator.model.entries import Entry, Sketch


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored entry that may be the same text."""

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
    shared: int  # number of shared text buckets


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
    act: int = 0  # id of the act it is part of; 0: none


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Document frequencies of the own stream, aged."""

    documents: float
    counts: Mapping[str, float]  # of the terms asked for; missing means 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the store already has under a (feed, guid)."""

    entry_id: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stored entry stands now, after merges and corrections."""

    entry_id: int
    story_id: int
    placement: Placement


@dataclass(frozen=True, slots=True)
class Decision:
    """All that is stored about where an entry stands."""

    standing: Standing  # with the relations that were noted
    at: datetime  # when it was put there: by its first placing, a merge or a person
    outlet: str  # the feed's title
    revised: datetime | None = None  # when its text last changed after that first placing


@dataclass(frozen=True, slots=True)
class Redirect:
    """A story that is no more, and where its number leads."""

    old: int
    into: int
    score: float
    reason: str
    at: datetime


class ActKind(StrEnum):
    """What a person did."""

    MERGE = "merge"  # stories into the oldest of them
    SPLIT = "split"  # entries out of a story into one of their own


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person did, with all that is needed to take it back."""

    kind: ActKind
    author: str
    at: datetime
    reason: str
    story_id: int  # what it made: the story that took in the others, or the new one
    before: tuple[Standing, ...]  # where the entries stood that it moved
    redirects: tuple[tuple[int, int], ...] = ()  # (story merged away before, into which of the stories it moved)
    id: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored entry with all that deciding about it anew needs."""

    standing: Standing
    feed_id: int
    seen: datetime
    entry: Entry  # without markup, author and tags
    sketch: Sketch  # without buckets and terms


@dataclass(frozen=True, slots=True)
class Placed:
    """Where `Store.add_entry` put an entry."""

    entry_id: int
    story_id: int
