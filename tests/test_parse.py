"""Documents ─► items: the cases in tests/feeds/ (each expectation in the first comment), and what needs code."""

import dataclasses
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import parse
from aggregator.errors import DocumentError
from aggregator.model import Document
from aggregator.parse import limits
from tests.parse_documents import fetched

CASES = sorted(path for path in (Path(__file__).parent / "feeds").iterdir() if path.suffix in (".xml", ".json"))


def expectation(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return dict(json.loads(text)["_expected"])
    comment = text.split("<!--", 1)[1].split("-->", 1)[0]
    return dict(json.loads(comment[comment.index("{") :]))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_case(path: Path) -> None:
    expected = expectation(path)
    if "error" in expected:
        with pytest.raises(DocumentError, match=re.escape(expected["error"])):
            parse.feed(fetched(path.read_bytes()))
        return
    compare(parse.feed(fetched(path.read_bytes())), expected)


def compare(found: Any, expected: dict[str, Any]) -> None:
    """Every expected field; `…` is anything but empty, and guids that are made may be given by their beginning."""
    for name, value in expected.items():
        actual = plain(getattr(found, name))
        if name == "items":
            assert len(found.items) == len(value)
            for one, wanted in zip(found.items, value, strict=True):
                compare(one, wanted)
        elif name == "guid" and (value.startswith("made:") or "#" in value):
            assert actual.startswith(value.partition("#")[0])
            assert len(actual) > len("made:")
        elif value == "…":
            assert actual
        else:
            assert actual == value, name


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def rss(*items: str, channel: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{channel}{body}</channel></rss>'


def only(document: Document) -> Any:
    (item,) = document.items
    return item


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("element", "field", "limit"),
    [("title", "title", limits.TITLE), ("author", "author", limits.AUTHOR), ("description", "content", limits.CONTENT)],
)
@pytest.mark.parametrize("character", ["a", "ß", "漢", "😀"])
def test_long_texts_are_cut_between_characters(element: str, field: str, limit: int, character: str) -> None:
    text = character * (limit // 3 if element == "author" else limit)
    item = only(parse.feed(fetched(rss(f"<{element}>{text * 2}</{element}>"))))
    kept = getattr(item, field)
    assert set(kept) == {character}
    assert limit - 4 < len(kept.encode()) <= limit or text * 2 == kept


def test_half_a_link_is_no_link() -> None:
    item = only(parse.feed(fetched(rss(f"<title>t</title><link>https://x.example/{'a' * limits.LINK}</link>"))))
    assert item.link == ""


def test_a_guid_beyond_its_limit_is_made_anew() -> None:
    item = only(parse.feed(fetched(rss(f"<title>t</title><guid>{'a' * 2000}</guid>"))))
    assert item.guid.startswith("made:")


def test_at_most_a_thousand_items_and_fifty_tags() -> None:
    tags = "".join(f"<category>{n}</category>" for n in range(60))
    document = parse.feed(fetched(rss(*(f"<title>{n}</title>{tags if n == 0 else ''}" for n in range(1003)))))
    assert len(document.items) == len(document.item_hashes) == limits.MAX_ITEMS
    assert document.dropped == 3
    assert document.items[0].tags == tuple(str(n) for n in range(limits.MAX_TAGS))


def test_the_cap_holds_for_malformed_documents_too() -> None:
    document = parse.feed(fetched(rss(*(f"<title>{n} & more</title>" for n in range(1003)))))
    assert document.malformed
    assert len(document.items) == limits.MAX_ITEMS


# ---------------------------------------------------------------- identity


def test_a_made_guid_is_the_same_next_time_and_another_for_another_date() -> None:
    one = "<title>Tides</title><pubDate>Tue, 03 Mar 2026 08:15:00 GMT</pubDate>"
    first = only(parse.feed(fetched(rss(one)))).guid
    assert only(parse.feed(fetched(rss(one, channel="<ttl>5</ttl>")))).guid == first
    assert only(parse.feed(fetched(rss(one.replace("03 Mar", "04 Mar"))))).guid != first


def test_a_reused_guid_splits_the_same_way_in_any_order() -> None:
    items = [f"<title>{n}</title><guid isPermaLink='false'>0</guid>" for n in range(3)]
    forth = {item.title: item.guid for item in parse.feed(fetched(rss(*items))).items}
    back = {item.title: item.guid for item in parse.feed(fetched(rss(*reversed(items)))).items}
    assert forth == back
    assert len(set(forth.values())) == 3


def test_the_base_of_one_entry_does_not_leak_into_the_next() -> None:
    entries = "".join(
        f'<entry {base}><id>urn:{n}</id><title>{n}</title><link href="a"/></entry>'
        for n, base in enumerate(('xml:base="https://other.example/"', ""))
    )
    document = parse.feed(fetched(f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'))
    assert [item.link for item in document.items] == ["https://other.example/a", "https://paper.example/news/a"]


def test_a_body_that_is_a_file_name_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss("<title>secret</title>"))
    with pytest.raises(DocumentError, match="not a feed"):
        parse.feed(fetched(str(secret)))
