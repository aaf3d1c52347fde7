"""Text → tokens; token, language → word. Pure.

Letters and digits make words, digits are never dropped (``A24``, ``7.8``, ``189/7``); thousands separators and the
multiplier glued to an amount go (``$75M`` and ``75 million`` share ``75``). Scripts written without spaces are cut
into overlapping pairs of characters, which needs no dictionary (McNamee & Mayfield, 2004, on character n-grams).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import Stemmer

_SPACELESS = (  # Thai and Lao, Burmese, Khmer, kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
BREAKS = frozenset("\n!?.…:;\"“”„«»'‘’(–—|-")  # after these a capital letter tells nothing
_NUMBER = r"\d+(?:[.,:/]\d+)+"
_MARK = "[\n!?.…:;\"“”„«»'‘’(–—|-]"
_ASCII_MARK = "[\n!?.:;\"'(|-]"
_TOKEN = re.compile(rf"{_NUMBER}|[^\W_]+(?:['’][^\W\d_]+)?|{_MARK}")
_ASCII_TOKEN = re.compile(  # most tokens are words: asked for first; what was read once is not read again
    rf"[A-Za-z][A-Za-z0-9]*+(?:'[A-Za-z]++)?+|{_NUMBER}|[0-9][A-Za-z0-9]*+(?:'[A-Za-z]++)?+|{_ASCII_MARK}", re.ASCII
)
_MIXED_TOKEN = re.compile(rf"[{_SPACELESS}]+|{_NUMBER}|[^\W_{_SPACELESS}]+(?:['’][^\W\d_]+)?|{_MARK}")
_UNSPACED = re.compile(rf"[{_SPACELESS}]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_AMOUNT = re.compile(r"^(\d+(?:\.\d+)?)(?:k|m|mn|mln|bn|b|tn|st|nd|rd|th|pc|pm|am)$")

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
    """One word as clustering sees it."""

    stem: str
    surface: str  # in lower case


def tokens(text: str) -> list[str]:
    """Words as written, and the marks among `BREAKS`, in order."""
    if text.isascii():
        return _ASCII_TOKEN.findall(text)  # the same, sooner
    text = unicodedata.normalize("NFKC", text)
    if not _UNSPACED.search(text):
        return _TOKEN.findall(text)
    return [piece for token in _MIXED_TOKEN.findall(text) for piece in _pairs(token)]


def _pairs(token: str) -> list[str]:
    if len(token) < 3 or not _UNSPACED.match(token):
        return [token]
    return [token[i : i + 2] for i in range(len(token) - 1)]


def word(token: str, lang: str) -> Word:
    """`lang` is a BCP 47 primary subtag or und."""
    surface = _bare(token.lower())
    stemmer = _stemmer(lang)
    return Word(stemmer.stemWord(surface) if stemmer is not None else surface, surface)


def words(text: str, lang: str) -> list[Word]:
    """The words of a text in order."""
    return [word(token, lang) for token in tokens(text) if token not in BREAKS]


def as_written(stems: Sequence[str], texts: Iterable[tuple[str, str]]) -> list[str]:
    """Stems as these texts first spell them, for people. `texts`: (text, language); read until all are found."""
    wanted, written = set(stems), dict[str, str]()
    for token, lang in ((token, lang) for text, lang in texts for token in tokens(text)):
        if len(written) == len(wanted):
            break
        stem = word(token, lang).stem
        if stem in wanted:
            written.setdefault(stem, token)
    return [written.get(stem, stem) for stem in stems]


def _bare(surface: str) -> str:
    """A word without possessive, thousands separators and glued multipliers."""
    if surface.endswith(("'s", "’s")):
        surface = surface[:-2]
    if surface.isalpha():
        return surface
    surface = _THOUSANDS.sub("", surface)
    amount = _AMOUNT.match(surface)
    return amount[1] if amount else surface


@lru_cache(maxsize=64)
def _stemmer(lang: str) -> "Stemmer.Stemmer | None":
    """The language's stemmer; None where Snowball has none or this build of it lacks one."""
    try:
        return Stemmer.Stemmer(_ALGORITHMS[lang], 0)
    except KeyError:
        return None
