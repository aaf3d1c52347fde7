"""HTML or text of unknown origin → plain text and cleaned HTML. Pure. The only file that knows nh3.

The cleaned HTML is well formed and has few tags, so the plain text is read off it with expressions instead of a second
parse. nh3 (ammonia) is asked only when there is markup: most excerpts have none.
"""

import re
from collections.abc import Callable
from functools import lru_cache

import nh3

from aggregator.text.characters import entities, paragraphs
from aggregator.text.links import web_link

MAX_MARKUP = 64 * 1024  # characters handed to nh3, whose time is quadratic in the depth of nesting
MAX_DEPTH = 256  # tags open at once; deeper markup is not prose

_INLINE = "a abbr b cite code del dfn em i ins kbd mark q s samp small strong sub sup u var"
_BLOCKS = "blockquote br caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre ul table thead tbody tfoot tr"
_CELLS = "td th"
_TAGS = frozenset(f"{_INLINE} {_BLOCKS} {_CELLS}".split())
_SILENT = frozenset(
    "script style iframe object embed svg math template noscript textarea select button form audio video canvas title "
    "figcaption".split()
)
_KNOWN = "|".join(
    sorted(_TAGS | _SILENT | frozenset("img span font figure section article html body center nobr".split()))
)

_MARKUP = re.compile(rf"</?(?:{_KNOWN})(?=[\s/>])|<!--|<!\[CDATA\[|<(?:br|hr)$", re.IGNORECASE)
_CODE = re.compile(r"<(?:code|pre|samp|kbd)\b", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%_-]{200,}")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b([^<>]*)>")
_VOID = frozenset("br hr img input meta link wbr source area base col embed param track".split())

_SPACE = re.compile(r"\s+")
_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_BLOCK = re.compile(rf"</?(?:{'|'.join(_BLOCKS.split())})(?:\s[^<>]*)?/?>")
_CELL = re.compile(rf"</?(?:{'|'.join(_CELLS.split())})(?:\s[^<>]*)?>")
_ANY = re.compile(r"<[^<>]*>")
_CUT_TAG = re.compile(r"</?[a-zA-Z0-9]*\s*$")  # an excerpt that ends in mid-tag
_NESTED_EMPTINESS = 3  # levels of empty blocks removed
_EMPTY = re.compile(r"<(p|div|li|ul|ol|blockquote|h[1-6]|strong|em|b|i)>\s*(?:<br>\s*)*</\1>")


def has_markup(text: str) -> bool:
    return "<" in text and _MARKUP.search(text) is not None


def read(source: str, base: str) -> tuple[str, str]:
    """(plain text, cleaned HTML) of what a feed calls content; the HTML is empty where there was no markup.

    `base` is the absolute http(s) address relative links are resolved against; empty: they are dropped. Markup that was
    escaped once too often is read as markup, unless the source shows code.
    """
    source = _DATA_URI.sub("", source)[:MAX_MARKUP] if len(source) > MAX_MARKUP else source
    html = ""
    if has_markup(source):
        html = tidy(source, base)
        text = plain(html)
        if _CODE.search(source):
            return paragraphs(text), html
    else:
        text = entities(source)
    if has_markup(text):
        inner = tidy(text, base)
        text, html = plain(inner), html or inner
    return paragraphs(text), html


def inline(source: str) -> str:
    """Markup of one line, such as a title's → its text."""
    return plain(tidy(source, "")) if has_markup(source) else entities(source)


def tidy(source: str, base: str) -> str:
    """Markup → the allow-list: text, lists, tables and absolute http(s) links. Reads `MAX_MARKUP` characters."""
    source = _CUT_TAG.sub("", _CDATA.sub("", source[:MAX_MARKUP]))
    cleaned = _cleaner(base if "href" in source else "").clean(_flat(source))
    for _ in range(_NESTED_EMPTINESS):
        cleaned = _EMPTY.sub("", cleaned)
    return cleaned.strip()


def plain(html: str) -> str:
    """Cleaned HTML → text with a newline between blocks."""
    if "<pre>" in html:
        html = _PRE.sub(lambda match: match[0].replace("\n", "<br>"), html)
    text = _SPACE.sub(" ", html)
    text = _BLOCK.sub("\n", text)
    text = _CELL.sub(" ", text)
    return entities(_ANY.sub("", text))


def _flat(source: str) -> str:
    """The source, or its bare text when it nests deeper than any prose: nh3 would take seconds for it."""
    if source.count("<") <= MAX_DEPTH:
        return source
    depth = deepest = 0
    for match in _TAG.finditer(source):
        if match[2].lower() in _VOID or match[3].endswith("/"):
            continue
        depth = max(0, depth + (-1 if match[1] else 1))
        deepest = max(deepest, depth)
    return source if deepest <= MAX_DEPTH else _TAG.sub(" ", source)


@lru_cache(maxsize=256)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_SILENT),
        attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        attribute_filter=_links_against(base),
        url_schemes={"http", "https"},
        link_rel="noopener nofollow",
    )


def _links_against(base: str) -> Callable[[str, str, str], str | None]:
    def keep(_tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return web_link(value, base) or None
        return value if value.isdecimal() and len(value) < 3 else None

    return keep
