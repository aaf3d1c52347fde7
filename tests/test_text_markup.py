"""Markup, characters, closing formulas, languages: piece by piece."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.boilerplate import without_outlet, without_tail
from aggregator.text.characters import entities, line, paragraphs, scrub
from aggregator.text.language import language, primary
from aggregator.text.markup import MAX_MARKUP, read

BASE = "https://a.example/story/7"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Plain text, a < b & c", "Plain text, a < b & c"),
        ("<p>One</p><p>Two<br>three</p>", "One\nTwo\nthree"),
        ("<ul><li>One</li><li>Two</li></ul>", "One\nTwo"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<b>Bo</b>ld and <i>it</i>alic\nin one\nline", "Bold and italic in one line"),
        ("<pre>one\n  two</pre>", "one\ntwo"),
        ("&lt;p&gt;Escaped &amp;amp; twice&lt;/p&gt;", "Escaped & twice"),
        ("<p>Escaped &lt;b&gt;inside&lt;/b&gt;</p>", "Escaped inside"),
        ("<p>Write <code>&lt;b&gt;</code> for bold</p>", "Write <b> for bold"),
        ("<p>Cut in the middle <a href='https://", "Cut in the middle"),
        ("<p>Cut right here.</", "Cut right here."),
        ("AT&amp;amp;T &mdash; 5 &#8364; &#x1F600;", "AT&T — 5 € 😀"),
        ("<script>evil()</script><style>p{}</style><p>Text</p><iframe src=x>no</iframe>", "Text"),
        ("<figure><img src=x><figcaption>Photo: N.N.</figcaption></figure><p>Text</p>", "Text"),
        ("<![CDATA[<p>Text</p>]]>", "Text"),
        ("<!-- hidden -->Text", "Text"),
        ("<form><input value=x>Subscribe</form>Text", "Text"),
        ("<P CLASS=x>Upper<BR/>case", "Upper\ncase"),
        ("", ""),
    ],
)
def test_markup_becomes_text(source: str, text: str) -> None:
    assert read(source, BASE)[0] == text


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("no markup, no html", ""),
        (
            '<a href="/b?c=1&amp;d=2" title="t" onclick="x()">x</a>',
            '<a href="https://a.example/b?c=1&amp;d=2" rel="noopener nofollow">x</a>',
        ),
        ('<a href="#note">x</a>', f'<a href="{BASE}#note" rel="noopener nofollow">x</a>'),
        ('<a href="java&#10;script:x()">x</a>', '<a rel="noopener nofollow">x</a>'),
        ('<a title="q" HREF=\'https://b.example/"onclick=x\'>x</a>',
         '<a href="https://b.example/%22onclick=x" rel="noopener nofollow">x</a>'),
        ('<a xlink:href="javascript:x()">x</a>', '<a rel="noopener nofollow">x</a>'),
        ('<p style="x" class="y" id="z" lang="de">x<img src=x onerror=y></p>', "<p>x</p>"),
        ("<p><svg><a href='x'>y</a></svg>x</p>", "<p>x</p>"),
        ("<p> </p><ul><li><p></p></li></ul><p>x</p>", "<p>x</p>"),
        ("<blockquote cite='x'><q cite=y>x</q></blockquote>", "<blockquote><q>x</q></blockquote>"),
    ],
)  # fmt: skip
def test_the_allow_list_keeps_text_lists_tables_and_safe_links(source: str, html: str) -> None:
    assert read(source, BASE)[1] == html


@pytest.mark.parametrize("piece", ["<div>", "<ul><li>", "<b>", "<p>&lt;", "</div><div>", "<a href=x>", "&amp;", "<"])
def test_hostile_nesting_is_cheap(piece: str) -> None:
    start = time.process_time()
    read(piece * (2 * MAX_MARKUP // len(piece)), BASE)
    assert time.process_time() - start < 5, "nested as deeply, the parser alone needs far longer for 64 KB"


def test_no_more_than_the_limit_is_read_and_images_in_the_text_do_not_count() -> None:
    picture = '<img src="data:image/png;base64,' + "A" * MAX_MARKUP + '">'
    assert read(picture + "<p>after</p>", BASE)[0] == "after"
    assert len(read("<p>" + "word " * MAX_MARKUP, BASE)[0]) <= MAX_MARKUP


def test_only_what_should_not_be_there_is_scrubbed() -> None:
    assert scrub("re\u00adsul\u200bt\u2060s \x00\x1b[31m\u202eabc\u2069\ufeff\ud800") == "results [31mabc"
    assert scrub("don\x92t") == "don’t", "windows-1252 taken for Latin-1"
    assert scrub("a\u00a0b\u2003c\r\nd\u2028e") == "a b c\nd\ne"
    assert scrub("e\u0301") == "é"
    assert scrub("می\u200cخواهم") == "می\u200cخواهم", "Persian is spelled with joiners"
    assert scrub("👩\u200d🚒") == "👩\u200d🚒"
    assert scrub("w\u200do\u200crd") == "word"
    assert line(" a \n b ") == "a b"
    assert paragraphs(" a  b \n\n \n c ") == "a b\nc"


@given(st.text(max_size=80))
def test_scrubbing_is_idempotent(text: str) -> None:
    assert scrub(scrub(text)) == scrub(text)
    assert paragraphs(paragraphs(text)) == paragraphs(text)


def test_entities_are_characters_but_addresses_stay() -> None:
    assert entities("x?a=1&copy=2&lt=3") == "x?a=1&copy=2&lt=3"
    assert entities("&amp;amp;amp;eacute; &#233; &#xE9; &bogus;") == "é é é &bogus;"
    assert entities("&#9999999;&#xFFFFFF;") == ""


@pytest.mark.parametrize(
    "tail",
    [
        "\nContinue reading…",
        " Continue reading...",
        "\nRead more",
        "\nRead more »",
        "\nComments",
        "\n[link] [comments]",
        "\nThe post A long title appeared first on Harbour Post.",
        " The post A long title appeared first on Harbour Post.",
        " The post A long title appea",
        " The post A long ti",
        "\nDer Beitrag A long title erschien zuerst auf Hafenpost.",
        "\nsubmitted by /u/someone [link] [comments]",
        " Leer más",
        "\nThe post A long title appeared first on Harbour Post.\nRead more",
    ],
)
def test_closing_formulas_go(tail: str) -> None:
    assert without_tail("The bridge is closed." + tail, "A long title") == "The bridge is closed."


@pytest.mark.parametrize(
    "text",
    [
        "The post office closed. The post was taken over by a bank.",
        "She said we should read more",
        "He went on: continue reading the signs, and the river will tell you.",
        "The post of mayor appeared first on the list of demands and nobody objected.",
        "Voters want more",
        "Read more books, the minister said.",
    ],
)
def test_sentences_that_only_look_like_formulas_stay(text: str) -> None:
    assert without_tail(text, "A title") == text


def test_a_cut_is_marked_in_one_way() -> None:
    assert without_tail("The bridge is […]", "") == "The bridge is…"
    assert without_tail("The bridge is (more…)", "") == "The bridge is…"


def test_the_outlet_leaves_the_title() -> None:
    names = ("Harbour Post", "harbour.example", "")
    assert without_outlet("Bridge closed - Harbour Post", names) == "Bridge closed"
    assert without_outlet("Bridge closed | HARBOUR POST", names) == "Bridge closed"
    assert without_outlet("Bridge – closed – harbour.example", names) == "Bridge – closed"
    assert without_outlet("Bridge closed - for ever", names) == "Bridge closed - for ever"
    assert without_outlet("Bridge closed -", names) == "Bridge closed -"
    assert without_outlet("Inside - Harbour Post", names) == "Inside - Harbour Post", "too little would remain"


@pytest.mark.parametrize(
    ("text", "claim", "found"),
    [
        ("The council has closed the bridge over the river for two days.", "", "en"),
        ("The council has closed the bridge over the river for two days.", "en-GB", "en"),
        ("Der Stadtrat hat die Brücke über den Fluss für zwei Tage gesperrt.", "", "de"),
        ("Der Stadtrat hat die Brücke über den Fluss für zwei Tage gesperrt, weil dort gebaut wird.", "en-US", "de"),
        ("Le conseil a fermé le pont sur la rivière pendant deux jours.", "", "fr"),
        ("Bridge closed", "", "und"),
        ("Bridge closed", "en", "en"),
        ("Bridge closed", "ja", "und"),
        ("市議会は橋を二日間閉鎖した", "en", "ja"),
        ("市议会关闭了大桥两天", "en-US", "zh"),
        ("市議會關閉了大橋", "zh-TW", "zh"),
        ("Совет закрыл мост через реку на два дня из-за ремонта", "en", "ru"),
        ("Міська рада закрила міст через річку на два дні", "uk", "uk"),
        ("시의회가 다리를 이틀간 폐쇄했다", "", "ko"),
        ("أغلق المجلس الجسر فوق النهر لمدة يومين", "ar-SA", "ar"),
        ("", "de", "de"),
        ("", "", "und"),
        ("12:30 – 14:00", "ja", "ja"),
    ],
)
def test_languages(text: str, claim: str, found: str) -> None:
    assert language(text, claim) == found


def test_only_the_primary_subtag_counts() -> None:
    assert [primary(tag) for tag in ("en-GB", "EN_us", "de", "iw", "x-klingon", "english", "", "jp")] == [
        "en", "en", "de", "he", "", "", "", "ja",
    ]  # fmt: skip
