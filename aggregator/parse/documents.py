"""Fetched ─► Document. Pure: what a worker process runs on bytes that nobody trusts."""

import io
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from xml.sax import SAXParseException

import feedparser

from aggregator.errors import DocumentError
from aggregator.model import Document, Fetched
from aggregator.parse import encoding, items, jsonfeed, prologue
from aggregator.parse.entries import item, language
from aggregator.parse.hints import hints
from aggregator.parse.identity import identify
from aggregator.parse.limits import AUTHOR, LINK, MAX_ITEMS, TITLE, scrub, without_controls

feedparser.api.PREFERRED_XML_PARSERS = ["aggregator.parse.expat"]
# For every tag feedparser joins the base with itself: a fifth of its time, for the same answer
feedparser.mixin.make_safe_absolute_uri = lru_cache(maxsize=256)(feedparser.mixin.make_safe_absolute_uri)
_read_person = feedparser.mixin._FeedParserMixin._sync_author_detail


def _read_short_person(parser: Any, key: str = "author") -> None:
    """feedparser looks for an address with an expression that takes the square of the text's length: cut it before."""
    context = parser._get_context()
    if isinstance(context.get(key), str):
        context[key] = scrub(context[key], AUTHOR)
    _read_person(parser, key)


feedparser.mixin._FeedParserMixin._sync_author_detail = _read_short_person

_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_NO_FEED = {
    "html": "an HTML page, not a feed: try `aggregator feeds add` with its address",
    "opml": "a list of feeds, not a feed: try `aggregator feeds import`",
    "sitemapindex": "a sitemap, not a feed",
    "urlset": "a sitemap, not a feed",
}


def feed(fetched: Fetched, known: AbstractSet[str] = frozenset()) -> Document:
    """RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed 1.x. Raises DocumentError with one line for people.

    Items whose hash is in `known` (the `item_hashes` of the document before) are left out of `Document.items`, and
    where the document is well formed they are not even parsed.
    """
    body = fetched.body.removeprefix(_BOM).lstrip(_SPACE)
    if not body:
        raise DocumentError("an empty document")
    base = fetched.final_url or fetched.url
    if body.startswith((b"{", b"[")):
        return jsonfeed.document(body, base=base, known=known)
    return _xml(fetched, base, known)


def _xml(fetched: Fetched, base: str, known: AbstractSet[str]) -> Document:
    decoded = encoding.decode(fetched.body, fetched.headers.get("content-type", ""))
    root = prologue.find(decoded.text)
    _refuse_others(root, decoded.text)
    data = without_controls(root.text.encode("utf-8", "replace"))
    lang = language(fetched.headers.get("content-language", ""))
    cut = items.cut(data, context=f"{base} {lang}")
    kept = cut.without(known)
    parsed = _parse(kept.data, base, lang)
    if kept.skipped and not _agrees(parsed, kept):
        kept = cut.without(frozenset())
        parsed = _parse(kept.data, base, lang)
    by_bytes = bool(cut.spans) and _agrees(parsed, kept)
    return _document(parsed, decoded, root, cut, known=known, by_bytes=by_bytes)


def _agrees(parsed: Any, kept: items.Kept) -> bool:
    """Whether the parser saw what the scissors saw."""
    return not parsed["bozo"] and len(parsed["entries"]) == kept.count


def _document(
    parsed: Any,
    decoded: encoding.Decoded,
    root: prologue.Root,
    cut: items.Cut,
    *,
    known: AbstractSet[str],
    by_bytes: bool,
) -> Document:
    dialect = str(parsed["version"] or "")
    if not dialect and not parsed["entries"]:
        raise DocumentError(f"not a feed: its root element is <{root.name[:40]}>")
    if parsed["bozo"] and not parsed["entries"]:
        raise DocumentError(f"malformed, and nothing readable in it: {_reason(parsed)}")
    if dialect == "rss091u" and "netscape" in root.doctype.lower():
        dialect = "rss091n"
    found = [item(entry, declared=dialect.startswith("atom")) for entry in parsed["entries"][:MAX_ITEMS]]
    meta = parsed["feed"]
    broken = _reason(parsed) if parsed["bozo"] else ""
    fresh, hashes = items.fresh(identify(found), cut, known=known, by_bytes=by_bytes)
    return Document(
        title=scrub(str(meta.get("title", "")), TITLE),
        items=fresh,
        dialect=dialect,
        site_url=scrub(str(meta.get("link", "")), LINK),
        lang=language(str(meta.get("language", ""))),
        hints=hints(meta, cut.outside),
        malformed=scrub("; ".join(note for note in (decoded.note, broken) if note), 300),
        dropped=cut.dropped + max(0, len(parsed["entries"]) - MAX_ITEMS),
        item_hashes=hashes,
    )


def _reason(parsed: Any) -> str:
    error = parsed.get("bozo_exception", "")
    if isinstance(error, SAXParseException):
        error = f"line {error.getLineNumber()}, column {error.getColumnNumber()}: {error.getMessage()}"
    return scrub(" ".join(str(error).split()), 200)


def _refuse_others(root: prologue.Root, text: str) -> None:
    name = root.name.lower()
    if reason := _NO_FEED.get(name):
        raise DocumentError(reason)
    if not name:
        start = scrub(" ".join(text[:200].split()), 60)
        raise DocumentError(f"not a feed: it begins with {start!r}" if start else "an empty document")


def _parse(data: bytes, base: str, lang: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8"}
    if urlsplit(base).scheme in ("http", "https"):
        headers["content-location"] = base
    if lang:
        headers["content-language"] = lang
    try:
        return feedparser.parse(
            io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except MemoryError:
        raise
    except Exception as error:  # on 2 in 100 randomly damaged documents, in a dozen ways
        raise DocumentError(f"not readable as a feed: {type(error).__name__} while parsing") from error
