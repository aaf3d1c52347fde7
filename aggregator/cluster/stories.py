"""Entry, StoryProfile… → which story is it? Story, Story → are they one? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.cluster.features import Features
from aggregator.cluster.profile import Profile
from aggregator.cluster.weights import Vector, cosine

_FULL = 60.0  # words from which a text counts as long
_SHORT_THRESHOLD = 0.22
_LONG_THRESHOLD = 0.28
_MERGE = 0.06  # how much more alike two stories must be


@dataclass(frozen=True, slots=True)
class Match:
    story_id: int
    similarity: float
    threshold: float
    shared: tuple[str, ...]
    members: int

    @property
    def margin(self) -> float:
        return self.similarity - self.threshold


def threshold(a_words: float, b_words: float) -> float:
    """The similarity two texts of these lengths must reach."""
    share = min(1.0, min(a_words, b_words) / _FULL)
    return _SHORT_THRESHOLD + (_LONG_THRESHOLD - _SHORT_THRESHOLD) * share


def match(features: Features, vector: Vector, story_id: int, story: Profile) -> Match:
    centroid = story.centroid
    similarity = cosine(vector, centroid)
    heaviest = sorted((s for s in vector if s in centroid), key=lambda s: -vector[s] * centroid[s])
    return Match(story_id, similarity, threshold(features.words, story.words), tuple(heaviest[:5]), story.members)


def best(features: Features, vector: Vector, stories: Mapping[int, Profile]) -> Match | None:
    """The likeliest story above its threshold."""
    found = [match(features, vector, story_id, story) for story_id, story in stories.items()]
    found = [m for m in found if m.margin >= 0]
    return max(found, key=lambda m: (m.margin, -m.story_id), default=None)


def similarity(a: Profile, b: Profile) -> tuple[float, float]:
    """Of two stories, and the threshold for merging them."""
    return cosine(a.centroid, b.centroid), threshold(a.words, b.words) + _MERGE
