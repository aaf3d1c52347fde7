"""Entry, Candidate → are they one text? Pure.

Evidence: Jaccard of word 3-grams by signature, containment of the shorter lead in the longer, the headline, the URL.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.cluster import shingles
from aggregator.cluster.features import Features, unpack
from aggregator.cluster.sketch import headline_key
from aggregator.model import Candidate, Entry, Level, Sketch

_JACCARD = 0.2
_CONTAINMENT = 0.36


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are, and what follows."""

    jaccard: float
    containment: float
    same_headline: bool
    same_url: bool
    level: Level | None  # COPY, REVISION or None
    reason: str


def closest(
    entry: Entry, sketch: Sketch, candidates: Sequence[Candidate], *, feed_id: int
) -> tuple[Candidate, Likeness] | None:
    """The candidate whose text this entry repeats, if any."""
    if not sketch.signature:
        return None
    mine = np.frombuffer(sketch.signature, np.uint32)
    features = unpack(sketch.features)
    best: tuple[float, Candidate, Likeness] | None = None
    for candidate in candidates:
        likeness = compare(entry, mine, features, candidate, feed_id=feed_id)
        if likeness is not None and likeness.level is not None:
            score = max(
                likeness.jaccard, likeness.containment, float(likeness.same_url or likeness.same_headline) * 0.5
            )
            if best is None or score > best[0]:
                best = (score, candidate, likeness)
    return best and (best[1], best[2])


def compare(
    entry: Entry, mine: shingles.Hashes, features: Features, candidate: Candidate, *, feed_id: int
) -> Likeness | None:
    theirs = np.frombuffer(candidate.sketch.signature, np.uint32)
    if len(theirs) != len(mine):
        return None
    jaccard = shingles.agreement(mine, theirs)
    same_headline = bool(headline_key(entry.title)) and headline_key(entry.title) == headline_key(candidate.title)
    same_url = bool(entry.canonical_url) and entry.canonical_url == candidate.canonical_url
    if jaccard < 0.05 and not same_headline and not same_url:
        return None
    other = unpack(candidate.sketch.features)
    containment = contained(features.lead, other.lead)
    reasons = []
    if jaccard >= _JACCARD:
        reasons.append(f"{jaccard:.0%} of all phrases shared")
    if containment >= _CONTAINMENT:
        reasons.append(f"{containment:.0%} of the shorter lead repeated")
    if same_headline:
        reasons.append("same headline")
    if same_url:
        reasons.append("same address")
    level = None
    if reasons:
        level = (
            Level.REVISION
            if candidate.feed_id == feed_id or (entry.publisher and entry.publisher == candidate.publisher)
            else Level.COPY
        )
    return Likeness(jaccard, containment, same_headline, same_url, level, ", ".join(reasons))


def contained(a: bytes, b: bytes) -> float:
    """Share of the smaller set of hashes found in the larger."""
    small, large = sorted((np.frombuffer(a, np.uint32), np.frombuffer(b, np.uint32)), key=len)
    if not len(small):
        return 0.0
    return float(np.isin(small, large, assume_unique=True).sum()) / len(small)
