"""``aggregator digest``: what is new, as one issue, on the screen, in a file or by mail."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.numbers import HOW_MANY
from aggregator.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from aggregator.app import App
    from aggregator.model import Digest
    from aggregator.settings import DigestSettings

EPILOG = """
\b
Examples:
  aggregator digest                        what is new, here
  aggregator digest --html digest.html     the same as a page
  aggregator digest --to me@example.org    send it once as a test; nothing is remembered
  aggregator digest --send                 send what is due now (for cron; `run` does it alone)
  aggregator digest --date 2026-11-20      the mail of that day again, as it was
"""


@click.group(invoke_without_command=True, epilog=EPILOG)
@click.option("--name", help="Which digest, if feeds.yaml has several.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML page here.")
@click.option("--text", is_flag=True, help="Print the plain text (the default, but for a past day).")
@click.option("--eml", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole mail here.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The mail of a past day, byte for byte.")
@click.option("--send", is_flag=True, help="Make and send what is due, and retry what waits.")
@click.option("--to", metavar="ADDRESS", help="Send this issue there as a test, marked as such.")
@json_option
@click.pass_context
def digest(  # noqa: PLR0913, PLR0917 – one option each
    context: click.Context,
    name: str | None,
    html: Path | None,
    text: bool,
    eml: Path | None,
    day: datetime | None,
    send: bool,
    to: str | None,
    as_json: bool,
) -> None:
    """What no mail has told yet, every story once. Without options: on the screen, and nothing is remembered."""
    if context.invoked_subcommand:
        return
    frame: Frame = context.obj
    if send:
        _send_due(frame, as_json=as_json)
    elif to:
        with frame.app() as app:
            answer = app.outbox.test(_chosen(app, name), to=to, among=app.settings.issues())
            click.echo(f"test mail to {to}: {answer}")
    elif day:
        _past(frame, name, day.date(), html=html, eml=eml, text=text)
    else:
        _preview(frame, name, html=html, eml=eml, as_json=as_json)


def _chosen(app: "App", name: str | None) -> "DigestSettings":
    issues = app.settings.issues()
    for issue in issues:
        if name in (None, issue.name):
            return issue
    raise UsageError(f"no digest named {name}: there is {', '.join(issue.name for issue in issues)}")


def _preview(frame: Frame, name: str | None, *, html: Path | None, eml: Path | None, as_json: bool) -> None:
    from aggregator.cli.printing import print_json

    with frame.reader() as app:
        chosen, every = _chosen(app, name), app.settings.issues()
        composed = app.outbox.preview(chosen, among=every)
        if eml:
            eml.write_bytes(app.outbox.eml(chosen, among=every))
            click.echo(f"wrote {eml}")
    if html:
        html.write_text(composed.html, encoding="utf-8")
        click.echo(f"wrote {html}")
    if as_json:
        print_json({"subject": composed.subject, "stories": [item.story_id for item in composed.issue.items]})
    elif not html and not eml:
        click.echo(composed.text)


def _past(frame: Frame, name: str | None, day: date, *, html: Path | None, eml: Path | None, text: bool) -> None:
    """As it was sent; without options the whole mail, byte for byte."""
    from aggregator.digest.message import body

    with frame.reader() as app:
        row = app.outbox.past(_chosen(app, name), day)
    if eml:
        eml.write_bytes(row.rendered)
        click.echo(f"wrote {eml}")
    if html:
        html.write_text(body(row.rendered, "html"), encoding="utf-8")
        click.echo(f"wrote {html}")
    if text:
        click.echo(body(row.rendered, "plain"))
    elif not html and not eml:
        sys.stdout.buffer.write(row.rendered)


def _send_due(frame: Frame, *, as_json: bool) -> None:
    """Exit code 69 when a mail could not be sent; 75 beside a daemon, which sends by itself: no mail goes out twice."""
    with frame.alone("digest --send") as app:
        if not any(issue.to for issue in app.settings.issues()):
            raise UsageError("no recipients: write `digest: {to: [you@example.org]}` into feeds.yaml")
        rows = list(app.digests())
        alarms = app.outbox.alarms()
    _print_rows(rows, as_json=as_json, empty="nothing is due")
    if alarms or any(row.state in ("pending", "failed") for row in rows):
        raise UnavailableError("a digest could not be sent: see `aggregator digest list`")


def _print_rows(rows: "list[Digest]", *, as_json: bool, empty: str) -> None:
    from aggregator.cli.printing import clean, print_json
    from aggregator.digest.outbox import told

    if as_json:
        names = ("id", "name", "local_date", "recipient", "state", "attempts", "last_answer", "sent_at", "message_id")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    for row in rows:
        click.echo(clean(told(row)))
    if not rows:
        click.echo(empty)


@digest.command("list")
@click.option("--limit", type=HOW_MANY, default=30, show_default=True)
@json_option
@pass_frame
def list_digests(frame: Frame, limit: int, as_json: bool) -> None:
    """The mails of the last days and what became of them."""
    with frame.reader() as app:
        rows = app.store.digests(limit=limit)
    _print_rows(rows, as_json=as_json, empty="no digest was made yet")


@digest.command()
@click.argument("number", metavar="ID", type=int)
@pass_frame
def retry(frame: Frame, number: int) -> None:
    """Try a failed or waiting mail again now (ID from `digest list --json`)."""
    with frame.alone("digest retry") as app:
        rows = [row for row in app.store.digests(limit=1000) if row.id == number]
        if not rows:
            raise UsageError(f"no digest {number}: `aggregator digest list --json` shows the ids")
        _print_rows([app.outbox.retry(rows[0])], as_json=False, empty="")


@click.group()
def mail() -> None:
    """The way out for mail."""


@mail.command()
@click.option("--to", metavar="ADDRESS", default="", help="Send a short test message there.")
@pass_frame
def check(frame: Frame, to: str) -> None:
    """Try connection, TLS, login and the From address, step by step."""
    import os

    from aggregator.app import utc_now
    from aggregator.cli.printing import clean
    from aggregator.digest import mail as way

    failed = False
    for step in way.check(frame.settings().smtp, os.environ, to=to, now=utc_now()):
        click.echo(f"{'ok    ' if step.ok else 'FAILED'}  {step.name}: {clean(step.detail)}")
        failed |= not step.ok
    if failed:
        raise UnavailableError("mail does not work as configured")
