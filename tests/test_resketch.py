"""Entries sketched by another recipe: made anew in slices, never compared with others before."""

from collections.abc import Iterator

import pytest

from aggregator import pipeline, reclustering
from aggregator.model import Sketch
from aggregator.refine import sketcher
from storage import Database, open_store
from tests.correcting_desk import BREAD, CABLE, FERRY, SETTINGS, file, groups, grown
from tests.storage_values import DAY, HOUR, NOON

LATER = NOON + 2 * HOUR


@pytest.fixture
def store() -> Iterator[Database]:
    """1: ferry [1, 2, 3] · 2: cable car [4, 5, 6] · 3: bread [7, 8]"""
    with open_store(":memory:") as opened:
        file(opened, FERRY + CABLE + BREAD)
        yield opened


def outdate(store: Database, entry_ids: list[int]) -> None:
    for entry_id, sketch in store.sketches(entry_ids).items():
        store.replace_sketch(entry_id, Sketch("former recipe", (), b"nonsense", sketch.features))


def recipes(store: Database) -> set[str]:
    return {sketch.recipe for sketch in store.sketches(range(1, 99)).values()}


def test_sketches_of_another_recipe_are_made_anew_in_slices(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclustering, "SLICE", 3)
    recipe = sketcher(store.installation_seed(), SETTINGS).recipe
    signatures = {entry_id: sketch.signature for entry_id, sketch in store.sketches(range(1, 9)).items()}
    outdate(store, list(range(1, 9)))
    for story in (1, 2, 3):
        store.save_profile(story, "former recipe", b"nonsense")
    assert recipes(store) == {"former recipe"}
    slices = reclustering.resketch(store, SETTINGS, now=LATER)
    assert next(slices) == 3
    assert recipes(store) == {"former recipe", recipe}  # may be left here
    assert list(reclustering.resketch(store, SETTINGS, now=LATER)) == [3, 2]
    assert {entry_id: sketch.signature for entry_id, sketch in store.sketches(range(1, 9)).items()} == signatures
    assert {profile.recipe for profile in store.profiles([1, 2, 3])} == {recipe}
    file(store, [FERRY[1], CABLE[2]], first=20)
    assert store.stories_of([9, 10]) == {9: 1, 10: 2}


def test_sketches_too_old_to_be_candidates_are_left(store: Database) -> None:
    outdate(store, [1])
    assert list(reclustering.resketch(store, SETTINGS, now=NOON + 30 * DAY)) == []
    assert list(reclustering.resketch(store, SETTINGS, now=LATER)) == [1]


def test_another_recipe_is_never_compared(store: Database) -> None:
    """Its numbers would be nonsense to the new one: here they would raise."""
    outdate(store, list(range(1, 9)))
    for story in (1, 2, 3):
        store.save_profile(story, "former recipe", b"nonsense")
    file(store, FERRY, first=20)
    assert groups(store)[store.stories_of([9])[9]] == [9, 10, 11]
    found = reclustering.rehearse(
        store, SETTINGS, since=NOON - DAY, step=lambda: None
    )  # sketches the stored texts anew
    assert {found.after[number].story_id for number in (1, 2, 3, 9, 10, 11)} == {1}


def test_what_came_before_the_older_was_sketched_anew_finds_its_story_then(store: Database) -> None:
    outdate(store, list(range(1, 9)))
    for story in (1, 2, 3):
        store.save_profile(story, "former recipe", b"nonsense")
    file(store, FERRY, first=20)
    assert list(reclustering.resketch(store, SETTINGS, now=LATER)) == [8]
    assert groups(store) == {1: [1, 2, 3, 9, 10, 11], 2: [4, 5, 6], 3: [7, 8]}


def test_placing_in_a_story_of_another_recipe_does_not_mix_them(store: Database) -> None:
    store.save_profile(1, "former recipe", b"nonsense")
    file(store, [FERRY[0]], first=20)  # a copy of entry 1, whose sketch is current
    (profile,) = store.profiles([1])
    assert profile.recipe != "former recipe"
    assert pipeline.mend(store, grown(store), now=LATER, settings=SETTINGS) == 0
