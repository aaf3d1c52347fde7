"""Bytes as received ─► text, by an allow-list of encodings. Pure, linear.

The order is that of RFC 7303 (byte order mark, HTTP charset, XML declaration, UTF-8) with one exception that the
field teaches: a single-byte charset decodes anything and so proves nothing; where the bytes are valid UTF-8, they
are UTF-8.
"""

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_PATTERNS = (  # `<` and its neighbour: XML 1.0, appendix F
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0<", "utf-16-be"),
    (b"<\0", "utf-16-le"),
)
# By Python's own names (`codecs.lookup` knows the aliases); the value is the superset that is really meant
_MULTIBYTE = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5hkscs", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "cp932"), "cp932"),
    **dict.fromkeys(("euc_kr", "cp949"), "cp949"),
    **{name: name for name in ("euc_jp", "iso2022_jp")},
}
_SINGLE = {
    **{name: name for name in ("tis-620", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic")},
    **{f"cp{n}": f"cp{n}" for n in (*range(1250, 1259), 437, 850, 852, 855, 866, 874)},
    **{f"iso8859-{n}": f"iso8859-{n}" for n in (*range(1, 12), 13, 14, 15, 16)},
    "ascii": "iso8859-1",
}
_UNKNOWN_TO_PYTHON = {
    "x-sjis": "cp932",
    "x-gbk": "gbk",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
}
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a document; `note` says what was wrong with its encoding, empty when nothing was."""

    text: str
    encoding: str
    note: str = ""


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Never fails: what fits no allowed encoding is read as the nearest one, with replacement characters."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _forced(body[len(mark) :], encoding)
    for pattern, encoding in _PATTERNS:
        if body.startswith(pattern):
            return _forced(body, encoding)
    said = [found[1] for found in (_CHARSET.search(content_type),) if found]
    said += [found[1].decode("ascii") for found in (_DECLARED.match(body),) if found]
    return _by_name(body, said)


def _by_name(body: bytes, said: list[str]) -> Decoded:
    names = [_python_name(name) for name in said]
    for name in names:
        if name in _MULTIBYTE and (text := _strict(body, _MULTIBYTE[name])) is not None:
            return Decoded(text, name)
    if (text := _strict(body, "utf-8")) is not None:
        strange = [shown for shown, name in zip(said, names, strict=True) if not name]
        return Decoded(text, "utf-8", f"unknown encoding {strange[0]!r}, read as utf-8" if strange else "")
    for name in names:
        if name in _SINGLE and (text := _strict(body, _SINGLE[name])) is not None:
            return Decoded(text, name)
    return _nearest(body, said)


def _python_name(said: str) -> str:
    """Python's name of an allowed encoding, else empty. An UTF-16 that its bytes do not bear out is UTF-8."""
    try:
        name = codecs.lookup(_UNKNOWN_TO_PYTHON.get(said.lower(), said)).name
    except (LookupError, ValueError):
        return ""
    return name if name in _MULTIBYTE or name in _SINGLE or name.startswith(("utf-8", "utf-16", "utf-32")) else ""


def _strict(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _forced(body: bytes, encoding: str) -> Decoded:
    text = body.decode(encoding, "replace")
    return Decoded(text, encoding, "bytes that are not " + encoding if "\ufffd" in text else "")


def _nearest(body: bytes, said: list[str]) -> Decoded:
    """Broken bytes: UTF-8 if most of what is not ASCII is, else Windows-1252, which most mislabelled pages are in."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text)))
    if bad * 4 <= good:
        return Decoded(text, "utf-8", f"{bad} places that are not utf-8")
    return Decoded(
        body.decode("cp1252", "replace"),
        "windows-1252",
        f"declared as {said[0] if said else 'utf-8'}, read as windows-1252",
    )
