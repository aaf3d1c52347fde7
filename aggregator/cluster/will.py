"""Correction…, where entries stand → which stories a person joins or keeps apart. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from aggregator.model import Correction

Pair = frozenset[int]  # two story ids


def joined(corrections: Iterable[Correction], standing: Mapping[int, int]) -> set[Pair]:
    """Stories with entries that belong together; `standing` gives the story of an entry."""
    return {pair for correction in corrections if correction.together for pair in _pairs(correction, standing)}


def apart(corrections: Iterable[Correction], standing: Mapping[int, int]) -> set[Pair]:
    """Stories with entries that must not meet."""
    return {pair for correction in corrections if not correction.together for pair in _pairs(correction, standing)}


def told(corrections: Iterable[Correction], entry_id: int, *, together: bool) -> Iterator[tuple[int, Correction]]:
    """The entries this one belongs with, or must not meet, with the correction that says so."""
    for correction in corrections:
        if correction.together is together and entry_id in (correction.a, correction.b):
            yield correction.b if correction.a == entry_id else correction.a, correction


def _pairs(correction: Correction, standing: Mapping[int, int]) -> Iterator[Pair]:
    a, b = standing.get(correction.a), standing.get(correction.b)
    if a is not None and b is not None and a != b:
        yield frozenset((a, b))
