"""Stored entries placed anew: nothing without cause, numbers kept, a person obeyed, what would change said before."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator import correcting, pipeline
from aggregator.correcting import Voice
from aggregator.errors import BusyError
from aggregator.filing import clean_article
from aggregator.model import Correction, Relation
from aggregator.pipeline import Grown
from aggregator.reclustering import Outcome, apply, rehearse
from aggregator.refine import sketcher
from aggregator.settings import ClusterSettings
from storage import Database, open_store
from tests.correcting_desk import BREAD, BRIEFINGS, CABLE, FERRY, SETTINGS, article, file, groups, grown
from tests.storage_values import DAY, HOUR, MINUTE, NOON

ANN = Voice("ann", NOON + HOUR, "so I read it")
LATER = NOON + 2 * HOUR
JOINING = ClusterSettings(caution=-0.1)
NEVER_LATE = ClusterSettings(window=timedelta(seconds=1), young=timedelta(seconds=1))  # nothing is near enough in time


@pytest.fixture
def store() -> Iterator[Database]:
    """1: ferry [1, 2, 3] · 2: cable car [4, 5, 6] · 3: bread [7, 8]"""
    with open_store(":memory:") as opened:
        file(opened, FERRY + CABLE + BREAD)
        yield opened


def outcome(store: Database, settings: ClusterSettings = SETTINGS, *, since: datetime = NOON - DAY) -> Outcome:
    return rehearse(store, settings, since=since, step=lambda: None)


def put(store: Database, entry_ids: list[int], story_id: int | None) -> int:
    """As a machine with other settings might have done."""
    story = store.move_entries(entry_ids, story_id, reason="other settings", at=NOON)
    correcting.reprofile(store, store.stories_of(range(1, 99)).values())
    return story


def test_nothing_changes_without_cause(store: Database) -> None:
    before = store.standings()
    found = outcome(store)
    assert (found.entries, found.moved, found.merges, found.splits, found.score) == (8, [], (), (), None)
    apply(store, found, at=LATER)
    assert store.standings() == before


def test_what_was_apart_comes_together_under_the_number_most_have(store: Database) -> None:
    alone = put(store, [6], None)
    found = outcome(store)
    assert [(change.story_id, [part.story_id for part in change.parts]) for change in found.merges] == [(2, [2, alone])]
    assert found.splits == ()
    apply(store, found, at=LATER)
    assert groups(store) == {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8]}
    assert store.current_story(alone) == 2
    assert store.check() == []


def test_an_entry_that_becomes_a_copy_where_it_stands_is_told_of(store: Database) -> None:
    file(store, FERRY[:1], first=20)
    store.run("UPDATE entries SET copy_of = NULL WHERE id = 9")
    store.run("UPDATE placements SET level = 'story' WHERE entry_id = 9")
    found = outcome(store)
    assert (found.elsewhere, found.otherwise, found.merges, found.splits) == (0, 1, (), ())
    apply(store, found, at=LATER)
    assert store.standings([9])[0].placement.copy_of == 1


def test_what_was_glued_falls_apart_and_the_larger_part_keeps_the_number(store: Database) -> None:
    put(store, [7, 8], 2)
    assert store.current_story(3) == 2
    found = outcome(store)
    (change,) = found.splits
    assert (change.story_id, [(part.story_id, part.entries) for part in change.parts]) == (
        2, [(2, (4, 5, 6)), (0, (7, 8))],
    )  # fmt: skip
    apply(store, found, at=LATER)
    assert sorted(groups(store).values()) == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert groups(store)[2] == [4, 5, 6]
    file(store, [BREAD[0]], first=20)  # the profiles are those of the new stories
    assert store.stories_of([9])[9] == store.stories_of([7])[7]
    assert store.check() == []


def test_a_number_goes_where_most_of_its_entries_go_not_to_what_is_left(store: Database) -> None:
    """Story 3 holds two of the cable car, which go to story 2, and one of the bakers."""
    file(store, CABLE, first=20)
    put(store, [10, 11], 3)
    other = put(store, [8], None)
    assert groups(store) == {1: [1, 2, 3], 2: [4, 5, 6, 9], 3: [7, 10, 11], other: [8]}
    apply(store, outcome(store), at=LATER)
    assert groups(store) == {1: [1, 2, 3], 2: [4, 5, 6, 9, 10, 11], other: [7, 8]}
    assert store.current_story(3) == 2


def test_a_number_leads_into_a_story_of_before_when_most_of_it_went_there(store: Database) -> None:
    file(store, FERRY[1:], first=20)
    put(store, [9, 10], 3)
    other = put(store, [8], None)
    apply(store, outcome(store, since=NOON + 7 * MINUTE), at=LATER)
    assert groups(store) == {1: [1, 2, 3, 9, 10], 2: [4, 5, 6], other: [7, 8]}
    assert store.current_story(3) == 1


def test_numbers_of_a_series_that_were_parted_stay_parted(store: Database) -> None:
    """They are as alike as a copy: only the tie that was noted keeps mending from joining them again."""
    file(store, BRIEFINGS, first=20)
    stands = store.stories_of([9, 10])
    store.run("DELETE FROM relations")
    put(store, [10], stands[9])
    apply(store, outcome(store), at=LATER)
    parted = groups(store)
    assert pipeline.mend(store, grown(store), now=LATER, settings=SETTINGS) == 0
    assert groups(store) == parted
    assert parted[stands[9]] == [9]


def test_what_is_noted_of_an_entry_that_stays_is_replaced_too(store: Database) -> None:
    file(store, BRIEFINGS, first=20)
    noted = [tuple(row) for row in store.rows("SELECT * FROM relations")]
    assert noted
    with store.transaction():
        store.relate_again(
            {9: [], 10: [Relation(1, "passage", 0.5, "of former settings"), Relation(99, "veto", 1, "")]}
        )
    assert [tie.reason for tie in store.decisions([10])[10].standing.placement.relations] == ["of former settings"]
    found = outcome(store)
    assert found.moved == []
    apply(store, found, at=LATER)
    assert [tuple(row) for row in store.rows("SELECT * FROM relations")] == noted


def test_settings_can_be_tried(store: Database) -> None:
    found = outcome(store, NEVER_LATE)
    assert [change.story_id for change in found.splits] == [1, 2, 3]
    assert {standing.story_id for standing in found.after.values()} >= {1, 2, 3}
    assert len({standing.story_id for standing in found.after.values()}) == 8
    apply(store, found, at=LATER)
    assert len(groups(store)) == 8
    assert {1, 2, 3} <= groups(store).keys()


def test_a_person_is_obeyed_whatever_the_settings_say(store: Database) -> None:
    merged = correcting.merge(store, [1, 2], ANN).story_id
    parted = correcting.split(store, 3, [8], ANN).story_id
    for settings in (SETTINGS, NEVER_LATE):
        found = outcome(store, settings)
        stands = {entry_id: standing.story_id for entry_id, standing in found.after.items()}
        assert {stands[number] for number in range(1, 7)} == {merged}
        assert stands[7] == 3
        assert stands[8] == parted
        apply(store, found, at=LATER)
        assert groups(store) == {1: [1, 2, 3, 4, 5, 6], 3: [7], parted: [8]}


def test_the_score_is_of_the_settings_alone(store: Database) -> None:
    correcting.merge(store, [2, put(store, [6], None)], ANN)  # 4 belongs with 6; with 5 it stood before
    correcting.merge(store, [1, 2], ANN)  # 1 belongs with 4, 5, 6; with 2 and 3 it stood before
    correcting.split(store, 3, [8], ANN)
    found = outcome(store)
    assert (found.constraints, found.left_out) == (5, 3)
    assert found.score is not None
    assert found.stored_score is not None
    assert (found.score.precision, found.score.recall) == (1 / 2, 1 / 4)
    assert (found.stored_score.precision, found.stored_score.recall) == (1, 1)
    alone = outcome(store, NEVER_LATE).score
    assert alone is not None
    assert (alone.precision, alone.recall) == (1, 0)


def test_settings_do_not_answer_for_entries_left_where_they_were(store: Database) -> None:
    correcting.merge(store, [1, 2], ANN)
    correcting.split(store, 3, [8], ANN)
    some = outcome(store, since=NOON + 6 * MINUTE)  # 6, 7, 8
    assert (some.constraints, some.left_out) == (1, 5)
    none = outcome(store, since=LATER)
    assert (none.constraints, none.left_out, none.score, none.stored_score) == (0, 6, None, None)


def test_what_no_act_tells_of_counts(store: Database) -> None:
    store.add_correction(Correction(1, 2, together=True, author="ann", at=NOON))
    found = outcome(store)
    assert (found.constraints, found.left_out) == (1, 0)


def test_an_entry_never_meets_what_its_company_must_not_meet(store: Database) -> None:
    """Entry 9 repeats entry 2, but belongs with 3, which must not meet 2."""
    parted = correcting.split(store, 1, [3], ANN).story_id
    file(store, [FERRY[1]], first=20)
    assert store.stories_of([9])[9] == 1
    put(store, [9], parted)
    store.add_correction(Correction(9, 3, together=True, author="ann", at=NOON))
    found = outcome(store)
    assert {entry_id: found.after[entry_id].story_id for entry_id in (1, 2, 3, 9)} == {1: 1, 2: 1, 3: parted, 9: parted}
    assert found.score is not None
    assert found.score.precision == 1 / 3


def test_what_is_older_than_the_window_is_left_alone_but_not_forgotten(store: Database) -> None:
    """Entries of last month, one of which a person put together with a new one."""
    month = NOON + 30 * DAY
    store.run("UPDATE entries SET seen = replace(seen, '2026-03', '2026-01')")
    store.refresh_stories([1, 2, 3])
    file(store, CABLE, first=1000)
    new = store.stories_of([9])[9]
    assert new not in {1, 2, 3}
    correcting.merge(store, [2, new], ANN)
    found = outcome(store, since=NOON - DAY)
    assert found.entries == 3
    assert {standing.story_id for standing in found.after.values()} == {2}
    apply(store, found, at=month)
    assert groups(store)[2] == [4, 5, 6, 9, 10, 11]


def test_what_came_before_is_compared_with_and_stays(store: Database) -> None:
    put(store, [6], None)
    found = outcome(store, since=NOON + 6 * MINUTE)  # entries 6, 7, 8
    assert found.entries == 3
    assert found.after[6].story_id == 2
    apply(store, found, at=LATER)
    assert groups(store) == {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8]}


def test_what_is_pruned_meanwhile_is_left_out(tmp_path: Path) -> None:
    """By the nightly round of a daemon, beside which a dry run works."""
    with open_store(tmp_path / "aggregator.db") as store, open_store(tmp_path / "aggregator.db") as beside:
        file(store, FERRY + CABLE + BREAD)

        def step() -> None:
            beside.prune(before=NOON + 4 * MINUTE)

        found = rehearse(store, SETTINGS, since=NOON - DAY, step=step)
        assert (found.entries, found.moved, sorted(found.after)) == (5, [], [4, 5, 6, 7, 8])
        apply(store, found, at=LATER)
        assert groups(store) == {2: [4, 5, 6], 3: [7, 8]}


def test_a_change_meanwhile_is_not_overwritten(store: Database) -> None:
    put(store, [6], None)
    found = outcome(store)
    correcting.merge(store, [1, 3], ANN)
    before = store.standings()
    with pytest.raises(BusyError, match="nothing was done"):
        apply(store, found, at=LATER)
    assert store.standings() == before


@pytest.mark.parametrize("since", [NOON + 7 * MINUTE, LATER], ids=["some are placed anew", "none is"])
def test_stories_of_before_never_join_by_themselves(store: Database, since: datetime) -> None:
    put(store, [6], None)
    found = outcome(store, JOINING, since=since)
    assert (found.moved, found.merges) == ([], ())


def test_a_newcomer_joins_one_story_of_before_but_not_two(store: Database) -> None:
    """Entry 9 is of the cable car, which stands in two stories."""
    file(store, CABLE[:1], first=20)
    fragment = put(store, [6], None)
    alone = put(store, [9], None)
    found = outcome(store, JOINING, since=NOON + 20 * MINUTE)
    assert (found.entries, [one.entry_id for one in found.moved]) == (1, [9])
    apply(store, found, at=LATER)
    assert groups(store) == {1: [1, 2, 3], 2: [4, 5, 9], 3: [7, 8], fragment: [6]}
    assert store.current_story(alone) == 2


def test_mending_looks_at_what_grew_and_what_that_came_near(store: Database) -> None:
    fragment = put(store, [6], None)  # of story 2
    assert pipeline.mend(store, Grown(), now=LATER, settings=SETTINGS) == 0
    assert pipeline.mend(store, Grown({fragment}, {3}), now=LATER, settings=SETTINGS) == 0
    assert pipeline.mend(store, Grown({1, 3}, {2, fragment}), now=LATER, settings=SETTINGS) == 0
    assert pipeline.mend(store, Grown({fragment}, {2, 3}), now=LATER, settings=SETTINGS) == 1
    assert groups(store)[2] == [4, 5, 6]


def test_placing_notes_what_grew_and_what_was_near(store: Database) -> None:
    sketch = sketcher(store.installation_seed(), SETTINGS).sketch
    noted = Grown()
    entry = clean_article(article(9, CABLE[1]), now=LATER)
    with store.transaction():
        pipeline.place(store, 1, entry, sketch(entry), seen=LATER, settings=SETTINGS, grown=noted)
    assert (noted.stories, noted.entries) == ({2}, 1)
    assert 2 in noted.near


def test_a_full_text_is_what_is_compared(store: Database) -> None:
    title, text = BREAD[0]
    store.run("UPDATE entries SET fulltext = ?, title = ?, text = '' WHERE id = 7", (text + " " + BREAD[1][1], title))
    assert outcome(store).moved == []
