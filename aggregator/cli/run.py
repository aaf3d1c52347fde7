"""``aggregator run``: the daemon, in the foreground."""

from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, pass_frame

if TYPE_CHECKING:
    from aggregator.settings import Settings


@click.command(
    epilog="""
\b
Signals: INT, TERM finish what is under way and exit (a second one leaves at once) · HUP reads feeds.yaml anew ·
USR1 asks every feed now, due or not.

\b
Exit codes: 0 stopped · 65 damaged database · 69 the port of `http:` is taken · 75 another daemon has this database ·
78 configuration, or a database of a newer version · 143, 130 left at once on a second signal
"""
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="One line an event."
)
@click.option("--http", metavar="PORT", type=click.IntRange(0, 65535), help="Serve health and metrics on this port.")
@click.option("--verbose", is_flag=True, help="Every single failure, and where in the program it arose.")
@pass_frame
def run(frame: Frame, log_format: str, http: int | None, verbose: bool) -> None:
    """Poll what is due, again and again, and send the daily digest, until stopped."""
    from dataclasses import replace

    from aggregator.daemon.clock import Daemon
    from aggregator.daemon.journal import configure_log
    from aggregator.moves import Moves

    configure_log(json_lines=log_format == "json", verbose=verbose)

    def load() -> "Settings":
        settings = frame.settings()
        return settings if http is None else replace(settings, http=replace(settings.http, port=http))

    Daemon(load, Moves(frame.config_path())).run()
