"""Text → BCP 47 primary subtag, or ``und``. Pure. The only file that knows py3langid.

A feed's own claim is taken unless the script, or for English the lack of any English function word, contradicts it:
``en`` is what publishing systems say by default. Detection costs tenths of a millisecond and needs some text.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENOUGH = 40  # characters with which Latin, Cyrillic and Arabic scripts are told apart into languages
_SAMPLE = 200  # characters looked at
_CONFIDENT = 0.8

_TAG = re.compile(r"[A-Za-z]{2,3}(?=$|[-_])")
_OLD = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "cmn": "zh", "jp": "ja", "gb": "en", "eng": "en"}

# First match wins: kana before ideographs, for Japanese is written in both.
_SCRIPTS = (
    ("kana", re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d]"), ("ja",)),
    ("hangul", re.compile("[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]"), ("ko",)),
    ("han", re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002a6df]"), ("zh", "ja", "yue")),
    ("cyrillic", re.compile("[\u0400-\u052f]"), ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg", "tt")),
    ("arabic", re.compile("[\u0600-\u06ff\u0750-\u077f]"), ("ar", "fa", "ur", "ps", "ckb", "sd", "ug")),
    ("greek", re.compile("[\u0370-\u03ff]"), ("el",)),
    ("hebrew", re.compile("[\u0590-\u05ff]"), ("he", "yi")),
    ("thai", re.compile("[\u0e00-\u0e7f]"), ("th",)),
    ("devanagari", re.compile("[\u0900-\u097f]"), ("hi", "mr", "ne", "sa")),
    ("bengali", re.compile("[\u0980-\u09ff]"), ("bn", "as")),
    ("gurmukhi", re.compile("[\u0a00-\u0a7f]"), ("pa",)),
    ("gujarati", re.compile("[\u0a80-\u0aff]"), ("gu",)),
    ("tamil", re.compile("[\u0b80-\u0bff]"), ("ta",)),
    ("telugu", re.compile("[\u0c00-\u0c7f]"), ("te",)),
    ("kannada", re.compile("[\u0c80-\u0cff]"), ("kn",)),
    ("malayalam", re.compile("[\u0d00-\u0d7f]"), ("ml",)),
    ("georgian", re.compile("[\u10a0-\u10ff]"), ("ka",)),
    ("armenian", re.compile("[\u0530-\u058f]"), ("hy",)),
)
_FOREIGN = re.compile("[\u0370-\u1dff\u2c00-\ua7ff\uac00-\ud7af\uf900-\ufeff\uff66-\uff9d\U00020000-\U0002a6df]")
_NOT_LATIN = frozenset(language for _, _, languages in _SCRIPTS for language in languages) - {"sr", "kk", "tt", "tg"}
_ENGLISH = frozenset(
    "the of and to in a is for on that with as at by it be was are from has have will an his he after this but not its "
    "who their they over about says said new more up out into how what when you your we i".split()
)


def primary(tag: str) -> str:
    """``en-GB``, ``EN_us`` → ``en``; anything that is no language tag → an empty string."""
    match = _TAG.match(tag.strip())
    subtag = match[0].lower() if match else ""
    return _OLD.get(subtag, subtag)


def language(text: str, claim: str) -> str:
    """The language of `text`, of which its feed or entry claims `claim` (a tag, maybe empty)."""
    sample, claimed = text[:_SAMPLE], primary(claim)
    script = _script(sample)
    if script:
        return claimed if claimed in script else script[0] if len(script) == 1 else _detect(sample, script)
    if claimed in _NOT_LATIN:
        claimed = "" if any(char.isalpha() for char in sample) else claimed
    if claimed and not (claimed == "en" and _not_english(sample)):
        return claimed
    return _detect(sample, ()) if len(sample) >= ENOUGH else claimed or "und"


def _script(sample: str) -> tuple[str, ...]:
    """The languages written in the script of a good part of the letters; empty for Latin and for no letters."""
    if not _FOREIGN.search(sample):
        return ()
    letters = sum(map(str.isalpha, sample))
    for name, pattern, languages in _SCRIPTS:
        found = len(pattern.findall(sample))
        if found and found >= letters / (10 if name == "kana" else 3):
            return languages
    return ()


def _not_english(sample: str) -> bool:
    words = sample.lower().split()
    return len(words) >= 12 and sum(word in _ENGLISH for word in words) < len(words) / 16


def _detect(sample: str, among: tuple[str, ...]) -> str:
    """The likeliest language of those written in the script (empty: in Latin letters), ``und`` when unsure."""
    if "zh" in among:
        return "zh"
    shares = {
        tag: share for tag, share in _identifier().rank(sample) if (tag in among if among else tag not in _NOT_LATIN)
    }
    found = max(shares, key=shares.__getitem__, default="")
    if found and shares[found] >= _CONFIDENT * sum(shares.values()):
        return primary(found)
    return among[0] if among else "und"


@cache
def _identifier() -> "LanguageIdentifier":
    """The model, imported and loaded (about a second) by the first text whose feed does not say its language."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 – costs a second, most feeds never need it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
