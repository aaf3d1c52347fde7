"""What was told + what came since → what is new in it, quoted, or nothing worth an update. Pure.

A story goes on when an outlet that was already heard writes again, or when several others join; a single late report of
the same facts is no news. And what they write must use words the reader has not been given: at least half of the
content words of the sentence quoted. (Maximal marginal relevance, Carbonell & Goldstein, SIGIR 1998, as one threshold.)
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.digest.show import line, sentences
from aggregator.model import Level, Member

NEW_WORDS = 0.5  # share of a sentence's content words that must be unheard of
ENOUGH_WORDS = 4  # and their least number
JOINING = 3  # so many new publishers make a story go on


@dataclass(frozen=True, slots=True)
class News:
    """What an update tells: who wrote it, and its newest sentence (empty if the headline says it all)."""

    member: Member
    quote: str


def news(told: Sequence[Member], fresh: Sequence[Member]) -> News | None:
    """The newest thing said since, or None if it is but an echo."""
    heard = frozenset().union(*(content_words(f"{member.title} {member.excerpt}") for member in told))
    known = {member.publisher for member in told}
    originals = [member for member in fresh if member.level not in (Level.COPY, Level.REVISION)]
    joined = {member.publisher for member in originals} - known
    speakers = originals if len(joined) >= JOINING else [m for m in originals if m.publisher in known]
    scored = [(_unheard(member.title, heard), member) for member in speakers]
    material = [(new, member) for new, member in scored if new]
    if not material:
        return None
    _, best = max(material, key=lambda pair: (pair[0], pair[1].seen, pair[1].entry_id))
    return News(best, _quote(best, heard))


def _quote(member: Member, heard: frozenset[str]) -> str:
    """The sentence of the excerpt with the most that is new, over and above the headline."""
    heard |= content_words(member.title)
    scored = [(_unheard(sentence, heard), sentence) for sentence in sentences(member.excerpt[:4000])]
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return line(best[1], 240) if best[0] else ""


def _unheard(sentence: str, heard: frozenset[str]) -> float:
    """How many content words are new, or 0 if too few."""
    own = content_words(sentence)
    new = own - heard
    return float(len(new)) if len(new) >= max(ENOUGH_WORDS, NEW_WORDS * len(own)) else 0.0


def content_words(text: str) -> frozenset[str]:
    """Lower-case words of four letters or more, numbers, and character pairs of scripts without spaces."""
    found: set[str] = set()
    for word in re.findall(r"\w+", text.casefold()):
        if any(unicodedata.east_asian_width(c) in "WF" for c in word):
            found.update(_pairs(word))
        elif len(word) >= 4 or word.isdigit():
            found.add(word)
    return frozenset(found)


def _pairs(word: str) -> Iterable[str]:
    return (word[i : i + 2] for i in range(len(word) - 1))
