"""Gold labels, found labels → scores. Pure; used by the command and by the tests."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Shares between 0 and 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """How well a clustering agrees with gold labels."""

    documents: int
    gold_stories: int
    found_stories: int
    bcubed: Score
    pairwise: Score


def stories(gold: Sequence[Hashable], found: Sequence[Hashable]) -> Scores:
    """Compare two labellings of the same documents, in the same order.

    B-cubed (Bagga & Baldwin, 1998): precision is the mean, over documents, of the share of its found story that
    carries its gold label; recall the mean share of its gold story found together. Pairwise: of all pairs of
    documents found together, how many belong together, and the reverse. Without any pair, the share is 1.
    Raises ValueError where the lengths differ.
    """
    both = Counter(zip(gold, found, strict=True))
    golds, founds = Counter(gold), Counter(found)
    total = len(gold)
    precision = sum(n * n / founds[f] for (_, f), n in both.items())
    recall = sum(n * n / golds[g] for (g, _), n in both.items())
    shared = _pairs(both)
    return Scores(
        documents=total,
        gold_stories=len(golds),
        found_stories=len(founds),
        bcubed=Score(precision / total, recall / total) if total else Score(1.0, 1.0),
        pairwise=Score(_share(shared, _pairs(founds)), _share(shared, _pairs(golds))),
    )


def copies(gold: Sequence[bool], found: Sequence[bool]) -> Score:
    """Precision and recall of the pairs judged to be copies. Raises ValueError where the lengths differ."""
    right = sum(g and f for g, f in zip(gold, found, strict=True))
    return Score(_share(right, sum(found)), _share(right, sum(gold)))


def _pairs(sizes: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
