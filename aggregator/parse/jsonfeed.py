"""JSON Feed 1.0 and 1.1 ─► Document. Pure. https://www.jsonfeed.org/version/1.1/

Wrong types are the rule in the field: what is no string where one is expected counts as missing; a number as an id
is taken as its digits.
"""

import html
import json
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from aggregator.errors import DocumentError
from aggregator.model import Document, Item
from aggregator.parse import items
from aggregator.parse.entries import language
from aggregator.parse.identity import identify
from aggregator.parse.limits import LINK, MAX_ITEMS, TITLE, scrub, within_limits


def document(body: bytes, *, base: str, known: AbstractSet[str]) -> Document:
    """`body` without byte order mark. Raises DocumentError."""
    data = _object(body)
    version = _string(data, "version")
    raw = [one for one in _list(data, "items") if isinstance(one, dict)]
    if "jsonfeed.org/version/" not in version and not (raw and "title" in data):
        raise DocumentError("not a feed: JSON, but no JSON Feed")
    lang = language(_string(data, "language"))
    found = identify(_item(one, data, base) for one in raw[:MAX_ITEMS])
    fresh, hashes = items.unknown(found, [repr(one) for one in found], context=base, known=known)
    return Document(
        title=scrub(_string(data, "title"), TITLE),
        items=fresh,
        dialect="json10" if version.rstrip("/").endswith("/1") else "json11",
        site_url=scrub(_resolved(base, _string(data, "home_page_url")), LINK),
        lang=lang,
        malformed="" if "jsonfeed.org/version/" in version else "no version",
        dropped=max(0, len(raw) - MAX_ITEMS),
        item_hashes=hashes,
    )


def moment(text: str) -> datetime | None:
    """RFC 3339; without an offset it is taken as UTC."""
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not a feed: broken JSON ({str(error)[:100]})") from error
    if not isinstance(data, dict):
        raise DocumentError("not a feed: JSON, but no JSON Feed")
    return data


def _item(raw: dict[str, Any], feed: dict[str, Any], base: str) -> Item:
    markup = _string(raw, "content_html")
    content = markup or html.escape(_string(raw, "content_text"), quote=False)
    summary = html.escape(_string(raw, "summary"), quote=False)
    published, updated = moment(_string(raw, "date_published")), moment(_string(raw, "date_modified"))
    longest = max(content, summary, key=len)
    return within_limits(
        Item(
            guid=_string(raw, "id"),
            link=_resolved(base, _string(raw, "url") or _string(raw, "external_url")),
            title=_string(raw, "title"),
            summary="" if summary == longest else summary,
            content=longest,
            author=_authors(raw) or _authors(feed),
            tags=tuple(tag for tag in _list(raw, "tags") if isinstance(tag, str)),
            published=published or updated,
            updated=updated,
            lang=language(_string(raw, "language")),
        )
    )


def _authors(data: dict[str, Any]) -> str:
    """`authors` of 1.1, else `author` of 1.0."""
    people = [*_list(data, "authors"), data.get("author")]
    names = [_string(person, "name") if isinstance(person, dict) else person for person in people]
    return ", ".join(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _resolved(base: str, url: str) -> str:
    try:
        return urljoin(base, url.strip()) if url.strip() else ""
    except ValueError:
        return ""


def _string(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _list(data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else []
