"""``aggregator feeds``: what is subscribed to, how it fares, and changing it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.errors import UnavailableError

if TYPE_CHECKING:
    from aggregator.model import Feed, FeedState


@click.group(
    epilog="""
\b
Examples:
  aggregator feeds add example.org --tag film
  aggregator feeds list --failing
  aggregator feeds next https://example.org/feed
  aggregator feeds export > feeds.opml
"""
)
def feeds() -> None:
    """The subscriptions: list, explain, add, remove, import, export."""


@feeds.command("list")
@click.option("--failing", is_flag=True, help="Only those that fail, are quarantined or gone.")
@json_option
@pass_frame
def list_feeds(frame: Frame, failing: bool, as_json: bool) -> None:
    """Every subscription and how it fares."""
    from aggregator.cli.printing import print_json, print_table, when

    with frame.reader() as app:
        rows = [(feed, state) for feed, state in app.store.feeds() if not failing or state.status != "active"]
    if as_json:
        print_json([_summary(feed, state) for feed, state in rows])
        return
    if not rows:
        click.echo("no feed fails" if failing else "no feeds: `aggregator feeds add SITE` or edit feeds.yaml")
        return
    print_table(
        {"feed": "left", "status": "left", "last success": "left", "next": "left", "trouble": "left"},
        (
            (
                feed.title or feed.url,
                state.status if feed.enabled else "disabled",
                when(state.succeeded_at),
                when(state.next_at),
                state.error,
            )
            for feed, state in rows
        ),
        wide=("feed", "trouble"),
    )


def _summary(feed: "Feed", state: "FeedState") -> dict[str, object]:
    return {
        "url": feed.url,
        "title": feed.title,
        "tags": feed.tags,
        "enabled": feed.enabled,
        "status": state.status,
        "checked_at": state.checked_at,
        "succeeded_at": state.succeeded_at,
        "next_at": state.next_at,
        "why": state.why,
        "failures": state.failures,
        "error": state.error,
    }


@feeds.command("next")
@click.argument("names", nargs=-1, metavar="[URL|TITLE]...")
@json_option
@pass_frame
def next_poll(frame: Frame, names: tuple[str, ...], as_json: bool) -> None:
    """When each feed is asked again, and why then."""
    from aggregator.cli.printing import clean, print_json, when

    with frame.reader() as app:
        urls = app.resolve(names) if names else None
        rows = [(feed, state) for feed, state in app.store.feeds() if urls is None or feed.url in urls]
    if as_json:
        print_json([_summary(feed, state) for feed, state in rows])
        return
    for feed, state in rows:
        moment = when(state.next_at) if state.next_at else "at the next round"
        click.echo(f"{clean(feed.title or feed.url)}: {moment}, because {clean(state.why or 'it was never asked')}")


@feeds.command()
@click.argument("sites", nargs=-1, required=True, metavar="SITE_OR_FEED...")
@click.option("--tag", "tags", multiple=True, help="Tag for the new feeds; may be repeated.")
@click.option("--list", "only_list", is_flag=True, help="Show what is there and change nothing.")
@pass_frame
def add(frame: Frame, sites: tuple[str, ...], tags: tuple[str, ...], only_list: bool) -> None:
    """Find the feed of a site (or take a feed's address) and write it into feeds.yaml."""
    from aggregator import subscriptions
    from aggregator.cli.printing import clean, count

    with frame.unsynced() as app:
        for site in sites:
            if only_list:
                for trial in subscriptions.find(app, site):
                    click.echo(f"{trial.feed.url}  {clean(trial.title)} ({count(trial.entries, 'entry')})")
                continue
            added = subscriptions.add(app, frame.config_path(), site, tags=tags)
            for feed in added:
                click.echo(f"added {feed.url} ({clean(feed.title)}) to {frame.config_path()}")
            if not added:
                click.echo(f"{site}: its feed is in {frame.config_path()} already")


@feeds.command()
@click.argument("names", nargs=-1, required=True, metavar="URL|TITLE...")
@pass_frame
def remove(frame: Frame, names: tuple[str, ...]) -> None:
    """Take feeds out of feeds.yaml; what they brought stays in the database."""
    from aggregator import config
    from aggregator.app import resolve

    urls = resolve(frame.settings().subscriptions(), names)
    config.remove_feeds(frame.config_path(), urls)
    for url in urls:
        click.echo(f"removed {url}")


@feeds.command()
@click.argument("names", nargs=-1, metavar="[URL|TITLE]...")
@json_option
@pass_frame
def check(frame: Frame, names: tuple[str, ...], as_json: bool) -> None:
    """Check feeds.yaml, then ask every feed (or those named) once; nothing is stored."""
    from aggregator import subscriptions
    from aggregator.app import resolve
    from aggregator.cli.printing import clean, count, print_json

    settings = frame.settings()
    wanted = settings.subscriptions()
    urls = resolve(wanted, names) if names else [feed.url for feed in wanted if feed.enabled]
    failed, rows = 0, []
    with frame.unsynced() as app:
        for trial in subscriptions.tried(app, [feed for feed in wanted if feed.url in urls]):
            failed += bool(trial.error)
            rows.append({"url": trial.feed.url, "title": trial.title, "entries": trial.entries, "error": trial.error})
            if not as_json:
                said = trial.error or f"{clean(trial.title)}, {count(trial.entries, 'entry')}"
                click.echo(f"{'FAILED' if trial.error else 'ok    '}  {trial.feed.url}: {clean(said)}")
    if as_json:
        print_json(rows)
    if failed:
        raise UnavailableError(f"{failed} of {count(len(rows), 'feed')} failed")


@feeds.command("import")
@click.argument("file", metavar="FILE.opml", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_frame
def import_feeds(frame: Frame, file: Path) -> None:
    """Add the feeds of an OPML file to feeds.yaml; folders become tags."""
    from aggregator import subscriptions

    added, total = subscriptions.import_opml(frame.config_path(), file)
    click.echo(f"added {added} of {total} feeds to {frame.config_path()}")


@feeds.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to the screen.")
@pass_frame
def export(frame: Frame, output: Path | None) -> None:
    """Write the subscriptions as OPML 2.0; tags become folders."""
    from aggregator import subscriptions

    text = subscriptions.export_opml(frame.settings().subscriptions())
    if output:
        output.write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}")
    else:
        click.echo(text, nl=False)
