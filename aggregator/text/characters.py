"""Any string → characters fit to store, show and compare. Pure and idempotent.

Removed: control characters, bidi controls, zero-width and other invisible characters, lone surrogates, tag characters
(they hide text from people, not from programs). Kept: the joiners Arabic, Indic scripts and emoji are spelled with.
"""

import re
import sys
import unicodedata
from html import unescape

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\v\f"
_BREAKS = "\r\u0085\u2028\u2029"
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\ufffe\uffff"
_MISREAD = bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")  # C1 controls are windows-1252 taken for Latin-1


def _table() -> dict[int, str]:
    gone = (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))
    table = dict.fromkeys((*gone, *range(0x206A, 0x2070)), "")
    table |= dict.fromkeys(map(ord, _BIDI + _INVISIBLE), "")
    table |= {char.encode("cp1252")[0]: char for char in _MISREAD}
    table |= dict.fromkeys(map(ord, _SPACES), " ")
    return table | dict.fromkeys(map(ord, _BREAKS + "\n"), "\n")


_TABLE = _table()
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc\u2600-\u27bf\ufe0f"
_JOINER = re.compile(f"(?<![{_JOINED}\U0001f000-\U0001faff])[\u200c\u200d]")
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ROUNDS = 3  # of unescaping; the run of amp; above counts as one


def scrub(text: str) -> str:
    """Drop what must not be there, unify spaces and line breaks (all become U+0020 and U+000A), compose (NFC)."""
    if not text.replace("\n", "").isprintable():  # false for everything in the table, and for the joiners
        text = _JOINER.sub("", text.replace("\r\n", "\n").translate(_TABLE))
    return unicodedata.normalize("NFC", text)


def entities(text: str) -> str:
    """Character references → characters, those escaped twice or thrice included; `&copy=` in an address stays."""
    for _ in range(_ROUNDS):
        if "&" not in text or not _ENTITY.search(text):
            break
        text = _ENTITY.sub(_character, text)
    return text


def _character(match: re.Match[str]) -> str:
    name = match[1]
    reference = f"&{name};"
    if name[0] == "#":
        code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        return unescape(reference) if code <= sys.maxunicode else ""
    return unescape(reference)


def paragraphs(text: str) -> str:
    """Scrubbed text with runs of spaces collapsed, lines trimmed and empty lines dropped."""
    lines = (" ".join(line.split()) for line in scrub(text).split("\n"))
    return "\n".join(line for line in lines if line)


def line(text: str) -> str:
    """Scrubbed text on one line."""
    return " ".join(scrub(text).split())
