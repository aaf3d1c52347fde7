"""``aggregator search``: words → entries and their stories."""

from datetime import datetime

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.times import Since


@click.command(
    epilog="""
\b
Examples:
  aggregator search ferry rescue
  aggregator search '"key rate"' --since 7d --tag world
  aggregator search --raw 'title: ferry NOT harbour'     FTS5's own syntax
"""
)
@click.argument("query", nargs=-1, required=True, metavar="WORD...")
@click.option("--since", type=Since(), help="Only entries seen since: 12h, 3d, 2026-11-20.")
@click.option("--feed", metavar="URL|TITLE", help="Only this feed's entries.")
@click.option("--tag", help="Only entries of feeds with this tag.")
@click.option("--raw", is_flag=True, help="Take the query as FTS5 syntax.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@json_option
@pass_frame
def search(
    frame: Frame,
    query: tuple[str, ...],
    since: datetime | None,
    feed: str | None,
    tag: str | None,
    raw: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Entries with all these words, best first, each with its story."""
    from aggregator.cli.printing import clean, print_json, when

    with frame.reader() as app:
        hits = app.store.search(" ".join(query), since=since, feed=feed, tag=tag, raw=raw, limit=limit)
    if as_json:
        print_json(hits)
        return
    for hit in hits:
        click.echo(f"{when(hit.published or hit.seen)}  {clean(hit.outlet)}: ", nl=False)
        click.secho(clean(hit.title), bold=True, nl=False)
        click.echo(f"  (story {hit.story_id})")
        click.echo(f"    {_marked(hit.snippet)}")
    if not hits:
        click.echo("nothing found")


def _marked(snippet: str) -> str:
    """Matched words in bold on a terminal, plain elsewhere."""
    from aggregator.cli.printing import clean

    pieces = []
    for index, piece in enumerate(snippet.split("\x02")):
        match, closing, rest = piece.partition("\x03")
        pieces.append(click.style(clean(match), bold=True) + clean(rest) if index and closing else clean(piece))
    return "".join(pieces)
