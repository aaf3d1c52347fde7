"""Text ─► the root element and what follows it. Pure; reads each character once.

Everything before the root is dropped: XML declaration, DOCTYPE with its entities (billion laughs, CVE-2024-8176),
processing instructions, comments, and the warnings that broken servers print above a feed.
"""

import re
from dataclasses import dataclass

_SPACE = re.compile(r"[\s\ufeff]*")
_TAG = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(?=[\s/>])")
_FEED_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(rss|feed|RDF|opml)(?=[\s/>])")
_SUBSET_END = re.compile(r"\]\s*>")
_DOCTYPE = re.compile(r"<![^[>]{0,200}")
_JUNK = 65_536  # characters of foreign text in which a root is looked for
_WRAPPED = 2_048  # characters of an HTML page in which a feed may begin: some publish one inside <html><body>


@dataclass(frozen=True, slots=True)
class Root:
    """`text` begins with the root's `<`; `name` is its local name. Both are empty where there is no element."""

    name: str = ""
    text: str = ""
    doctype: str = ""  # the declaration up to its first bracket: old Netscape feeds are known by it


def find(text: str) -> Root:
    """The root element, wherever it starts."""
    at, doctype = 0, ""
    while True:
        at = _end(_SPACE, text, at)
        if text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at)
        elif text.startswith("<!", at):
            doctype = doctype or _DOCTYPE.findall(text, at, at + 220)[0]
            at = _after_declaration(text, at)
        else:
            return _root(text, at, doctype)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _after(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    return end + len(mark) if end >= 0 else len(text)


def _after_declaration(text: str, at: int) -> int:
    """Behind `<!DOCTYPE … [ … ] >`. A `]>` inside an entity's value ends it early; the rest is then junk to skip."""
    close = _after(text, ">", at)
    if text.find("[", at, close) < 0:
        return close
    end = _SUBSET_END.search(text, at)
    return end.end() if end else len(text)


def _root(text: str, at: int, doctype: str) -> Root:
    tag = _TAG.match(text, at)
    if tag is None or tag[2].lower() in ("br", "b", "p", "script"):  # a server's warning above the feed
        found = _FEED_ROOT.search(text, at, at + _JUNK)
        tag = _TAG.match(text, found.start()) if found else tag
    if tag is None:
        return Root(doctype=doctype)
    if tag[2].lower() == "html" and (inner := _FEED_ROOT.search(text, at, at + _WRAPPED)):
        end = text.rfind("</" + inner[0][1:])
        return Root(inner[1], text[inner.start() : _after(text, ">", end) if end > 0 else len(text)], doctype)
    return Root(tag[2], text[tag.start() :], doctype)
