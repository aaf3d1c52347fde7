"""Known items are cut out and nothing else changes: one new item, whatever stood around it, comes out as before."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import parse
from aggregator.model import Document
from aggregator.parse import documents
from tests.parse_documents import fetched

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>t</title><lastBuildDate>{date}</lastBuildDate>{channel}{items}</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>t</title><updated>{date}</updated>
{channel}{items}</feed>"""


def rss(*items: str, date: str = "now", channel: str = "") -> str:
    return RSS.format(date=date, channel=channel, items="\n  ".join(f"<item>{item}</item>" for item in items))


def atom(*items: str, date: str = "now", channel: str = "") -> str:
    return ATOM.format(date=date, channel=channel, items="".join(f"<entry>{item}</entry>" for item in items))


def item(n: int) -> str:
    return f"<title>{n}</title><guid isPermaLink='false'>g{n}</guid><description><![CDATA[</item>{n}]]></description>"


def hashes(document: Document) -> frozenset[str]:
    return frozenset(document.item_hashes)


def titles(document: Document) -> list[str]:
    return [item.title for item in document.items]


def test_only_the_new_item_is_there_and_only_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parse.feed(fetched(rss(item(1), item(2), date="Monday")))
    seen: list[bytes] = []
    real = documents._parse
    monkeypatch.setattr(documents, "_parse", lambda data, *rest: seen.append(data) or real(data, *rest))
    after = parse.feed(fetched(rss(item(3), item(1), item(2), date="Tuesday")), known=hashes(before))
    assert titles(after) == ["3"]
    assert after.item_hashes[1:] == before.item_hashes
    assert [data.count(b"<item>") for data in seen] == [1]


def test_nothing_new_is_an_empty_document_with_its_title() -> None:
    before = parse.feed(fetched(rss(item(1))))
    assert parse.feed(fetched(rss(item(1))), known=hashes(before)) == replace(before, items=())


@pytest.mark.parametrize(
    "changed",
    [
        rss(item(1), channel="<language>de</language>"),  # might change the item's language
        rss(item(1)).replace("<rss ", '<rss xml:base="https://elsewhere.example/" '),
        rss(item(1)).replace("purl.org/dc/elements/1.1/", "other.example/"),
        rss(item(1).replace("1", "2", 1)),
    ],
)
def test_what_changes_an_items_meaning_makes_it_new(changed: str) -> None:
    before = parse.feed(fetched(rss(item(1))))
    assert len(parse.feed(fetched(changed), known=hashes(before)).items) == 1


def test_another_address_makes_it_new() -> None:
    before = parse.feed(fetched(rss(item(1))))
    moved = fetched(rss(item(1)), url="https://moved.example/feed")
    assert len(parse.feed(moved, known=hashes(before)).items) == 1


def test_the_list_of_items_in_rdf_changes_nothing() -> None:
    def rdf(*numbers: int) -> str:
        listed = "".join(f'<rdf:li resource="u{n}"/>' for n in numbers)
        items = "".join(f'<item rdf:about="u{n}"><title>{n}</title></item>' for n in numbers)
        spaces = 'xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        return f"<rdf:RDF {spaces}><channel><items><rdf:Seq>{listed}</rdf:Seq></items></channel>{items}</rdf:RDF>"

    before = parse.feed(fetched(rdf(1, 2)))
    assert titles(parse.feed(fetched(rdf(2, 3)), known=hashes(before))) == ["3"]


def test_malformed_documents_are_parsed_whole_and_known_items_still_left_out() -> None:
    before = parse.feed(fetched(rss(item(1), "<title>a & b</title>")))
    assert before.malformed
    after = parse.feed(fetched(rss(item(2), item(1), "<title>a & b</title>")), known=hashes(before))
    assert titles(after) == ["2"]


def test_a_document_that_became_malformed_is_read_whole() -> None:
    before = parse.feed(fetched(rss(item(1), item(2))))
    after = parse.feed(fetched(rss(item(1), item(2), "<title>a & b</title>")), known=hashes(before))
    assert titles(after) == ["1", "2", "a & b"]  # hashed another way: known the next time
    assert len(parse.feed(fetched(rss(item(1), item(2), "<title>a & b</title>")), known=hashes(after)).items) == 0


def test_a_guid_on_two_texts_is_split_though_one_is_known() -> None:
    first = item(1)
    second = first.replace("<title>1", "<title>other")
    before = parse.feed(fetched(rss(first)))
    after = parse.feed(fetched(rss(second, first)), known=hashes(before))
    assert len({item.guid for item in after.items}) == 2


def test_json_items_are_known_by_what_they_say() -> None:
    def document(*numbers: int) -> str:
        items = ",".join(f'{{"id": "{n}", "title": "{n}"}}' for n in numbers)
        return f'{{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{items}]}}'

    before = parse.feed(fetched(document(1, 2)))
    assert titles(parse.feed(fetched(document(3, 1, 2)), known=hashes(before))) == ["3"]


# ---------------------------------------------------------------- any document, any part of it known

piece = st.sampled_from(
    [
        "<title>words</title>",
        "<title>&lt;b&gt;bold&lt;/b&gt;</title>",
        "<link>/a</link>",
        "<guid>same</guid>",
        "<id>urn:1</id>",
        "<!-- </item></entry><item> -->",
        "<description><![CDATA[<item></entry>]]></description>",
        '<summary type="html">x &amp;amp; y</summary>',
        '<content xml:lang="fr" xml:base="/b/">z</content>',
        "<dc:language>it</dc:language>",
        "<?item ?>",
        "<category/>",
        "<source><id>urn:9</id></source>",
        "<pubDate>Tue, 03 Mar 2026 08:15:00 GMT</pubDate>",
    ]
)
bodies = st.lists(st.lists(piece, max_size=5).map("".join), max_size=5)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([rss, atom]), bodies, st.data())
def test_a_cut_document_gives_what_the_whole_gives(make: type, items: list[str], data: st.DataObject) -> None:
    unique = [f"<guid isPermaLink='false'>{n}</guid><id>urn:x{n}</id>{body}" for n, body in enumerate(items)]
    body = make(*unique)
    whole = parse.feed(fetched(body))
    known = data.draw(st.sets(st.sampled_from(whole.item_hashes))) if whole.item_hashes else set()
    part = parse.feed(fetched(body), known=frozenset(known))
    expected = [item for item, digest in zip(whole.items, whole.item_hashes, strict=True) if digest not in known]
    assert part == replace(whole, items=tuple(expected))
