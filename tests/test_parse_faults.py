"""Every known way to hurt a feed parser, through real worker processes: typed outcome, the next feed unharmed."""

import re
from collections.abc import Iterator

import pytest

from aggregator import parse
from aggregator.errors import DocumentError
from aggregator.model import Document, FailureKind, Fetched, WorkerFailure
from aggregator.parse.limits import AUTHOR
from aggregator.parse.pool import Workers
from tests.parse_documents import fetched
from tests.parse_faults import EMPTY, FAULTS, GOOD


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers[Fetched, Document]]:
    with Workers(parse.feed, processes=1, seconds=2, memory_mb=256) as workers:
        yield workers


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_a_typed_outcome_and_the_next_feed_is_unharmed(
    name: str, workers: Workers[Fetched, Document]
) -> None:
    bad, good = fetched(FAULTS[name]()), fetched(GOOD)
    results = dict(zip(("bad", "good"), _in_order(workers, [bad, good]), strict=True))
    assert isinstance(results["bad"], Document | WorkerFailure)
    if isinstance(results["bad"], WorkerFailure):
        assert results["bad"].message
        assert "\n" not in results["bad"].message
        assert results["bad"].kind is not FailureKind.CRASH
    assert isinstance(results["good"], Document)
    assert [item.title for item in results["good"].items] == ["a"]


@pytest.mark.parametrize(
    "name", ["entity_chain", "billion_laughs", "encoding_declarations_before_a_feed", "open_comments_inside"]
)
def test_what_stands_before_the_root_costs_nothing(name: str) -> None:
    assert len(parse.feed(fetched(FAULTS[name]())).items) == 1


def test_a_long_name_costs_its_limit(workers: Workers[Fetched, Document]) -> None:
    (found,) = _in_order(workers, [fetched(FAULTS["long_author"]())])
    assert isinstance(found, Document), found
    assert [item.author for item in found.items] == ["a" * AUTHOR]


def test_an_entity_never_expands() -> None:
    document = parse.feed(fetched(FAULTS["billion_laughs"]()))
    assert "haha" not in repr(document)


@pytest.mark.parametrize(
    "name", ["encoding_declarations", "open_comments", "open_doctypes", "deep_json", "random_bytes"]
)
def test_what_is_no_feed_is_said_in_one_line(name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse.feed(fetched(FAULTS[name]()))
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty document"),
        (EMPTY, "an empty document"),
        (b"<!DOCTYPE html><html><head><title>x</title></head></html>", "an HTML page, not a feed"),
        (b'<opml version="2.0"><body/></opml>', "feeds import"),
        (b"<note><to>you</to></note>", "its root element is <note>"),
        (b"Access denied", "it begins with 'Access denied'"),
        (b'{"error": "not found"}', "no JSON Feed"),
        (b"{", "broken JSON"),
        (b"[1, 2]", "no JSON Feed"),
    ],
)
def test_other_documents_are_named(body: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(words)):
        parse.feed(fetched(body))


def test_memory_is_bounded() -> None:
    with Workers(parse.feed, processes=1, seconds=60, memory_mb=48) as workers:
        big = b'<rss version="2.0"><channel><item><a>' + b"<a>x</a>" * 1_200_000
        bad, good = _in_order(workers, [fetched(big), fetched(GOOD)])
    assert isinstance(bad, WorkerFailure)
    assert bad.kind is FailureKind.MEMORY
    assert isinstance(good, Document)


def _in_order(workers: Workers[Fetched, Document], jobs: list[Fetched]) -> list[Document | WorkerFailure | None]:
    results = {id(job): result for job, result in workers.run(jobs)}
    return [results[id(job)] for job in jobs]
