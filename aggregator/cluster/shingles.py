"""Words → hashes of word n-grams → MinHash signature. Pure; the only place that knows datasketch.

A hash a word is remembered, and n-gram hashes are mixed from them by numpy, so that the cost an article is
tokenising. The hash is keyed with the installation's seed: nobody outside can craft collisions.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xxhash
from datasketch import MinHash

Hashes = npt.NDArray[np.uint32]
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


@lru_cache(maxsize=200_000)
def _word_hash(word: str, seed: int) -> int:
    return xxhash.xxh64_intdigest(word.encode("utf-8", "surrogatepass"), seed)


def hashes(words: Sequence[str], seed: int) -> npt.NDArray[np.uint64]:
    """One 64-bit hash a word."""
    return np.fromiter((_word_hash(word, seed) for word in words), np.uint64, len(words))


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
        self._blank = MinHash(num_perm=permutations, seed=seed, hashfunc=int, scheme="affine32")

    def sign(self, values: Hashes) -> Hashes:
        """The signature of a set: one uint32 a permutation."""
        minhash = self._blank.copy()
        minhash.update_batch(values)
        signature: Hashes = minhash.hashvalues
        return signature


def agreement(a: Hashes, b: Hashes) -> float:
    """Estimate of the Jaccard similarity of the sets behind two signatures (Broder, 1997)."""
    return float(np.count_nonzero(a == b)) / len(a)
