"""Headlines → are they the same, or two numbers of one series? Pure."""

import itertools
import re
from functools import lru_cache

from aggregator.cluster.prior import frequency
from aggregator.cluster.words import words

_MONTHS = (
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october "
    "nov november dec december"
)
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_CALENDAR = frozenset(f"{_MONTHS} {_DAYS}".split())
_DAYTIMES = frozenset("morning midday noon afternoon evening night daily weekly".split())
_LIVE = re.compile(
    r"\blive\b|\bas it happened\b|\bhighlights\b|\ben direct\b|\bliveticker\b|\ben vivo\b|\bdiretta\b", re.I
)
_NUMBER = re.compile(r"\d+(?:st|nd|rd|th)?")
_WORD = re.compile(r"[^\W_]+")
_NAMES = 3  # words that a formula leaves open, at most
_FRAME = 2  # words of it that say something, at least
_STOPWORD, _RARE = 1e-3, 1e-6  # shares of running text: says nothing from here on; too rare for a formula
_SAYING = 16  # characters: a shorter headline says nothing


@lru_cache(maxsize=50_000)  # every newcomer asks for the headlines of the same candidates
def key(title: str) -> str:
    """A headline without case and punctuation; empty where it is too short to say anything."""
    plain = " ".join(_WORD.findall(title.casefold()))
    return plain if len(plain) >= _SAYING else ""


def overlap(a: str, b: str) -> float:
    """Jaccard similarity of two headlines' words; 1 where either has none."""
    mine, theirs = (frozenset(word.surface for word in words(title, "und")) for title in (a, b))
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 1.0


def series(a: str, b: str) -> str:
    """What numbers the two headlines as parts of one series: the same words but for dates or figures; empty if not.

    ``Horoscope for June 23`` and ``Horoscope for June 27`` → ``23 and 27``.
    """
    mine, theirs = (_WORD.findall(title.casefold()) for title in (a, b))
    only_mine, only_theirs = _left(mine, theirs), _left(theirs, mine)
    if not only_mine or not only_theirs or len(only_mine) == len(mine):
        return ""
    if not all(_counts(word) for word in (*only_mine, *only_theirs)):
        return ""
    return f"{' '.join(only_mine)} and {' '.join(only_theirs)}"


def frame(title: str) -> str:
    """What a headline says around its names, if it has any: headlines of one formula have one frame.

    ``Weather outlook for Eskmere`` → ``weather outlook for``; empty where too little is left, as of a headline in
    capitals or Title Case.
    """
    found = _WORD.findall(title)
    kept = [word.casefold() for place, word in enumerate(found) if not place or word[0].islower()]
    return " ".join(kept) if _FRAME < len(kept) < len(found) else ""


def formula(a: str, b: str, lang: str) -> str:
    """Which names tell two headlines of one formula apart; empty where they are no such headlines.

    ``Weather outlook for Eskmere`` and ``Weather outlook for Port Calder`` → ``Eskmere and Port Calder``: the same
    common words around different names. A rare word among the common ones (the name of a storm) is one event's.
    """
    mine, theirs = _WORD.findall(a), _WORD.findall(b)
    begin = _same(mine, theirs)
    end = _same(mine[begin:][::-1], theirs[begin:][::-1])
    frame = [word.casefold() for word in (*mine[:begin], *mine[len(mine) - end :])]
    names, others = mine[begin : len(mine) - end], theirs[begin : len(theirs) - end]
    if not 0 < len(names) <= _NAMES >= len(others) > 0:
        return ""
    if not all(word[0].isupper() for word in (names[0], names[-1], others[0], others[-1])):
        return ""
    if any(one.startswith(other) or other.startswith(one) for one in _lower(names) for other in _lower(others)):
        return ""  # one name, written in two ways
    common = [frequency(word, lang) for word in frame]
    if sum(often < _STOPWORD for often in common) < _FRAME or min(common) < _RARE:
        return ""
    return f"{' '.join(names)} and {' '.join(others)}"


def _lower(words: list[str]) -> list[str]:
    return [word.casefold() for word in words]


def _same(mine: list[str], theirs: list[str]) -> int:
    """How many words both begin with."""
    pairs = itertools.takewhile(lambda pair: pair[0].casefold() == pair[1].casefold(), zip(mine, theirs, strict=False))
    return sum(1 for _ in pairs)


def dated(title: str) -> frozenset[str]:
    """The date words of a headline and all its numbers; empty without a month or weekday, or without a number."""
    found = _WORD.findall(title.casefold())
    if _CALENDAR.isdisjoint(found) or not any(map(_NUMBER.fullmatch, found)):
        return frozenset()
    return frozenset(word for word in found if _counts(word))


def is_live(title: str, url: str) -> bool:
    """A page that is rewritten as things go on and may change its subject with its headline."""
    return _LIVE.search(title) is not None or "/live/" in url or "liveblog" in url


def _left(mine: list[str], theirs: list[str]) -> list[str]:
    other = frozenset(theirs)
    return [word for word in mine if word not in other]


def _counts(word: str) -> bool:
    return _NUMBER.fullmatch(word) is not None or word in _CALENDAR or word in _DAYTIMES
