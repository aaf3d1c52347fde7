"""Story ⇄ bytes: the centroid of its members and what else a newcomer is compared with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgpack

from aggregator.cluster.weights import Vector, scaled

_KEPT = 160  # heaviest terms of a centroid


@dataclass(frozen=True, slots=True)
class Profile:
    """What a story looks like."""

    members: int
    total: Vector  # sum of the members' vectors
    words: float  # mean length of the members
    langs: Mapping[str, int]

    @property
    def centroid(self) -> Vector:
        return scaled(self.total)


def pack(profile: Profile) -> bytes:
    heaviest = sorted(profile.total.items(), key=lambda item: (-item[1], item[0]))[:_KEPT]
    scale = heaviest[0][1] if heaviest else 1.0
    blob: bytes = msgpack.packb(
        (
            profile.members,
            scale,
            " ".join(stem for stem, _ in heaviest),
            bytes(max(1, round(weight / scale * 255)) for _, weight in heaviest),
            profile.words,
            dict(profile.langs),
        )
    )
    return blob


@lru_cache(maxsize=4096)
def unpack(blob: bytes) -> Profile:
    members, scale, stems, weights, words, langs = msgpack.unpackb(blob)
    total = {stem: weight * scale / 255 for stem, weight in zip(stems.split(), weights, strict=True)}
    return Profile(members, total, words, langs)


def joined(a: Profile, b: Profile) -> Profile:
    """Two stories as one."""
    total = dict(a.total)
    for stem, weight in b.total.items():
        total[stem] = total.get(stem, 0.0) + weight
    members = a.members + b.members
    langs = {lang: a.langs.get(lang, 0) + b.langs.get(lang, 0) for lang in {*a.langs, *b.langs}}
    return Profile(members, total, (a.words * a.members + b.words * b.members) / members, langs)
