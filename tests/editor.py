"""Two weeks of real items → what an editor reads: large stories, stories of several outlets, near misses. Prints text.

    python -m tests.editor CORPORA [SEED]

Placed as they were collected, by the real code on a memory without a disk. SEED draws the samples.
"""

import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aggregator.cluster import profile, stories
from aggregator.cluster.place import alone
from aggregator.filing import clean_article
from aggregator.model import Placement, StoryProfile
from aggregator.offline import read_ordered
from aggregator.rehearsal import Rehearsal
from tests.leave_out import SKETCHER, Corpus, Document, streamed

SHOWN = 20
CLOSE = 0.02  # below the threshold
TITLES = 12  # of a story, spread evenly
_BELOW = re.compile(r"similarity (\d\.\d+) below (\d\.\d+)")


def fortnight(folder: Path) -> Corpus:
    documents = []
    for article in read_ordered(folder / "rss_two_weeks.jsonl", "file"):
        clock = datetime.fromisoformat(str(article.rest["collected"]))
        entry = clean_article(article, now=clock)
        documents.append(Document(entry, SKETCHER.sketch(entry), article.source or "", clock, ""))
    return Corpus("fortnight", [], documents)


def spread(members: Sequence[int], count: int) -> list[int]:
    step = max(1.0, len(members) / count)
    return [members[int(place * step)] for place in range(min(count, len(members)))]


def line(one: Document) -> str:
    return f"    {one.seen:%m-%d %H}  {one.source[:14]:14}  {one.entry.title[:100]}"


@dataclass(frozen=True, slots=True)
class Miss:
    """An entry that began a story though another was within `CLOSE` of enough."""

    entry: int
    reason: str
    nearest: int  # an entry of that other story


@dataclass
class Misses:
    """Notes them while they are placed."""

    found: list[Miss] = field(default_factory=list)
    placed: int = 0

    def watch(self, memory: Rehearsal, one: Document, placement: Placement, near: list[int]) -> None:
        self.placed += 1
        told = _BELOW.search(placement.reason)
        if told and float(told[2]) - float(told[1]) <= CLOSE:
            itself = alone(one.sketch, memory.frequencies(one.sketch.terms, at=one.seen))
            ranked = [(_margin(itself, story, one.seen), -story.story_id) for story in memory.profiles(near)]
            self.found.append(Miss(self.placed, placement.reason, memory.members[-max(ranked)[1]][0]))


def _margin(itself: profile.Profile, story: StoryProfile, seen: datetime) -> float:
    hours = stories.passed(story.first_seen, story.last_seen, seen, seen)
    return stories.match(itself, profile.unpack(story.profile), hours).margin


def main(folder: Path, seed: int) -> None:
    corpus, draw = fortnight(folder), random.Random(seed)
    misses = Misses()
    memory = streamed(corpus, misses.watch)

    def story_of(entry_id: int) -> int:
        return memory.standings[entry_id].story_id

    documents = dict(enumerate(corpus.documents, start=1))
    members = {story: sorted(ids) for story, ids in memory.members.items() if ids}
    outlets = {story: len({documents[number].source for number in ids}) for story, ids in members.items()}
    several = sorted(story for story, count in outlets.items() if count > 1)
    print(f"{len(documents):,} items, {len(members):,} stories, {len(several):,} of several outlets")
    largest = sorted(members, key=lambda story: -len(members[story]))[:SHOWN]
    for name, chosen in (("largest", largest), ("of several outlets, drawn", draw.sample(several, SHOWN))):
        print(f"\n# {name}")
        for story in chosen:
            print(f"## {len(members[story])} items, {outlets[story]} outlets")
            print(*(line(documents[number]) for number in spread(members[story], TITLES)), sep="\n")
    apart = [miss for miss in misses.found if story_of(miss.entry) != story_of(miss.nearest)]
    joined = len(misses.found) - len(apart)
    print(f"\n# just below the threshold: {len(misses.found)}, {joined} of them merged since; {SHOWN} of the others")
    for miss in draw.sample(apart, SHOWN):
        print(f"## {miss.reason}\n{line(documents[miss.entry])}  (now of {len(members[story_of(miss.entry)])})")
        others = members[story_of(miss.nearest)]
        print(f"  the nearest, now of {len(others)}:")
        print(*(line(documents[number]) for number in spread(others, 4)), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
