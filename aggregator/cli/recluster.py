"""``aggregator recluster``: stored entries placed anew, with the settings as they are or as they might be."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.times import Since
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.app import App
    from aggregator.reclustering import Change, Outcome
    from aggregator.settings import ClusterSettings

EXAMPLES = 5  # of each kind
ENTRIES = 3  # named of each part
EPILOG = """
\b
Examples:
  aggregator recluster --dry-run
  aggregator recluster --since 7d --dry-run --set cluster.caution=0.02
  aggregator recluster --since 2026-11-01

A real run keeps a story's number wherever most of its entries stay; numbers that go lead to where most of the entries
went. It needs the daemon stopped; it is one transaction, and may be interrupted at any time before that. What was
merged and split by hand stays so.
"""


@click.command(epilog=EPILOG)
@click.option("--since", type=Since(), default="30d", show_default=True, help="Entries seen since: 7d, 2026-11-20.")
@click.option("--dry-run", is_flag=True, help="Only say what would change; works beside a daemon.")
@click.option("--set", "assignments", multiple=True, metavar="cluster.KEY=VALUE", help="Try this; may be repeated.")
@json_option
@pass_frame
def recluster(frame: Frame, since: datetime, dry_run: bool, assignments: tuple[str, ...], as_json: bool) -> None:
    """Place the entries of the last weeks anew, and say which stories merge and which split."""
    from aggregator import reclustering

    opened = frame.reader() if dry_run else frame.alone("recluster")
    with opened as app:
        settings = _tried(app.settings.cluster, assignments)
        with _progress(app, since - settings.window, quiet=as_json) as step:
            outcome = reclustering.rehearse(app.store, settings, since=since, step=step)
        titles = _titles(app, outcome)
        if not dry_run:
            reclustering.apply(app.store, outcome, at=app.now())
    if as_json:
        from aggregator.cli.printing import print_json

        print_json(_data(outcome, titles))
    else:
        _print(outcome, titles, dry_run=dry_run)


def _tried(settings: "ClusterSettings", assignments: tuple[str, ...]) -> "ClusterSettings":
    from aggregator.settings import with_cluster_setting

    for assignment in assignments:
        section, _, rest = assignment.partition(".")
        key, equals, value = rest.partition("=")
        if section != "cluster" or not equals:
            raise UsageError(f"{assignment!r}: write cluster.KEY=VALUE")
        try:
            settings = with_cluster_setting(settings, key, value)
        except ValueError as error:
            raise UsageError(f"{assignment}: {error}") from None
    return settings


@contextmanager
def _progress(app: "App", reach: datetime, *, quiet: bool) -> "Iterator[Callable[[], None]]":
    """A bar on stderr where a terminal is."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    rounds = 2 if app.store.list_corrections() else 1  # with and without obeying them
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("placing anew", total=rounds * app.store.count_since(reach))
        yield lambda: progress.advance(task)


def _titles(app: "App", outcome: "Outcome") -> dict[int, str]:
    """Of the entries that the examples name."""
    named = [
        entry_id
        for changes in (outcome.merges, outcome.splits)
        for change in changes[:EXAMPLES]
        for part in change.parts
        for entry_id in part.entries[:ENTRIES]
    ]
    return {stored.standing.entry_id: stored.entry.title for stored in app.store.stored(named)}


def _print(outcome: "Outcome", titles: dict[int, str], *, dry_run: bool) -> None:
    from aggregator.cli.printing import clean, count

    click.echo(
        f"{count(outcome.entries, 'entry')} placed anew, {outcome.elsewhere:,} of them in another story, "
        f"{outcome.otherwise:,} in the same one with another level or original"
    )
    _print_changes(outcome.merges, "would merge" if dry_run else "merged", "of", "of", titles)
    _print_changes(outcome.splits, "would split" if dry_run else "split", "into", "in", titles)
    if outcome.score and outcome.stored_score:
        click.echo(
            f"against {count(outcome.constraints, 'constraint')} of yours: these settings alone precision "
            f"{outcome.score.precision:.2f}, recall {outcome.score.recall:.2f}; the stories as they stood "
            f"{outcome.stored_score.precision:.2f}, {outcome.stored_score.recall:.2f}"
        )
    if outcome.left_out:
        click.echo(
            f"{count(outcome.left_out, 'constraint')} left out: of entries not placed anew, or of one story already"
        )
    if dry_run and outcome.moved:
        click.echo(clean("nothing was changed: the same without --dry-run does it"))


def _print_changes(changes: "tuple[Change, ...]", verb: str, made: str, where: str, titles: dict[int, str]) -> None:
    from aggregator.cli.printing import clean, count

    click.echo(f"{verb}: {count(len(changes), 'story')}")
    for change in changes[:EXAMPLES]:
        click.echo(f"  {_name(change.story_id)}, {made} {count(len(change.parts), 'story')}:")
        for part in change.parts:
            click.echo(f"    {count(len(part.entries), 'entry')} {where} {_name(part.story_id)}")
            for entry_id in part.entries[:ENTRIES]:
                click.echo(f"        {entry_id}  {clean(titles.get(entry_id, ''))}")
    if len(changes) > EXAMPLES:
        click.echo(f"  … and {len(changes) - EXAMPLES} more: --json has all")


def _name(story_id: int) -> str:
    return f"story {story_id}" if story_id else "a new story"


def _data(outcome: "Outcome", titles: dict[int, str]) -> dict[str, object]:
    scores = {"settings": outcome.score, "stories": outcome.stored_score}
    return {
        "entries": outcome.entries,
        "elsewhere": outcome.elsewhere,
        "otherwise": outcome.otherwise,
        "merges": outcome.merges,
        "splits": outcome.splits,
        "titles": titles,
        "constraints": outcome.constraints,
        "left_out": outcome.left_out,
        **{name: score and {"precision": score.precision, "recall": score.recall} for name, score in scores.items()},
    }
