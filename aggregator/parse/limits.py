"""Item as read ─► Item within limits: no control or bidi characters, nothing longer than its cap. Pure."""

import re
from dataclasses import replace

from aggregator.model import Item

MAX_ITEMS = 1000
MAX_TAGS = 50
TITLE, LINK, CONTENT, AUTHOR, TAG, GUID = 1024, 4096, 256 * 1024, 256, 256, 1024  # bytes of UTF-8

# Controls but tab and line ends, C1, bidi overrides, embeddings and isolates (LRM and RLM are spelling in Hebrew and
# Arabic), surrogates, noncharacters: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_C0 = bytes([*range(9), 11, 12, *range(14, 32), 127])


def without_controls(document: bytes) -> bytes:
    """A UTF-8 document without the control characters at which an XML parser gives up."""
    return document.translate(None, _C0)


def scrub(text: str, limit: int) -> str:
    """Text without unwanted characters, cut to `limit` bytes of UTF-8 between characters."""
    if text.isascii():  # five times faster than the expression, and most texts are
        return text.encode().translate(None, _C0)[:limit].decode()
    text = _UNWANTED.sub("", text)
    if len(text) * 4 <= limit:
        return text
    return text[:limit].encode()[:limit].decode("utf-8", "ignore")


def within_limits(item: Item) -> Item:
    """A link or guid that is too long is no link or guid: half of it would mean something else."""
    link = scrub(item.link.strip(), LINK + 1)
    guid = scrub(item.guid.strip(), GUID + 1)
    tags = dict.fromkeys(tag for tag in (scrub(tag.strip(), TAG) for tag in item.tags) if tag)
    return replace(
        item,
        guid=guid if len(guid.encode()) <= GUID else "",
        link=link if len(link.encode()) <= LINK else "",
        title=scrub(item.title, TITLE),
        summary=scrub(item.summary, CONTENT),
        content=scrub(item.content, CONTENT),
        author=scrub(item.author.strip(), AUTHOR),
        tags=tuple(tags)[:MAX_TAGS],
    )
