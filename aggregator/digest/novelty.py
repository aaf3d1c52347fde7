"""What was told + what came since → what is new in it, quoted, or nothing worth an update. Pure.

A story goes on when an outlet that was already heard writes again, or when several others join; a single late report of
the same facts is no news. And what they write must use words the reader has not been given: at least half of the
content words of the sentence quoted. (Maximal marginal relevance, Carbonell & Goldstein, SIGIR 1998, as one threshold.)
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.digest.show import line, sentences
from aggregator.model import Level, Member

NEW_WORDS = 0.5  # share of a sentence's content words that must be unheard of
ENOUGH_WORDS = 4  # and their least number
JOINING = 3  # so many new publishers make a story go on


@dataclass(frozen=True, slots=True)
class News:
    """What an update tells: who wrote it, its newest sentence (empty if the headline says it all), how many wrote."""

    member: Member
    quote: str
    sources: int


def news(told: Sequence[Member], fresh: Sequence[Member]) -> News | None:
    """What most of those who wrote since say anew, or None if it is but an echo."""
    heard = frozenset().union(*map(_words, told))
    known = {member.publisher for member in told}
    language = Counter(member.lang for member in told).most_common(1)[0][0]  # words compare in one language only
    originals = [m for m in fresh if m.level not in (Level.COPY, Level.REVISION) and m.lang == language]
    joined = {member.publisher for member in originals} - known
    speakers = originals if len(joined) >= JOINING else [m for m in originals if m.publisher in known]
    voices = Counter(word for member in originals for word in _words(member) - heard)
    scored = [(_weight(member.title, heard, voices), member.seen, member.entry_id, member) for member in speakers]
    weight, _, _, best = max(scored, default=(0.0, None, 0, None))
    if not weight or best is None:
        return None
    return News(best, _quote(best, heard, voices), len({member.publisher for member in originals}))


def _quote(member: Member, heard: frozenset[str], voices: Counter[str]) -> str:
    """The sentence of the excerpt with the weightiest news over and above the headline; empty if there is none."""
    heard |= content_words(member.title)
    found = sentences(member.excerpt[:4000])
    best = max(found, key=lambda sentence: _weight(sentence, heard, voices), default="")
    return line(best, 240) if _weight(best, heard, voices) else ""


def _weight(sentence: str, heard: frozenset[str], voices: Counter[str]) -> float:
    """How many voices say its new words, without regard to its length; 0 if too few of its words are new."""
    own = content_words(sentence)
    new = own - heard
    if len(new) < max(ENOUGH_WORDS, NEW_WORDS * len(own)):
        return 0.0
    return float(sum(voices[word] for word in new) / math.sqrt(len(new)))


def _words(member: Member) -> frozenset[str]:
    return content_words(f"{member.title} {member.excerpt}")


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
