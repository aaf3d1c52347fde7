"""Correction… → which entries belong together or apart, all that follows counted. Pure.

A is one with B, and B with C: so is A with C. B must not meet D: neither must A. Groups by union-find (Tarjan, 1975).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from aggregator.model import Correction


class Bonds:
    """What follows from all corrections together."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self.corrections: Sequence[Correction] = tuple(corrections)
        self._parent: dict[int, int] = {}
        for correction in self.corrections:
            if correction.together:
                self._parent[self._root(correction.a)] = self._root(correction.b)
        self._because = {end: one for one in self.corrections if one.together for end in (one.a, one.b)}
        self._groups: defaultdict[int, set[int]] = defaultdict(set)
        for entry_id in self._parent:
            self._groups[self._root(entry_id)].add(entry_id)
        self._against: defaultdict[int, dict[int, Correction]] = defaultdict(dict)
        for correction in self.corrections:
            if not correction.together:
                a, b = self._root(correction.a), self._root(correction.b)
                self._against[a][b] = self._against[b][a] = correction

    def together(self, entry_id: int) -> set[int]:
        """The entries of its group, itself included."""
        return self._groups.get(self._root(entry_id), {entry_id})

    def because(self, entry_id: int) -> Correction:
        """One that puts it with others. KeyError where it stands alone."""
        return self._because[entry_id]

    def apart(self, entry_id: int) -> dict[int, Correction]:
        """The entries it must not meet, each with the correction from which that follows."""
        against = self._against.get(self._root(entry_id), {})
        return {other: correction for root, correction in against.items() for other in self.together(root)}

    def contradiction(self) -> Correction | None:
        """One that keeps apart what others put together; None when all can be obeyed."""
        return next((against[root] for root, against in self._against.items() if root in against), None)

    def chain(self, a: int, b: int) -> list[Correction]:
        """The corrections from which it follows that two entries belong together or apart; empty where none binds.

        At most one of them keeps apart: then so do all.
        """
        near, far = self.together(a), self.together(b)
        if near == far:
            return self._path(a, b)
        for one in self.corrections:
            if not one.together and one.a in near | far and one.b in near | far:
                inner, outer = (one.a, one.b) if one.a in near else (one.b, one.a)
                return [*self._path(a, inner), one, *self._path(outer, b)]
        return []

    def _path(self, a: int, b: int) -> list[Correction]:
        """The fewest that lead from one entry to another of its group (breadth first)."""
        ways: dict[int, list[Correction]] = {a: []}
        queue = deque([a])
        while b not in ways:
            here = queue.popleft()
            for one in self.corrections:
                if one.together and here in (one.a, one.b):
                    there = one.b if one.a == here else one.a
                    if there not in ways:
                        ways[there] = [*ways[here], one]
                        queue.append(there)
        return ways[b]

    def _root(self, entry_id: int) -> int:
        root = entry_id
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while (parent := self._parent[entry_id]) != root:
            self._parent[entry_id], entry_id = root, parent
        return root
