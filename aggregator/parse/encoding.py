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
_UTF16 = {"utf-16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "utf-32", "ucs-4", "iso-10646-ucs-4"}
_MULTIBYTE = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "cp936"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji", "cp932"), "cp932"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc_jp"),
    "iso-2022-jp": "iso2022_jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "cp949", "uhc"), "cp949"),
}
_SINGLE = {
    **dict.fromkeys(("us-ascii", "ascii", "latin1", "latin-1", "iso8859-1", "cp819"), "iso-8859-1"),
    **{f"iso-8859-{n}": f"iso-8859-{n}" for n in (*range(1, 12), 13, 14, 15, 16)},
    **{f"windows-{n}": f"cp{n}" for n in range(1250, 1259)},
    **{f"cp{n}": f"cp{n}" for n in (*range(1250, 1259), 437, 850, 852, 866)},
    **dict.fromkeys(("windows-874", "tis-620", "iso-8859-11"), "cp874"),
    **dict.fromkeys(("ibm866", "dos-866"), "cp866"),
    **{name: name for name in ("koi8-r", "koi8-u")},
    **dict.fromkeys(("macintosh", "x-mac-roman"), "mac_roman"),
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
    names = [found[1] for found in (_CHARSET.search(content_type),) if found]
    names += [found[1].decode("ascii") for found in (_DECLARED.match(body),) if found]
    return _by_name(body, [name.lower() for name in names])


def _by_name(body: bytes, names: list[str]) -> Decoded:
    for name in names:
        if name in _MULTIBYTE and (text := _strict(body, _MULTIBYTE[name])) is not None:
            return Decoded(text, name)
    if (text := _strict(body, "utf-8")) is not None:
        return Decoded(text, "utf-8", _note(names))
    for name in names:
        if name in _SINGLE and (text := _strict(body, _SINGLE[name])) is not None:
            return Decoded(text, name)
    return _nearest(body, names)


def _strict(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _forced(body: bytes, encoding: str) -> Decoded:
    text = body.decode(encoding, "replace")
    return Decoded(text, encoding, "bytes that are not " + encoding if "\ufffd" in text else "")


def _note(names: list[str]) -> str:
    strange = [n for n in names if n not in _SINGLE and n not in _MULTIBYTE and n not in ("utf-8", "utf8", *_UTF16)]
    return f"unknown encoding {strange[0]!r}, read as utf-8" if strange else ""


def _nearest(body: bytes, names: list[str]) -> Decoded:
    """Broken bytes: UTF-8 if most of what is not ASCII is, else Windows-1252, which most mislabelled pages are in."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text)))
    said = names[0] if names else "utf-8"
    if bad * 4 <= good:
        return Decoded(text, "utf-8", f"{bad} places that are not utf-8")
    return Decoded(body.decode("cp1252", "replace"), "windows-1252", f"declared as {said}, read as windows-1252")
