"""StoryProfile… → Merge…: young stories that turned out to be one. Pure.

The first reports of an event share too little and found several stories; once each has a centroid, the likeness
shows. Pairs come from an inverted index over the centroids' heaviest terms; the most alike merge first, each merge
changes what its story looks like, until no pair is alike enough.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

from aggregator.cluster import profile as profiles_
from aggregator.cluster import stories
from aggregator.cluster.profile import Profile
from aggregator.model import Frequencies, Merge, StoryProfile
from aggregator.settings import ClusterSettings

_HEAVY = 12  # terms of a centroid that are indexed
_COMMON = 60  # stories sharing a term: more tell nothing


def mend(
    profiles: Sequence[StoryProfile],
    frequencies: Callable[[Collection[str]], Frequencies] | None = None,  # noqa: ARG001
    *,
    settings: ClusterSettings,  # noqa: ARG001
    apart: Collection[frozenset[int]] = (),
) -> list[Merge]:
    """Merges in the order in which they must be made; `apart` are pairs of story ids a person keeps separate."""
    alive = {p.story_id: profiles_.unpack(p.profile) for p in profiles}
    queue: list[tuple[float, int, int]] = []
    for a, b in _pairs(alive):
        _push(queue, alive, a, b, apart)
    merges: list[Merge] = []
    forbidden = {frozenset(pair) for pair in apart}
    while queue:
        negative, a, b = heapq.heappop(queue)
        if a not in alive or b not in alive or frozenset((a, b)) in forbidden:
            continue
        score, needed = stories.similarity(alive[a], alive[b])
        if abs(score - needed + negative) > 1e-9:
            continue  # outdated: one of them has changed since
        into, gone = min(a, b), max(a, b)
        merges.append(Merge(into, gone, score, f"two stories alike: similarity {score:.2f} over {needed:.2f}"))
        alive[into] = profiles_.joined(alive[into], alive.pop(gone))
        forbidden |= {frozenset((into, *pair - {gone})) for pair in forbidden if gone in pair}
        for other in _neighbours(alive, into):
            _push(queue, alive, into, other, forbidden)
    return merges


def _push(
    queue: list[tuple[float, int, int]], alive: dict[int, Profile], a: int, b: int, apart: Collection[frozenset[int]]
) -> None:
    score, needed = stories.similarity(alive[a], alive[b])
    if score >= needed and frozenset((a, b)) not in apart:
        heapq.heappush(queue, (needed - score, a, b))


def _heavy(story: Profile) -> list[str]:
    return sorted(story.total, key=lambda stem: (-story.total[stem], stem))[:_HEAVY]


def _pairs(alive: dict[int, Profile]) -> Iterator[tuple[int, int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for story_id, story in alive.items():
        for stem in _heavy(story):
            holders[stem].append(story_id)
    seen: set[tuple[int, int]] = set()
    for ids in holders.values():
        if len(ids) <= _COMMON:
            for i, a in enumerate(ids):
                seen.update((min(a, b), max(a, b)) for b in ids[i + 1 :])
    yield from sorted(seen)


def _neighbours(alive: dict[int, Profile], story_id: int) -> list[int]:
    heavy = set(_heavy(alive[story_id]))
    return [other for other, story in alive.items() if other != story_id and not heavy.isdisjoint(_heavy(story))]
