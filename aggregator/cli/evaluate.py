"""``aggregator evaluate``: scores against labels people gave."""

from pathlib import Path
from typing import Any

import click

from aggregator.cli.articles import articles_argument, order_option, warm_option
from aggregator.cli.frame import json_option


@click.group()
def evaluate() -> None:
    """Score the shipped defaults against gold labels."""


@evaluate.command(
    epilog="""
\b
FILE.jsonl: {"id", "title", "text", "published", "source", "url", "lang", "story", "unsure"} a line.
B-cubed: Bagga and Baldwin (1998); pairwise: over all pairs of documents.

\b
Example:
  aggregator evaluate stories monday.jsonl --warm fortnight.jsonl --json
"""
)
@articles_argument
@warm_option
@order_option
@json_option
def stories(file: Path, warm: Path | None, by: str, as_json: bool) -> None:
    """Cluster FILE and compare with its `story` labels."""
    from aggregator import offline
    from aggregator.cli.printing import print_json

    report = offline.evaluate_stories(file, warm=warm, by=by)
    if as_json:
        print_json(report)
        return
    click.echo(
        f"{report['documents']:,} documents, {report['gold_stories']:,} gold stories, "
        f"{report['found_stories']:,} found, {report['seconds']} s"
    )
    for name in ("bcubed", "pairwise"):
        scores = report[name]
        click.echo(f"{name:9} {_line(scores)}")


@evaluate.command(
    epilog="""
\b
PAIRS.jsonl: {"label", "a": article, "b": article} a line. Positive: copy, revision. Negative: story, related,
template, unrelated. Other labels are left out.

\b
Example:
  aggregator evaluate copies pairs.jsonl --json
"""
)
@click.argument("pairs", metavar="PAIRS.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def copies(pairs: Path, as_json: bool) -> None:
    """Decide for each pair whether it is one text, and compare with its label."""
    from aggregator import offline
    from aggregator.cli.printing import clean, print_json

    report = offline.evaluate_copies(pairs)
    if as_json:
        print_json(report)
        return
    click.echo(f"{report['pairs']} pairs: {_line(report)}")
    for error in report["errors"]:
        titles = f"{clean(error['a'])} | {clean(error['b'])}"
        click.echo(f"  {error['label']}, found {error['found']}: {titles}: {error['reason']}")


def _line(scores: dict[str, Any]) -> str:
    return f"precision {scores['precision']:.3f}  recall {scores['recall']:.3f}  f1 {scores['f1']:.3f}"
