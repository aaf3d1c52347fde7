"""Values → the terminal. Control characters are shown, never obeyed; colours only where a terminal is."""

import dataclasses
import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.model import NEVER

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """One line without anything a terminal would obey."""
    return _CONTROL.sub(lambda match: " " if match.group() in "\n\r\t" else f"\\x{ord(match.group()):02x}", text)


def console() -> Console:
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 120)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Iterable):
        return list(value)
    return str(value)


def print_table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]], *, wide: Collection[str] = ()) -> None:
    """``columns``: heading → left or right; those in ``wide`` may wrap, the others keep one line."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading, side in columns.items():
        fold = heading in wide
        table.add_column(
            heading,
            justify="right" if side == "right" else "left",
            no_wrap=not fold,
            overflow="fold" if fold else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(clean(str(cell))) for cell in row))
    console().print(table)


def when(moment: datetime | None) -> str:
    """In the reader's own zone, to the minute."""
    if moment == NEVER:
        return "never"
    return moment.astimezone().strftime("%a %d %b %H:%M") if moment else "–"


def count(number: int, noun: str) -> str:
    """``1,184 entries``; English plurals of our own nouns."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
