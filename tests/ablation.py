"""Labelled corpora → what each part of the clustering is worth, by leaving it out. Prints a Markdown table.

    python -m tests.ablation CORPORA 0618 0721

The days are streamed as in `tests.leave_out`, with the same hash seed for every row.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aggregator.cluster import copies, stories, weights
from aggregator.model import Sketch
from aggregator.rehearsal import Rehearsal
from tests import leave_out
from tests.leave_out import DAYS, Corpus, read, score

Patch = tuple[Any, str, Any]  # owner, name, value
Prepare = Callable[[Corpus], Corpus]


class Exact(Rehearsal):
    """Every story of the window is looked at."""

    def stories_near(self, sketch: Sketch, *, since: datetime, limit: int) -> list[int]:  # noqa: ARG002
        return [profile.story_id for profile in self.profiles(self.members) if profile.last_seen >= since]


def nothing(*_: object, **__: object) -> str:
    return ""


def as_it_is(corpus: Corpus) -> Corpus:
    return corpus


def cold(corpus: Corpus) -> Corpus:
    return replace(corpus, warm=[])


ROWS: list[tuple[str, Prepare, list[Patch]]] = [
    ("as shipped", as_it_is, []),
    ("without merging", as_it_is, [(leave_out, "mend_within", lambda *_, **__: 0)]),
    ("without warm frequencies", cold, []),
    ("without vetoes", as_it_is, [(copies, name, nothing) for name in ("_series", "_formula", "_subject_changed")]),
    ("every story looked at, not MinHash candidates", as_it_is, [(leave_out, "Rehearsal", Exact)]),
    ("centroid cosine alone", as_it_is, [(stories, "_DIRECTION", 1.0)]),
    ("mean link alone", as_it_is, [(stories, "_DIRECTION", 0.0)]),
    ("the strongest word counts in full", as_it_is, [(stories, "_ONE_WORD", 0.0)]),
    ("no hour speaks against one event", as_it_is, [(stories, "_PASSED", 0.0)]),
    ("without the prior", as_it_is, [(weights, "_PRIOR_DOCUMENTS", 1e-6)]),
]


def main(folder: Path, days: list[str]) -> None:
    corpora = [read(folder, f"rss_{day}", DAYS[day]) for day in days]
    print(f"| B³ / pairwise F1 | {' | '.join(days)} |\n|---|{'---|' * len(days)}")
    for name, prepare, patches in ROWS:
        with ExitStack() as left_out:
            for one in patches:
                left_out.enter_context(patch.object(*one))
            cells = ["{:.3f} / {:.3f}".format(*score(prepare(corpus))) for corpus in corpora]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
