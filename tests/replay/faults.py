"""How a host can misbehave, and which ones do."""

import random
from collections.abc import Collection, Sequence
from enum import StrEnum


class Fault(StrEnum):
    """What a faulty host does with every request, as long as it is faulty."""

    ERROR = "error"  # 500
    MISSING = "missing"  # 404 and an HTML page
    THROTTLED = "throttled"  # 429 with Retry-After: 3600
    SLOW = "slow"  # the right answer, after `Replay.slowness` seconds
    PAGE = "page"  # 200 and an HTML page that calls itself a feed
    STUBBORN = "stubborn"  # ignores validators: always 200 and the whole document, under one ETag for ever
    MALFORMED = "malformed"  # an unescaped ampersand and an unclosed element
    CUT = "cut"  # half of the announced bytes, then the connection closes


def draw(
    sources: Collection[str], *, share: float = 0.1, kinds: Sequence[Fault] = tuple(Fault), seed: int = 0
) -> dict[str, Fault]:
    """A share of the sources, each with one kind of fault, the kinds in turn; the same for the same seed."""
    chance = random.Random(seed)
    unlucky = chance.sample(sorted(sources), round(len(sources) * share))
    return {source: kinds[index % len(kinds)] for index, source in enumerate(unlucky)}
