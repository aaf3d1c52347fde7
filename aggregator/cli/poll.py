"""``aggregator poll``: one round."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.errors import UnavailableError

if TYPE_CHECKING:
    from aggregator.app import App
    from aggregator.pipeline import Polled

EPILOG = """
\b
Examples:
  aggregator poll                              the feeds that are due
  aggregator poll --force                      all of them, still asking politely (conditional requests)
  aggregator poll https://example.org/feed     this one, due or not

\b
Exit codes: 0 the round is done (feeds that failed are named) · 69 every feed asked failed
"""


@click.command(epilog=EPILOG)
@click.argument("feeds", nargs=-1, metavar="[URL|TITLE]...")
@click.option("--force", is_flag=True, help="Ask feeds that are not due, too.")
@click.option("--refetch", is_flag=True, help="Ask without validators, so that everything comes again.")
@json_option
@pass_frame
def poll(frame: Frame, feeds: tuple[str, ...], force: bool, refetch: bool, as_json: bool) -> None:
    """Ask the feeds that are due, once, and file what they bring."""
    with frame.app() as app:
        urls = app.resolve(feeds) if feeds else None
        _sketch_anew(app)
        requests = app.lease(urls=urls, force=force or bool(feeds), refetch=refetch)
        polled = list(_shown(app.poll(requests), len(requests), quiet=as_json))
        merged = app.mend() if any(one.new for one in polled) else 0
        _follow_moves(frame, app, polled)
    report(polled, merged=merged, as_json=as_json)
    failed = [one for one in polled if one.state.error]
    if polled and len(failed) == len(polled):
        raise UnavailableError(f"every feed asked failed ({len(failed)}): is the network up?")


def _sketch_anew(app: "App") -> None:
    """As the daemon does: what comes is compared with sketches of its own recipe only."""
    if anew := sum(app.resketch()):
        click.echo(f"sketched {anew} entries anew: another version did it otherwise", err=True)


def _follow_moves(frame: Frame, app: "App", polled: "list[Polled]") -> None:
    """Into feeds.yaml, and from there into the database."""
    from aggregator.cli.printing import clean
    from aggregator.moves import Moves

    moves = Moves(frame.config_path())
    for one in polled:
        moves.add(one)
    written, refused = moves.write()
    for line in (*written, *refused):
        click.echo(clean(line), err=True)
    if written:
        app.resubscribe(frame.settings())


def _shown(polled: "Iterator[Polled]", total: int, *, quiet: bool) -> "Iterator[Polled]":
    """With a progress bar on stderr where a terminal is."""
    if quiet or not sys.stderr.isatty() or not total:
        yield from polled
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("polling", total=total)
        for one in polled:
            progress.advance(task)
            yield one


def report(polled: "list[Polled]", *, merged: int, as_json: bool) -> None:
    """One line for each failure or malformed document, one for the round."""
    from aggregator.cli.printing import clean, print_json, when
    from aggregator.tally import Tally

    if as_json:
        print_json([_summary(one) for one in polled])
        return
    for one in polled:
        name = clean(one.feed.title or one.feed.url)
        if one.state.error:
            click.echo(f"{name}: {clean(one.state.error)}; next try {when(one.state.next_at)}", err=True)
        elif one.malformed:
            click.echo(f"{name}: malformed, but read: {clean(one.malformed)}", err=True)
    click.echo(Tally.of(polled, merged=merged).line())


def _summary(one: "Polled") -> dict[str, object]:
    return {
        "url": one.feed.url,
        "title": one.feed.title,
        "outcome": one.fetched.outcome,
        "status": one.fetched.status,
        "new": one.new,
        "revised": one.revised,
        "error": one.state.error,
        "malformed": one.malformed,
        "next_at": one.state.next_at,
        "why": one.state.why,
    }
