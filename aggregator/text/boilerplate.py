"""Text of an entry → the same without what its publishing system added. Pure.

Careful on purpose: only whole closing lines or formulas with both their ends are removed, never a sentence that merely
begins like one.
"""

import re

_FEED_TAILS = (
    r"The post .{1,400}? (?:first )?appeared (?:first )?on (?-i:[^\Wa-z]).{0,120}",
    r"(?:Der Beitrag|Le post|L[’']article|La entrada|El post|L[’']articolo|O post|Het bericht|Inlägget|Artykuł|Wpis|"
    r"Příspěvek|Сообщение|Запись) .{1,400}? (?:erschien zuerst auf|est apparu en premier sur|se publicó primero en|"
    r"apareció primero en|proviene da|apareceu primeiro em|verscheen eerst op|dök först upp på|pochodzi z serwisu|"
    r"se nejdříve objevil na|появил[аои]сь? сначала на) .{1,120}",
    r"\[link\] \[comments\]|submitted by /u/\S+(?: to r/\S+)?(?: \[link\] \[comments\])?",
)
_INVITATIONS = (
    r"(?:Please )?(?:Continue reading|Keep reading|Read more|Read on|Read the full (?:story|article|post|text)|"
    r"See more|Click here to (?:read|continue)[^.\n]{0,40}|Read the rest of (?:this|the) \w+|More|Comments?|"
    r"Permalink|Share this|"
    r"Weiterlesen|Mehr lesen|Lire la suite|Seguir leyendo|Leer más|Continua a leggere|Leggi tutto|Читать далее|"
    r"Lees verder|続きを読む|阅读全文)"
)
_TAIL_LINE = re.compile(
    rf"(?:{'|'.join(_FEED_TAILS)}|{_INVITATIONS}(?: (?:on|at|in|here)\b[^\n]{{0,60}})?)\W*", re.IGNORECASE
)
_TAIL_SENTENCE = re.compile(
    r"(?:(?<=[.!?…\]\"”’)])|(?<=\.\.\.))\s*(?:Continue reading|Keep reading|Read more|Read the full (?:story|article)|"
    rf"Weiterlesen|Lire la suite|Seguir leyendo|Leer más|続きを読む)[\s.…»→>]*$|\s+(?:{_FEED_TAILS[0]})$",
    re.IGNORECASE,
)
_CUT = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|\(\s*more(?:…|\.\.\.)?\s*\))$")
_SEPARATOR = re.compile(r"\s+[-–—|·»:]\s+")
_ENOUGH_TITLE = 8  # characters of a title by which a cut “The post …” is known
_LETTERS = re.compile(r"\w+")


def without_tail(text: str, title: str) -> str:
    """Drop closing lines and phrases such as “Continue reading…” and “The post X appeared first on Y.”

    `title` is X: by it the second is known even where the excerpt was cut inside of it.
    """
    text = _without_post(text, title)
    while text:
        head, _, last = text.rpartition("\n")
        if _TAIL_LINE.fullmatch(last):
            text = head
            continue
        shorter = _CUT.sub("…", _TAIL_SENTENCE.sub("", last))
        text = f"{head}\n{shorter}" if head else shorter
        if shorter == last:
            break
    return text


def _without_post(text: str, title: str) -> str:
    before, post, rest = text.rpartition("The post ")
    known = min(len(rest), len(title))
    if post and known >= _ENOUGH_TITLE and rest[:known].casefold() == title[:known].casefold():
        return before.rstrip()
    return text


def without_outlet(title: str, names: tuple[str, ...]) -> str:
    """“Bridge closed - Harbour Post” → “Bridge closed” when the last part is one of the outlet's `names`.

    The outlet is always shown beside the title, and as a part of it would make its titles alike.
    """
    separators = list(_SEPARATOR.finditer(title))
    if not separators:
        return title
    head, tail = title[: separators[-1].start()], _key(title[separators[-1].end() :])
    return head if tail and len(head.split()) > 1 and tail in map(_key, names) else title


def _key(name: str) -> str:
    """A name as compared: letters and digits only."""
    return "".join(_LETTERS.findall(name.casefold()))
