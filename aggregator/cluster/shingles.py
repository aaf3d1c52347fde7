"""Words → hashes of word n-grams → MinHash signature. Pure; the only place that knows datasketch.

A hash a word is remembered, and n-gram hashes are mixed from them by numpy, so that the cost of an article is its
tokens. The hash is keyed with the installation's seed: nobody outside can craft collisions.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint32]
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


@lru_cache(maxsize=200_000)
def _word_hash(word: str, seed: int) -> int:
    return xxhash.xxh64_intdigest(word.encode("utf-8", "surrogatepass"), seed)


def hashes(words: Sequence[str], seed: int) -> npt.NDArray[np.uint64]:
    """One 64-bit hash a word."""
    return np.fromiter([_word_hash(word, seed) for word in words], np.uint64, len(words))


def ngrams(words: Sequence[str], n: int, seed: int) -> Hashes:
    """Hashes of all runs of n words, in order; fewer words than n make one run."""
    each = hashes(words, seed)
    n = min(n, len(each))
    if n == 0:
        return np.empty(0, np.uint32)
    mixed = np.zeros(len(each) - n + 1, np.uint64)
    for shift in range(n):
        mixed = (mixed ^ each[shift : len(each) - n + 1 + shift]) * _ODD
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)


class Signer:
    """Makes MinHash signatures with one set of permutations (drawing them anew would cost more than using them)."""

    def __init__(self, permutations: int, seed: int) -> None:
        from datasketch import MinHash  # noqa: PLC0415 - it imports scipy: only those who sign pay for that

        self._blank = MinHash(num_perm=permutations, seed=seed, hashfunc=_itself, scheme="affine32")

    def sign(self, values: Hashes) -> Hashes:
        """The signature of a set: one uint32 a permutation."""
        minhash = self._blank.copy()
        minhash.update_batch(values)
        signature: Hashes = minhash.hashvalues
        return signature


def _itself(value: np.uint32) -> np.uint32:
    """The hash function datasketch asks for: n-grams arrive hashed."""
    return value


def packed(signature: Hashes) -> bytes:
    """The low 16 bits of each value: half the room, wrong about one permutation in 65,536 (Li & König, 2010)."""
    return signature.astype("<u2").tobytes()


def agreement(mine: bytes, others: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Estimates of the Jaccard similarity of one set with others, from packed signatures (Broder, 1997).

    A signature of another length, or none, agrees with nothing.
    """
    if not mine:
        return np.zeros(len(others))
    blank = bytes(len(mine))
    fits = np.array([len(other) == len(mine) for other in others], dtype=bool)
    table = np.frombuffer(b"".join(o if len(o) == len(mine) else blank for o in others), "<u2")
    equal = table.reshape(len(others), -1) == np.frombuffer(mine, "<u2")
    shares: npt.NDArray[np.float64] = equal.mean(axis=1) * fits
    return shares
