"""The nouns of `explaining`: what was stored, and what is recomputed now. As JSON they are what `why --json` prints."""

from dataclasses import dataclass
from datetime import datetime

from aggregator.cluster.why import Cosines, Likening, Meeting, SameText
from aggregator.model import Correction, Decision, Placement, Redirect, Relation


@dataclass(frozen=True, slots=True)
class Written:
    """What was written down of one entry."""

    entry_id: int
    title: str
    lang: str
    seen: datetime
    decision: Decision
    recipe: str  # of its stored sketch; empty: none
    sketch: str  # how that compares with the one made now: the same, of another recipe, of a former text, none


@dataclass(frozen=True, slots=True)
class Merged:
    """A story that went into another, and those of the entries that its merge is known to have moved."""

    redirect: Redirect
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """A relation and the entry that it was noted of."""

    entry_id: int
    relation: Relation


@dataclass(frozen=True, slots=True)
class Stored:
    """The path that was stored."""

    entries: tuple[Written, ...]  # the one in question first
    merged: tuple[Merged, ...]  # into the story in question
    corrections: tuple[Correction, ...]  # that bind the two, each following from the one before
    stories_apart: tuple[Correction, ...]  # others, that keep their stories apart
    series_apart: tuple[Tie, ...]  # numbers of one series, one in each of their stories: these never merge


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries, as each other's candidates."""

    entries: tuple[int, int]
    meeting: Meeting
    text: SameText | None  # None: too little text to compare
    cosines: Cosines
    likening: Likening  # as two stories of one


@dataclass(frozen=True, slots=True)
class Against:
    """An entry and a story without it."""

    story_id: int
    entries: int  # … it has besides
    texts_compared: int  # … whose text it is held to
    stories_compared: int  # … for whose sake it is held to the story; 0: it never is
    recipe: str  # of what is kept of the story
    likening: Likening | None  # None: another recipe than the entry's, so not compared

    @property
    def unreadable(self) -> bool:
        """The entry would be held to it, were it kept by the same recipe."""
        return self.likening is None and self.stories_compared > 0


@dataclass(frozen=True, slots=True)
class Near:
    """Another story that the entry is held to."""

    story_id: int
    title: str  # of its first entry
    recipe: str
    likening: Likening | None  # None: another recipe than the entry's, so not compared


@dataclass(frozen=True, slots=True)
class Now:
    """What is recomputed. None, or empty, where there is nothing to compare with."""

    pair: Pair | None = None
    story: Against | None = None
    merge: Likening | None = None  # of the two stories, where they are two
    verdict: Placement | None = None  # if the entry came now and there were only that story
    as_stored: bool = True  # whether that is the story, or not the story, in which it stands
    nearest: tuple[Near, ...] = ()  # besides, where an entry is asked for, or stands, alone
    unmet: bool = False  # it meets nothing, but in its window are sketches of another recipe, which never meet its own


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entry stands where it stands, with or apart from another."""

    answer: str
    stored: Stored
    now: Now
    program: str
    recipe: str  # of the sketches made now
