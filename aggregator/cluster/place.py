"""Entry, Candidate… , StoryProfile… → Placement, with its reason. Pure.

same text as a candidate? ──yes──► COPY or REVISION in its story
        │ no
like a story? ──yes──► STORY          ──no──► NEW
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.cluster import copies, profile, stories
from aggregator.cluster.features import unpack
from aggregator.cluster.profile import Profile
from aggregator.cluster.weights import vector
from aggregator.model import (
    Candidate,
    Correction,
    Entry,
    Frequencies,
    Level,
    Placement,
    Sketch,
    StoryProfile,
)
from aggregator.settings import ClusterSettings

UNCOUNTED = Frequencies(0.0, {})


def place(  # noqa: PLR0913 - what is known of an entry, and what the store knows
    entry: Entry,
    sketch: Sketch,
    candidates: Sequence[Candidate],
    profiles: Mapping[int, StoryProfile],
    frequencies: Frequencies,
    *,
    feed_id: int,
    seen: datetime,  # noqa: ARG001
    settings: ClusterSettings,  # noqa: ARG001
    corrections: Sequence[Correction] = (),  # noqa: ARG001
) -> Placement:
    """Decide where a new entry belongs. `profiles` by story id; corrections are those that name a candidate."""
    if not sketch.features:
        return Placement(Level.NEW, None, 0.0, "too little text to compare")
    candidates = [c for c in candidates if c.sketch.recipe == sketch.recipe]
    twin = copies.closest(entry, sketch, candidates, feed_id=feed_id)
    if twin is not None:
        original, likeness = twin
        assert likeness.level is not None  # noqa: S101 - closest() returns matches only
        score = max(likeness.jaccard, likeness.containment)
        return Placement(
            likeness.level, original.story_id, score, likeness.reason, original.copy_of or original.entry_id
        )
    return _story(sketch, candidates, profiles, frequencies)


def _story(
    sketch: Sketch, candidates: Sequence[Candidate], profiles: Mapping[int, StoryProfile], frequencies: Frequencies
) -> Placement:
    features = unpack(sketch.features)
    near = {candidate.story_id for candidate in candidates}
    known = {i: profile.unpack(p.profile) for i, p in profiles.items() if i in near and p.recipe == sketch.recipe}
    match = stories.best(features, vector(features.terms, frequencies), known)
    if match is None:
        return Placement(Level.NEW, None, 0.0, f"nothing alike among {len(known)} stories")
    reports = "1 report" if match.members == 1 else f"{match.members} reports"
    reason = (
        f"shares {', '.join(match.shared)} with {reports}; similarity {match.similarity:.2f} over {match.threshold:.2f}"
    )
    return Placement(Level.STORY, match.story_id, match.similarity, reason)


def absorb(story: bytes | None, sketch: Sketch, frequencies: Frequencies = UNCOUNTED) -> bytes:
    """The profile of a story after this entry joined it; None: of a story begun by it."""
    before = profile.unpack(story) if story is not None else None
    if not sketch.features:
        return story if story is not None else profile.pack(Profile(1, {}, 0.0, {}))
    features = unpack(sketch.features)
    one = Profile(1, vector(features.terms, frequencies), float(features.words), {features.lang: 1})
    return profile.pack(profile.joined(before, one) if before is not None else one)


def combine(a: bytes, b: bytes) -> bytes:
    """The profile of two stories that became one."""
    return profile.pack(profile.joined(profile.unpack(a), profile.unpack(b)))
