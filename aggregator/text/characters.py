"""Any string → characters fit to store, show and compare. Pure and idempotent.

Removed: control characters, bidi controls, zero-width and other invisible characters, lone surrogates, tag characters
(they hide text from people, not from programs). Kept: the joiners Arabic, Indic scripts and emoji are spelled with.
"""

import re
import sys
import unicodedata
from html import unescape

_DIRTY = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2064"
    "\u2066-\u206f\u3000\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
# What becomes of them; of those not named here, nothing.
_INSTEAD = dict.fromkeys("\t\v\f\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " ")
_INSTEAD |= dict.fromkeys("\r\u2028\u2029", "\n")
# C1 controls are windows-1252 taken for Latin-1 (as HTML reads their character references).
_INSTEAD |= {
    char.encode("cp1252").decode("latin-1"): char for char in bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
}
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc\u2600-\u27bf\ufe0f"
_JOINER = re.compile(f"(?<![{_JOINED}\U0001f000-\U0001faff])[\u200c\u200d]")
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ROUNDS = 3  # of unescaping; the run of amp; above counts as one


def scrub(text: str) -> str:
    """Drop what must not be there, unify spaces and line breaks (all become U+0020 and U+000A), compose (NFC)."""
    if not text.replace("\n", "").isprintable():  # false for all that is dirty, and for the joiners
        text = _DIRTY.sub(lambda found: _INSTEAD.get(found[0], ""), text.replace("\r\n", "\n"))
        text = _JOINER.sub("", text)
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
