"""Story ⇄ bytes: the centroid of its members and what else a newcomer is compared with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import msgpack

from aggregator.cluster.weights import Vector, norm

K = TypeVar("K")
N = TypeVar("N", int, float)

_KEPT = 200  # heaviest terms of a centroid
_UNPACKED = 1024  # profiles remembered: about 25 KB each
_FREELY = 3  # reports one outlet may add to a centroid whatever others do


@dataclass(frozen=True)
class Profile:
    """What a story looks like: the sum of its counted members' unit vectors, and their number."""

    members: int  # counted in `total`
    total: Vector
    words: float  # mean length of the members
    langs: Mapping[str, int]
    feeds: Mapping[int, int]  # counted members by feed

    @cached_property
    def length(self) -> float:
        """Of `total`: equal to `members` if all members are the same, √members if they share nothing."""
        return norm(self.total)

    def counts(self, feed_id: int) -> bool:
        """Whether one more report of this feed may move the centroid: no outlet outweighs all the others together."""
        own = self.feeds.get(feed_id, 0)
        return own < max(_FREELY, self.members - own)


EMPTY = Profile(0, {}, 0.0, {}, {})


def pack(profile: Profile) -> bytes:
    heaviest = sorted(profile.total.items(), key=lambda item: (-item[1], item[0]))[:_KEPT]
    top = heaviest[0][1] if heaviest else 1.0
    blob: bytes = msgpack.packb(
        (
            profile.members,
            top,
            " ".join(stem for stem, _ in heaviest),
            bytes(max(1, round(weight / top * 255)) for _, weight in heaviest),
            profile.words,
            dict(profile.langs),
            dict(profile.feeds),
        )
    )
    return blob


@lru_cache(maxsize=_UNPACKED)
def unpack(blob: bytes) -> Profile:
    members, top, stems, weights, words, langs, feeds = msgpack.unpackb(blob, strict_map_key=False)
    total = {stem: weight * top / 255 for stem, weight in zip(stems.split(), weights, strict=True)}
    return Profile(members, total, words, langs, feeds)


def heaviest(blob: bytes, count: int) -> list[str]:
    """The first stems of a packed profile alone: what an index over many reads of each."""
    _, _, stems, *_ = msgpack.unpackb(blob, strict_map_key=False)
    return str(stems).split(" ", count)[:count]


def joined(a: Profile, b: Profile) -> Profile:
    """Two stories as one."""
    members = a.members + b.members
    return Profile(
        members,
        _sum(a.total, b.total),
        (a.words * a.members + b.words * b.members) / max(1, members),
        _sum(a.langs, b.langs),
        _sum(a.feeds, b.feeds),
    )


def _sum(a: Mapping[K, N], b: Mapping[K, N]) -> dict[K, N]:
    total = dict(a)
    for key, value in b.items():
        total[key] = total[key] + value if key in total else value
    return total
