"""Whatever is typed is found or refused in one line."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.errors import UsageError
from storage import Database, open_store
from tests.storage_values import DAY, NOON, add, entry, feed, placed


@pytest.fixture(scope="module")
def store() -> Iterator[Database]:
    with open_store(":memory:") as opened:
        opened.sync_feeds([feed(1, title="Zürcher Post", tags=("world",)), feed(2)], now=NOON)
        add(opened, 1, title="Flood in Málaga", text="Rivers were running high; nobody was hurt.")
        add(
            opened, 2, title="Calm", text="After the flood in Malaga the rivers fell. " + "More text. " * 200, feed_id=2
        )
        add(opened, 3, title="Élections", text="AND NOT OR NEAR", seen=NOON - DAY)
        yield opened


def found(store: Database, query: str, **more: object) -> list[int]:
    return [hit.entry_id for hit in store.search(query, **more)]


def test_words_in_any_form_titles_first(store: Database) -> None:
    assert found(store, "floods malaga") == [1, 2]
    assert found(store, "river run") == [1]
    assert found(store, "elections") == [3]
    assert found(store, "zurcher") == [3, 1]  # the shorter text first
    assert found(store, '"rivers fell"') == [2]
    assert found(store, "fell rivers") == [2]
    assert found(store, '"fell rivers"') == []


def test_snippets_mark_the_words(store: Database) -> None:
    hit = store.search("rivers", feed="Paper 2")[0]
    assert "\x02rivers\x03" in hit.snippet
    assert len(hit.snippet) < 300


def test_filters(store: Database) -> None:
    assert found(store, "flood", feed="https://host2.example/feed") == [2]
    assert found(store, "flood", feed="Paper 2") == [2]
    assert found(store, "flood", tag="world") == [1]
    assert found(store, "AND", since=NOON) == []
    assert found(store, "the", limit=1) == [2]


def test_raw_syntax_and_its_errors(store: Database) -> None:
    assert found(store, "title : flood", raw=True) == [1]
    assert found(store, "run*", raw=True) == [1]
    with pytest.raises(UsageError, match="leave out --raw"):
        store.search('"unfinished', raw=True)
    with pytest.raises(UsageError, match="nothing to search for"):
        store.search('* "" (')


@settings(deadline=None, max_examples=60)
@given(st.text())
@example("NEAR(")
@example("a\0b")
@example('"' * 7 + "x")
@example("x" * 5000)
@example("title:^-*")
@example("\ud800x")
def test_any_input_is_quoted(store: Database, query: str) -> None:
    try:
        store.search(query)
    except UsageError as refused:
        assert "nothing to search for" in str(refused)  # noqa: PT017  either is right


def test_a_search_ends_in_time() -> None:
    with open_store(":memory:") as slow:
        slow.sync_feeds([feed(1)], now=NOON)
        with slow.transaction():
            for number in range(400):
                add(slow, number, text="same words " * 200)
        with pytest.raises(UsageError, match="too long"):
            slow.search("same words", seconds=0)
        assert slow.search("same words", limit=1)


def test_unchanged_rows_are_not_indexed_again(store: Database) -> None:
    """Moving an entry to another story costs the index nothing."""
    before = store.one("SELECT count(*) FROM entries_fts_data")[0]
    total = store.raw.total_changes
    store.run("UPDATE entries SET updated = ?, title = title WHERE id = 1", ("2026-03-01T12:00:00.000000Z",))
    assert store.raw.total_changes - total == 1
    assert store.one("SELECT count(*) FROM entries_fts_data")[0] == before


def test_the_library_sees_the_index(store: Database) -> None:
    """So that `sqlite-utils search aggregator.db entries WORD` works."""
    assert store.db["entries"].detect_fts() == "entries_fts"
    assert [row["id"] for row in store.db["entries"].search("elections")] == [3]


def test_revised_texts_are_found_by_their_new_words(store: Database) -> None:
    with open_store(":memory:") as own:
        own.sync_feeds([feed(1)], now=NOON)
        add(own, 1)
        own.revise_entry(1, entry(1, title="Unheard"), seen=NOON)
        assert found(own, "unheard") == [1]
        assert found(own, "headline") == []


def test_each_story_once_with_its_best_entry() -> None:
    with open_store(":memory:") as own:
        own.sync_feeds([feed(1), feed(2)], now=NOON)
        story = add(own, 1, title="Ferry aground").story_id
        add(own, 2, feed_id=2, placement=placed(story), title="Rescue", text="The ferry lies on the rocks.")
        add(own, 3, placement=placed(story), title="Aftermath", text="Divers look.")
        add(own, 4, title="Timetable", text="Trains, and one ferry")
        first, second = own.search_stories("ferry")
        assert (first.story_id, first.best.entry_id, first.matching, first.entries, first.outlets) == (1, 1, 2, 3, 2)
        assert (second.best.story_id, second.best.snippet) == (2, "Trains, and one \x02ferry\x03")
        assert [one.best.entry_id for one in own.search_stories("ferry", feed="Paper 2")] == [2]
        assert len(own.search_stories("ferry", limit=1)) == 1
        with pytest.raises(UsageError, match="leave out --raw"):
            own.search_stories("ferry NEAR(", raw=True)
