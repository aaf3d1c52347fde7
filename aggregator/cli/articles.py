"""``aggregator ingest`` and ``aggregator cluster``: articles that come as JSON lines, not as feeds."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from aggregator.cli.frame import Frame, json_option, pass_frame

FORMAT = """
\b
One JSON object a line: {"id", "title", "text", "published" (ISO 8601 or null), "source", "url", "lang"};
it may have "author", "updated", "tags", "publisher", "feed" (an address) and "plain" (true: no markup), as exports do.
"""
order_option = click.option(
    "--by",
    type=click.Choice(["published", "file"]),
    default="published",
    show_default=True,
    help="The order in which the articles arrive; a file in which some have no date keeps its own.",
)
warm_option = click.option(
    "--warm",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Count the words of this file's articles first, and nothing else.",
)
articles_argument = click.argument(
    "file", metavar="FILE.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.command(epilog=FORMAT + "\n\b\nExample:\n  aggregator ingest archive.jsonl")
@articles_argument
@json_option
@pass_frame
def ingest(frame: Frame, file: Path, as_json: bool) -> None:
    """File articles from elsewhere, as if a feed had brought them."""
    from aggregator.cli.printing import count, print_json

    with frame.app() as app:
        done = app.ingest(file)
    if as_json:
        print_json(done)
        return
    click.echo(f"{count(done.new, 'new entry')}, {done.revised:,} revised, {done.known:,} known already")


@click.command(
    epilog=FORMAT
    + """
\b
Examples:
  aggregator cluster day.jsonl --output stories.jsonl
  aggregator cluster day.jsonl --warm fortnight.jsonl | jq -s 'group_by(.story) | map(select(length > 1))'
"""
)
@articles_argument
@warm_option
@order_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to the screen.")
@json_option
def cluster(file: Path, warm: Path | None, by: str, output: Path | None, as_json: bool) -> None:
    """Cluster articles without any database: one line {"id", "story", "copies", "reason"} for each."""
    from aggregator import offline
    from aggregator.cli.printing import print_json

    lines = offline.cluster_file(file, warm=warm, by=by)
    with _opened(output) as out:
        if as_json and output is None:
            print_json(list(lines))
            return
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8") as file:
        yield file
