"""Rows → JSON lines, CSV or Parquet, one after the other: what is exported may be larger than the memory."""

import csv
import itertools
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from aggregator.errors import UsageError

# column → what stands in it
ENTRY = {
    **dict.fromkeys(("id", "title", "text"), "text"),
    "published": "moment",
    **dict.fromkeys(("source", "url", "lang", "author"), "text"),
    "updated": "moment",
    "tags": "texts",
    **dict.fromkeys(("publisher", "feed"), "text"),
    "plain": "truth",
    **dict.fromkeys(("entry", "story", "copy_of"), "number"),
    "level": "text",
    "score": "share",
    "reason": "text",
    "seen": "moment",
    "fulltext": "text",
}
STORY = {
    "story": "number",
    "title": "text",
    **dict.fromkeys(("first_seen", "last_seen"), "moment"),
    **dict.fromkeys(("entries", "copies", "outlets", "independent"), "number"),
    "lang": "text",
    "tags": "texts",
    "url": "text",
    "members": "numbers",
}

BATCH = 5_000  # rows of a Parquet row group
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = Mapping[str, Any]


def to_text(rows: Iterable[Row], columns: Mapping[str, str], kind: str, out: TextIO) -> int:
    """``jsonl`` or ``csv``; returns how many rows."""
    return to_jsonl(rows, out) if kind == "jsonl" else to_csv(rows, columns, out)


def to_jsonl(rows: Iterable[Row], out: TextIO) -> int:
    """One object a line; returns how many."""
    number = 0
    for number, row in enumerate(rows, start=1):  # noqa: B007 – the count is the result
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return number


def to_csv(rows: Iterable[Row], columns: Mapping[str, str], out: TextIO) -> int:
    """RFC 4180 with a heading; lists as JSON. Returns how many rows.

    A text that a spreadsheet would take for a formula gets an apostrophe before it: feeds are written by strangers
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    writer = csv.writer(out)
    writer.writerow(columns)
    number = 0
    for number, row in enumerate(rows, start=1):  # noqa: B007 – the count is the result
        writer.writerow([_cell(row[name]) for name in columns])
    return number


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def to_parquet(rows: Iterable[Row], columns: Mapping[str, str], target: Path) -> int:
    """Typed columns, zstd; returns how many rows. Raises UsageError where pyarrow is not installed."""
    try:
        import pyarrow as arrow  # noqa: PLC0415 – an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "Parquet needs the package pyarrow: pip install 'aggregator[parquet]', or --format jsonl"
        ) from None
    kinds = {
        "text": arrow.string(),
        "moment": arrow.timestamp("us", tz="UTC"),
        "number": arrow.int64(),
        "share": arrow.float64(),
        "truth": arrow.bool_(),
        "texts": arrow.list_(arrow.string()),
        "numbers": arrow.list_(arrow.int64()),
    }
    schema = arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    count, source = 0, iter(rows)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while batch := list(itertools.islice(source, BATCH)):
            typed = [{name: _typed(row[name], kind) for name, kind in columns.items()} for row in batch]
            writer.write_table(arrow.Table.from_pylist(typed, schema=schema))
            count += len(batch)
    return count


def _typed(value: Any, kind: str) -> Any:
    return datetime.fromisoformat(value) if kind == "moment" and value else value
