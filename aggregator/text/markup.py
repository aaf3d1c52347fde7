"""HTML or text of unknown origin → plain text and cleaned HTML. Pure. The only file that knows nh3.

The cleaned HTML is well formed and has few tags, so the plain text is read off it with expressions instead of a second
parse. nh3 (ammonia) is asked only when there is markup: most excerpts have none.
"""

import re
from html import escape
from itertools import accumulate
from operator import sub

import nh3

from aggregator.text.characters import entities, paragraphs, scrub
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
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_SILENT),
    attributes={"a": {"href"}, "*": set()},
    url_schemes={"http", "https"},  # and relative ones, which are resolved afterwards
    link_rel="noopener nofollow",
)
_LINK = re.compile(r'<a href="([^"]*)"')  # as nh3 writes it; `<` in text is escaped by then

# Tags that nest: not the void ones, nor those that close themselves when the next one opens.
_FLAT = "area base br col dd dt embed hr img input li link meta option p param source td th tr track wbr"
_NESTING = re.compile(rf"<(/?)(?!(?:{'|'.join(_FLAT.split())})\b)[a-z]", re.IGNORECASE)

_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_BLOCK = re.compile(rf"</?(?:{'|'.join(_BLOCKS.split())})(?:\s[^<>]*)?/?>")
_CELL = re.compile(rf"</?(?:{'|'.join(_CELLS.split())})(?:\s[^<>]*)?>")
_ANY = re.compile(r"<[^<>]*>")
_CUT_TAG = re.compile(r"</?[a-zA-Z0-9]*\s*$")  # an excerpt that ends in mid-tag
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
    source = _CUT_TAG.sub("", _CDATA.sub("", scrub(source[:MAX_MARKUP])))
    cleaned = scrub(_CLEANER.clean(_flat(source)))
    if "<a h" in cleaned:
        cleaned = _LINK.sub(lambda link: _anchor(web_link(link[1], base)), cleaned)
    removed = 1
    while removed:
        cleaned, removed = _EMPTY.subn("", cleaned)
    return cleaned.strip()


def _anchor(address: str) -> str:
    return f'<a href="{escape(address)}"' if address else "<a"


def plain(html: str) -> str:
    """Cleaned HTML → text with a newline between blocks."""
    if "<pre>" in html:
        html = _PRE.sub(lambda match: match[0].replace("\n", "<br>"), html)
    text = _BLOCK.sub("\n", html.replace("\n", " "))
    if "<t" in text:
        text = _CELL.sub(" ", text)
    return entities(_ANY.sub("", text) if "<" in text else text)


def _flat(source: str) -> str:
    """The source, or its bare text when it nests deeper than any prose: nh3 would take seconds for it."""
    if source.count("<") <= MAX_DEPTH:
        return source
    depths = list(accumulate(-1 if closing else 1 for closing in _NESTING.findall(source)))
    deepest = max(map(sub, depths, accumulate(depths, min)), default=0)
    return source if deepest < MAX_DEPTH else _ANY.sub(" ", source)
