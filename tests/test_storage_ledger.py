"""The outbox, and what a recipient was not told yet."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aggregator.model import Digest, DigestItem, DigestState, Merge
from storage import Database, open_store
from tests.storage_values import DAY, HOUR, MINUTE, NOON, add, feed, placed, with_feeds


@pytest.fixture
def store() -> Iterator[Database]:
    with open_store(":memory:") as opened:
        yield with_feeds(opened)


def issue(date: str = "2026-03-01", *items: DigestItem, recipient: str = "a@example.org") -> Digest:
    return Digest(
        name="daily",
        local_date=date,
        recipient=recipient,
        message_id=f"<{date}@example.org>",
        state=DigestState.PENDING,
        rendered=b"From: \x00\xff",
        created_at=NOON,
        items=items,
        last_event=3,
        next_at=NOON,
    )


def send(store: Database, *items: DigestItem, date: str = "2026-03-01") -> None:
    stored = store.add_digest(issue(date, *items))
    store.record_attempt(stored.id, DigestState.SENT, at=NOON, answer="250 ok", next_at=None)


def test_one_row_for_a_name_date_and_recipient(store: Database) -> None:
    first = store.add_digest(issue("2026-03-01", DigestItem(1, False, 2), DigestItem(2, True, 4)))
    assert first == replace(issue("2026-03-01", *first.items), id=first.id)
    second = store.add_digest(replace(issue(), rendered=b"another"))
    assert second == first == store.digest("daily", "2026-03-01", "a@example.org")
    assert store.digest("daily", "2026-03-02", "a@example.org") is None
    store.add_digest(issue(recipient="b@example.org"))
    assert [digest.recipient for digest in store.digests(limit=9)] == ["b@example.org", "a@example.org"]


def test_attempts_until_accepted(store: Database) -> None:
    stored = store.add_digest(issue())
    assert store.pending(NOON - MINUTE) == []
    assert store.pending(NOON) == [stored]
    store.record_attempt(stored.id, DigestState.PENDING, at=NOON, answer="451 later", next_at=NOON + HOUR)
    assert store.pending(NOON) == []
    (waiting,) = store.pending(NOON + HOUR)
    assert (waiting.attempts, waiting.last_answer, waiting.sent_at) == (1, "451 later", None)
    assert [row["state"] for row in store.db["unsent"].rows] == ["pending"]
    assert store.last_sent("daily", "a@example.org") is None
    store.record_attempt(stored.id, DigestState.SENT, at=NOON + HOUR, answer="250 ok", next_at=None)
    sent = store.last_sent("daily", "a@example.org")
    assert (sent.state, sent.sent_at, sent.attempts) == (DigestState.SENT, NOON + HOUR, 2)
    assert store.pending(NOON + DAY) == []
    assert list(store.db["unsent"].rows) == []


def untold(store: Database, recipient: str = "a@example.org") -> list[tuple[int, set[int]]]:
    return [(one.story.id, set(one.told)) for one in store.untold("daily", recipient, since=NOON - DAY)]


def test_untold_until_an_issue_was_accepted(store: Database) -> None:
    story = add(store, 1).story_id
    add(store, 2, seen=NOON + MINUTE)
    add(store, 3, seen=NOON - 2 * DAY)
    assert untold(store) == [(2, set()), (1, set())]
    store.add_digest(issue("2026-02-28", DigestItem(1, False, 1), DigestItem(2, False, 2)))
    assert untold(store) == [(2, set()), (1, set())]  # only waiting
    send(store, DigestItem(1, False, 1), DigestItem(2, False, 2))
    assert untold(store) == []
    assert untold(store, "b@example.org") == [(2, set()), (1, set())]
    add(store, 4, placement=placed(story), seen=NOON + HOUR)
    assert untold(store) == [(1, {1})]
    assert len(store.untold("daily", "a@example.org", since=NOON)[0].story.members) == 2


def test_what_was_told_stays_told_when_stories_merge(store: Database) -> None:
    add(store, 1)
    add(store, 2)
    send(store, DigestItem(1, False, 1), DigestItem(2, False, 2))
    store.merge_stories(Merge(1, 2, 0.8, "one event"), profile=b"", at=NOON)
    assert untold(store) == []
    add(store, 3, placement=placed(1))
    assert untold(store) == [(1, {1, 2})]


def test_what_was_never_told_is_news_though_its_story_joins_one_told_later(store: Database) -> None:
    add(store, 1)  # its own story: did not fit into the mail
    add(store, 2)
    send(store, DigestItem(2, False, 2))
    store.merge_stories(Merge(2, 1, 0.8, "one event"), profile=b"", at=NOON)
    assert untold(store) == [(2, {2})]
    send(store, DigestItem(1, True, 2), date="2026-03-02")  # rendered before the merge, stored after it
    assert untold(store) == []


def test_what_was_told_stays_told_when_a_person_parts_it(store: Database) -> None:
    story = add(store, 1).story_id
    add(store, 2, placement=placed(story))
    send(store, DigestItem(story, False, 2))
    store.move_entries([2], None, reason="another event", at=NOON)
    assert untold(store) == []


def test_counts_and_lists(store: Database) -> None:
    store.sync_feeds([feed(1, tags=("film",)), feed(2)], now=NOON)
    story = add(store, 1).story_id
    add(store, 2, feed_id=2, seen=NOON + MINUTE)
    add(store, 3, feed_id=2, placement=placed(story), seen=NOON + HOUR)
    counts = store.counts(since=NOON + MINUTE)
    assert (counts.entries, counts.feeds, counts.stories) == (2, 1, 2)
    assert [one.id for one in store.stories()] == [1, 2]
    assert [one.id for one in store.stories(limit=1)] == [1]
    assert [one.id for one in store.stories(tags=["film", "x"])] == [1]
    assert [one.id for one in store.stories(since=NOON + HOUR)] == [1]
    assert store.stories(ids=[]) == []
    assert store.story(77) is None


def test_links_are_without_tracking_parameters(store: Database) -> None:
    add(store, 1, url="https://example.org/1?utm_source=rss")
    add(store, 2, url="https://example.org/2", canonical_url="")
    shown = [store.story(1), store.story(2)]
    clean = [f"https://example.org/{number}" for number in (1, 2)]
    assert [story.url for story in shown] == clean
    assert [story.members[0].url for story in shown] == clean
    assert [hit.url for hit in store.search("headline")] == clean[::-1]
    for view in ("story_list", "entry_list", "story_members"):
        assert sorted(row["url"] for row in store.db[view].rows) == clean


def test_excerpts_end_at_a_word(store: Database) -> None:
    add(store, 1, text="word " * 1000)
    add(store, 2, text="字" * 1000)
    assert store.story(1).excerpt.endswith("word…")
    assert len(store.story(1).excerpt) <= 600
    assert len(store.story(2).excerpt) == 600
