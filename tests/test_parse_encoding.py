"""Bytes ─► text: whoever is right among mark, header, declaration and the bytes themselves."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import parse
from aggregator.parse import prologue
from aggregator.parse.encoding import decode
from tests.parse_documents import fetched

LATIN, CYRILLIC, CHINESE = "Übermäßig née", "Привет, мир", "你好，世界。漢字"
JAPANESE, KOREAN = "日本語の見出し、カタカナ", "안녕하세요 세계"


def rss(text: str, declared: str = "") -> str:
    declaration = f' encoding="{declared}"' if declared else ""
    return f'<?xml version="1.0"{declaration}?><rss version="2.0"><channel><title>{text}</title></channel></rss>'


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "charset"),
    [
        (CHINESE, "utf-8", "utf-8", ""),
        (CHINESE, "utf-8", "", ""),
        (CHINESE, "utf-8-sig", "", ""),
        (CHINESE, "utf-8-sig", "iso-8859-1", "windows-1251"),  # the mark wins
        (CHINESE, "utf-8", "", "iso-8859-1"),  # a charset that fits anything proves nothing
        (CHINESE, "utf-8", "utf-16", ""),  # transcoded on the way, declaration and all
        (CHINESE, "utf-16", "utf-16", ""),
        (CHINESE, "utf-16-le", "utf-16", ""),  # without a mark
        (CHINESE, "utf-16-be", "", ""),
        (CHINESE, "utf-32", "utf-32", ""),
        (LATIN, "iso-8859-1", "iso-8859-1", ""),
        (LATIN, "iso-8859-1", "", "ISO-8859-1"),
        (LATIN, "iso-8859-15", "latin9", ""),
        (LATIN, "cp1252", "utf-8", ""),  # mislabelled
        (LATIN, "cp1252", "", ""),
        (CYRILLIC, "cp1251", "windows-1251", ""),
        (CYRILLIC, "cp1251", "", 'text/xml; charset="Windows-1251"'),
        (CYRILLIC, "koi8-r", "KOI8-R", ""),
        (CYRILLIC, "cp1251", "windows-1251", "utf-8"),  # a header that the bytes do not bear out
        (CHINESE, "gb18030", "gb2312", ""),
        (CHINESE, "big5", "big5", ""),
        (JAPANESE, "shift_jis", "Shift_JIS", ""),
        (JAPANESE, "cp932", "x-sjis", ""),
        (JAPANESE, "euc-jp", "EUC-JP", ""),
        (JAPANESE, "iso-2022-jp", "iso-2022-jp", ""),
        (KOREAN, "euc-kr", "euc-kr", ""),
        (KOREAN, "cp949", "ks_c_5601-1987", ""),
    ],
)
def test_the_text_is_read(text: str, encoding: str, declared: str, charset: str) -> None:
    content_type = charset if "/" in charset else f"application/rss+xml; charset={charset}"
    document = parse.feed(fetched(rss(text, declared).encode(encoding), content_type=content_type))
    assert document.title == text


@pytest.mark.parametrize(
    "declared", ["utf-7", "unicode_escape", "rot13", "hex", "idna", "ebcdic-cp-us", "no-such", "."]
)
def test_an_encoding_that_is_not_allowed_is_not_used(declared: str) -> None:
    document = parse.feed(fetched(rss("+ADw-b+AD4- \\u0041", declared)))
    assert document.title == "+ADw-b+AD4- \\u0041"
    assert document.malformed == f"unknown encoding '{declared}', read as utf-8"


def test_a_few_broken_bytes_do_not_spoil_the_rest() -> None:
    body = rss(CHINESE * 10 + "|").encode().replace(b"|", b"\xe4\xbd")
    document = parse.feed(fetched(body))
    assert document.title.startswith(CHINESE * 10)
    assert "not utf-8" in document.malformed


@given(st.binary(max_size=300), st.text(max_size=40))
def test_decoding_never_fails(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type).text, str)


@given(st.text(max_size=200), st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_what_is_marked_comes_back(text: str, encoding: str) -> None:
    try:
        body = text.encode(encoding)
    except UnicodeEncodeError:  # a lone surrogate
        return
    if not text.startswith("\0") or encoding == "utf-8-sig":  # FF FE 00 00 is both UTF-16 and UTF-32
        assert decode(body).text == text


def test_the_order_of_marks() -> None:
    assert decode(codecs.BOM_UTF32_LE + "a".encode("utf-32-le")).text == "a"
    assert decode(codecs.BOM_UTF16_LE + "a".encode("utf-16-le")).text == "a"


# ---------------------------------------------------------------- what stands before the root


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff \n",
        '<?xml version="1.0"?>',
        "<!-- a <rss> that is none -->",
        "<!DOCTYPE rss>",
        '<!DOCTYPE rss [<!ENTITY a "b"> <!-- ]> -->]>',
        '<!DOCTYPE rss [<!ENTITY a "]>"> <!ENTITY b "c">]>',
        "<?xml-stylesheet href='x'?>\n<?php echo 1 ?>",
        "Warning: something is wrong on line 3\n",
        "<br />\n<b>Notice</b>: undefined index<br />\n",
    ],
)
def test_the_root_is_found_and_nothing_before_it_kept(before: str) -> None:
    root = prologue.find(before + "<rss version='2.0'><channel/></rss>")
    assert (root.name, root.text) == ("rss", "<rss version='2.0'><channel/></rss>")


@pytest.mark.parametrize("text", ["", "  ", "<!--", "<?x", "<!DOCTYPE", "<!DOCTYPE x [", "words", "<", "<>", "<3 you"])
def test_there_may_be_no_root(text: str) -> None:
    assert prologue.find(text).name == ""


@given(st.text(alphabet="<>!-?[]\"'/ abrs\n", max_size=60))
def test_the_root_is_always_an_element(text: str) -> None:
    root = prologue.find(text)
    assert not root.name or root.text.startswith("<" + root.name) or ":" in root.text.split(root.name, 1)[0]
