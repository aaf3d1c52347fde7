"""Text → words: (stem, surface, capitalised) in order, by the text's language. Pure.

Letters and digits make words, digits are never dropped (``A24``, ``7.8``, ``189/7``); thousands separators and the
multiplier glued to an amount go (``$75M`` and ``75 million`` share ``75``). Scripts written without spaces are cut
into overlapping pairs of characters, which needs no dictionary (McNamee & Mayfield, 2004, on character n-grams).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import Stemmer

_SPACELESS = (  # Thai and Lao, Burmese, Khmer, kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_TOKEN = re.compile(rf"[{_SPACELESS}]+|\d+(?:[.,:/]\d+)+|[^\W_{_SPACELESS}]+(?:['’][^\W\d_]+)?")
_UNSPACED = re.compile(rf"[{_SPACELESS}]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_AMOUNT = re.compile(r"^(\d+(?:\.\d+)?)(?:k|m|mn|mln|bn|b|tn|st|nd|rd|th|pc|pm|am)$")
_SENTENCE_END = re.compile(r"[.!?…:;\"“”'‘’(\n\-–—|]\s*$")

# https://snowballstem.org/algorithms/ by BCP 47 subtag
_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish", "und": "english",
}  # fmt: skip


class Word(NamedTuple):
    """One word of a text as clustering sees it."""

    stem: str
    surface: str  # in lower case
    capitalised: bool  # where a small letter would have been possible


@lru_cache(maxsize=64)
def _stemmer(lang: str) -> "Stemmer.Stemmer | None":
    """The language's stemmer; None where Snowball has none or this build of it lacks one."""
    try:
        return Stemmer.Stemmer(_ALGORITHMS[lang], 50_000)
    except KeyError:
        return None


def _bare(surface: str) -> str:
    """A word without possessive, thousands separators and glued multipliers."""
    surface = _THOUSANDS.sub("", surface)
    if surface.endswith(("'s", "’s")):
        surface = surface[:-2]
    amount = _AMOUNT.match(surface)
    return amount[1] if amount else surface


def words(text: str, lang: str) -> Iterator[Word]:
    """The words of a text in order. `lang` is a BCP 47 primary subtag or und."""
    text = unicodedata.normalize("NFKC", text)
    stemmer = _stemmer(lang)
    end = 0
    for match in _TOKEN.finditer(text):
        raw = match[0]
        if _UNSPACED.match(raw):
            pairs = (raw,) if len(raw) < 2 else (raw[i : i + 2] for i in range(len(raw) - 1))
            yield from (Word(pair, pair, False) for pair in pairs)
        else:
            first = end == 0 or _SENTENCE_END.search(text, max(0, end), match.start()) is not None
            surface = _bare(raw.lower())
            stem = stemmer.stemWord(surface) if stemmer is not None else surface
            yield Word(stem, surface, raw[0].isupper() and not first)
        end = match.end()
