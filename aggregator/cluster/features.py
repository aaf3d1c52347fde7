"""Reading → Features ⇄ bytes: the weighted words clustering keeps of an entry. Pure.

Weights here know nothing of the stream, so that one entry always gives one sketch: log(1 + tf), the title counted
twice, the tail of a long text less than its lead, names a little more. What the stream knows (how common a word is
these days) is multiplied in when entries are compared, in `weights.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgpack
import numpy as np
import numpy.typing as npt

from aggregator.cluster.lexicon import Reading

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


def weigh(read: Reading) -> Weighed:
    """All distinct words of an entry with their weights."""
    titled = read.titled
    worth = np.ones(len(read))
    worth[:titled] = _TITLE_WEIGHT
    worth[titled + _LEAD :] = _TAIL_WEIGHT
    named = read.capital
    if named[:titled].sum() > 0.6 * titled:  # capitals of the title tell nothing then
        named = named.copy()
        named[:titled] = False
    flags = np.where(read.number, NUMBER, named * NAME).astype(np.uint8)
    flags[:titled] |= TITLE
    by_stem = np.argsort(read.stems, kind="stable")
    stems = read.stems[by_stem]
    start = np.flatnonzero(np.concatenate(([True], stems[1:] != stems[:-1])))  # of each stem's words
    rarity = np.minimum.reduceat(read.rarity[by_stem], start)
    kinds = np.bitwise_or.reduceat(flags[by_stem], start)
    weight = np.log1p(np.add.reduceat(worth[by_stem], start)) * np.where(kinds & NAME, _NAME_WEIGHT, 1.0)
    # of equals the first in the text: the numbers of stems tell only which texts were read before
    order = np.argsort(_EARLIER * by_stem[start] - weight * rarity, kind="stable")
    return Weighed(stems[start][order], weight[order], rarity[order], kinds[order])


def pack(weighed: Weighed, stems: Sequence[str], *, words: int, lang: str, shingles: int, lead: bytes) -> bytes:
    """`stems`: their names; `shingles`: distinct ones, `lead`: sorted distinct uint32 hashes of the first of them."""
    blob: bytes = msgpack.packb(
        (
            words,
            lang,
            shingles,
            lead,
            " ".join(stems[:TERMS]),
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
