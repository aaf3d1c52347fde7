"""A well-formed document ─► the same document without the items that are known by hash. Pure, linear.

An item's hash covers the item's bytes and everything that could change their meaning: the rest of the document (but
its own dates and the list of items in RSS 1.0, which change with every item and mean nothing to the others), the
base URL and the recipe. Where a document is not regular enough to be cut by byte ranges, or not well formed, it is
parsed whole and the items are hashed as they came out.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

import feedparser
import xxhash

from aggregator.model import Item
from aggregator.parse.limits import MAX_ITEMS

_RECIPE = f"1 feedparser {feedparser.__version__}"  # raise the number when an Item comes out differently
_MARK = re.compile(rb"<!\[CDATA\[|<!--|<\?|<(/?)(?:item|entry)(?=[\s/>])|<(?:guid|id)(?=[\s>])")
_START, _END, _ID = "start", "end", "id"
_JUMPS = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<?": b"?>"}
_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_CHANGING = re.compile(rb"<(lastBuildDate|pubDate|updated|modified|dc:date|items)(?=[\s>])[^>]*>")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left to parse."""

    data: bytes
    count: int  # items in it
    skipped: int  # items left out because they are known


@dataclass(frozen=True, slots=True)
class Cut:
    """A document and the byte ranges of its items; without ranges it cannot be cut."""

    data: bytes
    outside: bytes
    context: str
    spans: tuple[tuple[int, int], ...] = ()
    hashes: tuple[str, ...] = ()
    dropped: int = 0  # items beyond the cap

    def without(self, known: AbstractSet[str]) -> Kept:
        """The document without these items and without those beyond the cap."""
        if not self.spans:
            return Kept(self.data, 0, 0)
        chosen = [span for span, digest in zip(self.spans, self.hashes, strict=True) if digest not in known]
        skipped = len(self.spans) - len(chosen)
        if not skipped and not self.dropped:
            return Kept(self.data, len(chosen), 0)
        first = self.spans[0][0]
        body = b"".join(self.data[start:end] for start, end in chosen)
        return Kept(self.outside[:first] + body + self.outside[first:], len(chosen), skipped)


def cut(data: bytes, *, context: str) -> Cut:
    """`context` is whatever else an item's meaning depends on."""
    spans = _spans(data)
    if not spans:
        return Cut(data, data, context)
    outside = b"".join(_outside(data, spans))
    capped = spans[:MAX_ITEMS]
    seed = _seed(context, _without_changing(outside))
    hashes = tuple(xxhash.xxh3_64_hexdigest(data[start:end], seed) for start, end in capped)
    return Cut(data, outside, context, tuple(capped), hashes, len(spans) - len(capped))


def fresh(
    items: tuple[Item, ...], cut: Cut, *, known: AbstractSet[str], by_bytes: bool
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The unknown items and the hashes of all. Not `by_bytes`: hash the items as they came out of the parser."""
    if by_bytes:
        return items, cut.hashes
    return unknown(items, [repr(item) for item in items], context=cut.context, known=known)


def unknown(
    items: tuple[Item, ...], sources: Sequence[str], *, context: str, known: AbstractSet[str]
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The items whose source is not known by hash, and the hashes of all."""
    seed = _seed(context, b"")
    hashes = tuple(xxhash.xxh3_64_hexdigest(source.encode("utf-8", "replace"), seed) for source in sources)
    return tuple(item for item, digest in zip(items, hashes, strict=True) if digest not in known), hashes


def _seed(context: str, outside: bytes) -> int:
    return xxhash.xxh3_64_intdigest(b"\0".join((_RECIPE.encode(), context.encode("utf-8", "replace"), outside)))


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Byte ranges of the items; none where anything is out of the ordinary.

    Two items under one guid are: they have to be seen together to be told apart.
    """
    if not _ROOT.match(data):
        return []
    spans, start = [], None
    guids: dict[bytes, int] = {}  # to the item that bears it
    for kind, at, end in _tags(data):
        if kind is _ID:
            guid = data[end : data.find(b"<", end)].strip()
            if start is not None and guids.setdefault(guid, start) != start:
                return []
        elif (kind is _END) == (start is None):  # one inside another, or an end without a beginning
            return []
        elif kind is _END:
            spans.append((start or 0, end))
            start = None
        elif data[end - 2 : end] == b"/>":
            return []
        else:
            start = at
    return spans if start is None else []


def _tags(data: bytes) -> Iterator[tuple[str, int, int]]:
    """The tags of items and guids outside CDATA, comments and processing instructions: kind, start, end."""
    at = 0
    while found := _MARK.search(data, at):
        if jump := _JUMPS.get(found[0]):
            at = data.find(jump, found.end())
        elif (at := data.find(b">", found.end()) + 1) > 0:
            yield _ID if found[1] is None else _END if found[1] else _START, found.start(), at
        if at <= 0:
            yield _START, found.start(), found.end()  # never closed: a beginning without an end
            return


def _outside(data: bytes, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    """What stands before, between and behind the items, without the white space between them."""
    yield data[: spans[0][0]]
    for (_, end), (start, _) in pairwise(spans):
        yield data[end:start].strip()
    yield data[spans[-1][1] :]


def _without_changing(outside: bytes) -> bytes:
    pieces, at = [], 0
    for found in _CHANGING.finditer(outside):
        end = outside.find(b"</" + found[1], found.end())
        if found.start() >= at and end >= 0:
            pieces.append(outside[at : found.end()])
            at = end
    return b"".join([*pieces, outside[at:]])
