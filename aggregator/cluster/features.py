"""Entry → Features ⇄ bytes: the weighted words clustering keeps of an entry. Pure.

Weights here know nothing of the stream, so that one entry always gives one sketch: log(1 + tf), the title counted
twice, the tail of a long text less than its lead, names a little more. What the stream knows (how common a word is
these days) is multiplied in when entries are compared, in `weights.py`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgpack

from aggregator.cluster.prior import frequency
from aggregator.cluster.words import Word

TERMS = 90  # heaviest kept of an entry
TITLE, NAME, NUMBER = 1, 2, 4  # flags of a term
_TITLE_WEIGHT = 2.0
_LEAD = 80  # words of full weight
_TAIL_WEIGHT = 0.5
_NAME_WEIGHT = 1.2
_WEIGHT_STEP = 1 / 24  # quantum of stored weights
_PRIOR_STEP = 1 / 12  # quantum of stored -log(prior)
_DOCUMENT = 200  # words in which the prior asks for at least one occurrence


@dataclass(frozen=True, slots=True)
class Term:
    """One word of an entry."""

    stem: str
    weight: float  # without idf
    prior: float  # share of documents expected to hold it, from general language
    flags: int


@dataclass(frozen=True, slots=True)
class Features:
    """What comparing needs of an entry."""

    terms: tuple[Term, ...]  # heaviest first
    words: int  # in title and text
    lang: str
    shingles: int  # distinct, in title and text
    lead: bytes  # sorted distinct uint32 hashes of the first shingles


def weigh(title: Sequence[Word], text: Sequence[Word], lang: str) -> list[Term]:
    """All distinct terms, heaviest (by prior) first."""
    mass: dict[str, float] = {}
    flags: dict[str, int] = {}
    common: dict[str, float] = {}
    for word, worth, flag in _occurrences(title, text):
        stem = word.stem
        if stem not in mass:
            mass[stem], flags[stem], common[stem] = 0.0, 0, 0.0
        mass[stem] += worth
        flags[stem] |= flag
        common[stem] = max(common[stem], frequency(word.surface, lang))
    terms = [
        Term(stem, math.log1p(total) * (_NAME_WEIGHT if flags[stem] & NAME else 1.0), _share(common[stem]), flags[stem])
        for stem, total in mass.items()
    ]
    return sorted(terms, key=lambda term: (term.weight * math.log(term.prior), term.stem))


def _occurrences(title: Sequence[Word], text: Sequence[Word]) -> Iterator[tuple[Word, float, int]]:
    title_case = sum(word.capitalised for word in title) > 0.6 * len(title)  # capitals tell nothing then
    for word in title:
        yield word, _TITLE_WEIGHT, TITLE | _kind(word, names=not title_case)
    for place, word in enumerate(text):
        yield word, 1.0 if place < _LEAD else _TAIL_WEIGHT, _kind(word, names=True)


def _kind(word: Word, *, names: bool) -> int:
    if word.surface[0].isdigit():
        return NUMBER
    return NAME if word.capitalised and names else 0


def _share(frequency_: float) -> float:
    """Probability that a document of usual length holds the word at least once."""
    return -math.expm1(-frequency_ * _DOCUMENT)


def pack(features: Features) -> bytes:
    kept = features.terms[:TERMS]
    blob: bytes = msgpack.packb(
        (
            features.words,
            features.lang,
            features.shingles,
            features.lead,
            " ".join(term.stem for term in kept),
            bytes(min(255, round(term.weight / _WEIGHT_STEP)) for term in kept),
            bytes(min(255, round(-math.log(term.prior) / _PRIOR_STEP)) for term in kept),
            bytes(term.flags for term in kept),
        )
    )
    return blob


def unpack(blob: bytes) -> Features:
    words, lang, shingles, lead, stems, weights, priors, flags = msgpack.unpackb(blob)
    terms = tuple(
        Term(stem, weight * _WEIGHT_STEP, math.exp(-prior * _PRIOR_STEP), flag)
        for stem, weight, prior, flag in zip(stems.split(), weights, priors, flags, strict=True)
    )
    return Features(terms, words, lang, shingles, lead)


def lead(blob: bytes) -> tuple[int, bytes]:
    """Number of shingles and the lead's hashes alone: what the copy level reads of every candidate."""
    _, _, shingles, hashes, *_ = msgpack.unpackb(blob)
    return shingles, hashes
