"""``aggregator export``: everything filed, for other programs and for another aggregator."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from aggregator.cli.frame import Frame, pass_frame
from aggregator.cli.times import Since
from aggregator.errors import DiskError, UsageError

EPILOG = """
\b
Examples:
  aggregator export entries --output entries.jsonl
  aggregator export entries --since 30d --format parquet --output month.parquet
  aggregator export stories --format csv > stories.csv
  aggregator --db other.db ingest entries.jsonl        into another database: the same entries, clustered anew

\b
`ingest` reads JSON lines. What comes back exactly: feed, source, id, title, text, published, updated, url, lang,
author, tags, publisher. What does not: markup, full texts, former
texts, and when we first saw it; stories are found anew.
"""


@click.command(epilog=EPILOG)
@click.argument("what", type=click.Choice(["entries", "stories"]))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, CSV for spreadsheets, or Parquet (needs pyarrow).",
)
@click.option("--since", type=Since(), help="Only what is newer: 12h, 3d, 2026-11-20.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to the screen.")
@pass_frame
def export(frame: Frame, what: str, kind: str, since: datetime | None, output: Path | None) -> None:
    """Write all entries or stories, one a line, streaming. Works beside the daemon."""
    from aggregator import export as exporting
    from aggregator.cli.printing import count

    if kind == "parquet" and output is None:
        raise UsageError("Parquet is no text: name a file with --output")
    with frame.reader() as app:
        rows = (app.store.export_entries if what == "entries" else app.store.export_stories)(since=since)
        columns = exporting.ENTRY if what == "entries" else exporting.STORY
        if output is None:
            exporting.to_text(rows, columns, kind, sys.stdout)
            return
        with _finished(output) as partial:
            if kind == "parquet":
                number = exporting.to_parquet(rows, columns, partial)
            else:
                with partial.open("w", encoding="utf-8", newline="") as out:
                    number = exporting.to_text(rows, columns, kind, out)
    click.echo(f"wrote {count(number, 'entry' if what == 'entries' else 'story')} to {output}", err=True)


@contextmanager
def _finished(output: Path) -> Iterator[Path]:
    """A file beside it that takes its name when it is complete. Raises DiskError."""
    partial = output.with_name(output.name + ".partial")
    try:
        yield partial
        partial.replace(output)
    except OSError as error:
        raise DiskError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
