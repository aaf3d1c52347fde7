"""A person's word: obeyed at once and for ever, contradictions refused, undone without a trace."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aggregator import correcting, pipeline
from aggregator.cluster import Bonds
from aggregator.correcting import Voice
from aggregator.errors import UsageError
from aggregator.model import Correction, Level
from aggregator.reclustering import apply, rehearse
from storage import Database, open_store
from tests.correcting_desk import BREAD, BRIEFINGS, CABLE, FERRY, SETTINGS, file, groups, grown
from tests.storage_values import DAY, HOUR, NOON

ANN = Voice("ann", NOON + HOUR, "so I read it")
LATER = NOON + 2 * HOUR


@pytest.fixture
def store() -> Iterator[Database]:
    """1: ferry [1, 2, 3] · 2: cable car [4, 5, 6] · 3: bread [7, 8]"""
    with open_store(":memory:") as opened:
        file(opened, FERRY + CABLE + BREAD)
        assert groups(opened) == {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8]}
        yield opened


def everything(store: Database) -> list[object]:
    """What must be as before after an act and its undoing."""
    placements = [tuple(row) for row in store.rows("SELECT entry_id, level, score, reason FROM placements")]
    redirects = [tuple(row) for row in store.rows("SELECT old_id, story_id FROM redirects")]
    stories = [tuple(row) for row in store.rows("SELECT * FROM stories")]
    return [store.standings(), placements, redirects, stories, store.list_corrections(), store.acts()]


def mended(store: Database) -> int:
    return pipeline.mend(store, grown(store), now=LATER, settings=SETTINGS)


def test_merged_stories_are_one_under_the_oldest_number(store: Database) -> None:
    act = correcting.merge(store, [3, 1], ANN)
    assert groups(store) == {1: [1, 2, 3, 7, 8], 2: [4, 5, 6]}
    assert act.story_id == store.current_story(3) == 1
    began = store.standings([7])[0].placement
    assert (began.level, began.reason) == (Level.CORRECTION, "ann put it here: so I read it")
    followed = store.standings([8])[0].placement
    assert followed.level is Level.STORY
    assert {(one.a, one.b) for one in store.list_corrections() if one.together} == {(1, 2), (1, 3), (1, 7), (1, 8)}
    assert {one.act for one in store.list_corrections()} == {act.id}
    assert store.check() == []


def test_a_merged_story_looks_like_both(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)
    file(store, [FERRY[1], CABLE[1]], first=20)
    assert groups(store)[1] == [1, 2, 3, 4, 5, 6, 9, 10]


def test_what_was_split_is_not_glued_again(store: Database) -> None:
    """Entry 3 is as alike as before: only the correction keeps it apart."""
    correcting.split(store, 1, [3], ANN)
    assert groups(store) == {1: [1, 2], 2: [4, 5, 6], 3: [7, 8], 4: [3]}
    assert store.standings([3])[0].placement.level is Level.CORRECTION
    assert mended(store) == 0
    for one in store.list_corrections():
        store.remove_correction(one.id)
    assert mended(store) == 1
    assert groups(store)[1] == [1, 2, 3]


def test_what_was_split_stays_apart_in_company(store: Database) -> None:
    correcting.split(store, 1, [3], ANN)
    file(store, FERRY, first=20)
    mended(store)
    assert store.stories_of([3])[3] not in {store.stories_of([number])[number] for number in (1, 2)}


def test_entries_split_together_stay_together(store: Database) -> None:
    act = correcting.split(store, 1, [3, 2], ANN)
    assert groups(store)[act.story_id] == [2, 3]
    assert [(one.a, one.b, one.together) for one in store.list_corrections()] == [(2, 3, True), (2, 1, False)]


@pytest.mark.parametrize("kind", ["merge", "split"])
def test_undo_leaves_no_trace(store: Database, kind: str) -> None:
    before = everything(store)
    if kind == "merge":
        correcting.merge(store, [1, 2, 3], ANN)
    else:
        correcting.split(store, 2, [5, 6], ANN)
    assert everything(store) != before
    assert correcting.undo(store, at=LATER).act.kind == kind
    assert [row for row in everything(store)[2] if row[0] <= 3] == []  # type: ignore[attr-defined]
    after = everything(store)
    assert after[:2] + after[3:] == before[:2] + before[3:]
    assert store.check() == []


def test_undo_goes_back_act_by_act(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)
    correcting.split(store, 3, [8], ANN)
    correcting.merge(store, [1, 3], ANN)
    for expected in (
        {1: [1, 2, 3, 4, 5, 6], 3: [7], 4: [8]},
        {1: [1, 2, 3, 4, 5, 6], 3: [7, 8]},
        {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8]},
    ):
        correcting.undo(store, at=LATER)
        assert groups(store) == expected
    assert store.list_corrections() == []
    with pytest.raises(UsageError, match="nothing to undo"):
        correcting.undo(store, at=LATER)


def test_undo_gives_old_numbers_back_their_way(store: Database) -> None:
    """Story 3 led to 2 before 2 led to 1."""
    correcting.merge(store, [2, 3], ANN)
    correcting.merge(store, [1, 2], ANN)
    assert store.current_story(3) == 1
    correcting.undo(store, at=LATER)
    assert (store.current_story(3), store.current_story(2)) == (2, 2)


def test_what_came_since_stays_but_for_copies_of_what_returns(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)
    file(
        store, [("Ferry Maren towed to Port Calder", "Tugs towed the ferry Maren to Port Calder."), CABLE[1]], first=20
    )
    assert groups(store)[1] == [1, 2, 3, 4, 5, 6, 9, 10]
    correcting.undo(store, at=LATER)
    assert groups(store) == {1: [1, 2, 3, 9], 2: [4, 5, 6, 10], 3: [7, 8]}
    act = correcting.split(store, 2, [6], ANN)
    file(store, [("Sardine prices rise at Lindau market", "Sardines cost more at the Lindau market.")], first=30)
    correcting.merge(store, [act.story_id, store.stories_of([11])[11]], ANN)
    correcting.undo(store, at=LATER)
    correcting.undo(store, at=LATER)
    assert groups(store)[2] == [4, 5, 6, 10]


def test_undo_follows_a_story_that_was_merged_meanwhile(store: Database) -> None:
    correcting.split(store, 2, [6], ANN)
    store.place_again(
        [replace(one, story_id=1, placement=replace(one.placement, story_id=1)) for one in store.standings([4, 5])],
        reason="the machine", at=LATER,
    )  # fmt: skip
    correcting.undo(store, at=LATER)
    assert groups(store) == {1: [1, 2, 3, 4, 5, 6], 3: [7, 8]}


def test_contradictions_are_refused_both_ways(store: Database) -> None:
    correcting.split(store, 1, [3], ANN)
    before = everything(store)
    with pytest.raises(UsageError, match=r"entries 3 and . are kept apart: ann said so on 2026-03-01 \(so I read it\)"):
        correcting.merge(store, [1, 4], ANN)
    with pytest.raises(UsageError, match="are kept apart"):
        correcting.merge(store, [4, 2, 1], ANN)
    assert everything(store) == before
    correcting.merge(store, [1, 2], ANN)
    before = everything(store)
    with pytest.raises(UsageError, match=r"entries . and . belong together: ann said so"):
        correcting.split(store, 1, [4, 5, 6], ANN)
    assert everything(store) == before


def test_a_refused_split_names_a_link_that_it_would_cut(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)  # 1 belongs with 2, 3, 4, 5, 6
    with pytest.raises(UsageError, match=r"entries 1 and [3-6] belong together: ann said so"):
        correcting.split(store, 1, [1, 2], ANN)
    with pytest.raises(UsageError, match=r"entries 1 and [4-6] belong together: ann said so"):
        correcting.split(store, 1, [4, 5, 6], ANN)


def test_a_contradiction_at_the_end_of_a_chain_is_found(store: Database) -> None:
    correcting.split(store, 1, [3], ANN)
    correcting.merge(store, [4, 2], ANN)  # 3 with the cable car
    correcting.merge(store, [1, 3], ANN)  # the ferry with the bread
    with pytest.raises(UsageError, match="are kept apart"):
        correcting.merge(store, [2, 1], ANN)


def test_words_without_meaning_are_refused(store: Database) -> None:
    for ids in ([1, 99], [1], [1, 1]):
        with pytest.raises(UsageError):
            correcting.merge(store, ids, ANN)
    for entries in ([4], [1, 2, 3], [], [99]):
        with pytest.raises(UsageError):
            correcting.split(store, 1, entries, ANN)
    assert store.acts() == []


def test_copies_follow_their_original_or_become_texts_of_their_own(store: Database) -> None:
    file(store, [FERRY[0], FERRY[0], CABLE[0]], first=20)  # 9 and 10 repeat 1, 11 repeats 4
    assert [one.placement.copy_of for one in store.standings([9, 10, 11])] == [1, 1, 4]
    before = everything(store)
    correcting.split(store, 1, [1], ANN)
    places = {one.entry_id: one.placement for one in store.standings([9, 10])}
    assert (places[9].copy_of, places[9].level) == (None, Level.STORY)
    assert places[10].copy_of == 9
    correcting.split(store, 2, [4, 11], ANN)
    assert store.standings([11])[0].placement.copy_of == 4
    assert store.check() == []
    correcting.undo(store, at=LATER)
    correcting.undo(store, at=LATER)
    assert everything(store)[0] == before[0]


def test_a_word_said_twice_is_stored_once(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)
    count = len(store.list_corrections())
    correcting.merge(store, [1, 3], ANN)
    assert len(store.list_corrections()) == count + 2


def word(a: int, b: int, together: bool) -> Correction:
    return Correction(a, b, together=together, author="ann", at=NOON)


def test_all_that_follows_counts() -> None:
    bonds = Bonds([word(1, 2, True), word(3, 2, True), word(5, 6, True), word(6, 1, False), word(1, 9, False)])
    assert bonds.together(1) == bonds.together(3) == {1, 2, 3}
    assert bonds.together(7) == {7}
    assert set(bonds.apart(3)) == {5, 6, 9}
    assert set(bonds.apart(5)) == {1, 2, 3}
    assert bonds.apart(7) == {}
    assert bonds.contradiction() is None
    assert Bonds([*bonds.corrections, word(5, 3, True)]).contradiction() == word(6, 1, False)


def test_a_copy_in_a_merged_story_is_still_a_copy_when_all_is_placed_anew(store: Database) -> None:
    file(store, [FERRY[0], CABLE[0]], first=20)  # 9 repeats 1, 10 repeats 4
    correcting.merge(store, [1, 2], ANN)
    apply(store, rehearse(store, SETTINGS, since=NOON - DAY, step=lambda: None), at=LATER)
    standings = {one.entry_id: one.placement for one in store.standings()}
    assert {number: place.copy_of for number, place in standings.items() if place.copy_of} == {9: 1, 10: 4}
    assert {place.level for number, place in standings.items() if number in (2, 3, 4, 5, 6)} == {Level.CORRECTION}
    correcting.undo(store, at=LATER)
    reasons = {one.entry_id: one.placement.reason for one in store.standings([2, 3])}
    assert reasons == dict.fromkeys((2, 3), "stayed when ann's merge was undone")
    assert store.check() == []


def test_copies_taken_out_without_their_original_are_one_text(store: Database) -> None:
    file(store, [FERRY[0], FERRY[0]], first=20)  # 9 and 10 repeat 1
    correcting.split(store, 1, [9, 10], ANN)
    assert [one.placement.copy_of for one in store.standings([9, 10])] == [None, 9]
    assert store.check() == []


def test_undo_brings_nobody_to_whom_it_must_not_meet(store: Database) -> None:
    correcting.split(store, 1, [2], ANN)  # never with 1 and 3
    into_story_1(store, [7, 8])
    away = correcting.split(store, 1, [1, 3], ANN).story_id
    into_story_1(store, [2])  # nothing forbids it any more
    assert correcting.undo(store, at=LATER).stayed == (1, 3)
    assert groups(store) == {1: [2, 7, 8], 2: [4, 5, 6], away: [1, 3]}
    assert store.check() == []


def into_story_1(store: Database, entry_ids: list[int]) -> None:
    """As the machine might have done."""
    moved = [
        replace(one, story_id=1, placement=replace(one.placement, story_id=1)) for one in store.standings(entry_ids)
    ]
    store.place_again(moved, reason="the machine", at=LATER)


def test_what_a_person_put_elsewhere_is_still_a_number_of_its_series(store: Database) -> None:
    file(store, BRIEFINGS, first=20)
    stands = store.stories_of([9, 10])
    noted = [tuple(row) for row in store.rows("SELECT entry_id, other_id, kind FROM relations")]
    assert noted == [(10, 9, "series")]
    correcting.merge(store, [1, stands[10]], ANN)
    apply(store, rehearse(store, SETTINGS, since=NOON - DAY, step=lambda: None), at=LATER)
    assert [tuple(row) for row in store.rows("SELECT entry_id, other_id, kind FROM relations")] == noted
