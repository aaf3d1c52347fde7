"""OPML 2.0 ─► Feeds and back. Folders are tags. Pure; strangers' files are read in a worker.

http://opml.org/spec2.opml. A feed is written once, inside the folder of its first tag, which is what other readers
look at, with all its tags in `category`.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import listparser

from aggregator.errors import CorruptError
from aggregator.model import Feed
from aggregator.parse import encoding, prologue
from aggregator.parse.limits import AUTHOR, LINK, MAX_TAGS, TITLE, scrub

_ESCAPED = re.compile("%(2C|2F|25)")
_WHITE = re.compile(r"\s+")


def read(data: bytes) -> list[Feed]:
    """Every feed once, in the order of the file. Raises CorruptError with one line."""
    root = prologue.find(encoding.decode(data).text)
    if root.name.lower() != "opml":
        raise CorruptError(f"not OPML: the root element is <{root.name[:40]}>" if root.name else "not OPML")
    try:
        # references for all but ASCII: listparser with lxml would take UTF-8 for Latin-1
        found = listparser.parse(root.text.encode("ascii", "xmlcharrefreplace"))
    except (AssertionError, ValueError, IndexError, AttributeError) as error:  # html.parser on damaged markup
        raise CorruptError(f"not readable as OPML: {type(error).__name__}") from error
    return [_feed(one) for one in found["feeds"] if one["url"].startswith(("http://", "https://"))]


def write(feeds: Iterable[Feed], *, title: str = "Feeds") -> str:
    """An OPML document; `read` gives the same URLs, titles and tags back, grouped by first tag."""
    folders: dict[str, list[Feed]] = {}
    for feed in feeds:
        folders.setdefault(feed.tags[0] if feed.tags else "", []).append(feed)
    body = "\n".join(line for name, members in folders.items() for line in _folder(name, members))
    head = f"  <head><title>{_text(title)}</title></head>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n{head}\n  <body>\n{body}\n  </body>\n</opml>\n'
    )


def _feed(found: dict[str, object]) -> Feed:
    url = scrub(str(found["url"]), LINK)
    title = scrub(_WHITE.sub(" ", str(found["title"])).strip(), TITLE)
    paths = found["categories"]
    names = [name for path in paths for name in path] if isinstance(paths, list) else []
    tags = dict.fromkeys(tag for name in names if (tag := scrub(_unescaped(str(name)), AUTHOR)))
    return Feed(url=url, title="" if title == url else title, tags=tuple(tags)[:MAX_TAGS])


def _folder(name: str, members: list[Feed]) -> Iterator[str]:
    if not name:
        yield from (f"    {_outline(feed)}" for feed in members)
        return
    yield f"    <outline text={_attribute(name)}>"
    yield from (f"      {_outline(feed)}" for feed in members)
    yield "    </outline>"


def _outline(feed: Feed) -> str:
    title = _attribute(feed.title or feed.url)
    category = f" category={_attribute(','.join(map(_escaped, feed.tags)))}" if feed.tags else ""
    return f'<outline type="rss" text={title} title={title} xmlUrl={_attribute(feed.url)}{category}/>'


def _attribute(value: str) -> str:
    return quoteattr(scrub(value, LINK))


def _text(value: str) -> str:
    return _attribute(value)[1:-1]


def _escaped(tag: str) -> str:
    """`category` separates by comma and slash and knows no escape of its own."""
    return "".join(quote(character, safe="") if character in ",/%" else character for character in tag)


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
