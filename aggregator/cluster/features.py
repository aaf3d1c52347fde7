"""Reading → Features ⇄ bytes: the weighted words clustering keeps of an entry. Pure.

Weights here know nothing of the stream, so that one entry always gives one sketch: log(1 + tf), the title counted
twice, the tail of a long text less than its lead, names a little more. What the stream knows (how common a word is
these days) is multiplied in when entries are compared, in `weights.py`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import msgpack
import numpy as np
import numpy.typing as npt

from aggregator.cluster.lexicon import Lexicon, Reading

TERMS = 90  # heaviest kept of an entry
TITLE, NAME, NUMBER = 1, 2, 4  # flags of a term
_TITLE_WEIGHT = 2.0
_LEAD = 80  # words of full weight
_TAIL_WEIGHT = 0.5
_NAME_WEIGHT = 1.2
_EARLIER = 1e-9  # a word: too little to matter but among equals
_WEIGHT_STEP = 1 / 24  # quantum of stored weights
_RARITY_STEP = 1 / 12  # quantum of stored -log(prior)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The distinct words of an entry as columns, heaviest (by prior) first."""

    stems: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    rarity: npt.NDArray[np.float64]
    flags: npt.NDArray[np.uint8]


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


def weigh(title: Reading, text: Reading) -> Weighed:
    """All distinct words of an entry with their weights."""
    worth = np.concatenate((np.full(len(title), _TITLE_WEIGHT), np.ones(len(text))))
    worth[len(title) + _LEAD :] = _TAIL_WEIGHT
    title_case = title.capital.sum() > 0.6 * len(title)  # capitals tell nothing then
    named = np.concatenate((title.capital & ~title_case, text.capital))
    number = np.concatenate((title.number, text.number))
    flags = np.where(number, NUMBER, np.where(named, NAME, 0)).astype(np.uint8)
    flags[: len(title)] |= TITLE
    stems, where = np.unique(np.concatenate((title.stems, text.stems)), return_inverse=True)
    first = np.empty(len(stems))
    first[where[::-1]] = np.arange(len(where))[::-1]
    rarity, kinds = np.full(len(stems), np.inf), np.zeros(len(stems), np.uint8)
    np.minimum.at(rarity, where, np.concatenate((title.rarity, text.rarity)))
    np.bitwise_or.at(kinds, where, flags)
    weight = np.log1p(np.bincount(where, worth, len(stems))) * np.where(kinds & NAME, _NAME_WEIGHT, 1.0)
    # of equals the first in the text: the numbers of stems tell only which texts were read before
    order = np.argsort(_EARLIER * first - weight * rarity, kind="stable")
    return Weighed(stems[order], weight[order], rarity[order], kinds[order])


def pack(weighed: Weighed, lexicon: Lexicon, *, words: int, lang: str, shingles: int, lead: bytes) -> bytes:
    """`shingles`: distinct, in title and text; `lead`: sorted distinct uint32 hashes of the first of them."""
    blob: bytes = msgpack.packb(
        (
            words,
            lang,
            shingles,
            lead,
            " ".join(lexicon.stems(weighed.stems[:TERMS])),
            _bytes(weighed.weight, _WEIGHT_STEP),
            _bytes(weighed.rarity, _RARITY_STEP),
            weighed.flags[:TERMS].tobytes(),
        )
    )
    return blob


def _bytes(column: npt.NDArray[np.float64], step: float) -> bytes:
    return np.minimum(255, np.rint(column[:TERMS] / step)).astype(np.uint8).tobytes()


@lru_cache(maxsize=64)  # asked for an entry while it is placed, and again when its story takes it in
def unpack(blob: bytes) -> Features:
    words, lang, _, _, stems, weights, rarities, flags = msgpack.unpackb(blob)
    terms = tuple(
        Term(stem, weight * _WEIGHT_STEP, math.exp(-rarity * _RARITY_STEP), flag)
        for stem, weight, rarity, flag in zip(stems.split(" "), weights, rarities, flags, strict=True)
    )
    return Features(terms, words, lang)


def lead(blob: bytes) -> tuple[int, bytes]:
    """Number of shingles and the lead's hashes alone: what the copy level reads of every candidate."""
    _, _, shingles, hashes, *_ = msgpack.unpackb(blob)
    return shingles, hashes
