"""Entries, stories, sketches, frequencies: what is written comes back, the columns people read are right."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Correction, Level, Merge, Placement, Relation, Sketch
from storage import Database, bands, frequencies, open_store
from tests.storage_values import DAY, HOUR, MINUTE, NOON, RECIPE, add, entry, feed, placed, sketch, undone, with_feeds


@pytest.fixture
def store() -> Iterator[Database]:
    with open_store(":memory:") as opened:
        with_feeds(opened)
        yield opened
        assert opened.check() == []


# ---------------------------------------------------------------- entries


def test_known_by_feed_and_guid(store: Database) -> None:
    first = add(store, 1)
    assert store.known(1, ["guid 1", "guid 2"])["guid 1"].entry_id == first.entry_id
    assert store.known(2, ["guid 1"]) == {}


def test_whatever_the_world_sends_is_stored(store: Database) -> None:
    guid = "g\ud800\0"
    add(store, 1, guid=guid, title="a\0b\udfff", text="\ud83d\ude00 x", tags=("t\ud800",), author="\0")
    assert set(store.known(1, [guid])) == {guid}
    told = store.story(1)
    assert told.title == "a\ufffdb\ufffd"
    assert told.excerpt == "\U0001f600 x"  # a pair of surrogates is a character
    assert store.one("SELECT length(title), text_length FROM entries")[:] == (4, 3)


def test_inside_a_transaction_placing_sees_a_story_as_it_grows_and_people_see_it_whole_afterwards(
    store: Database,
) -> None:
    with store.transaction():
        story = add(store, 1, seen=NOON).story_id
        add(store, 2, feed_id=2, placement=placed(story, copy_of=1), seen=NOON - HOUR)
        add(store, 3, feed_id=3, placement=placed(story), seen=NOON + HOUR)
        (profile,) = store.profiles([story])
        assert (profile.entries, profile.first_seen, profile.last_seen) == (3, NOON - HOUR, NOON + HOUR)
    told = store.story(story)
    assert (told.entries, told.copies, told.independent, len(told.outlets)) == (3, 1, 2, 3)
    assert (told.first_seen, told.last_seen, told.representative) == (NOON - HOUR, NOON + HOUR, 1)


def test_a_story_begun_in_vain_leaves_nothing_to_tell(store: Database) -> None:
    with undone(store):
        add(store, 1)
    add(store, 2)
    assert len(store.stories()) == 1


def test_a_revision_keeps_the_former_text(store: Database) -> None:
    first = add(store, 1)
    store.revise_entry(first.entry_id, entry(1, title="Now", text="new", fingerprint="second"), seen=NOON + HOUR)
    assert store.known(1, ["guid 1"])["guid 1"].fingerprint == "second"
    assert store.story(first.story_id).title == "Now"
    assert [row["text"] for row in store.rows("SELECT text FROM revisions")] == ["Text of article 1."]
    assert not store.search("article")
    assert store.search("new")
    for number in range(30):
        store.revise_entry(first.entry_id, entry(1, title=str(number)), seen=NOON)
    assert store.one("SELECT count(*), max(title) FROM revisions")[0] == 20


def test_half_an_entry_is_never_stored(store: Database) -> None:
    with undone(store):
        add(store, 1)
    with pytest.raises(TypeError):
        add(store, 2, buckets=("not a number",))
    assert store.counts(since=NOON).entries == 0


# ---------------------------------------------------------------- stories


def test_the_columns_of_a_story(store: Database) -> None:
    story = add(store, 1, text="short").story_id
    add(store, 2, feed_id=2, placement=placed(story, copy_of=1), seen=NOON + MINUTE, publisher="publisher1.example")
    add(store, 3, feed_id=3, placement=placed(story), seen=NOON + HOUR, text="long " * 100)
    told = store.story(story)
    assert (told.entries, told.copies, told.independent) == (3, 1, 2)
    assert (told.first_seen, told.last_seen) == (NOON, NOON + HOUR)
    assert told.outlets == ("Paper 1", "Paper 2", "Paper 3")
    assert [member.copy_of for member in told.members] == [None, 1, None]
    assert store.stories() == [replace(told, members=())]


@pytest.mark.parametrize(
    ("rivals", "winner", "why"),
    [
        ([{}, {}], 1, "the earliest"),
        ([{"published": NOON}, {"published": NOON - HOUR}], 2, "the earliest by its own date"),
        ([{"text": "x" * 300}, {"text": "x" * 700}], 2, "clearly longer"),
        ([{"text": "x" * 300}, {"text": "x" * 500}], 1, "longer, but not clearly"),
        ([{"text": "x" * 2000}, {"text": "x" * 20000}], 1, "both are full texts"),
        ([{"text": "x"}, {"text": "x" * 150}], 1, "both are hardly a sentence"),
        ([{"feed_id": 1}, {"feed_id": 3}], 2, "the user's priority"),
        ([{"feed_id": 1, "text": "x" * 2000}, {"feed_id": 3, "text": "x"}], 2, "priority before length"),
    ],
)
def test_who_speaks_for_a_story(rivals: list[dict[str, Any]], winner: int, why: str) -> None:
    with open_store(":memory:") as store:
        store.sync_feeds([feed(1), feed(2), feed(3, priority=1)], now=NOON)
        story = add(store, 1, **rivals[0]).story_id
        add(store, 2, placement=placed(story), seen=NOON + MINUTE, **rivals[1])
        assert store.story(story).representative == winner, why


def test_an_original_speaks_before_its_copy(store: Database) -> None:
    story = add(store, 1, published=NOON).story_id
    add(store, 2, placement=placed(story), seen=NOON + MINUTE, published=NOON + HOUR)
    store.run("UPDATE entries SET copy_of = 2 WHERE id = 1")
    store.refresh_stories([story])
    assert store.story(story).representative == 2


def test_merged_stories_redirect_however_often(store: Database) -> None:
    stories = [add(store, number).story_id for number in range(1, 5)]
    for gone, into in ((4, 3), (3, 2), (2, 1)):
        store.merge_stories(Merge(into, gone, 0.7, f"{gone} is {into}"), profile=b"both", at=NOON)
    told = store.story(4)
    assert (told.id, told.entries) == (1, 4)
    assert [member.level for member in told.members] == [Level.NEW, *[Level.STORY] * 3]
    assert told.members[3].reason == "4 is 3"
    assert [story.id for story in store.stories(ids=[2, 3])] == [1]
    assert [profile.profile for profile in store.profiles(stories)] == [b"both"]
    store.merge_stories(Merge(1, 4, 0.7, "again"), profile=b"", at=NOON)  # long one story: nothing to do
    assert add(store, 9, placement=placed(3)).story_id == 1


def test_moving_entries_splits_and_joins_again(store: Database) -> None:
    story = add(store, 1).story_id
    add(store, 2, placement=placed(story))
    add(store, 3, placement=placed(story, copy_of=2))
    other = store.move_entries([3], None, reason="not the same", at=NOON)
    assert (store.story(story).entries, store.story(other).copies) == (2, 0)
    assert store.story(other).members[0].level is Level.CORRECTION
    assert store.move_entries([3], story, reason="the same after all", at=NOON) == story
    assert store.story(other).id == story


def test_standings_follow_merges(store: Database) -> None:
    add(store, 1)
    add(store, 2)
    store.merge_stories(Merge(1, 2, 0.6, "one"), profile=b"", at=NOON)
    assert [(s.entry_id, s.story_id, s.placement.reason) for s in store.standings()] == [
        (1, 1, "because of the test"),
        (2, 1, "one"),
    ]
    assert [standing.entry_id for standing in store.standings([2])] == [2]


def test_relations_and_corrections_are_kept(store: Database) -> None:
    add(store, 1)
    tie = Relation(1, "veto", 0.4, "another match")
    add(store, 2, placement=Placement(Level.NEW, None, 0, "first", relations=(tie, tie)))
    assert store.one("SELECT other_id, reason FROM relations")[:] == (1, "another match")
    stored = store.add_correction(Correction(1, 2, together=False, author="me", at=NOON, reason="no"))
    assert store.corrections([2]) == store.corrections([1, 2]) == store.list_corrections() == [stored]
    assert store.corrections([3]) == []
    assert store.remove_correction(stored.id)
    assert not store.remove_correction(stored.id)


# ---------------------------------------------------------------- candidates and profiles


def test_most_shared_first_then_newest(store: Database) -> None:
    for number, buckets in enumerate([(1,), (1, 2), (1, 2), (9,)], start=1):
        add(store, number, buckets=buckets)
    found = store.candidates(sketch(1, 2, 3), since=NOON, limit=9)
    assert [(one.entry_id, one.shared) for one in found] == [(3, 2), (2, 2), (1, 1)]
    assert found[0].sketch == sketch()
    assert [one.entry_id for one in store.candidates(sketch(1, 2), since=NOON, limit=1)] == [3]


def test_the_stories_of_the_entries_that_share_most_event_buckets(store: Database) -> None:
    for number, buckets in enumerate([(1,), (1, 2), (1, 2, 3), (9,)], start=1):
        met = Sketch(RECIPE, event_buckets=buckets, text_buckets=(7,))
        story = placed(1 if number == 3 else None)
        seen = NOON - DAY if number == 2 else NOON
        store.add_entry(1, entry(number), met, story, profile=b"profile", seen=seen)
    asked = Sketch(RECIPE, event_buckets=(1, 2, 3, 9), text_buckets=(8,))
    assert store.stories_near(asked, since=NOON, limit=9) == [1, 3]
    assert store.stories_near(asked, since=NOON - DAY, limit=9) == [1, 2, 3]
    assert store.stories_near(asked, since=NOON, limit=1) == [1]
    assert store.stories_near(Sketch(RECIPE, event_buckets=(99,)), since=NOON, limit=9) == []
    assert store.candidates(asked, since=NOON, limit=9) == []


def test_old_entries_and_other_recipes_are_no_candidates(store: Database) -> None:
    add(store, 1, buckets=(1,), seen=NOON - DAY)
    add(store, 2, buckets=(1,))
    assert [one.entry_id for one in store.candidates(sketch(1), since=NOON, limit=1)] == [2]
    assert store.candidates(sketch(1, recipe="other"), since=NOON, limit=9) == []
    store.replace_sketch(2, sketch(1, recipe="other"))
    assert [one.entry_id for one in store.candidates(sketch(1, recipe="other"), since=NOON, limit=9)] == [2]
    assert store.outdated_sketches("other", since=NOON - DAY, limit=9) == [1]


def test_a_flood_in_one_bucket_is_not_read_to_the_end(store: Database) -> None:
    for number in range(bands.BUCKET_READS * 2):
        add(store, number, buckets=(5,))
    assert len(store.candidates(sketch(5), since=NOON, limit=500)) == bands.BUCKET_READS
    store.sort_bands()
    newest = list(range(bands.BUCKET_READS * 2, bands.BUCKET_READS, -1))
    assert [one.entry_id for one in store.candidates(sketch(5), since=NOON, limit=500)] == newest
    add(store, 500, buckets=(5,))  # fresh beside sorted: still the newest
    assert [one.entry_id for one in store.candidates(sketch(5), since=NOON, limit=500)] == [newest[0] + 1, *newest[:-1]]


def test_old_entries_sketched_anew_take_no_newer_ones_place(store: Database) -> None:
    for number in range(bands.BUCKET_READS + 20):
        add(store, number, buckets=(5,))
    store.sort_bands()
    newest = [one.entry_id for one in store.candidates(sketch(5), since=NOON, limit=500)]
    assert newest == list(range(bands.BUCKET_READS + 20, 20, -1))
    with store.transaction():
        for entry_id in range(1, 60, 2):
            store.replace_sketch(entry_id, sketch(5))
        found = [one.entry_id for one in store.candidates(sketch(5), since=NOON, limit=500)]
        assert found[: len(newest)] == newest
    store.sort_bands()
    assert [one.entry_id for one in store.candidates(sketch(5), since=NOON, limit=500)] == newest


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sets(st.integers(-(2**63), -(2**63) + 12), max_size=6), max_size=25),
    st.sets(st.integers(-(2**63), -(2**63) + 12), max_size=8),
    st.integers(0, 25),
)
def test_candidates_are_the_same_fresh_or_sorted(stored: list[set[int]], asked: set[int], when: int) -> None:
    """Against counting by hand; `sort_bands` comes at any moment."""
    with open_store(":memory:") as store:
        with_feeds(store, 1)
        for number, buckets in enumerate(stored, start=1):
            if number == when:
                store.sort_bands()
            add(store, number, buckets=tuple(buckets))
            store.candidates(sketch(*asked), since=NOON, limit=3)  # reads the fresh ones so far
        found = store.candidates(sketch(*asked), since=NOON, limit=99)
        expected = Counter({n: len(buckets & asked) for n, buckets in enumerate(stored, start=1) if buckets & asked})
        assert {one.entry_id: one.shared for one in found} == dict(expected)


def test_a_rolled_back_entry_is_no_candidate(store: Database) -> None:
    with undone(store):
        add(store, 1, buckets=(1,))
        assert store.candidates(sketch(1), since=NOON, limit=9)
    assert store.candidates(sketch(1), since=NOON, limit=9) == []
    add(store, 2)
    assert store.candidates(sketch(1), since=NOON, limit=9) == []


def test_profiles_of_young_stories(store: Database) -> None:
    add(store, 1, seen=NOON - DAY)
    add(store, 2)
    (young,) = store.profiles([2])
    assert (young.story_id, young.profile, young.recipe, young.entries) == (2, b"profile", RECIPE, 1)
    store.save_profile(2, "newer", b"other")
    assert [one.recipe for one in store.profiles([2])] == ["newer"]


# ---------------------------------------------------------------- frequencies


def test_counts_halve_in_a_half_life_and_are_warm_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    with open_store(path) as store:
        store.count_terms([["a", "b", "a"], ["a"]], at=NOON)
        half_life = store.half_life
    with open_store(path) as store:
        store.count_terms([["a"]], at=NOON + half_life)
        now = store.frequencies(["a", "b", "never"], at=NOON + half_life)
        assert now.documents == pytest.approx(2)
        assert dict(now.counts) == pytest.approx({"a": 2, "b": 0.5})
        then = store.frequencies(["a"], at=NOON + 2 * half_life)
        assert then.counts["a"] == pytest.approx(1)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4000), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=20))
def test_ageing_is_exact_whenever_the_landmark_moves(history: list[tuple[int, str, bool]]) -> None:
    history = sorted(history)
    with open_store(":memory:") as store:
        for day, term, move in history:
            if move:
                store.age_terms(NOON + day * DAY)
            store.count_terms([[term]], at=NOON + day * DAY)
        end = history[-1][0]
        found = store.frequencies("abc", at=NOON + end * DAY).counts
        for term in "abc":
            expected = sum(0.5 ** ((end - day) / 14) for day, counted, _ in history if counted == term)
            assert found.get(term, 0) == pytest.approx(expected, abs=0.03)  # what has faded is dropped


def test_counts_are_the_same_fresh_or_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequencies, "FRESH", 5)
    with open_store(tmp_path / "a.db") as store, open_store(tmp_path / "a.db") as other:
        for number in range(1, 13):  # settled after the fifth and the tenth
            store.count_terms([["a", f"only {number}"]], at=NOON)
            for one in (store, other):
                assert one.frequencies(["a", "only 1", "only 12"], at=NOON).counts == pytest.approx(
                    {"a": number, "only 1": 1} | ({"only 12": 1} if number == 12 else {})
                )
        assert [row[0] for row in store.rows("SELECT weight FROM frequencies WHERE term = 'a'")] == [10]
        assert store.one("SELECT count(*) FROM fresh_terms")[0] == 2


def test_connections_in_turn_count_every_document(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as one, open_store(tmp_path / "a.db") as other:
        with_feeds(one)
        one.count_terms([["a"]], at=NOON)
        other.count_terms([["a"]] * 10, at=NOON)
        one.release([1])  # any transaction: it must not write down what it remembers
        assert other.frequencies(["a"], at=NOON).documents == pytest.approx(11)
        other.age_terms(NOON + 14 * DAY)
        one.release([1])
        for store in (one, other):
            found = store.frequencies(["a"], at=NOON + 14 * DAY)
            assert (found.documents, found.counts["a"]) == pytest.approx((5.5, 5.5))


def test_terms_settled_while_they_are_read_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequencies, "FRESH", 3)
    with open_store(tmp_path / "a.db") as writer:
        writer.count_terms([["a"], ["a"]], at=NOON)
        with open_store(tmp_path / "a.db", read_only=True) as reader:
            noted = reader._noted

            def interrupted(*, after: int = 0) -> dict[str, float]:
                found = noted(after=after)
                writer.count_terms([["b"]], at=NOON)  # settles all three
                return found

            monkeypatch.setattr(reader, "_noted", interrupted)
            assert reader.frequencies(["a"], at=NOON).counts["a"] == pytest.approx(2)


def test_a_century_neither_overflows_nor_divides_by_zero(store: Database) -> None:
    store.count_terms([["a"]], at=NOON)
    assert store.frequencies(["a"], at=NOON + timedelta(days=36500)).documents == pytest.approx(0)
    store.count_terms([["a"]], at=NOON + timedelta(days=36500))
    assert store.frequencies(["a"], at=NOON - timedelta(days=36500)).documents > 0


def test_a_rollback_uncounts(store: Database) -> None:
    store.count_terms([["a"]], at=NOON)
    with undone(store):
        store.count_terms([["a"]], at=NOON)
        assert store.frequencies(["a"], at=NOON).counts["a"] == pytest.approx(2)
    assert store.frequencies(["a"], at=NOON).counts["a"] == pytest.approx(1)


def test_another_connections_counts_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    with open_store(path) as one, open_store(path) as other:
        one.count_terms([["a"]], at=NOON)
        other.count_terms([["a"]], at=NOON)
        assert one.frequencies(["a"], at=NOON).counts["a"] == pytest.approx(2)
        one.count_terms([["a"]], at=NOON)
        assert other.frequencies(["a"], at=NOON).counts["a"] == pytest.approx(3)


def test_the_seed_stays(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as one, open_store(tmp_path / "a.db") as same, open_store(":memory:") as other:
        assert one.installation_seed() == same.installation_seed() != other.installation_seed()
