"""Story, Story → one event? An entry is compared as a story of one. Pure.

Two questions are mixed into one similarity. Do the centroids point the same way (cosine)? It grows with size, for
averaging leaves only the common topic: alone, it glues the many stories of one big affair. How alike is the average
report of one to the average report of the other (mean link)? It does not grow with size: alone, it shatters big
stories. Their weighted geometric mean does neither. And a likeness that rests on one word, the name of a place or of a
tournament, is worth less than one that rests on many. The similarity to be reached grows with the length of the texts,
for two headlines on one event share less than two articles.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from aggregator.cluster.profile import Profile
from aggregator.cluster.weights import dot

_DIRECTION = 0.65  # share of the cosine; the rest is the mean link's
_ONE_WORD = 0.3  # of what the strongest shared word adds does not count: a name alone makes no event
_HEADLINE, _EXCERPT = 0.21, 0.285  # to be reached by a headline alone, by an excerpt of _FULL words
_FULL = 60.0
_ARTICLE = 0.045  # more for each time the texts are e times as long
_BARE = 0.05  # less where both have next to nothing …
_LITTLE = 30.0  # … words
_MERGE = 0.015  # more to merge two stories than to add a report
_PASSED = 0.003  # more for each hour that speaks against one event: news moves on …
_LONG = 60.0  # … up to this many
_FRESH, _AGE = 12.0, 0.5  # an hour that both together last beyond these counts half as much as one of silence
_TELLING = 0.1  # of the strongest word's part
_NAMED = 5  # shared words named in a reason


@dataclass(frozen=True, slots=True)
class Match:
    """How alike two stories are."""

    similarity: float
    threshold: float

    @property
    def margin(self) -> float:
        return self.similarity - self.threshold


def match(a: Profile, b: Profile, passed: float = 0.0, caution: float = 0.0) -> Match:
    """`passed`: hours that speak against one event. `caution`: what the user wants reached beyond our threshold.

    Stories in different languages never match: words shared across languages are names or chance.
    """
    needed = threshold(a.words, b.words) + (_MERGE if a.members > 1 and b.members > 1 else 0.0)
    needed += _PASSED * min(passed, _LONG) + caution
    if not a.members or not b.members or not a.length or not b.length or not speak_alike(a, b):
        return Match(0.0, needed)
    total, largest = dot(a.total, b.total)
    directions = (a.length * b.length) ** _DIRECTION * (a.members * b.members) ** (1 - _DIRECTION)
    return Match((total - _ONE_WORD * largest) / directions, needed)


def passed(a_first: datetime, a_last: datetime, b_first: datetime, b_last: datetime) -> float:
    """Hours that speak against one event: those of silence between the two, and half of those a long affair lasts.

    Without the second a war would be one story for weeks: each day's reports are near to those of the day before.
    """
    silence = max(0.0, (b_first - a_last).total_seconds(), (a_first - b_last).total_seconds()) / 3600
    lasting = (max(a_last, b_last) - min(a_first, b_first)).total_seconds() / 3600
    return silence + _AGE * max(0.0, lasting - _FRESH)


def threshold(a_words: float, b_words: float) -> float:
    """The similarity that texts of these lengths (in words) must reach; the shorter one decides."""
    shorter, longer = sorted((max(1.0, a_words), max(1.0, b_words)))
    needed = _HEADLINE + (_EXCERPT - _HEADLINE) * min(1.0, shorter / _FULL)
    return needed + _ARTICLE * max(0.0, math.log(shorter / _FULL)) - _BARE * max(0.0, 1 - longer / _LITTLE)


def shared(a: Profile, b: Profile) -> list[str]:
    """The words that speak most for the match, heaviest first; none that hardly counts."""
    parts = {stem: weight * b.total[stem] for stem, weight in a.total.items() if stem in b.total}
    telling = max(parts.values(), default=0.0) * _TELLING
    return sorted((s for s in parts if parts[s] >= telling), key=lambda stem: (-parts[stem], stem))[:_NAMED]


def speak_alike(a: Profile, b: Profile) -> bool:
    """Whether they have a language in common, or one of them none that is known."""
    return "und" in a.langs or "und" in b.langs or not a.langs.keys().isdisjoint(b.langs)
