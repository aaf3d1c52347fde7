"""StoryProfile… → Merge…: young stories that turned out to be one. Pure.

The first reports of an event share too little and found several stories; once each has a centroid, the likeness
shows. Pairs come from an index over the centroids' heaviest words; the most alike merge first, each merge changes
what its story looks like, until no pair is alike enough.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set

from aggregator.cluster import profile as profiles_
from aggregator.cluster import stories, will
from aggregator.cluster.profile import Profile
from aggregator.cluster.words import as_written
from aggregator.model import Correction, Merge, StoryProfile

Wordings = Callable[[Collection[int]], Iterable[tuple[str, str]]]

_HEAVY = 16  # words of a centroid that are indexed
_SHARED = 2  # of them in common make a pair worth comparing
_CROWD = 100  # stories with one heavy word: it tells too little to be followed


def mend(
    profiles: Sequence[StoryProfile],
    *,
    touched: Collection[int] | None = None,
    apart: Iterable[tuple[int, int]] = (),
    kept: Collection[int] = (),
    corrections: Sequence[Correction] = (),
    standing: Mapping[int, int] | None = None,
    wordings: Wordings | None = None,
    caution: float = 0.0,
) -> list[Merge]:
    """Merges in the order in which they must be made; the older story always takes in the younger.

    `touched`: stories that changed since the last time, each of which is compared with all others; None: all.
    `apart`: pairs of stories that must not merge, unless a person says so.
    `kept`: stories that may take in others, but that none takes in, whoever says so.
    `corrections` name entries, `standing` gives the stories of these. Stories of different recipes never merge.
    `wordings` gives (text, language) of stories' entries: how reasons spell the words. Asked of stories that merge.
    `caution` is added to the similarity to be reached.
    """
    workshop = _Workshop(profiles, kept, wordings or (lambda _: ()), caution)
    workshop.forbid(will.apart(corrections, standing or {}))
    for pair in sorted(will.joined(corrections, standing or {}), key=sorted):
        workshop.merge(min(pair), max(pair), 1.0, "a person put entries of both together")
    workshop.forbid(frozenset(map(workshop.now, pair)) for pair in apart)
    workshop.run(set(workshop.alive if touched is None else touched))
    return workshop.merges


class _Workshop:
    """The stories while they merge: who is alive, what they look like, whom to look at next."""

    def __init__(
        self, profiles: Sequence[StoryProfile], kept: Collection[int], wordings: Wordings, caution: float
    ) -> None:
        self._kept, self._wordings, self._caution = kept, wordings, caution
        self.merges: list[Merge] = []
        self._packed: dict[int, bytes] = {p.story_id: p.profile for p in profiles}
        self._joined: dict[int, Profile] = {}  # of those that took in others
        self._time = {p.story_id: (p.first_seen, p.last_seen) for p in profiles}
        self._recipe = {p.story_id: p.recipe for p in profiles}
        self._gone: dict[int, int] = {}
        self._apart: set[will.Pair] = set()
        self._holders: dict[str, set[int]] = defaultdict(set)
        self._heavy: dict[int, list[str]] = {}
        self._queue: list[tuple[float, int, int, float]] = []  # (-margin, older, younger, similarity)
        for story_id, blob in self._packed.items():
            self._index(story_id, profiles_.heaviest(blob, _HEAVY))

    @property
    def alive(self) -> Set[int]:
        """Those that are still there."""
        return self._packed.keys()

    def forbid(self, pairs: Iterable[will.Pair]) -> None:
        self._apart |= set(pairs)

    def run(self, touched: Set[int]) -> None:
        for story_id in touched & self.alive:
            self._look(story_id, looking=touched)
        while self._queue:
            negative, into, gone, similarity = heapq.heappop(self._queue)
            if not {into, gone} <= self.alive:
                continue
            now = self._match(into, gone)
            if now.margin == -negative:  # neither has changed since
                stems = stories.shared(self._profile(into), self._profile(gone))
                reason = f"alike in {', '.join(as_written(stems, self._wordings((into, gone))))}; "
                self.merge(into, gone, similarity, reason + f"similarity {similarity:.2f} over {now.threshold:.2f}")

    def merge(self, into: int, gone: int, score: float, reason: str) -> None:
        into, gone = sorted((self.now(into), self.now(gone)))
        if into == gone or not {into, gone} <= self.alive or self._barred(into, gone):
            return
        self.merges.append(Merge(into, gone, min(1.0, score), reason))
        for story_id in (into, gone):
            self._forget(story_id)
        whole = self._joined[into] = profiles_.joined(self._profile(into), self._profile(gone))
        del self._packed[gone]
        self._joined.pop(gone, None)
        self._gone[gone] = into
        (first, last), (other_first, other_last) = self._time[into], self._time[gone]
        self._time[into] = min(first, other_first), max(last, other_last)
        self._apart |= {frozenset((into, *(pair - {gone}))) for pair in self._apart if gone in pair}
        self._index(into, heapq.nlargest(_HEAVY, whole.total, key=lambda stem: (whole.total[stem], stem)))
        self._look(into)

    def _barred(self, into: int, gone: int) -> bool:
        return gone in self._kept or frozenset((into, gone)) in self._apart

    def _match(self, a: int, b: int) -> stories.Match:
        hours = stories.passed(*self._time[a], *self._time[b])
        return stories.match(self._profile(a), self._profile(b), hours, self._caution)

    def _profile(self, story_id: int) -> Profile:
        return self._joined.get(story_id) or profiles_.unpack(self._packed[story_id])

    def now(self, story_id: int) -> int:
        """Where the entries of a story are now."""
        while story_id in self._gone:
            story_id = self._gone[story_id]
        return story_id

    def _index(self, story_id: int, heaviest: list[str]) -> None:
        self._heavy[story_id] = heaviest
        for stem in heaviest:
            self._holders[stem].add(story_id)

    def _forget(self, story_id: int) -> None:
        for stem in self._heavy.pop(story_id):
            self._holders[stem].discard(story_id)

    def _look(self, story_id: int, *, looking: Set[int] = frozenset()) -> None:
        """Queue the stories this one might merge with, but for older ones that are looking around themselves."""
        sharing: Counter[int] = Counter()
        for stem in self._heavy[story_id]:
            if len(self._holders[stem]) <= _CROWD:
                sharing.update(self._holders[stem])
        for other, count in sharing.items():
            if other != story_id and count >= _SHARED and not (other < story_id and other in looking):
                self._weigh(min(story_id, other), max(story_id, other))

    def _weigh(self, into: int, gone: int) -> None:
        if self._recipe[into] != self._recipe[gone] or self._barred(into, gone):
            return
        match = self._match(into, gone)
        if match.margin >= 0:
            heapq.heappush(self._queue, (-match.margin, into, gone, match.similarity))
