"""Article page → the full text of an entry. Pure. The only file that knows trafilatura.

An error is usual (a consent wall, a login, a page of pictures), and means: the excerpt is all there is.
"""

import logging
import re
import warnings
from dataclasses import replace

from aggregator.errors import DocumentError
from aggregator.model import Entry
from aggregator.text.characters import paragraphs

MAX_PAGE = 4 * 2**20  # characters; what is longer is a listing, and extraction is not linear
MAX_TEXT = 256 * 1024  # characters kept
_HTML = re.compile(r"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.DOTALL)
_WORD = re.compile(r"\w{4,}")
_COMPARED = 60  # words of title and excerpt looked for in the page
_COMMON = 3  # one in so many must be there


def complete(entry: Entry, page: str, *, content_type: str = "") -> Entry:
    """The entry with `fulltext` from its article page, as HTML text. Raises DocumentError saying why there is none."""
    if len(page) > MAX_PAGE:
        raise DocumentError("the page is too large")
    if "html" not in content_type.lower() and (content_type or not _HTML.match(page[:4096])):
        raise DocumentError("the page is not HTML")
    fulltext = paragraphs(_extracted(page))[:MAX_TEXT]
    headline, _, rest = fulltext.partition("\n")
    if headline.casefold() == entry.title.casefold():
        fulltext = rest
    if len(fulltext) <= len(entry.text):
        raise DocumentError("the page tells no more than the feed")
    if not _about(entry, fulltext):
        raise DocumentError("the page is about something else")
    return replace(entry, fulltext=fulltext)


def _extracted(page: str) -> str:
    """Imported with the first page: it costs a worker a second and 40 MiB, and most installations never need it."""
    with warnings.catch_warnings(action="ignore"):  # it looks for proxies of its own, which are never used
        from trafilatura import extract  # noqa: PLC0415
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # its complaints are about pages, not about us
    return extract(page, include_comments=False, include_tables=False) or ""


def _about(entry: Entry, fulltext: str) -> bool:
    """A wall in front of the article is the same text for every entry: some words of the feed must be in it."""
    told = {word.casefold() for word in _WORD.findall(f"{entry.title} {entry.text}"[:2000])[:_COMPARED]}
    there = fulltext.casefold()
    return sum(word in there for word in told) * _COMMON >= len(told)
