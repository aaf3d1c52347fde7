"""Word hashes → hashes of word n-grams → MinHash signature. Pure; the only place that knows datasketch."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


def ngrams(words: npt.NDArray[np.uint64], n: int) -> Hashes:
    """Hashes of all runs of n words, in order; fewer words than n make one run."""
    n = min(n, len(words))
    if n == 0:
        return np.empty(0, np.uint32)
    mixed = np.zeros(len(words) - n + 1, np.uint64)
    for shift in range(n):
        mixed = (mixed ^ words[shift : len(words) - n + 1 + shift]) * _ODD
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def distinct(values: Hashes) -> Hashes:
    """In ascending order. As numpy's `unique` for whatever it may be given, which takes four times as long."""
    ordered = np.sort(values)
    kept = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]


class Signer:
    """Makes MinHash signatures with one set of permutations (drawing them anew would cost more than using them)."""

    def __init__(self, permutations: int, seed: int) -> None:
        self._permutations, self._seed = permutations, seed

    @cached_property
    def _minhash(self) -> Any:
        from datasketch import MinHash  # noqa: PLC0415 – it imports scipy: only the workers, which sign, pay for that

        return MinHash(num_perm=self._permutations, seed=self._seed, hashfunc=_itself, scheme="affine32")

    def sign(self, values: Hashes) -> Hashes:
        """The signature of a set: one uint32 a permutation."""
        self._minhash.clear()
        self._minhash.update_batch([values] if len(values) else [])  # all at once: half the time of one by one
        signature: Hashes = self._minhash.hashvalues
        return signature


def _itself(values: Hashes) -> Hashes:
    """For datasketch: they are hashes already."""
    return values


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


def mixed(values: npt.NDArray[np.uint64], key: int) -> npt.NDArray[np.int64]:
    """Keyed 64-bit names for values, as SQLite holds integers: a finaliser of MurmurHash3 (fmix64)."""
    names = values ^ np.uint64(key)
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        names = (names ^ (names >> np.uint64(33))) * np.uint64(multiplier)
    return (names ^ (names >> np.uint64(33))).view(np.int64)
