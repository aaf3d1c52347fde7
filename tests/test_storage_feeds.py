"""Subscriptions, polls remembered, and who may poll what."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import (
    Document,
    EventKind,
    FeedEvent,
    FeedState,
    FeedStatus,
    Hints,
    HostBlock,
    Outcome,
)
from storage import Database, open_store
from tests.storage_values import DAY, HOUR, MINUTE, NOON, add, feed, fetched, placed, with_feeds


@pytest.fixture
def store() -> Iterator[Database]:
    with open_store(":memory:") as opened:
        yield opened


def test_feeds_come_back_as_written_and_in_the_order_of_the_file(store: Database) -> None:
    wanted = [
        feed(2, tags=("a", "ü"), priority=2**70, every=HOUR, enabled=False, fulltext=True, publisher="p"),
        feed(1),
    ]
    store.sync_feeds(wanted, now=NOON)
    (first, state), (second, _) = store.feeds()
    assert first == replace(wanted[0], id=first.id, priority=2**63 - 1)
    assert second.url == wanted[1].url
    assert state == FeedState()


def test_a_dropped_feed_is_kept_and_returns_with_its_memory(store: Database) -> None:
    with_feeds(store, 2)
    store.save_poll(2, FeedState(etag="x"), fetched())
    store.sync_feeds([feed(1)], now=NOON)
    assert [found.id for found, _ in store.feeds()] == [1]
    assert store.lease_due(NOON, until=NOON + HOUR, limit=9)[0].feed.id == 1
    store.sync_feeds([feed(1), feed(2)], now=NOON)
    assert store.feeds()[1][0].id == 2
    assert store.feeds()[1][1].etag == "x"


def test_a_feed_that_moved_keeps_its_entries(store: Database) -> None:
    with_feeds(store, 1)
    add(store, 1)
    target = "https://new.example/feed"
    store.save_poll(1, FeedState(moved_to=target, moved_since=NOON, moved_answers=3), fetched())
    store.sync_feeds([feed(1, url=target)], now=NOON)
    assert [(found.id, found.url) for found, _ in store.feeds()] == [(1, target)]
    assert store.known(1, ["guid 1"])
    assert store.feeds()[0][1].moved_to is None


def test_an_ingested_source_is_found_again_and_never_polled(store: Database) -> None:
    source = feed(7, url="ingest:Wire")
    first = store.add_feed(source, now=NOON)
    with_feeds(store, 1)
    assert store.add_feed(source, now=NOON) == first
    assert [request.feed.url for request in store.lease_due(NOON, until=NOON, limit=9)] == [feed(1).url]


def test_tags_and_priority_show_in_stories_already_told(store: Database) -> None:
    with_feeds(store, 2)
    story = add(store, 1).story_id
    add(store, 2, feed_id=2, placement=placed(story))
    assert store.story(story).representative == 1
    store.sync_feeds([feed(1), feed(2, tags=("film",), priority=5)], now=NOON)
    told = store.story(story)
    assert (told.tags, told.representative) == (("film",), 2)


def test_everything_remembered_comes_back(store: Database) -> None:
    with_feeds(store, 1)
    state = FeedState(
        status=FeedStatus.FAILING,
        etag='W/"\u00fc"',
        last_modified="Sun",
        body_hash="h",
        next_at=NOON + HOUR,
        why="because",
        checked_at=NOON + timedelta(microseconds=1),
        succeeded_at=NOON,
        changed_at=NOON,
        failures=3,
        kills=1,
        error="lost",
        moved_to="https://b/",
        moved_since=NOON,
        moved_answers=2,
        stuck_answers=1,
        hints=Hints(HOUR, (1, 2), (0,)),
        item_hashes=("aa", "bb"),
        published=(NOON, NOON - DAY),
    )
    store.save_poll(1, state, fetched())
    assert store.feeds()[0][1] == state


def test_the_documents_title_is_used_unless_the_user_has_one(store: Database) -> None:
    store.sync_feeds([feed(1), feed(2, title="")], now=NOON)
    add(store, 1, feed_id=2)
    for feed_id in (1, 2):
        store.save_poll(feed_id, FeedState(), fetched(), document=Document("Its own name", ()))
    assert [found.title for found, _ in store.feeds()] == ["Paper 1", "Its own name"]
    assert [hit.outlet for hit in store.search("own name")] == ["Its own name"]  # stored before the name was known


def test_history_is_bounded_and_events_are_told_in_order(store: Database) -> None:
    with_feeds(store, 1)
    for minute in range(60):
        event = FeedEvent(1, EventKind.BROKEN, NOON, f"event {minute}")
        store.save_poll(1, FeedState(), fetched(NOON + minute * MINUTE), events=[event])
    assert store.one("SELECT count(*), max(at) FROM fetches")[0] == 50
    (event, last) = store.events(after=58)
    assert (event.detail, event.feed, event.tags) == ("event 58", "Paper 1", feed(1).tags)
    assert last.detail == "event 59"


# ---------------------------------------------------------------- leases


def test_what_a_feed_published_since_a_moment_is_counted(store: Database) -> None:
    with_feeds(store, 3)
    store.save_poll(1, FeedState(published=(NOON, NOON - DAY, NOON - 3 * DAY)), fetched())
    store.save_poll(2, FeedState(published=(NOON - 9 * DAY,)), fetched())
    assert store.posts(since=NOON - DAY) == {1: 2, 2: 0}


def leased(store: Database, now: datetime = NOON, **more: object) -> list[int]:
    return [request.feed.id for request in store.lease_due(now, until=now + HOUR, **{"limit": 99, **more})]


def test_longest_due_first_and_hidden_until_the_lease_ends(store: Database) -> None:
    with_feeds(store, 4)
    store.save_poll(1, FeedState(next_at=NOON - MINUTE), fetched())
    store.save_poll(2, FeedState(next_at=NOON - HOUR), fetched())
    store.save_poll(3, FeedState(next_at=NOON + MINUTE), fetched())
    assert leased(store, limit=2) == [4, 2]
    assert leased(store) == [1]
    assert leased(store) == []
    assert leased(store, NOON + HOUR) == [4, 2, 1, 3]


def test_a_release_or_a_poll_ends_the_lease(store: Database) -> None:
    with_feeds(store, 2)
    assert leased(store) == [1, 2]
    store.release([1])
    store.save_poll(2, FeedState(next_at=NOON), fetched())
    assert leased(store) == [1, 2]


def test_gone_disabled_and_blocked_feeds_rest(store: Database) -> None:
    store.sync_feeds([feed(1), feed(2, enabled=False), feed(3), feed(4)], now=NOON)
    store.save_poll(3, FeedState(status=FeedStatus.GONE), fetched(outcome=Outcome.GONE))
    store.block_host(HostBlock("HOST4.example", NOON + 2 * HOUR, "Retry-After"))
    store.block_host(HostBlock("host4.example", NOON + HOUR, "shorter"))
    assert leased(store) == [1]
    assert leased(store, NOON + HOUR) == [1]
    assert leased(store, NOON + 2 * HOUR) == [1, 4]
    assert leased(store, force=True, urls=[feed(3).url]) == [3]


def test_force_and_urls_and_hosts(store: Database) -> None:
    store.sync_feeds([feed(n, url=f"https://u:p@one.example:8080/{n}") for n in range(5)], now=NOON)
    for feed_id in range(1, 6):
        store.save_poll(feed_id, FeedState(next_at=NOON + DAY), fetched())
    assert leased(store) == []
    assert leased(store, force=True, per_host=2) == [1, 2]
    assert leased(store, force=True, urls=["https://u:p@one.example:8080/3", "https://unknown/"]) == [4]


def test_next_due(store: Database) -> None:
    assert store.next_due() is None
    with_feeds(store, 2)
    assert store.next_due() < NOON
    store.save_poll(1, FeedState(next_at=NOON + HOUR), fetched())
    store.save_poll(2, FeedState(next_at=NOON + MINUTE), fetched())
    assert store.next_due() == NOON + MINUTE


def test_the_due_index_answers(store: Database) -> None:
    """A tick over a hundred thousand feeds must not read them."""
    plan = store.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM feeds WHERE wanted AND enabled AND status <> 'gone'"
        " AND ifnull(next_at, '') <= 'x' ORDER BY ifnull(next_at, ''), id"
    )
    assert any("feeds_due" in row["detail"] for row in plan)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5), st.integers(1, 4))
def test_no_host_is_taken_more_often_than_allowed(hosts: list[int], limit: int, per_host: int) -> None:
    with open_store(":memory:") as store:
        store.sync_feeds([feed(n, url=f"https://h{host}/{n}") for n, host in enumerate(hosts)], now=NOON)
        taken = store.lease_due(NOON, until=NOON + HOUR, limit=limit, per_host=per_host)
        names = [request.feed.url.split("/")[2] for request in taken]
        assert all(names.count(name) <= per_host for name in names)
        assert len(names) == min(limit, sum(min(per_host, hosts.count(host)) for host in set(hosts)))


LEASER = """
import sys
from datetime import UTC, datetime, timedelta
from storage import open_store
now = datetime(2026, 3, 1, 12, tzinfo=UTC)
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    while taken := store.lease_due(now, until=now + timedelta(hours=1), limit=7):
        print(*(request.feed.id for request in taken), flush=True)
