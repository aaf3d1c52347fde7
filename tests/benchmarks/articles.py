"""A seed ─► invented articles with words as frequent as in English: what clustering should meet in a benchmark."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from wordfreq import top_n_list, word_frequency

_SUBJECTS = 9  # words that make an event recognisable
_LENGTH = 55  # words of a text, as long as the excerpts real feeds carry


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    text: str


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    words = [word for word in top_n_list("en", 30_000) if word.isalpha() and len(word) > 1]
    return words, list(accumulate(word_frequency(word, "en") for word in words))


def articles(seed: int, *, events: int) -> Iterator[Article]:
    """Without end; each is on one of so many events, small numbers the more often (a few big stories, many small)."""
    chance = random.Random(seed)
    words, weights = _vocabulary()
    while True:
        subject = random.Random(f"event {int(events * chance.random() ** 1.5)}").sample(words[1000:], _SUBJECTS)
        told = (
            chance.choices(words, cum_weights=weights, k=_LENGTH)
            + chance.sample(subject, 6)
            + chance.sample(subject, 6)
        )
        chance.shuffle(told)
        yield Article(" ".join(chance.sample(subject, 5) + told[:3]).capitalize(), f"{' '.join(told).capitalize()}.")
