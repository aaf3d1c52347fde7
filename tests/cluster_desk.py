"""A newsroom in memory for tests of clustering: entries in, placements out, with the rules the store follows."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aggregator import cluster
from aggregator.model import Candidate, Correction, Entry, Frequencies, Merge, Placement, Sketch, StoryProfile
from aggregator.pipeline import MAX_CANDIDATES, NEAR_STORIES
from aggregator.settings import ClusterSettings

NOON = datetime(2026, 6, 17, 12, tzinfo=UTC)
SETTINGS = ClusterSettings()


def entry(title: str, text: str = "", **changes: object) -> Entry:
    blank = Entry(guid=title, url="", canonical_url="", title=title, text=text, lang="en")
    return replace(blank, **changes)  # type: ignore[arg-type]


@dataclass
class Desk:
    """Keeps what the store keeps; entry ids count from 1, a story's id is its first entry's."""

    sketcher: cluster.Sketcher = field(default_factory=lambda: cluster.Sketcher(7, SETTINGS))
    entries: dict[int, Candidate] = field(default_factory=dict)
    stories: dict[int, StoryProfile] = field(default_factory=dict)
    placements: list[Placement] = field(default_factory=list)
    buckets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    series: list[tuple[int, int]] = field(default_factory=list)

    def add(self, one: Entry, *, feed: int = 1, hours: float = 0.0) -> Placement:
        """Place, store; returns the placement."""
        seen = NOON + timedelta(hours=hours)
        sketch = self.sketcher.sketch(one)
        self.counts.update(sketch.terms)
        self.documents += 1
        frequencies = self.frequencies(sketch)
        placement = cluster.place(
            one, sketch, self.candidates(sketch), self.near(sketch), frequencies,
            feed_id=feed, seen=seen, settings=SETTINGS,
        )  # fmt: skip
        entry_id = len(self.entries) + 1
        story = placement.story_id or entry_id
        before = self.stories.get(story)
        profile = cluster.absorb(before.profile if before else None, sketch, frequencies, feed_id=feed)
        first = before.first_seen if before else seen
        members = before.entries + 1 if before else 1
        self.stories[story] = StoryProfile(story, sketch.recipe, profile, members, first, seen)
        self.entries[entry_id] = Candidate(
            entry_id, story, placement.copy_of, feed, one.publisher, one.title, one.canonical_url, one.lang, seen,
            replace(sketch, event_buckets=(), text_buckets=(), terms=()), 0,
        )  # fmt: skip
        for bucket in (*sketch.event_buckets, *sketch.text_buckets):
            self.buckets[bucket].append(entry_id)
        self.placements.append(placement)
        self.series += [(story, self.story_of(tie.entry_id)) for tie in placement.relations if tie.kind == "series"]
        return placement

    def frequencies(self, sketch: Sketch) -> Frequencies:
        return Frequencies(self.documents, {term: self.counts[term] for term in sketch.terms})

    def candidates(self, sketch: Sketch) -> list[Candidate]:
        shared = Counter(entry_id for bucket in sketch.text_buckets for entry_id in self.buckets[bucket])
        ranked = sorted(shared, key=lambda i: (-shared[i], -i))[:MAX_CANDIDATES]
        return [replace(self.entries[i], shared=shared[i]) for i in ranked]

    def near(self, sketch: Sketch) -> dict[int, StoryProfile]:
        shared = Counter(entry_id for bucket in sketch.event_buckets for entry_id in self.buckets[bucket])
        ranked = dict.fromkeys(self.story_of(i) for i in sorted(shared, key=lambda i: (-shared[i], -i)))
        return {story: self.stories[story] for story in list(ranked)[:NEAR_STORIES]}

    def mend(self, *corrections: Correction, touched: Collection[int] | None = None) -> list[Merge]:
        """One merge pass over everything, or of what is touched with everything."""
        standing = {entry_id: one.story_id for entry_id, one in self.entries.items()}
        merges = cluster.mend(
            list(self.stories.values()), corrections=corrections, touched=touched, apart=self.series, standing=standing
        )
        for merge in merges:
            into, gone = self.stories[merge.into], self.stories.pop(merge.gone)
            profile = cluster.combine(into.profile, gone.profile)
            self.stories[merge.into] = replace(into, profile=profile, entries=into.entries + gone.entries)
            for entry_id, one in self.entries.items():
                if one.story_id == merge.gone:
                    self.entries[entry_id] = replace(one, story_id=merge.into)
        return merges

    def story_of(self, entry_id: int) -> int:
        return self.entries[entry_id].story_id
