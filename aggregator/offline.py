"""Articles in, stories out, without a database of the user's: what `cluster` and `evaluate` run.

The real pipeline on a private database in memory, with the settings that ship.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator import evaluate, filing
from aggregator.app import App
from aggregator.model import Level
from aggregator.parse import articles
from aggregator.parse.articles import Article
from aggregator.settings import Settings

_PRIVATE = Settings(database=Path(":memory:"))
_COPY_LEVELS = (Level.COPY, Level.REVISION)


@dataclass(frozen=True, slots=True)
class Clustered:
    """One article and where it ended up, after all merges."""

    article: Article
    story: int
    copy_of: str | None  # id of the article whose text it repeats
    level: Level
    reason: str


def clustered(read: Iterable[Article], *, warm: Iterable[Article] = ()) -> list[Clustered]:
    """Cluster articles in the order given; `warm` only feeds the document frequencies first."""
    with App(_PRIVATE) as private:
        cluster = private.settings.cluster
        filing.warm(warm, private.store, settings=cluster, now=private.now())
        filed = list(filing.ingest(read, private.store, settings=cluster, now=private.now()))
        standings = {standing.entry_id: standing for standing in private.store.standings()}
    names = {one.entry_id: one.article.id for one in reversed(filed)}
    found = []
    for one in filed:
        standing = standings[one.entry_id]
        placement = standing.placement
        copied = names.get(placement.copy_of) if placement.copy_of else None
        found.append(Clustered(one.article, standing.story_id, copied, placement.level, placement.reason))
    return found


def _published(article: Article) -> datetime:
    return article.item.published or datetime.min.replace(tzinfo=UTC)


def read_ordered(file: Path, by: str) -> list[Article]:
    """All articles of a file, in its order or by date; a file in which some have no date keeps its order."""
    read = list(articles.read(file))
    if by == "file" or any(article.item.published is None for article in read):
        return read
    return sorted(read, key=_published)


def cluster_file(file: Path, *, warm: Path | None, by: str) -> Iterator[dict[str, Any]]:
    """``{"id", "story", "copies", "reason"}`` for each article; copies: ids of the articles with the same text."""
    found = clustered(read_ordered(file, by), warm=articles.read(warm) if warm else ())
    groups: dict[str, list[str]] = {}
    for one in found:
        groups.setdefault(one.copy_of or one.article.id, []).append(one.article.id)
    for one in found:
        group = groups[one.copy_of or one.article.id]
        copies = [name for name in group if name != one.article.id]
        yield {"id": one.article.id, "story": one.story, "copies": copies, "reason": one.reason}


def evaluate_stories(file: Path, *, warm: Path | None, by: str) -> dict[str, Any]:
    """Scores of the found stories against the gold ones; a second figure leaves out what is flagged unsure."""
    started = time.perf_counter()
    found = clustered(read_ordered(file, by), warm=articles.read(warm) if warm else ())
    seconds = time.perf_counter() - started
    sure = [one for one in found if not one.article.rest.get("unsure")]
    report = _scores(found) | {"seconds": round(seconds, 1)}
    if len(sure) < len(found):
        report["without_unsure"] = _scores(sure)
    return report


def _scores(found: list[Clustered]) -> dict[str, Any]:
    scores = evaluate.stories([str(one.article.rest.get("story")) for one in found], [one.story for one in found])
    return {
        "documents": scores.documents,
        "gold_stories": scores.gold_stories,
        "found_stories": scores.found_stories,
        "bcubed": _rounded(scores.bcubed),
        "pairwise": _rounded(scores.pairwise),
    }


def _rounded(score: evaluate.Score) -> dict[str, float]:
    return {name: round(getattr(score, name), 4) for name in ("precision", "recall", "f1")}


POSITIVE = ("copy", "revision")
NEGATIVE = ("story", "related", "template", "unrelated")


def evaluate_copies(file: Path) -> dict[str, Any]:
    """Each pair through the pipeline on its own: is the later article found to be a copy or revision of the other?"""
    gold, found, errors = [], [], []
    for line, data in articles.objects(file):
        label = data.get("label")
        if label not in POSITIVE + NEGATIVE:
            continue
        where = f"{file}:{line}"
        a, b = (articles.article(data.get(side) or {}, line=line, where=f"{where} {side}") for side in "ab")
        pair = sorted((a, b), key=_published)
        later = clustered(pair)[-1]
        gold.append(label in POSITIVE)
        found.append(later.level in _COPY_LEVELS)
        if gold[-1] != found[-1]:
            titles = {"a": a.item.title, "b": b.item.title}
            errors.append({"label": label, "found": later.level, **titles, "reason": later.reason})
    return {"pairs": len(gold), **_rounded(evaluate.copies(gold, found)), "errors": errors}
