"""Made-up values for tests of storage: short to write, complete to store."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from aggregator.model import Entry, Feed, Fetched, Level, Outcome, Placed, Placement, Sketch
from storage import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RECIPE = "test 1"


def feed(number: int, **more: object) -> Feed:
    return Feed(**{"url": f"https://host{number}.example/feed", "title": f"Paper {number}", **more})  # type: ignore[arg-type]


def entry(number: int, **more: object) -> Entry:
    values = {
        "guid": f"guid {number}",
        "url": f"https://example.org/{number}",
        "canonical_url": f"https://example.org/{number}",
        "title": f"Headline {number}",
        "text": f"Text of article {number}.",
        "publisher": f"publisher{number}.example",
        "fingerprint": f"print {number}",
        "lang": "en",
    }
    return Entry(**{**values, **more})  # type: ignore[arg-type]


def sketch(*buckets: int, recipe: str = RECIPE) -> Sketch:
    return Sketch(recipe, text_buckets=buckets, signature=b"signature", features=b"features")


def placed(story_id: int | None = None, level: Level | None = None, copy_of: int | None = None) -> Placement:
    natural = Level.COPY if copy_of else Level.STORY if story_id else Level.NEW
    return Placement(level or natural, story_id, 0.5, "because of the test", copy_of)


def fetched(at: datetime = NOON, outcome: Outcome = Outcome.CHANGED) -> Fetched:
    return Fetched("https://host.example/feed", outcome, at)


def with_feeds(store: Database, count: int = 3) -> Database:
    store.sync_feeds([feed(number) for number in range(1, count + 1)], now=NOON)
    return store


def add(
    store: Database,
    number: int,
    *,
    feed_id: int = 1,
    placement: Placement | None = None,
    seen: datetime = NOON,
    buckets: tuple[int, ...] = (),
    **more: object,
) -> Placed:
    return store.add_entry(
        feed_id, entry(number, **more), sketch(*buckets), placement or placed(), profile=b"profile", seen=seen
    )


@contextmanager
def undone(store: Database) -> Iterator[None]:
    """A transaction that fails at its end."""
    with suppress(KeyError), store.transaction():
        yield
        raise KeyError
