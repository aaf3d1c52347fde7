"""The nouns. Frozen values, standard library only; every datetime is aware and in UTC.

The life of one entry names them in order:

    Feed + FeedState ─► FetchRequest ─► Fetched ─► Document(Item…) ─► Entry ─► Sketch
                                                                        └► Candidate… ─► Placement ─► Story
    Story… ─► Digest
"""

from aggregator.model.digests import Counts, Digest, DigestItem, DigestState, Untold
from aggregator.model.entries import EARLIEST, Document, Entry, FailureKind, Item, Sketch, WorkerFailure
from aggregator.model.feeds import (
    NEVER,
    EventKind,
    Feed,
    FeedEvent,
    FeedState,
    FeedStatus,
    Fetched,
    FetchRequest,
    Hints,
    HostBlock,
    Outcome,
)
from aggregator.model.placing import (
    Act,
    ActKind,
    Candidate,
    Correction,
    Decision,
    Frequencies,
    Known,
    Level,
    Merge,
    Placed,
    Placement,
    Redirect,
    Relation,
    Standing,
    Stored,
    StoryProfile,
)
from aggregator.model.reading import DatabaseStats, Health, Hit, Member, Story, StoryHit, TableSize

__all__ = [
    "EARLIEST",
    "NEVER",
    "Act",
    "ActKind",
    "Candidate",
    "Correction",
    "Counts",
    "DatabaseStats",
    "Decision",
    "Digest",
    "DigestItem",
    "DigestState",
    "Document",
    "Entry",
    "EventKind",
    "FailureKind",
    "Feed",
    "FeedEvent",
    "FeedState",
    "FeedStatus",
    "FetchRequest",
    "Fetched",
    "Frequencies",
    "Health",
    "Hints",
    "Hit",
    "HostBlock",
    "Item",
    "Known",
    "Level",
    "Member",
    "Merge",
    "Outcome",
    "Placed",
    "Placement",
    "Redirect",
    "Relation",
    "Sketch",
    "Standing",
    "Stored",
    "Story",
    "StoryHit",
    "StoryProfile",
    "TableSize",
    "Untold",
    "WorkerFailure",
]
