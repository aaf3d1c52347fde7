"""Python values ↔ what SQLite can hold: fixed-width UTC text for moments, encodable text, JSON for small lists."""

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import overload

LARGEST_INTEGER = 2**63 - 1


@overload
def to_text(moment: datetime) -> str: ...
@overload
def to_text(moment: None) -> None: ...
def to_text(moment: datetime | None) -> str | None:
    """``2026-06-08T04:24:52.899000Z``: 27 characters, so that text order is time order. ValueError when naive."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {moment!r}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


@overload
def to_moment(text: str) -> datetime: ...
@overload
def to_moment(text: None) -> None: ...
def to_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def clean(text: str) -> str:
    """The same text where SQLite can hold it: NUL (cuts length()) and lone surrogates (raise) become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def clean_all(texts: Collection[str]) -> Collection[str]:
    """Each of them clean; the same object when there is nothing to clean."""
    joined = "".join(texts)
    return texts if clean(joined) == joined else [clean(text) for text in texts]


def clean_or_none(text: str | None) -> str | None:
    return None if text is None else clean(text)


def clamp(number: int) -> int:
    """Integers of the user's or the world's making; SQLite holds 64 bits."""
    return max(-LARGEST_INTEGER, min(number, LARGEST_INTEGER))


def to_json(values: Iterable[str | int]) -> str:
    return clean(json.dumps(list(values), ensure_ascii=False))


def strings(text: str) -> tuple[str, ...]:
    """A JSON array of strings, as `to_json` wrote it."""
    return tuple(json.loads(text)) if text != "[]" else ()
