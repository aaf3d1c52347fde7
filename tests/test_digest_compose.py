"""How an issue looks: sizes, hostile texts, languages, templates."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.digest import show
from aggregator.digest.compose import compose, encoded_size
from aggregator.errors import ConfigError
from aggregator.model import Untold
from tests.digest_samples import NOW, OUTLETS, SETTINGS, day, member, sample, story
from tests.example_digest import example

ROOT = Path(__file__).parents[1]
TAGS = set("html head meta title style body div h1 h2 h3 p a bdi span ul li".split())
ATTRIBUTES = set("lang dir href style class charset name content data-css-inline".split())
HOSTILE = (
    '<script>alert(1)</script><img src="https://t.example/p.gif" onerror=x>',
    "=?utf-8?q?Bcc:_x?=\r\nBcc: evil@example.org",
    "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x00h",
    "\u202ereversed\u2066\u2069 \u200fmark\ufeff",
    '"><a href="javascript:alert(1)">x</a>{{ 7 * 7 }}{% raw %}',
    "]]></style><!--",
    "\ud800 lone",
    "A" * 5000,
    "",
)
LINKS = (
    "javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//evil.example/x", "http://", "https:///x",
    "https://user:pw@evil.example/", "https://a\\@b.example/", "ftp://x.example/", "https://x.example/ y",
    "https://[::1", "https://x.example/\x00", "https://xn\u202e.example/", "https://x.example/" + "a" * 5000,
)  # fmt: skip


def styles(html: str) -> str:
    return "".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))


def elements(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every element, from a parse that raises for any error of HTML 5."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return ((element.tag, dict(element.attrib)) for element in tree.iter() if isinstance(element.tag, str))


def assert_harmless(html: str) -> None:
    for tag, attributes in elements(html):
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES
        assert "url(" not in attributes.get("style", "")
        if tag == "a":
            assert re.match(r"https?://[^/@]+(/|$)", attributes["href"]), attributes
    assert not re.search(r"url\(|@import|<", styles(html))
    assert not [c for c in html if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\u200c\u200d"]


def hostile_issue(texts: list[str], links: list[str]) -> list[Untold]:
    made = []
    for i, text in enumerate(texts, 1):
        url = links[i % len(links)]
        members = [member(i * 10 + j, text, text[:500] or OUTLETS[j], url=url, excerpt=f"{text}. {text}", lang=text[:9],
                          tags=(text[:80],)) for j in range(2)]  # fmt: skip
        made.append(Untold(story(i, members)))
    return made


def test_the_sample_is_valid_small_and_loads_nothing() -> None:
    composed = compose(sample(), SETTINGS)
    assert_harmless(composed.html)
    assert encoded_size(composed.html) < 40 * 1024
    assert composed.full_html == ""
    assert composed.subject.startswith("Sat 14 Mar: Ferry runs aground")
    assert composed.subject.endswith("(+22)")
    assert composed.languages == ("en", "ar", "de", "ja")


def test_both_parts_tell_the_same_stories() -> None:
    composed = compose(sample(), SETTINGS)
    flat = "".join(composed.text.split())
    for pick in composed.issue.picks:
        assert "".join(pick.lead.title.split()) in flat
        assert pick.lead.url in composed.html
        assert pick.lead.url in composed.text


def test_hostile_feeds_get_nothing_through() -> None:
    untold = hostile_issue(list(HOSTILE), list(LINKS))
    composed = compose(sample(replace(SETTINGS, limit=6), untold=untold), SETTINGS)
    for html in (composed.html, composed.full_html):
        assert_harmless(html)
    assert "\n" not in composed.subject
    assert composed.full_html


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=80), min_size=1, max_size=4), st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_and_link_is_harmless(texts: list[str], links: list[str]) -> None:
    composed = compose(sample(untold=hostile_issue(texts, [f"https://x.example/{link}" for link in links])), SETTINGS)
    assert_harmless(composed.html)
    assert all(c == "\n" or c.isprintable() or c in "\u200c\u200d" for c in composed.text)


@pytest.mark.parametrize("url", LINKS)
def test_links_that_are_none(url: str) -> None:
    assert show.link(url) == ""


def test_links_become_ascii() -> None:
    assert show.link("https://x.example/ä?q=日#f") == "https://x.example/%C3%A4?q=%E6%97%A5#f"
    assert show.link("http://x.example:8080/%C3%A4") == "http://x.example:8080/%C3%A4"


def test_the_lowest_ranked_make_room_until_it_fits() -> None:
    words = "海底ケーブル修理船が完成" * 4
    wide = [Untold(story(i, [member(i * 20 + j, f"{words} {i}", OUTLETS[j], lang="ja", excerpt=words * 3)
                             for j in range(8)])) for i in range(1, 200)]  # fmt: skip
    digest = replace(SETTINGS, limit=200, top=50, max_kb=95)
    composed = compose(sample(digest, untold=wide), digest)
    assert 90 * 1024 < encoded_size(composed.html) <= 95 * 1024
    assert 0 < composed.issue.trimmed < 199
    assert f"And {composed.issue.trimmed} more stories: see the attached page." in composed.html
    assert composed.full_html.count('class="item"') == 199
    assert len(composed.issue.items) == 199


def test_what_becomes_of_the_rest_is_the_readers_choice() -> None:
    for rest, words in (
        ("count", "more stories."),
        ("https://x.example/{name}/{date}", "https://x.example/daily/2026-03-14"),
    ):
        digest = replace(SETTINGS, limit=3, rest=rest)
        composed = compose(sample(digest), digest)
        assert composed.full_html == ""
        assert words in composed.html
        assert words in composed.text


def test_languages_and_directions_are_said() -> None:
    html = compose(sample(), SETTINGS).html
    assert 'lang="ar" dir="rtl"' in html or 'dir="rtl" lang="ar"' in html
    assert 'lang="ja"' in html
    assert show.direction("und") == "auto"


def test_dates_in_the_readers_zone_and_locale() -> None:
    german = replace(SETTINGS, locale="de", timezone="Asia/Tokyo")
    composed = compose(sample(german), german)
    assert "Samstag, 14. März 2026" in composed.text
    assert "[The Inland Post 11:53" in composed.text
    missed = compose(sample(german, missed=(date(2026, 3, 13),)), german)
    assert "seit 13. März, 15:00" in " ".join(missed.text.split())
    old = [Untold(story(1, [member(1, "Fog", published=NOW - timedelta(days=days))])) for days in (2, 40)]
    for untold, shown in zip(old, ("Thu 07:00", "2 Feb"), strict=True):
        assert f"[Harbour Times {shown}]" in compose(sample(untold=[untold]), SETTINGS).text


def test_an_unknown_locale_is_said() -> None:
    with pytest.raises(ConfigError, match=r"digest\.locale"):
        compose(sample(), replace(SETTINGS, locale="xx_YY"))


def test_missed_days_are_said() -> None:
    days = tuple(date(2026, 3, 8) + timedelta(days=i) for i in range(6))
    text = compose(sample(missed=days), SETTINGS).text
    assert "No mail reached you for Wed 11 Mar, Thu 12 Mar, Fri 13 Mar and 3 before" in text


def test_a_day_without_news() -> None:
    composed = compose(sample(untold=[], notices=()), SETTINGS)
    assert composed.subject == "The Orla Digest, Sat 14 Mar: all quiet"
    assert "all quiet" in composed.html
    assert_harmless(composed.html)
    assert compose(sample(untold=[]), SETTINGS).subject.endswith("feeds need attention")


def test_plain_text_fits_the_terminal() -> None:
    for line in compose(sample(), SETTINGS).text.splitlines():
        assert show.width(line) <= 72 or line.strip().startswith("https://"), line


def test_header_footer_and_templates_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("h1 { color: #123456 }")
    (tmp_path / "digest.txt").write_text("{{ issue.title }}!\n")
    digest = replace(SETTINGS, header="Good <morning>", footer="Bye", templates=tmp_path)
    composed = compose(sample(digest), digest)
    assert "Good &lt;morning&gt;" in composed.html
    assert "Bye" in composed.html
    assert "color:#123456" in composed.html
    assert composed.text == "The Orla Digest!\n"


@pytest.mark.parametrize("text", ["{% if %}", "{{ issue.nothing }}", "{% include 'none.html' %}"])
def test_a_broken_template_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "digest.html").write_text(text)
    with pytest.raises(ConfigError, match=r"^template .*: mend it"):
        compose(sample(), replace(SETTINGS, templates=tmp_path))


def test_leads_are_one_or_two_sentences() -> None:
    text = "Storks return. The U.S. counted 82 pairs by Friday. They stay. Continue reading…"
    assert show.lead(text, "Fen") == "Storks return. The U.S. counted 82 pairs by Friday."
    assert show.lead(text, "Storks return") == "The U.S. counted 82 pairs by Friday. They stay."
    assert show.lead("word " * 100, "x").endswith("word…")
    assert len(show.lead("word " * 100, "x")) <= 240
    assert show.sentences("まず一文。次の一文。") == ["まず一文。", "次の一文。"]


def test_wrapping_counts_columns() -> None:
    assert show.fill("海底 " * 20, columns=11) == "\n".join(["海底 海底"] * 10)
    assert show.fill("a" * 25, "  ", "* ", columns=12) == "* aaaaaaaaaa\n  aaaaaaaaaa\n  aaaaa"


def test_the_example_of_the_manual_is_up_to_date(tmp_path: Path) -> None:
    composed = example(tmp_path)
    for part, name in ((composed.html, "example-digest.html"), (composed.text, "example-digest.txt")):
        assert (ROOT / "docs" / name).read_text("utf-8") == part, "run `make example`"


def test_a_day_is_quickly_made() -> None:
    assert len(compose(sample(untold=day()), SETTINGS).issue.picks) == 23
