"""``aggregator run``: the daemon, in the foreground."""

import click

from aggregator.cli.frame import Frame, pass_frame


@click.command(
    epilog="""
\b
Signals: INT, TERM finish what is under way and exit (a second one leaves at once) · HUP reads feeds.yaml anew ·
USR1 polls now.

\b
Exit codes: 0 stopped · 65 damaged database · 75 another daemon has this database · 78 configuration
"""
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="One line an event."
)
@pass_frame
def run(frame: Frame, log_format: str) -> None:
    """Poll what is due, again and again, and send the daily digest, until stopped."""
    from aggregator import daemon

    daemon.configure_log(json_lines=log_format == "json")
    daemon.Daemon(frame.settings).run()
