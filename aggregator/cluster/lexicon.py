"""Text → Reading: per token its hash, stem, prior and kind, as columns. Pure, apart from remembering words.

Each distinct token of a language is looked up once and remembered as a row of numbers; a text is then a gather from
these columns. That, and not hashing, is what makes sketching fast: the floor is cutting text into words.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from aggregator.cluster.prior import frequency
from aggregator.cluster.words import BREAKS, tokens, word

_REMEMBERED = 200_000  # tokens a language; then it starts anew
_DOCUMENT = 200  # words in which the prior asks for at least one occurrence


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a title and its text in order, one value a word."""

    titled: int  # how many are the title's
    hashes: npt.NDArray[np.uint64]  # keyed, of the lower-case word
    stems: npt.NDArray[np.int64]  # numbers; `Lexicon.stems` names them
    rarity: npt.NDArray[np.float64]  # -log of the share of documents that general language expects to hold it
    number: npt.NDArray[np.bool_]
    capital: npt.NDArray[np.bool_]  # where a small letter would have been possible

    def __len__(self) -> int:
        return len(self.hashes)


class _Rows(dict[str, int]):
    """Token → row, learned when first asked for; row 0 is a break."""

    def __init__(self, learn: Callable[[str], int]) -> None:
        super().__init__(dict.fromkeys(BREAKS, 0))
        self._learn = learn

    def __missing__(self, token: str) -> int:
        return self.setdefault(token, self._learn(token))


class Lexicon:
    """The words of one language seen so far, hashed with one seed."""

    def __init__(self, lang: str, seed: int) -> None:
        self._lang, self._seed = lang, seed
        self._forget()

    def refresh(self) -> None:
        """Forget everything when it has become much. Numbers of stems given before mean nothing afterwards."""
        if len(self._rows) > _REMEMBERED:
            self._forget()

    def read(self, title: str, text: str) -> Reading:
        heading, body = tokens(title), tokens(text)
        cut = heading + body
        found = np.fromiter(map(self._rows.__getitem__, cut), np.int64, len(cut))
        words = found != 0
        follows = np.zeros(len(cut) + 1, np.bool_)  # on a word: not first in the title, the text, or after a break
        follows[1:] = words
        follows[len(heading)] = False
        kept = found[words]
        return Reading(
            int(np.count_nonzero(words[: len(heading)])),
            self._hashes[kept], self._numbers[kept], self._rarity[kept], self._digit[kept],
            self._upper[kept] & follows[:-1][words],
        )  # fmt: skip

    def stems(self, numbers: npt.NDArray[np.int64]) -> list[str]:
        names: list[str] = self._stems[numbers].tolist()
        return names

    def stem_hashes(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        return self._stem_hashes[numbers]

    def _forget(self) -> None:
        self._rows = _Rows(self._learn)
        self._by_stem: dict[str, int] = {}
        self._stems = np.zeros(1024, np.object_)  # by number of the stem
        self._hashes = np.zeros(1024, np.uint64)
        self._numbers = np.zeros(1024, np.int64)
        self._rarity = np.zeros(1024)
        self._stem_hashes = np.zeros(1024, np.uint64)
        self._digit = np.zeros(1024, np.bool_)
        self._upper = np.zeros(1024, np.bool_)
        self._next = 1

    def _learn(self, token: str) -> int:
        row = self._next
        if row == len(self._hashes):
            self._grow()
        known = word(token, self._lang)
        self._hashes[row] = self._hash(known.surface)
        if known.stem not in self._by_stem:
            stem = self._by_stem[known.stem] = len(self._by_stem)
            self._stems[stem], self._stem_hashes[stem] = known.stem, self._hash(known.stem)
        self._numbers[row] = self._by_stem[known.stem]
        self._rarity[row] = -math.log(-math.expm1(-frequency(known.surface, self._lang) * _DOCUMENT))
        self._digit[row] = token[0].isdigit()
        self._upper[row] = token[0].isupper()
        self._next += 1
        return row

    def _grow(self) -> None:
        for name in ("_hashes", "_numbers", "_rarity", "_stems", "_stem_hashes", "_digit", "_upper"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate((column, np.zeros_like(column))))

    def _hash(self, text: str) -> int:
        return xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass"), self._seed)
