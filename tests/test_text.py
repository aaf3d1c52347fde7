"""Item → Entry, as a whole."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import text
from aggregator.model import Document, Entry, Feed, Item

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def clean(**words: object) -> Entry:
    item = Item(**words)  # type: ignore[arg-type]
    return text.clean(item, base_url="https://news.example.org/", feed_lang="en", publisher="", now=NOW)


def test_an_item_as_news_sites_publish_it() -> None:
    entry = clean(
        guid="tag:1",
        link="/harbour/bridge?id=7&utm_source=rss#comments",
        title="Bridge &amp;amp; tunnel clos\u200bed | News.Example.org",
        summary="Short.",
        content="<p>The bridge was <b>closed</b> at&nbsp;noon.</p><p>Repairs: 3&ndash;4 days.</p>"
        '<p>The post <a href="/x">Bridge</a> appeared first on <a href="/">News</a>.</p>',
        author="desk@example.org (Ada Brandt)",
        tags=("Traffic", " traffic", "Har\u00adbour", ""),
        published=datetime(2026, 11, 20, 9, tzinfo=timezone(timedelta(hours=2))),
    )
    assert entry.url == "https://news.example.org/harbour/bridge?id=7&utm_source=rss#comments"
    assert entry.canonical_url == "https://news.example.org/harbour/bridge?id=7"
    assert entry.title == "Bridge & tunnel closed | News.Example.org"  # the publisher is example.org
    assert entry.text == "The bridge was closed at noon.\nRepairs: 3–4 days."
    assert entry.html.startswith("<p>The bridge was <b>closed</b>")
    assert (entry.author, entry.tags, entry.publisher) == ("Ada Brandt", ("Traffic", "Harbour"), "example.org")
    assert entry.published == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert entry.published.tzinfo is UTC
    assert entry.lang == "en"


def test_a_document_gives_its_entries_in_order() -> None:
    document = Document(
        title="Harbour Post",
        site_url="https://harbour.example/",
        dialect="rss20",
        items=(
            Item(guid="1", link="/a", title="Kran kippt im Hafen um - Harbour Post"),
            Item(guid="2", link="https://feeds.feedburner.com/~r/x", title="Die Fähre fährt wieder nach Plan"),
            Item(guid="3", link="https://other.example/b", title="Der Markt schließt am Montag für drei Wochen"),
        ),
    )
    first, second, third = text.entries(document, final_url="https://cdn.example.net/feed", feed=Feed(url="x"), now=NOW)
    assert first.url == "https://harbour.example/a"
    assert first.title == "Kran kippt im Hafen um"
    assert [entry.publisher for entry in (first, second, third)] == [
        "harbour.example",
        "harbour.example",
        "other.example",
    ]
    assert {entry.lang for entry in (first, second, third)} == {"de"}, "short titles take the document's language"


def test_atom_links_are_relative_to_the_document() -> None:
    document = Document(title="", items=(Item(link="b"),), dialect="atom10", site_url="https://site.example/elsewhere/")
    (entry,) = text.entries(
        document, final_url="https://feed.example/a/feed", feed=Feed(url="x", publisher="me"), now=NOW
    )
    assert (entry.url, entry.publisher) == ("https://feed.example/a/b", "me")


def test_the_longer_of_content_and_summary_is_read_unless_it_says_nothing() -> None:
    assert clean(title="t", summary="the longer one", content="short").text == "the longer one"
    assert clean(title="t", summary="words", content='<img src="x.gif" alt="no words">').text == "words"
    assert clean(title="Same words", summary="same words").text == "", "a repeated title is no text"


def test_a_missing_title_is_made_of_the_first_words() -> None:
    entry = clean(content="<p>One two three four five six seven eight nine ten eleven twelve thirteen.</p><p>More.</p>")
    assert entry.title == "One two three four five six seven eight nine ten eleven twelve…"
    assert clean(content="Just this.").title == "Just this."
    assert clean(link="https://a.example/photo").title == ""


def test_titles_said_to_be_plain_keep_their_brackets_but_not_leaked_formatting() -> None:
    assert clean(title="How <div> and a<b differ").title == "How <div> and a<b differ"
    assert clean(title="The <i>Orca</i> is back").title == "The Orca is back"
    assert clean(title="The <a href=x>Orca</a> &lt; is back", title_is_html=True).title == "The Orca < is back"


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (datetime(1989, 12, 31, tzinfo=UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (NOW + timedelta(days=2), True),
        (NOW + timedelta(days=2, seconds=1), False),
        (datetime(2026, 11, 20, 7), True),  # noqa: DTZ001 - without a zone on purpose
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), False),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), False),
    ],
)
def test_only_plausible_dates_are_believed(moment: datetime, kept: bool) -> None:
    entry = clean(title="t", published=moment)
    assert (entry.published is not None) is kept


def test_an_update_stands_in_for_a_missing_date() -> None:
    assert clean(updated=NOW).published == NOW


def test_guids_are_kept_or_made_from_the_item_itself() -> None:
    assert clean(guid=" a\tb ").guid == "a b"
    made = clean(link="https://a.example/1", title="One")
    assert made.guid == clean(link="https://a.example/1", title=" One").guid
    assert made.guid != clean(link="https://a.example/2", title="One").guid


def test_the_fingerprint_follows_the_words_and_nothing_else() -> None:
    entry = clean(title="A title", content='<p>Some  words <a href="https://a.example/?utm_source=1">here</a>.</p>')
    same = clean(title="A  title", link="https://b.example/", content="Some words\nhere.")
    other = clean(title="A title", content="Some words there.")
    moved = clean(title="A", content="title Some words here.")
    assert entry.fingerprint == same.fingerprint
    assert len({entry.fingerprint, other.fingerprint, moved.fingerprint}) == 3


MARKUP = "<p> </p> <br/> <b <a\xa0href='/x'> </a> <script> <!-- <![CDATA[ &amp; &amp;lt; &lt; &#x202e; &#0; &#1114112;"
WORDS = "Continue\xa0reading… The\xa0post\xa0 \xa0appeared\xa0first\xa0on\xa0 . […] word Überfall 日本 javascript: https://["
ODD = ["\u200b", "\u00ad", "\u202e", "\x00", "\x1b[31m", "\x85", "\ud800", "\n", "\r\n", "\u2028", " ", " - ", "&nbsp;"]
SPELLED = ["می\u200cخواهم", "👩\u200d🚒", "e\u0301", "\ufffe"]
PIECES = st.sampled_from([*f"{MARKUP} {WORDS}".split(" "), *ODD, *SPELLED]).map(
    lambda piece: piece.replace("\xa0", " ")
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=20).map("".join)
MOMENTS = st.none() | st.datetimes(timezones=st.none() | st.just(UTC))
ITEMS = st.builds(
    Item,
    guid=TEXTS,
    link=TEXTS | st.just("https://a.example/").flatmap(lambda start: TEXTS.map(lambda rest: start + rest)),
    title=TEXTS,
    summary=TEXTS,
    content=TEXTS,
    author=TEXTS,
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    published=MOMENTS,
    updated=MOMENTS,
    lang=TEXTS,
    title_is_html=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(ITEMS, TEXTS)
def test_whatever_comes_in_what_comes_out_is_clean(item: Item, base: str) -> None:
    entry = text.clean(item, base_url=base, feed_lang=base, publisher=base, now=NOW, outlets=(base,))
    for field in fields(entry):
        value = getattr(entry, field.name)
        for string in value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ():
            lines = string.split("\n") if field.name in ("text", "html") else [string]
            assert not [char for line in lines for char in line if char < " " or "\x7f" <= char <= "\x9f"], field.name
            assert not set(string) & set("\u200b\u00ad\u202e\u2066\ufeff\ufffe"), field.name
            string.encode()  # no surrogates
    assert entry.url == "" or entry.url.startswith(("http://", "https://"))
    assert "<script" not in entry.html
    assert "<p>" not in entry.title or not item.title_is_html


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_what_is_clean_stays_as_it_is(item: Item) -> None:
    once = text.clean(replace(item, lang="en"), base_url="", feed_lang="", publisher="p", now=NOW)
    again = replace(item, title=once.title, summary="", content=once.text, link=once.url, lang="en", guid=once.guid)
    again = replace(again, title_is_html=False)
    twice = text.clean(again, base_url="", feed_lang="", publisher="p", now=NOW)
    assert (twice.title, twice.text, twice.url) == (once.title, once.text, once.url)
    assert twice.canonical_url == once.canonical_url
    assert twice.fingerprint == once.fingerprint


def test_real_excerpts_come_out_without_leftovers(shared: Path) -> None:
    path = shared / "corpora" / "rss_two_weeks.jsonl"
    with path.open() as lines:
        rows = [json.loads(line) for _, line in zip(range(3000), lines, strict=False)]
    items = tuple(Item(guid=row["id"], link=row["url"], title=row["title"], summary=row["text"] or "") for row in rows)
    document = Document(title="", items=items, lang="en")
    entries = text.entries(document, final_url="", feed=Feed(url="x"), now=NOW)
    assert all(entry.title and entry.url and entry.publisher for entry in entries)
    assert not [entry.text for entry in entries if "appeared first on" in entry.text or "</" in entry.text]
    assert len({entry.canonical_url for entry in entries}) == len({row["url"] for row in rows}), "no two made equal"
    japanese = [entry for entry in entries if any("\u3041" <= char <= "\u30ff" for char in entry.title)]
    assert {entry.lang for entry in japanese} == {"ja"}
