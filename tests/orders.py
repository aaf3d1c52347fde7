"""Labelled days → how much the stories hang on the order of arrival within an hour. Prints a Markdown table.

    python -m tests.orders CORPORA 0617 0721

The entries of each hour are shuffled and arrive together at its end; the stories of one order are scored against those
of the next, as if these were the gold.
"""

import random
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from aggregator import evaluate
from tests.leave_out import DAYS, Corpus, Document, found, read

ORDERS = 4


def shuffled(corpus: Corpus, seed: int) -> Corpus:
    hours: defaultdict[datetime, list[Document]] = defaultdict(list)
    for one in corpus.documents:
        hours[one.seen.replace(minute=0, second=0, microsecond=0)].append(one)
    draw, documents = random.Random(seed), []
    for hour, arrived in sorted(hours.items()):
        draw.shuffle(arrived)
        documents += [replace(one, seen=hour + timedelta(minutes=59)) for one in arrived]
    return replace(corpus, documents=documents)


def main(folder: Path, days: list[str]) -> None:
    print("| day | orders | B³ F1 between two orders | pairwise | B³ F1 against the gold |\n|---|---|---|---|---|")
    for day in days:
        corpus = read(folder, f"rss_{day}", DAYS[day])
        runs = []
        for seed in range(ORDERS):
            stream = shuffled(corpus, seed)
            placed = zip(stream.documents, found(stream), strict=True)
            runs.append({f"{one.source} {one.entry.guid}": (story, one.gold) for one, story in placed})
        names = list(runs[0])
        stories = [[run[name][0] for name in names] for run in runs]
        between = [evaluate.stories(one, other) for one, other in pairwise(stories)]
        gold = [evaluate.stories([runs[0][name][1] for name in names], one).bcubed.f1 for one in stories]
        cubed, pairs = ([getattr(one, kind).f1 for one in between] for kind in ("bcubed", "pairwise"))
        spans = " | ".join(f"{min(values):.3f}–{max(values):.3f}" for values in (cubed, pairs, gold))
        print(f"| {day} | {ORDERS} | {spans} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
