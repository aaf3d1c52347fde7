"""Real documents as published, and feedparser's own suite: ours against plain feedparser, a part against the whole.

The suite is in feedparser's source distribution (`pip download --no-deps --no-binary :all: feedparser`, unpacked);
FEEDPARSER_TESTS names its `tests` folder. Without it those tests skip.
"""

import html
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator import parse
from aggregator.errors import DocumentError
from aggregator.model import Document, Item
from aggregator.parse.entries import moment
from aggregator.parse.limits import CONTENT, MAX_ITEMS, scrub
from aggregator.parse.pool import Workers
from aggregator.settings import PollSettings
from tests.parse_documents import URL, fetched

WRAPPED = "DuplicateContentAtomFeed.xml"  # a feed inside a page: feedparser does not find its title


@pytest.fixture(scope="module")
def feeds(shared: Path) -> list[Path]:
    return sorted(path for path in (shared / "feeds").glob("*/*") if path.is_file())


@pytest.fixture(scope="module")
def suite() -> list[Path]:
    folder = os.environ.get("FEEDPARSER_TESTS")
    if not folder:
        pytest.skip("set FEEDPARSER_TESTS to the tests folder of feedparser's source distribution")
    return sorted((Path(folder) / "wellformed").rglob("*.xml"))


def test_all_are_parsed_within_the_limits(feeds: list[Path]) -> None:
    poll = PollSettings()
    limits = {"seconds": poll.parse_timeout.total_seconds(), "memory_mb": poll.parse_memory_mb}
    with Workers(parse.feed, processes=2, **limits) as workers:  # type: ignore[arg-type]
        failures = [
            (job.url, result)
            for job, result in workers.run(
                fetched(path.read_bytes(), url=f"https://x.example/{path.name}") for path in feeds
            )
            if not isinstance(result, Document)
        ]
    assert not failures


def test_what_we_keep_is_what_feedparser_finds(feeds: list[Path]) -> None:
    differences = {path.name: found for path in feeds if (found := list(compared(path)))}
    assert not {name: found for name, found in differences.items() if not name.endswith(WRAPPED)}


def test_a_part_is_what_it_is_in_the_whole(feeds: list[Path]) -> None:
    assert not [path.name for path in feeds if not part_equals_whole(path.read_bytes())]


def test_a_part_is_what_it_is_in_the_whole_in_feedparsers_suite(suite: list[Path]) -> None:
    assert not [path.name for path in suite if not part_equals_whole(path.read_bytes())]


def part_equals_whole(body: bytes) -> bool:
    try:
        whole = parse.feed(fetched(body))
    except DocumentError:
        return True
    hashes = whole.item_hashes
    if len(hashes) != len(whole.items):  # repeats that collapsed
        return True
    known = frozenset(hashes[::2])
    expected = tuple(item for item, digest in zip(whole.items, hashes, strict=True) if digest not in known)
    return parse.feed(fetched(body), known=known) == replace(whole, items=expected)


def compared(path: Path) -> Iterator[str]:
    body = path.read_bytes().lstrip()  # at blank lines above the declaration feedparser turns to its loose parser
    if body.startswith(b"{"):
        return
    ours = parse.feed(fetched(body))
    headers = {"content-type": "application/xml", "content-location": URL}
    plain = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    entries = plain.entries[:MAX_ITEMS]
    expected = (plain.version, plain.feed.get("title", ""), plain.feed.get("link", ""), len(entries))
    if (ours.dialect, ours.title, ours.site_url, len(ours.items)) != expected:
        yield f"{expected}"
        return
    for item, entry in zip(ours.items, entries, strict=True):
        yield from item_differences(item, entry, declared=plain.version.startswith("atom"))


def item_differences(item: Item, entry: Any, *, declared: bool) -> Iterator[str]:
    def get(name: str, default: Any = "") -> Any:
        return dict.get(entry, name, default)

    def markup(value: str, kind: str | None) -> str:
        return html.escape(value, quote=False) if declared and kind == "text/plain" else value

    texts = [markup(detail["value"], detail["type"]) for detail in get("content", [])]
    texts.append(markup(get("summary"), get("summary_detail", {}).get("type")))
    names = [author["name"] for author in get("authors", []) if author.get("name")]
    found: dict[str, tuple[Any, Any]] = {
        "guid": (item.guid.partition("#")[0], get("id").partition("#")[0] or item.guid),
        "link": (item.link, get("feedburner_origlink") or get("link")),
        "title": (item.title, get("title")),
        "content": (item.content, scrub(max(texts, key=len), CONTENT)),
        "tags": (item.tags, tuple(dict.fromkeys(t.term or t.label for t in get("tags", []) if t.term or t.label))[:50]),
        "published": (
            item.published,
            moment(get("published_parsed", None))
            or moment(get("created_parsed", None))
            or moment(get("updated_parsed", None)),
        ),
        "updated": (item.updated, moment(get("updated_parsed", None))),
        "title_is_html": (item.title_is_html, get("title_detail", {}).get("type", "text/plain") != "text/plain"),
    }
    yield from (f"{name}: {ours!r} {theirs!r}" for name, (ours, theirs) in found.items() if ours != theirs)
    if item.author != get("author") and any(name not in item.author for name in names):
        yield f"author: {item.author!r} {get('author')!r}"
