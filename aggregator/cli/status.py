"""``aggregator status``: how everything stands, for people and for monitors."""

from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option

if TYPE_CHECKING:
    from aggregator.status import Status


@click.command(
    epilog="""
\b
Examples:
  aggregator status
  aggregator status >/dev/null || echo "aggregator needs a look" | mail -s aggregator me@example.org
  aggregator status --json | jq '.health.feeds.failing'

\b
Exit codes: 0 all is well · 1 there are warnings
"""
)
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Is it running, since when, what came today, what is wrong."""
    from aggregator.cli.printing import print_json
    from aggregator.status import look

    frame: Frame = context.obj
    with frame.reader() as app:
        seen = look(app)
    if as_json:
        print_json(seen)
    else:
        for heading, told in _lines(seen):
            click.echo(f"{heading:9} {told}")
    if seen.warnings:
        context.exit(1)


def _lines(seen: "Status") -> "list[tuple[str, str]]":
    from aggregator.cli.printing import clean, count, when

    health, feeds = seen.health, dict(seen.health.feeds)
    running = seen.running
    daemon = f"running since {when(running.since)} (pid {running.pid})" if running else "not running"
    asked = f"last {when(health.last_poll)}, next {when(health.next_poll)}"
    well = feeds.pop("active")
    others = [f"{number:,} {name}" for name, number in feeds.items() if number]
    trouble = any(number for name, number in feeds.items() if name != "disabled")
    hint = " (`aggregator feeds list --failing`)" if trouble else ""
    today = f"{count(seen.entries_today, 'entry')} in {count(seen.stories_today, 'story')}"
    stored = f"{count(health.entries, 'entry')} ({count(health.copies, 'copy')}) in {count(health.stories, 'story')}"
    sizes = f"{health.bytes / 1e6:,.1f} MB, log {health.wal_bytes / 1e6:,.1f} MB, {seen.room.free / 1e9:,.1f} GB free"
    lines = [
        ("daemon", daemon if not running or running.command == "run" else f"{running.command} (pid {running.pid})"),
        ("polling", asked),
        ("feeds", ", ".join([f"{well:,} ok", *others]) + hint),
        ("today", today),
        ("all", stored),
        ("database", sizes),
    ]
    for one in seen.digests:
        waits = f", {one.pending} waiting" if one.pending else ""
        last = f", last {one.last}" if one.last else ""
        lines.append(("digest", clean(f"{one.name}: next {when(one.next_at)}{last}{waits}")))
    lines += [("WARNING", clean(warning)) for warning in seen.warnings]
    return lines
