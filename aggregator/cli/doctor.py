"""``aggregator doctor``: what is wrong, and what to do about it."""

import click

from aggregator.cli.frame import Frame, json_option

MARKS = {"ok": "ok     ", "warning": "WARNING", "error": "ERROR  "}


@click.command(
    epilog="""
\b
Examples:
  aggregator doctor
  aggregator doctor --json | jq '.[] | select(.verdict != "ok")'

\b
Exit codes: 0 nothing is broken (there may be warnings) · 1 something is
"""
)
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at everything that can be wrong: each fault with its remedy. Changes nothing, sends nothing."""
    from aggregator.cli.printing import clean, print_json
    from aggregator.doctor import Verdict, examine

    frame: Frame = context.obj
    found = []
    for one in examine(frame.settings):
        found.append(one)
        if not as_json:
            click.echo(f"{MARKS[one.verdict]}  {clean(one.about)}: {clean(one.detail)}")
            if one.remedy:
                click.echo(f"         → {clean(one.remedy)}")
    if as_json:
        print_json(found)
    if any(one.verdict is Verdict.ERROR for one in found):
        context.exit(1)
