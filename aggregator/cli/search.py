"""``aggregator search``: words → entries and their stories."""

from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.numbers import HOW_MANY
from aggregator.cli.times import Since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Hit, StoryHit


@click.command(
    epilog="""
\b
Examples:
  aggregator search ferry rescue
  aggregator search '"key rate"' --since 7d --tag world
  aggregator search ferry --stories                     each story once
  aggregator search --raw 'title: ferry NOT harbour'     FTS5's own syntax
"""
)
@click.argument("query", nargs=-1, required=True, metavar="WORD...")
@click.option("--stories", is_flag=True, help="Each story once, with the best of its entries.")
@click.option("--since", type=Since(), help="Only entries seen since: 12h, 3d, 2026-11-20.")
@click.option("--feed", metavar="URL|TITLE", help="Only this feed's entries.")
@click.option("--tag", help="Only entries of feeds with this tag.")
@click.option("--raw", is_flag=True, help="Take the query as FTS5 syntax.")
@click.option("--limit", type=HOW_MANY, default=20, show_default=True, help="How many.")
@json_option
@pass_frame
def search(frame: Frame, /, query: tuple[str, ...], stories: bool, limit: int, as_json: bool, **only: Any) -> None:
    """Entries (or stories) with all these words, best first."""
    from aggregator.cli.printing import print_json

    words = " ".join(query)
    hits: Sequence[Hit] | Sequence[StoryHit]
    with frame.reader() as app:
        if stories:
            hits = app.store.search_stories(words, limit=limit, **only)
        else:
            hits = app.store.search(words, limit=limit, **only)
    if as_json:
        print_json(hits)
        return
    for hit in hits:
        _print_hit(hit)
    if not hits:
        click.echo("nothing found")


def _print_hit(found: "Hit | StoryHit") -> None:
    from aggregator.cli.printing import clean, count, when
    from aggregator.model import StoryHit

    hit = found.best if isinstance(found, StoryHit) else found
    story = f"story {hit.story_id}"
    if isinstance(found, StoryHit):
        story += f": {found.matching} of {count(found.entries, 'entry')}, {count(found.outlets, 'outlet')}"
    click.echo(f"{when(hit.published or hit.seen)}  {clean(hit.outlet)}: ", nl=False)
    click.secho(clean(hit.title), bold=True, nl=False)
    click.echo(f"  ({story})")
    if hit.snippet:
        click.echo(f"    {_marked(hit.snippet)}")


def _marked(snippet: str) -> str:
    """Matched words in bold on a terminal, plain elsewhere."""
    from aggregator.cli.printing import clean

    pieces = []
    for index, piece in enumerate(snippet.split("\x02")):
        match, closing, rest = piece.partition("\x03")
        pieces.append(click.style(clean(match), bold=True) + clean(rest) if index and closing else clean(piece))
    return "".join(pieces)
