"""An HTML page ─► addresses where its feeds may be. Pure, linear; nothing is fetched here.

Links first (https://blog.whatwg.org/feed-autodiscovery), in the order of the page; then the common paths.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from aggregator.parse.encoding import decode
from aggregator.parse.limits import LINK, TITLE, scrub

_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/json",
    "application/xml",
    "text/xml",
}
_COMMON = ("feed", "rss", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json", "feeds/posts/default")
_LONGEST_PAGE = 2**20  # characters; links stand in the head
# Bounded, so that a page of nothing but "<link" costs no more than its length
_TAG = re.compile(r"<(link|base)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([A-Za-z-]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """Where a feed may be. `guessed`: a common path, not named by the page."""

    url: str
    title: str = ""
    guessed: bool = False


def candidates(page: bytes, base_url: str, *, content_type: str = "") -> list[FeedLink]:
    """Best first, every address once, http and https only."""
    text = _without_comments(decode(page, content_type).text[:_LONGEST_PAGE])
    found: dict[str, FeedLink] = {}
    for link in (*_links(text, base_url), *_common(base_url)):
        if len(link.url) <= LINK and urlsplit(link.url).scheme in ("http", "https"):
            found.setdefault(link.url, link)
    return list(found.values())


def _links(text: str, base: str) -> Iterator[FeedLink]:
    for tag in _TAG.finditer(text):
        attributes = {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag[2])}
        target = _joined(base, attributes.get("href", "").strip())
        if tag[1].lower() == "base":
            base = target or base
        elif target and _is_feed(attributes):
            yield FeedLink(target, scrub(" ".join(attributes.get("title", "").split()), TITLE))


def _is_feed(attributes: dict[str, str]) -> bool:
    relations = attributes.get("rel", "").lower().split()
    kind = attributes.get("type", "").lower().split(";")[0].strip()
    return "feed" in relations or ("alternate" in relations and kind in _TYPES)


def _common(base: str) -> Iterator[FeedLink]:
    """Beside the page, then at the root of its site."""
    for folder in ("./", "/"):
        for path in _COMMON:
            if url := _joined(base, folder + path):
                yield FeedLink(url, guessed=True)


def _joined(base: str, url: str) -> str:
    try:
        joined = urljoin(base, url) if url else ""
        urlsplit(joined)
    except ValueError:
        return ""
    return joined


def _without_comments(text: str) -> str:
    pieces, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        pieces.append(text[at:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(pieces)
        at = end + 3
    return "".join([*pieces, text[at:]])
