"""Labelled corpora → how well the thresholds do on a corpus that did not choose them. Prints a Markdown table.

    python -m tests.leave_out CORPORA

Every setting of a small grid around the shipped constants clusters every corpus, by the real code on a memory without a
disk. For each corpus the setting that is best on all the others (mean of B-cubed and pairwise F1) is scored on the one
left out.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from aggregator import cluster, evaluate
from aggregator.cluster import stories
from aggregator.filing import MEND_EVERY, clean_article
from aggregator.model import Entry, Frequencies, Placement, Sketch, Standing, Stored
from aggregator.offline import read_ordered
from aggregator.parse import articles
from aggregator.pipeline import Grown, decide, mend_within
from aggregator.rehearsal import Rehearsal
from aggregator.settings import ClusterSettings
from storage.frequencies import HALF_LIFE

SETTINGS = ClusterSettings()
SKETCHER = cluster.Sketcher(7, SETTINGS)
START = datetime(2026, 1, 1, tzinfo=UTC)  # of what has no date
DAYS = {"0520": "0520", "0617": "0617", "0618": "0617", "0702": "0702", "0721": "0721"}
Setting = dict[str, float]
GRID: list[Setting] = [
    {},
    {"_HEADLINE": 0.195, "_EXCERPT": 0.27},
    {"_HEADLINE": 0.225, "_EXCERPT": 0.30},
    {"_DIRECTION": 0.55},
    {"_DIRECTION": 0.75},
    {"_ONE_WORD": 0.15},
    {"_ONE_WORD": 0.45},
    {"_MERGE": 0.0},
    {"_MERGE": 0.03},
    {"_PASSED": 0.0},
    {"_PASSED": 0.006},
    {"_ARTICLE": 0.02},
    {"_ARTICLE": 0.07},
]


@dataclass(frozen=True, slots=True)
class Document:
    entry: Entry
    sketch: Sketch
    source: str
    seen: datetime
    gold: str


@dataclass
class Counts:
    """Aged document frequencies, as the database keeps them."""

    landmark: datetime
    weights: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    documents: float = 0.0

    def weight(self, at: datetime) -> float:
        return float(2.0 ** ((at - self.landmark) / HALF_LIFE))

    def count(self, terms: Sequence[str], at: datetime) -> None:
        weight = self.weight(at)
        for term in terms:
            self.weights[term] += weight
        self.documents += weight

    def read(self, terms: Collection[str], at: datetime) -> Frequencies:
        weight = self.weight(at)
        counts = {term: self.weights[term] / weight for term in terms if term in self.weights}
        return Frequencies(self.documents / weight, counts)


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    warm: list[tuple[datetime, tuple[str, ...]]]
    documents: list[Document]


def read(folder: Path, name: str, warm: str = "") -> Corpus:
    counted = []
    for article in articles.read(folder / f"warm_{warm}.jsonl") if warm else ():
        at = article.item.published or START
        counted.append((at, SKETCHER.sketch(clean_article(article, now=at)).terms))
    documents, clock = [], START
    for article in read_ordered(folder / f"stories_{name}.jsonl", "published"):
        clock = max(article.item.published or clock, clock)
        entry = clean_article(article, now=clock)
        source = article.source or entry.publisher or f"#{article.id}"
        documents.append(Document(entry, SKETCHER.sketch(entry), source, clock, str(article.rest.get("story"))))
    return Corpus(name, counted, documents)


Watch = Callable[[Rehearsal, Document, Placement, list[int]], None]


def score(corpus: Corpus) -> tuple[float, float]:
    """(B-cubed F1, pairwise F1) of the corpus as a stream."""
    scores = evaluate.stories([one.gold for one in corpus.documents], found(corpus))
    return scores.bcubed.f1, scores.pairwise.f1


def found(corpus: Corpus) -> list[int]:
    """The story of each document, after all merges."""
    memory = streamed(corpus)
    return [memory.standings[number].story_id for number in range(1, len(corpus.documents) + 1)]


def streamed(corpus: Corpus, watch: Watch = lambda *_: None) -> Rehearsal:
    """Every document placed, the first as entry 1, and mended.

    `watch` is told of each placement: the memory it was made from, the document, where, and the stories near it.
    """
    clock = mended = corpus.documents[0].seen
    counts = Counts(clock)
    for at, terms in corpus.warm:
        counts.count(terms, at)
    memory = Rehearsal(cluster.Bonds(()), lambda terms: counts.read(terms, clock), 7, lambda _: iter(()))
    feeds: dict[str, int] = {}
    grown = Grown()
    for number, one in enumerate(corpus.documents, start=1):
        clock = one.seen
        if clock - mended >= MEND_EVERY:
            mend_within(memory, grown, now=clock, settings=SETTINGS)
            mended = clock
            grown.clear()
        counts.count(one.sketch.terms, clock)
        feed = feeds.setdefault(one.source, len(feeds) + 1)
        placement, profile, near = decide(memory, feed, one.entry, one.sketch, seen=clock, settings=SETTINGS)
        watch(memory, one, placement, near)
        stored = Stored(Standing(number, 0, placement), feed, clock, one.entry, replace(one.sketch, terms=()))
        grown.add(memory.add(stored, one.sketch, placement, profile), near)
    mend_within(memory, grown, now=clock, settings=SETTINGS)
    return memory


@contextmanager
def tried(setting: Setting) -> Iterator[None]:
    shipped = {name: getattr(stories, name) for name in setting}
    for name, value in setting.items():
        setattr(stories, name, value)
    try:
        yield
    finally:
        for name, value in shipped.items():
            setattr(stories, name, value)


def main(folder: Path) -> None:
    corpora = [read(folder, f"rss_{day}", warm) for day, warm in DAYS.items()]
    corpora += [read(folder, "ecbplus"), read(folder, "headlines")]
    table: list[list[tuple[float, float]]] = []
    for number, setting in enumerate(GRID):
        with tried(setting):
            table.append([score(corpus) for corpus in corpora])
        print(f"{number + 1}/{len(GRID)} {setting}: {mean(map(mean, table[-1])):.4f}", file=sys.stderr, flush=True)
    print("| left out | shipped: B³ / pairwise F1 | chosen on the others | B³ / pairwise F1 |\n|---|---|---|---|")
    for place, corpus in enumerate(corpora):
        others = [mean(mean(row[i]) for i in range(len(corpora)) if i != place) for row in table]
        best = max(range(len(GRID)), key=others.__getitem__)
        chosen = ", ".join(f"{name[1:].lower()} {value}" for name, value in GRID[best].items()) or "as shipped"
        (b, p), (c, q) = table[0][place], table[best][place]
        print(f"| {corpus.name} | {b:.3f} / {p:.3f} | {chosen} | {c:.3f} / {q:.3f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
