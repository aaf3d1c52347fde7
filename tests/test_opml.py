"""OPML ─► feeds and back, lossless; feed links on pages; both on what strangers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import CorruptError
from aggregator.model import Feed
from aggregator.parse import discover, opml
from aggregator.parse.pool import Workers

FOREIGN = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE opml [<!ENTITY a "aaaa">]>
<opml version="1.1"><head><title>mine</title></head><body>
  <outline text="News"><outline text="World">
      <outline type="rss" text="Gazette &amp; Post" xmlUrl="https://gazette.example/feed?a=1&amp;b=2"/></outline>
    <outline title="\xdcber" xmlUrl="http://ueber.example/"/></outline>
  <outline text="Sport"><outline type="rss" text="again" xmlUrl="https://gazette.example/feed?a=1&amp;b=2"/></outline>
  <outline text="x" xmlUrl="https://cat.example/" category="/Boston/Weather,Local"/>
  <outline text="bad" xmlUrl="javascript:alert(1)"/><outline text="empty" xmlUrl=""/>
  <outline text="a page" type="link" url="https://page.example/"/>
  <outline xmlUrl="https://bare.example/"/>
</body></opml>"""


def test_folders_are_tags_and_a_feed_in_two_folders_is_one_feed() -> None:
    assert opml.read(FOREIGN) == [
        Feed("https://gazette.example/feed?a=1&b=2", title="Gazette & Post", tags=("News", "World", "Sport")),
        Feed("http://ueber.example/", title="Über", tags=("News",)),
        Feed("https://cat.example/", title="x", tags=("Boston", "Weather", "Local")),
        Feed("https://bare.example/"),
    ]


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20).map(
    lambda text: " ".join(text.split())
)
names = words.filter(bool)
subscriptions = st.lists(
    st.builds(
        Feed,
        url=names.map(lambda name: "https://x.example/?q=" + name.replace(" ", "+")),
        title=st.one_of(st.just(""), names),
        tags=st.lists(names, max_size=4, unique=True).map(tuple),
    ),
    max_size=6,
    unique_by=lambda feed: feed.url,
)


@given(subscriptions)
def test_the_round_trip_loses_nothing(feeds: list[Feed]) -> None:
    again = opml.read(opml.write(feeds, title="<mine> & yours").encode())
    assert sorted(again, key=lambda feed: feed.url) == sorted(feeds, key=lambda feed: feed.url)


def test_others_find_folders() -> None:
    text = opml.write([Feed("https://a.example/", tags=("News", "World"))])
    assert '<outline text="News">' in text
    assert 'category="News,World"' in text


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"<rss/>", b"words", b"<!--" * 1000])
def test_what_is_no_opml_is_said(body: bytes) -> None:
    with pytest.raises(CorruptError, match="not OPML"):
        opml.read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<opml>" + b"<outline text='a'>" * 50_000,
        b"<opml>" + b"<!--" * 50_000,
        b"<opml>" + b"</outline>" * 10_000,
        b"<opml><![",
        b"<opml><style>",
        b"<!DOCTYPE opml [<!ENTITY a 'x'>" + b"<!ENTITY b '&a;&a;'>" * 1000 + b"]><opml>&b;</opml>",
    ],
)
def test_strangers_files_end_in_the_worker(body: bytes) -> None:
    with Workers(opml.read, processes=1, seconds=1.5, memory_mb=256) as workers:
        ((_, _), (_, after)) = sorted(workers.run([body, FOREIGN]), key=lambda pair: pair[0] is FOREIGN)
    assert isinstance(after, list)
    assert len(after) == 4


# ---------------------------------------------------------------- feed links on pages

PAGE = """<!DOCTYPE html><html><head><base href="https://cdn.example/site/">
<!-- <link rel="alternate" type="application/rss+xml" href="/old"> -->
<LINK REL='alternate' TYPE='application/rss+xml' TITLE='All &amp; sundry' HREF='/feed?a=1&amp;b=2'>
<link href=atom.xml type=application/atom+xml rel="alternate home"/>
<link rel="alternate" type="application/feed+json; charset=utf-8" href="feed.json">
<link rel="stylesheet" href="/feed.css"><link rel="alternate" hreflang="de" type="text/html" href="/de">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="application/rss+xml" href="http://[broken">
<link rel="feed" href="//other.example/feed">
</head>"""


def test_links_come_first_in_their_order_then_the_common_paths() -> None:
    found = discover.candidates(PAGE.encode(), "https://paper.example/news/")
    named = [(link.url, link.title) for link in found if not link.guessed]
    assert named == [
        ("https://cdn.example/feed?a=1&b=2", "All & sundry"),
        ("https://cdn.example/site/atom.xml", ""),
        ("https://cdn.example/site/feed.json", ""),
        ("https://other.example/feed", ""),
    ]
    guessed = [link.url for link in found if link.guessed]
    assert found[len(named) :] == [link for link in found if link.guessed]
    assert guessed[0] == "https://paper.example/news/feed"
    assert "https://paper.example/rss.xml" in guessed
    assert len(set(guessed)) == len(guessed)


@pytest.mark.parametrize(
    "piece", ["<link ", "<!--", "<link a='", "<base href=x>", "<link rel=alternate " + "a=b " * 900]
)
def test_a_page_of_nothing_but_beginnings(piece: str) -> None:
    page = (piece * (2**20 // len(piece))).encode()
    assert all(link.guessed for link in discover.candidates(page, "https://paper.example/"))
