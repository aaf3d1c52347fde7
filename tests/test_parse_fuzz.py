"""Damaged documents: whatever is done to a feed, the answer is a Document within its limits or one line of error."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import parse
from aggregator.errors import DocumentError
from aggregator.model import Document
from aggregator.parse import limits
from tests.parse_documents import fetched

SEEDS = [path.read_bytes() for path in sorted((Path(__file__).parent / "feeds").iterdir())]
SPLICES = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"\0",
    b"\xff\xfe",
    b"<item>",
    b"</item>",
    b"<!DOCTYPE",
]


def check(body: bytes, known: frozenset[str] = frozenset()) -> Document | None:
    try:
        document = parse.feed(fetched(body), known=known)
    except DocumentError as error:
        if not str(error).isprintable():
            pytest.fail(f"not one line: {error}")
        return None
    assert len(document.items) <= len(document.item_hashes) <= limits.MAX_ITEMS
    assert len({item.guid for item in document.items}) == len(document.items)
    for item in document.items:
        assert item.guid
        assert not {"\0", "\x1b", "\u202e", "\ud800"} & set(repr(item))
        item.title.encode()
        item.content.encode()
    return document


def damaged(rng: random.Random) -> bytes:
    body = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(body))
        match rng.randrange(4):
            case 0:
                body[at] = rng.randrange(256)
            case 1:
                body[at:at] = rng.choice(SPLICES)
            case 2:
                del body[at : at + rng.randint(1, 40)]
                body += b" "
            case 3:
                end = at + rng.randint(1, 200)
                body[at:at] = body[at:end] * rng.randint(1, 3)
    return bytes(body)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_feeds(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        body = damaged(rng)
        document = check(body)
        if document:
            again = check(body, frozenset(document.item_hashes))
            assert again is not None
            assert not again.items


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    check(body)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "items",
                        "id",
                        "title",
                        "url",
                        "authors",
                        "author",
                        "name",
                        "tags",
                        "content_html",
                        "date_published",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json(value: object) -> None:
    check(
        json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [value, {"id": value}]}
        ).encode()
    )
