"""``aggregator db``: keeping the database small, sound and copied."""

from pathlib import Path

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.errors import CorruptError


@click.group()
def db() -> None:
    """The database: check, backup, prune, stats."""


@db.command()
@json_option
@pass_frame
def check(frame: Frame, as_json: bool) -> None:
    """Integrity, foreign keys, the search index, counts against each other. Exit code 65 if anything is wrong."""
    from aggregator.cli.printing import clean, count, print_json

    with frame.reader() as app:
        findings = app.store.check()
        path = app.settings.database
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(clean(finding))
    if findings:
        raise CorruptError(f"{path}: {count(len(findings), 'fault')}: restore a backup, or report them")
    if not as_json:
        click.echo("all is well")


@db.command(epilog="\b\nExample:\n  aggregator db backup /backups/aggregator.db --keep 7")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), default=1, show_default=True, help="How many copies to keep.")
@pass_frame
def backup(frame: Frame, target: Path, keep: int) -> None:
    """Copy the database while it is in use; the copy is opened and checked before it takes its name."""
    with frame.reader() as app:
        written = app.store.backup(target, keep=keep)
    click.echo(f"wrote {written}, checked")


@db.command()
@click.option("--dry-run", is_flag=True, help="Only say what the settings mean.")
@pass_frame
def prune(frame: Frame, dry_run: bool) -> None:
    """Remove what `keep:` in feeds.yaml says is too old; in slices, may be interrupted."""
    from aggregator.cli.printing import count

    with frame.app() as app:
        rules = app.retention()
        if not rules:
            click.echo("feeds.yaml keeps everything: write `keep: 90d` to change that")
            return
        if dry_run:
            for rule in rules:
                click.echo(f"{rule.name}: entries of stories older than {rule.before:%Y-%m-%d}")
            return
        removed = sum(app.prune())
    click.echo(f"removed {count(removed, 'entry')}")


@db.command()
@json_option
@pass_frame
def stats(frame: Frame, as_json: bool) -> None:
    """Sizes by table, entries a day, and how the file will grow."""
    from aggregator.cli.printing import print_json, print_table

    with frame.reader() as app:
        found = app.store.stats(app.now())
    if as_json:
        print_json(found)
        return
    click.echo(
        f"{_mb(found.bytes)} with {found.entries:,} entries in {found.stories:,} stories "
        f"({_mb(found.free_bytes)} free inside, log {_mb(found.wal_bytes)})"
    )
    click.echo(
        f"{found.entries_a_day:,.0f} entries a day over the last week: {_mb(found.bytes_a_day)} a day, "
        f"{_mb(found.bytes_a_day * 365)} a year\n"
    )
    print_table(
        {"table": "left", "rows": "right", "size": "right"},
        ((table.name, f"{table.rows:,}", "?" if table.bytes is None else _mb(table.bytes)) for table in found.tables),
    )


def _mb(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"
