"""What was told + what came since → what is new in it, quoted, or nothing worth an update. Pure.

A story goes on when an outlet that was already heard writes again, or when several others join; a single late report of
the same facts is no news. One outlet's word is not enough either, for comments, previews and reports of reports come
after every event: the headlines of two publishers must agree in words that the reader has not been given and that are
not all over the day. Only where all of a story comes from one publisher its own word counts: then at least half of the
content words of its headline must be new. (Maximal marginal relevance, Carbonell & Goldstein, SIGIR 1998, as one
threshold, and corroboration in place of its measure of relevance.)
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.digest.show import finished, line, sentences
from aggregator.model import Level, Member

AGREED = 2  # new words that two publishers' headlines must share
NEW_WORDS = 0.5  # where there is but one publisher: share of its headline's content words that must be unheard of
ENOUGH_WORDS = 4  # and their least number
JOINING = 3  # so many new publishers make a story go on
STEM = 5  # letters in which two forms of a word agree: strike, strikes, striking
COMMON = 0.01  # a word in this share of the day's stories tells nothing of one of them
COMMON_AT_LEAST = 3  # … and in so many


@dataclass(frozen=True, slots=True)
class News:
    """What an update tells."""

    member: Member  # whose headline
    quote: str  # the newest sentence; empty if the headline says it all
    members: tuple[Member, ...]  # all who wrote
    before: Member  # what was told and comes nearest, the latest of those

    @property
    def sources(self) -> int:
        return len({member.publisher for member in self.members})


def news(told: Sequence[Member], fresh: Sequence[Member], common: frozenset[str] = frozenset()) -> News | None:
    """What most of those who wrote since say anew, or None if it is but an echo. `common` as `common_words` has it."""
    known = {member.publisher for member in told}
    language = Counter(member.lang for member in told).most_common(1)[0][0]  # words compare in one language only
    originals = [m for m in fresh if m.level not in (Level.COPY, Level.REVISION) and m.lang == language]
    publishers = {member.publisher for member in originals}
    speakers = originals if len(publishers - known) >= JOINING else [m for m in originals if m.publisher in known]
    alone = len(publishers | known) == 1
    heard = frozenset().union(*map(_words, told), () if alone else common)
    voices = _voices(originals, heard)
    holds = _mostly_new if alone else _agreed
    scored = [
        (_weight(words, voices), member.seen, member.entry_id, member)
        for member in speakers
        if (words := stems(member.title) - heard) and holds(member, words, originals)
    ]
    if not scored:
        return None
    best = max(scored)[-1]
    headline = stems(best.title)
    before = max(told, key=lambda member: (len(headline & stems(member.title)), member.seen))
    return News(best, _quote(best, heard, voices), tuple(originals), before)


def common_words(stories: Iterable[Iterable[Member]]) -> frozenset[str]:
    """The words of so many of these stories that they are news of none."""
    counted: Counter[str] = Counter()
    total = 0
    for total, members in enumerate(stories, 1):  # noqa: B007 – how many there were
        counted.update(frozenset().union(*(stems(member.title) for member in members)))
    return frozenset(word for word, stories in counted.items() if stories >= max(COMMON_AT_LEAST, COMMON * total))


def _agreed(member: Member, new: frozenset[str], originals: Sequence[Member]) -> bool:
    """Whether another publisher's headline has enough of these words, too."""
    others = (other for other in originals if other.publisher != member.publisher)
    return any(len(new & stems(other.title)) >= AGREED for other in others)


def _mostly_new(member: Member, new: frozenset[str], _originals: Sequence[Member]) -> bool:
    return len(new) >= max(ENOUGH_WORDS, NEW_WORDS * len(stems(member.title)))


def _voices(members: Iterable[Member], heard: frozenset[str]) -> dict[str, int]:
    """new word → how many publishers say it."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for member in members:
        for word in _words(member) - heard:
            said[word].add(member.publisher)
    return {word: len(publishers) for word, publishers in said.items()}


def _weight(new: frozenset[str], voices: dict[str, int]) -> float:
    """How many voices say these words, without regard to their number."""
    return sum(voices.get(word, 0) for word in new) / math.sqrt(len(new)) if new else 0.0


def _quote(member: Member, heard: frozenset[str], voices: dict[str, int]) -> str:
    """The whole sentence of the excerpt with the weightiest news over and above the headline; empty if none has any."""
    heard |= stems(member.title)
    found = [sentence for sentence in sentences(member.excerpt[:4000]) if finished(sentence)]
    best = max(found, key=lambda sentence: _weight(stems(sentence) - heard, voices), default="")
    return line(best, 240) if len(stems(best) - heard) >= ENOUGH_WORDS else ""


def _words(member: Member) -> frozenset[str]:
    return stems(f"{member.title} {member.excerpt}")


def stems(text: str) -> frozenset[str]:
    """Content words by their beginnings; numbers whole."""
    return frozenset(word if word.isdigit() else word[:STEM] for word in content_words(text))


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
