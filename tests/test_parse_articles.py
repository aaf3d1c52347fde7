"""JSON lines ─► articles; every error names file, line, what and remedy."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import CorruptError
from aggregator.parse import articles

FULL = {
    "id": "a-1",
    "title": "Ferry aground",
    "text": "<p>The ferry &amp; its crew</p>",
    "published": "2026-03-03T08:15:00+01:00",
    "source": "Harbour Post",
    "url": "https://harbour.example/ferry",
    "lang": "en",
    "author": "Ida Berg",
    "story": "ferry",
}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "articles.jsonl"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return path


def test_every_field_finds_its_place(tmp_path: Path) -> None:
    (article,) = articles.read(write(tmp_path, "", FULL))
    item = article.item
    assert (article.line, article.id, article.source) == (2, "a-1", "Harbour Post")
    assert (item.guid, item.link, item.title) == ("a-1", FULL["url"], FULL["title"])
    assert (item.content, item.lang, item.author) == (FULL["text"], "en", "Ida Berg")
    assert item.published == datetime(2026, 3, 3, 7, 15, tzinfo=UTC)
    assert article.rest == {"story": "ferry"}


def test_a_title_is_enough(tmp_path: Path) -> None:
    nulls = dict.fromkeys(("id", "text", "published", "source", "url", "lang"))
    first, second, third = articles.read(
        write(tmp_path, {"title": "a"}, {"title": "a", **nulls}, {"title": "b", "id": 7})
    )
    assert first.item == second.item
    assert first.id.startswith("made:")
    assert first.item.published is None
    assert third.id == "7"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "a list, not an object"),
        ({"id": "x"}, "neither title nor text: write at least one"),
        ({"title": 5}, "title is a int: write a string"),
        ({"title": "a", "id": ["x"]}, "id is a list"),
        ({"title": "a", "published": "yesterday"}, "published 'yesterday' is no date: write ISO 8601"),
        ({"title": "a", "published": 1700000000}, "published is a int"),
        ({"title": "a", "published": "0001-01-02T00:00:00Z"}, "is before the year 1000: write the true date or null"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_error_names_file_line_what_and_remedy(tmp_path: Path, line: Any, words: str) -> None:
    path = write(tmp_path, FULL, line)
    with pytest.raises(CorruptError) as caught:
        list(articles.read(path))
    assert str(caught.value).startswith(f"{path}:2: ")
    assert words in str(caught.value)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"title": "ok"}\n{"title": "\xfc"}\n')
    lines = articles.read(path)
    assert next(lines).item.title == "ok"
    with pytest.raises(CorruptError, match=r"a\.jsonl:2: byte 12 is not UTF-8: save the file as UTF-8"):
        next(lines)


def test_the_corpora_are_read(shared: Path) -> None:
    for path in sorted((shared / "corpora").glob("stories_*.jsonl")):
        found = list(articles.read(path))
        assert found
        assert all("story" in article.rest for article in found)
