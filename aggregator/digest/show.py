"""Text from feeds → text fit to be shown: one line, no control or bidi characters, real links only. Pure.

Ingest has scrubbed all this once; whatever is mailed is scrubbed again here, so that no older row, import or
mistake elsewhere can reach a reader.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

_JOINERS = "\u200c\u200d"  # needed inside words of Persian and Indic scripts and inside emoji
_DROPPED = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn"}
)  # controls, bidi and other formats, surrogates, private, unassigned
_URL_SAFE = "%/:?#[]@!$&'()*+,;=~-._"
_RTL = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "syr", "ug", "ur", "yi"})
_ABBREVIATED = "".join(
    f"(?<!{short})" for short in (r"\b[A-Z]\.", r"Mr\.", r"Mrs\.", r"Ms\.", r"Dr\.", r"St\.", r"vs\.")
)
_SENTENCE_END = re.compile(rf"(?:(?<=[.!?…]){_ABBREVIATED}|(?<=[.!?…][\"'”’»)]))\s+(?=\S)|(?<=[。！？])(?=\S)")
_BOILERPLATE = re.compile(r"^(continue reading|read more|read the full|the post .{1,300} appeared first on)\b", re.I)


def line(text: str, limit: int = 300) -> str:
    """One clean line of at most `limit` characters, cut at a word with an ellipsis."""
    spaced = " ".join(text[: 4 * limit].split())
    clean = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in _DROPPED).strip()
    if len(clean) <= limit:
        return clean
    head = clean[: limit - 1]
    word = head.rfind(" ")
    return (head[:word] if word > limit // 2 else head).rstrip(" ,;:–-") + "…"


def link(url: str) -> str:
    """The URL as ASCII if it is plain http(s) to a named host, else empty: then the title is shown without a link."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    named = parts.scheme in ("http", "https") and host and "@" not in parts.netloc and parts.netloc.isascii()
    if not named or len(url) > 4096 or "\\" in url or any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return ""
    return quote(url, safe=_URL_SAFE)


def language(lang: str) -> str:
    """A BCP 47 primary subtag fit for an attribute; empty when unknown."""
    primary = lang.split("-", maxsplit=1)[0].lower()
    return primary if re.fullmatch(r"[a-z]{2,3}", primary) and primary != "und" else ""


def direction(lang: str) -> str:
    """The value of `dir`: what the language says, else let the reader's program look at the first letter."""
    primary = language(lang)
    if not primary:
        return "auto"
    return "rtl" if primary in _RTL else "ltr"


def sentences(text: str) -> list[str]:
    """Split at sentence ends; good enough for leads, not for grammar."""
    found = [line(part, 1000) for part in _SENTENCE_END.split(text)]
    return [sentence for sentence in found if sentence and not _BOILERPLATE.match(sentence)]


def finished(sentence: str) -> bool:
    """Whether it ends as sentences do: feeds cut their texts anywhere."""
    return bool(re.search(r"[.!?…。！？][\"'”’»)]*$", sentence))


def lead(excerpt: str, title: str, limit: int = 240) -> str:
    """One or two sentences, not the title again."""
    told = title.casefold().rstrip(".!?… ")
    fresh = [sentence for sentence in sentences(excerpt[:4000]) if sentence.casefold().rstrip(".!?… ") != told]
    first = "".join(fresh[:1])
    two = " ".join(fresh[:2])
    return two if len(two) <= limit and all(map(finished, fresh[1:2])) else line(first, limit)


def width(text: str) -> int:
    """Terminal columns."""
    return sum(
        0 if unicodedata.combining(c) or c in _JOINERS else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def fill(text: str, indent: str = "", first: str | None = None, columns: int = 72) -> str:
    """Wrap to columns as terminals count them; `first` replaces the indent of the first line."""
    lines, current = [], first if first is not None else indent
    empty = True
    for word in (piece for whole in text.split() for piece in _pieces(whole, columns - len(indent))):
        gap = "" if empty else " "
        if not empty and width(current) + len(gap) + width(word) > columns:
            lines.append(current)
            current, gap = indent, ""
        current += gap + word
        empty = False
    return "\n".join([*lines, current]).rstrip()


def _pieces(word: str, columns: int) -> list[str]:
    """A word too long for a line, as in scripts without spaces, in parts that fit. Addresses stay whole."""
    if width(word) <= columns or word.startswith(("http://", "https://")):
        return [word]
    pieces, current = [], ""
    for character in word:
        if width(current + character) > columns:
            pieces.append(current)
            current = ""
        current += character
    return [*pieces, current]
