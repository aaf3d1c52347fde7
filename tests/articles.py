"""A seed ─► invented articles with words as frequent as in English: what clustering should meet in tests."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from wordfreq import top_n_list, word_frequency

_LENGTH = 55  # words of a text, as long as the excerpts real feeds carry


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    text: str


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    words = [word for word in top_n_list("en", 30_000) if word.isalpha() and len(word) > 1]
    return words, list(accumulate(word_frequency(word, "en") for word in words))


def account(event: str, chance: random.Random) -> Article:
    """One account of an event: nine words are the event's own, for the same name the same, the rest is chance's."""
    words, weights = _vocabulary()
    subject = random.Random(f"event {event}").sample(words[1000:], 9)
    told = chance.choices(words, cum_weights=weights, k=_LENGTH) + chance.sample(subject, 6) + chance.sample(subject, 6)
    chance.shuffle(told)
    return Article(" ".join(chance.sample(subject, 5) + told[:3]).capitalize(), f"{' '.join(told).capitalize()}.")


def articles(seed: int, *, events: int) -> Iterator[Article]:
    """Without end; each is on one of so many events, small numbers the more often (a few big stories, many small)."""
    chance = random.Random(seed)
    while True:
        yield account(f"{seed}-{int(events * chance.random() ** 1.5)}", chance)
