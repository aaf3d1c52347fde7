"""feedparser's entry ─► Item. Pure; the only place that knows feedparser's field names.

Fields are read with `dict.get`: feedparser's own `get` maps names that we keep apart.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from time import struct_time
from typing import Any

from aggregator.model import Item
from aggregator.parse.limits import within_limits

_LANG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_PLAIN = "text/plain"


def item(entry: dict[str, Any], *, declared: bool) -> Item:
    """`declared`: the dialect says of each text whether it is markup (Atom); elsewhere feedparser guessed."""
    title = dict.get(entry, "title_detail") or {}
    contents = [detail for detail in _contents(entry) if detail.get("value")]
    texts = [_text(detail, declared) for detail in contents]
    # the detail may be that of a deeper element (media:description): only its type is taken
    kind = (dict.get(entry, "summary_detail") or {}).get("type")
    summary = _text({"value": _string(entry, "summary"), "type": kind}, declared)
    content = max([*texts, summary], key=len)
    updated = moment(dict.get(entry, "updated_parsed"))
    return within_limits(
        Item(
            guid=_string(entry, "id"),
            link=_string(entry, "feedburner_origlink") or _string(entry, "link"),
            title=_string(entry, "title"),
            summary="" if summary == content else summary,
            content=content,
            author=_author(entry),
            tags=tuple(_tags(entry)),
            published=moment(dict.get(entry, "published_parsed"))
            or moment(dict.get(entry, "created_parsed"))
            or updated,
            updated=updated,
            lang=_lang(entry, [*contents, title]),
            title_is_html=title.get("type", _PLAIN) != _PLAIN,
        )
    )


def moment(value: struct_time | None) -> datetime | None:
    """feedparser's UTC tuple, which may name the years -1, 0 or 10000 and second 61."""
    if value is None:
        return None
    try:
        return datetime(*value[:5], min(value[5], 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def language(text: str) -> str:
    """The tag if it looks like one, else empty."""
    found = _LANG.fullmatch(text.strip())
    return found[0].replace("_", "-") if found else ""


def _contents(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Texts only: Atom content may also be an image in base64."""
    details = dict.get(entry, "content") or []
    return [d for d in details if str(d.get("type", "")).startswith("text/") or str(d.get("type", "")).endswith("xml")]


def _text(detail: Mapping[str, Any], declared: bool) -> str:
    """Safe to read as HTML: text that is declared to be no markup has its `<` escaped."""
    value = str(detail.get("value") or "")
    return html.escape(value, quote=False) if declared and detail.get("type") == _PLAIN else value


def _string(entry: dict[str, Any], name: str) -> str:
    value = dict.get(entry, name)
    return value if isinstance(value, str) else ""


def _author(entry: dict[str, Any]) -> str:
    """Names rather than addresses, all of them."""
    names = [str(author["name"]) for author in dict.get(entry, "authors") or [] if author.get("name")]
    return ", ".join(dict.fromkeys(names)) if len(names) > 1 else _name(_string(entry, "author").strip())


def _name(author: str) -> str:
    """The name in `mail (name)`, `name (mail)` or `name <mail>`: feedparser knows no domain of five letters or more."""
    before, bracket, within = author.rstrip(")>").partition(" <" if author.endswith(">") else " (")
    if not bracket or "@" not in before + within:
        return author
    return within if "@" in before else before


def _tags(entry: dict[str, Any]) -> Iterator[str]:
    for tag in dict.get(entry, "tags") or []:
        yield str(tag.get("term") or tag.get("label") or "")


def _lang(entry: dict[str, Any], details: list[Mapping[str, Any]]) -> str:
    said = [_string(entry, "language"), *(str(detail.get("language") or "") for detail in details)]
    return next((tag for tag in map(language, said) if tag), "")
