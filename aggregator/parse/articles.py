"""JSON lines ─► Articles: what comes from elsewhere, one object a line. An error names file, line, what and remedy."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator.errors import CorruptError
from aggregator.model import EARLIEST, Item
from aggregator.parse.entries import language
from aggregator.parse.identity import made_guid
from aggregator.parse.jsonfeed import moment
from aggregator.parse.limits import within_limits

_FIELDS = ("title", "text", "source", "url", "lang", "author", "feed", "publisher")
_MORE = ("id", "published", "updated", "tags", "plain")


@dataclass(frozen=True, slots=True)
class Article:
    """One line. `rest` holds the fields that are not ours, such as gold labels."""

    line: int  # counted from 1
    id: str
    source: str
    item: Item
    feed: str = ""  # its address, when it came from one
    publisher: str = ""
    rest: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> Iterator[Article]:
    """Lines ``{id, title, text, published, source, url, lang, …}``; only a title or a text is required.

    `text` may be plain or HTML, unless `plain` is true, as in exports; `published` is ISO 8601 or null. With `feed`, an
    address, it is an entry of that feed. Empty lines are skipped. Raises CorruptError.
    """
    for line, data in objects(path):
        yield article(data, line=line, where=f"{path}:{line}")


def objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and JSON objects. Raises CorruptError."""
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if raw.strip():
                yield line, _object(raw, f"{path}:{line}")


def article(data: Mapping[str, Any], *, line: int, where: str) -> Article:
    """One object as an Article; `where` names it in errors. Raises CorruptError."""
    texts = {name: _string(data, name, where) for name in _FIELDS}
    if not texts["title"].strip() and not texts["text"].strip():
        raise CorruptError(f"{where}: neither title nor text: write at least one")
    item = within_limits(
        Item(
            guid=_id(data, where),
            link=texts["url"],
            title=texts["title"],
            content=texts["text"],
            author=texts["author"],
            tags=_tags(data, where),
            published=_moment(data, "published", where),
            updated=_moment(data, "updated", where),
            lang=language(texts["lang"]),
            plain=data.get("plain") is True,
        )
    )
    guid = item.guid or made_guid(item)
    rest = {name: value for name, value in data.items() if name not in (*_FIELDS, *_MORE)}
    item = replace(item, guid=guid)
    return Article(line, guid, texts["source"], item, texts["feed"], texts["publisher"], rest)


def _object(raw: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CorruptError(f"{where}: byte {error.start + 1} is not UTF-8: save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"{where}: not JSON ({error}): write one object a line") from error
    if not isinstance(data, dict):
        raise CorruptError(f"{where}: a {type(data).__name__}, not an object: write one {{…}} a line")
    return data


def _id(data: Mapping[str, Any], where: str) -> str:
    value = data.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise CorruptError(f"{where}: id is a {type(value).__name__}: write a string or a number")
    return "" if value is None else str(value)


def _string(data: Mapping[str, Any], name: str, where: str) -> str:
    value = data.get(name)
    if not isinstance(value, str | None):
        raise CorruptError(f"{where}: {name} is a {type(value).__name__}: write a string, or leave it out")
    return value or ""


def _tags(data: Mapping[str, Any], where: str) -> tuple[str, ...]:
    value = data.get("tags") or []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise CorruptError(f"{where}: tags is no list of strings: write one, or leave it out")
    return tuple(value)


def _moment(data: Mapping[str, Any], name: str, where: str) -> datetime | None:
    text = _string(data, name, where)
    date = moment(text)
    if text and date is None:
        raise CorruptError(f"{where}: {name} {text!r} is no date: write ISO 8601 (2026-05-20T07:30:00Z) or null")
    if date and date < EARLIEST:
        raise CorruptError(f"{where}: {name} {text!r} is before the year {EARLIEST.year}: write the true date or null")
    return date
