"""The memory of a rehearsal: all that deciding and mending ask for, in dictionaries; nothing is stored.

Its entries have their true numbers, its new stories provisional ones. A person's word is obeyed in full: an entry is
told of the first placed one it belongs with, and of every placed one that it, or any it belongs with, must not meet.
"""

from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.cluster import Bonds
from aggregator.model import (
    Candidate,
    Correction,
    Frequencies,
    Level,
    Merge,
    Placement,
    Sketch,
    Standing,
    Stored,
    StoryProfile,
)

PROVISIONAL = 1 << 48  # the first number of a new story
BUCKET_READS = 50  # newest entries of a bucket that are looked at, as in the database


@dataclass(frozen=True, slots=True)
class _Known:
    """What can be a candidate."""

    stored: Stored  # without its text
    sketch: Sketch  # without buckets and terms
    buckets: "array[int]"


class Rehearsal:
    """A `Memory`. `frequencies`: the counts of the own stream, the same for the whole rehearsal.

    `wordings`: (title and text, language) of entries, which are not kept here.
    """

    def __init__(
        self,
        bonds: Bonds,
        frequencies: Callable[[Collection[str]], Frequencies],
        seed: int,
        wordings: Callable[[Collection[int]], Iterator[tuple[str, str]]],
    ) -> None:
        self.standings: dict[int, Standing] = {}
        self.members: defaultdict[int, list[int]] = defaultdict(list)
        self._bonds, self._frequencies, self._seed = bonds, frequencies, seed
        self._known: dict[int, _Known] = {}
        self._series: list[tuple[int, int]] = []
        self._oldest: deque[int] = deque()
        self._buckets: defaultdict[int, list[int]] = defaultdict(list)
        self._profiles: dict[int, StoryProfile] = {}
        self._wordings = wordings
        self._next = PROVISIONAL

    # ------------------------------------------------------------ filling

    def stand(self, standing: Standing) -> None:
        """Only where it is: too old to be a candidate, but named by a correction."""
        self.standings[standing.entry_id] = standing
        self.members[standing.story_id].append(standing.entry_id)

    def add(self, stored: Stored, sketch: Sketch, placement: Placement, profile: bytes) -> int:
        """An entry in its place, in a new story if that is None, and what its story looks like with it; its story."""
        entry_id, story_id = stored.standing.entry_id, placement.story_id
        if story_id is None:
            story_id, self._next = self._next, self._next + 1
        self.stand(Standing(entry_id, story_id, replace(placement, story_id=story_id)))
        before = self._profiles.get(story_id)
        first = min(before.first_seen, stored.seen) if before else stored.seen
        last = max(before.last_seen, stored.seen) if before else stored.seen
        count = len(self.members[story_id])
        self._profiles[story_id] = StoryProfile(story_id, sketch.recipe, profile, count, first, last)
        buckets = (*sketch.event_buckets, *sketch.text_buckets)
        light = replace(stored, entry=replace(stored.entry, text="", fulltext=""))
        self._known[entry_id] = _Known(
            light, replace(sketch, event_buckets=(), text_buckets=(), terms=()), array("q", buckets)
        )
        self._series += ((entry_id, tie.entry_id) for tie in placement.relations if tie.kind == "series")
        self._oldest.append(entry_id)
        for bucket in buckets:
            self._buckets[bucket] = [*self._buckets[bucket][1 - BUCKET_READS :], entry_id]
        return story_id

    def forget(self, before: datetime) -> None:
        """What was seen before then is no candidate any more; nor can its stories grow."""
        while self._oldest and self._known[self._oldest[0]].stored.seen < before:
            entry_id = self._oldest.popleft()
            for bucket in self._known.pop(entry_id).buckets:
                left = [other for other in self._buckets[bucket] if other != entry_id]
                if left:
                    self._buckets[bucket] = left
                else:
                    del self._buckets[bucket]
        self._profiles = {story: one for story, one in self._profiles.items() if one.last_seen >= before}

    # ------------------------------------------------------------ what deciding asks for

    def candidates(self, sketch: Sketch, *, since: datetime, limit: int) -> list[Candidate]:
        known = ((self._known[entry_id], count) for entry_id, count in self._shared(sketch.text_buckets))
        return [
            self._candidate(one, count)
            for one, count in known
            if one.stored.seen >= since and one.sketch.recipe == sketch.recipe
        ][:limit]

    def stories_near(self, sketch: Sketch, *, since: datetime, limit: int) -> list[int]:
        shared = (entry_id for entry_id, _ in self._shared(sketch.event_buckets))
        recent = (entry_id for entry_id in shared if self._known[entry_id].stored.seen >= since)
        near = dict.fromkeys(self.standings[entry_id].story_id for entry_id in recent)
        return list(near)[:limit]

    def _shared(self, buckets: Sequence[int]) -> list[tuple[int, int]]:
        """(entry id, in how many of the buckets it stands), most first, then newest."""
        shared = Counter(other for bucket in buckets for other in self._buckets.get(bucket, ()))
        return sorted(shared.items(), key=lambda item: (-item[1], -item[0]))

    def _candidate(self, known: _Known, shared: int) -> Candidate:
        stored, standing = known.stored, self.standings[known.stored.standing.entry_id]
        return Candidate(
            entry_id=standing.entry_id,
            story_id=standing.story_id,
            copy_of=standing.placement.copy_of,
            feed_id=stored.feed_id,
            publisher=stored.entry.publisher,
            title=stored.entry.title,
            canonical_url=stored.entry.canonical_url,
            lang=stored.entry.lang,
            seen=stored.seen,
            sketch=known.sketch,
            shared=shared,
        )

    def profiles(self, story_ids: Collection[int]) -> list[StoryProfile]:
        return [self._profiles[story_id] for story_id in sorted(story_ids) if story_id in self._profiles]

    def wordings(self, story_ids: Collection[int]) -> Iterator[tuple[str, str]]:
        return self._wordings([entry_id for story_id in story_ids for entry_id in self.members.get(story_id, ())])

    def frequencies(self, terms: Collection[str], *, at: datetime) -> Frequencies:  # noqa: ARG002 - see the class
        return self._frequencies(terms)

    def series_apart(self, *, since: datetime) -> list[tuple[int, int]]:  # noqa: ARG002 - mending asks of young stories
        pairs = [(self.standings[a].story_id, self.standings[b].story_id) for a, b in self._series]
        return [(one, other) for one, other in pairs if one != other]

    def installation_seed(self) -> int:
        return self._seed

    def stories_of(self, entry_ids: Collection[int]) -> dict[int, int]:
        return {entry_id: self.standings[entry_id].story_id for entry_id in entry_ids if entry_id in self.standings}

    # ------------------------------------------------------------ a person's word

    def corrections(self, entry_ids: Collection[int]) -> list[Correction]:
        return [correction for entry_id in entry_ids for correction in self._told(entry_id)]

    def _told(self, entry_id: int) -> list[Correction]:
        first = self._placed(entry_id)
        told = [replace(self._bonds.because(entry_id), a=entry_id, b=first)] if first not in (None, entry_id) else []
        against = self._bonds.apart(entry_id).items()
        return told + [replace(one, a=entry_id, b=other) for other, one in against if other in self.standings]

    def list_corrections(self) -> list[Correction]:
        """Whom mending must keep apart: one placed entry stands for all that belong with it."""
        pairs: dict[tuple[int, int], Correction] = {}
        for one in self._bonds.corrections:
            a, b = self._placed(one.a), self._placed(one.b)
            if not one.together and a is not None and b is not None:
                pairs[a, b] = replace(one, a=a, b=b)
        return list(pairs.values())

    def _placed(self, entry_id: int) -> int | None:
        return min((other for other in self._bonds.together(entry_id) if other in self.standings), default=None)

    def merge_stories(self, merge: Merge, *, profile: bytes, at: datetime) -> None:  # noqa: ARG002 - a port's method
        into, gone = self._profiles[merge.into], self._profiles.pop(merge.gone)
        for entry_id in self.members.pop(merge.gone):
            place = self.standings[entry_id].placement
            if place.level is Level.NEW:
                place = replace(place, level=Level.STORY, score=merge.score, reason=merge.reason)
            self.standings[entry_id] = Standing(entry_id, merge.into, replace(place, story_id=merge.into))
            self.members[merge.into].append(entry_id)
        self._profiles[merge.into] = replace(
            into,
            profile=profile,
            entries=len(self.members[merge.into]),
            first_seen=min(into.first_seen, gone.first_seen),
            last_seen=max(into.last_seen, gone.last_seen),
        )
