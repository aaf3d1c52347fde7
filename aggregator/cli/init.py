"""``aggregator init``: a starter feeds.yaml."""

from pathlib import Path

import click

from aggregator.cli.frame import Frame, pass_frame
from aggregator.errors import UsageError


@click.command(
    epilog="""
\b
Examples:
  aggregator init                          a commented starter file
  aggregator init --opml subscriptions.opml   the feeds of your old reader
  aggregator --config /etc/aggregator/feeds.yaml init
"""
)
@click.option("--opml", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Take the feeds from here.")
@pass_frame
def init(frame: Frame, opml: Path | None) -> None:
    """Write a commented starter feeds.yaml (never over an existing file)."""
    from aggregator import app

    target = Path(frame.config or "feeds.yaml")
    if target.exists():
        raise UsageError(f"{target} exists already: edit it, or name another file with --config")
    number = app.write_starter(target, opml_file=opml)
    click.echo(f"wrote {target} with {number} feeds: edit it, then `aggregator poll`")