"""


def test_two_processes_never_lease_the_same_feed(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    with open_store(path) as store:
        with_feeds(store, 300)
    command = [sys.executable, "-c", LEASER, str(path)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    taken = [number for process in both for number in process.communicate(timeout=60)[0].split()]
    assert sorted(map(int, taken)) == list(range(1, 301))


def test_a_weeks_backlog_is_taken_bit_by_bit(store: Database) -> None:
    """After a sleep everything is due: ticks take so much and so much of a host, the longest due first, each once."""
    big = [feed(n, url=f"https://big.example/{n}") for n in range(100)]
    store.sync_feeds([*big, *(feed(n, url=f"https://host-{n % 20}.example/{n}") for n in range(400))], now=NOON)
    for wanted, _ in store.feeds():
        store.save_poll(wanted.id, FeedState(next_at=NOON + wanted.id * MINUTE), fetched())
    now, polled, ticks = NOON + 7 * DAY, list[int](), 0
    while due := store.lease_due(now, until=now + HOUR, limit=60, per_host=5):
        hosts = Counter(urlsplit(request.feed.url).hostname for request in due)
        assert len(due) <= 60
        assert max(hosts.values()) <= 5
        moments = [request.state.next_at for request in due if request.state.next_at]
        assert moments == sorted(moments)
        for request in due:
            store.save_poll(request.feed.id, FeedState(next_at=now + HOUR), fetched())
        polled += [request.feed.id for request in due]
        now, ticks = now + timedelta(seconds=20), ticks + 1
    assert sorted(polled) == list(range(1, 501))
    assert ticks == 20  # a hundred feeds of one host, five a tick
    assert set(polled[: 8 * 60]) >= set(range(101, 501))  # and the others did not wait for them
    assert store.next_due() == NOON + 7 * DAY + HOUR
