"""Same event: what joins, what stays apart, and what is mended."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import cluster
from aggregator.cluster import profile, stories
from aggregator.cluster.profile import Profile
from aggregator.cluster.weights import dot
from aggregator.model import Correction, Level, StoryProfile
from tests.cluster_desk import NOON, SETTINGS, Desk, entry

CRANE = [
    ("Crane topples onto ferries in Port Elsin, eleven dockers hurt",
     "A loading crane fell on two moored ferries in the harbour of Port Elsin early on Tuesday, hurting eleven."),
    ("Eleven hurt as storm throws crane on Port Elsin ferries",
     "Gusts of 140 km/h threw a crane over in Port Elsin's northern basin; harbour master Ilse Brandt called divers."),
    ("Port Elsin harbour closed after crane accident",
     "Harbour master Ilse Brandt closed the northern basin after a crane crushed two ferries; eleven are in hospital."),
]  # fmt: skip
RATE = [
    ("Norland's central bank holds rate at four per cent",
     "Governor Aino Veck said inflation in Norland was still too high to lower the key rate before the winter."),
    ("Veck sees no cut before winter as Norland keeps key rate",
     "The central bank of Norland left its rate at 4 per cent. Inflation stays stubborn, said governor Aino Veck."),
]  # fmt: skip


def test_independent_reports_make_one_story_in_an_empty_database() -> None:
    desk = Desk()
    for feed, (title, text) in enumerate([*CRANE, *RATE], start=1):
        desk.add(entry(title, text), feed=feed, hours=feed / 2)
    assert [desk.story_of(i) for i in range(1, 6)] == [1, 1, 1, 4, 4]


def test_the_reason_names_what_is_shared_and_the_numbers() -> None:
    desk = Desk()
    for feed, (title, text) in enumerate(CRANE[:2], start=1):
        desk.add(entry(title, text), feed=feed)
    placement = desk.placements[1]
    assert placement.level is Level.STORY
    assert "Elsin, crane, ferries" in placement.reason  # as written, not as stems
    assert " of," not in placement.reason
    assert "with 1 report; similarity" in placement.reason
    first = desk.placements[0]
    assert (first.level, first.reason) == (Level.NEW, "shares too little with anything recent")


def test_caution_asks_for_more() -> None:
    """The longer the silence, the more alike a report must be: how long it still joins tells what is asked."""
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    late = entry(
        "Port Elsin dockers strike over safety",
        "Their union says the crane had not been inspected since spring and wants the northern basin closed.",
    )
    sketch = desk.sketcher.sketch(late)

    def level(caution: float, hours: int) -> Level:
        settings = replace(SETTINGS, caution=caution)
        return cluster.place(
            late, sketch, (), desk.near(sketch), desk.frequencies(sketch), feed_id=2,
            seen=NOON + timedelta(hours=hours), settings=settings,
        ).level  # fmt: skip

    lasts = [sum(level(caution, hours) is Level.STORY for hours in range(60)) for caution in (0.1, 0.07, 0.04)]
    assert 0 < lasts[0] < lasts[1] < lasts[2] < 60


def test_caution_keeps_stories_from_merging() -> None:
    desk = Desk()
    blobs = [cluster.absorb(None, desk.sketcher.sketch(entry(*report))) for report in CRANE[:2]]
    young = [StoryProfile(number, "", blob, 1, NOON, NOON) for number, blob in enumerate(blobs)]
    assert len(cluster.mend(young)) == 1
    assert not cluster.mend(young, caution=0.5)


def test_a_stranger_stays_alone_and_is_told_how_near_it_came() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    placement = desk.add(
        entry(
            "Jon Aske elected mayor of Port Elsin",
            "Turnout was low. He won by a wide margin and promised cheaper trams, new schools and an honest budget.",
        ),
        feed=2,
    )
    assert placement.level is Level.NEW
    assert "below" in placement.reason or "too little" in placement.reason


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1), (3, 2, 1, 0, 4)])
def test_the_order_within_an_hour_does_not_matter(order: tuple[int, ...]) -> None:
    desk = Desk()
    reports = [*CRANE, *RATE]
    for place in order:
        desk.add(entry(*reports[place]), feed=place + 1)
    desk.mend()
    found = {frozenset(i for i, place in enumerate(order) if desk.story_of(i + 1) == story) for story in desk.stories}
    by_event = {frozenset(order[i] for i in group) for group in found}
    assert by_event == {frozenset({0, 1, 2}), frozenset({3, 4})}


def test_other_languages_stay_apart_whatever_names_they_share() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    german = entry("Port Elsin: Crane Ferries Brandt", "Port Elsin crane ferries Brandt dockers harbour.", lang="de")
    assert desk.add(german, feed=2).level is Level.NEW


def test_two_headlines_need_less_than_two_articles_and_a_pause_asks_for_more() -> None:
    assert stories.threshold(8, 8) < stories.threshold(8, 60) < stories.threshold(60, 60) < stories.threshold(600, 600)
    one = Profile(1, {"crane": 0.8, "ferri": 0.6}, 40.0, {"en": 1}, {1: 1})
    assert stories.match(one, one, passed=24).threshold > stories.match(one, one).threshold
    assert stories.match(one, one).similarity == pytest.approx(1.0 - 0.3 * 0.64)  # less a part of the strongest word
    assert stories.passed(NOON, NOON + timedelta(hours=2), NOON + timedelta(hours=5), NOON + timedelta(hours=6)) == 3
    assert stories.passed(NOON, NOON + timedelta(hours=9), NOON + timedelta(hours=5), NOON + timedelta(hours=6)) == 0


def test_the_mean_link_keeps_big_loose_stories_from_growing_for_ever() -> None:
    """Ten reports that share one word point its way perfectly; a newcomer with that word alone is no member."""
    loose = profile.EMPTY
    for number in range(10):
        loose = profile.joined(loose, Profile(1, {"cup": 0.5, f"match{number}": 0.87}, 40.0, {"en": 1}, {number: 1}))
    newcomer = Profile(1, {"cup": 0.5, "match99": 0.87}, 40.0, {"en": 1}, {99: 1})
    assert dot(newcomer.total, loose.total)[0] / loose.length > stories.threshold(40, 40)  # the cosine alone would do
    assert stories.match(newcomer, loose).margin < 0


def test_profiles_survive_packing_and_forget_only_the_light() -> None:
    heavy = {f"word{i}": 1.0 / (i + 1) for i in range(300)}
    packed = profile.pack(Profile(4, heavy, 41.5, {"en": 4}, {2: 3, 9: 1}))
    again = profile.unpack(packed)
    assert (again.members, again.words, again.langs, again.feeds) == (4, 41.5, {"en": 4}, {2: 3, 9: 1})
    assert again.total["word0"] == pytest.approx(1.0, abs=0.01)
    assert len(again.total) == 200


def test_a_story_goes_on_the_next_day_and_a_long_affair_falls_into_stories() -> None:
    day = timedelta(days=1)
    assert stories.passed(NOON, NOON + day / 2, NOON + day / 2, NOON + day / 2) == 0
    assert stories.passed(NOON, NOON + 3 * day, NOON + 3 * day, NOON + 3 * day) == 30
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    assert desk.add(entry(*CRANE[1]), feed=2, hours=20).level is Level.STORY
    politics = entry("Port Elsin quarrels over its harbour cranes", "Who pays for cranes? Harbour master Brandt waits.")
    assert desk.add(politics, feed=3, hours=21).level is Level.STORY
    desk = Desk()
    for hours in range(0, 140, 10):  # the affair never rests
        desk.add(entry(f"{CRANE[0][0]}, hour {hours}", CRANE[0][1]), feed=1, hours=hours)
    assert desk.add(politics, feed=3, hours=140).level is Level.NEW


def test_fragments_are_mended_and_the_older_story_survives() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    desk.add(entry(*RATE[0]), feed=2)
    late = desk.sketcher.sketch(entry(*CRANE[2]))
    single = cluster.absorb(None, late, desk.frequencies(late), feed_id=3)
    other = desk.sketcher.sketch(entry(*CRANE[1]))
    fragment = cluster.absorb(single, other, desk.frequencies(other), feed_id=4)
    desk.stories[9] = StoryProfile(9, late.recipe, fragment, 2, NOON, NOON)
    assert desk.mend(touched={2}) == []
    (merge,) = desk.mend(touched={9})
    assert (merge.into, merge.gone) == (1, 9)
    assert merge.reason.startswith("alike in ")


def test_stories_of_another_recipe_never_merge() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    twin = desk.stories[1]
    desk.stories[2] = replace(twin, story_id=2, recipe="older recipe")
    assert desk.mend() == []


def correction(a: int, b: int, *, together: bool) -> Correction:
    return Correction(a, b, together, "vera", NOON, "seen it")


def test_a_cannot_link_keeps_stories_apart_through_every_merge() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    twin, first = desk.stories[1], desk.entries[1]
    for twin_id in (2, 3):
        desk.stories[twin_id] = replace(twin, story_id=twin_id)
        desk.entries[twin_id] = replace(first, entry_id=twin_id, story_id=twin_id)
    assert len(desk.mend(correction(1, 3, together=False))) == 1
    assert desk.story_of(1) != desk.story_of(3)


def test_a_must_link_merges_what_shares_nothing() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    desk.add(entry(*RATE[0]), feed=2)
    (merge,) = desk.mend(correction(2, 1, together=True))
    assert (merge.into, merge.gone, merge.reason) == (1, 2, "a person put entries of both together")


def test_corrections_bind_an_entry_that_is_placed_again() -> None:
    desk = Desk()
    desk.add(entry(*CRANE[0]), feed=1)
    desk.add(entry(*RATE[0]), feed=2)
    again = entry(*CRANE[1])
    sketch = desk.sketcher.sketch(again)

    def place(*corrections: Correction) -> tuple[Level, int | None]:
        placement = cluster.place(
            again, sketch, desk.candidates(sketch), desk.near(sketch), desk.frequencies(sketch),
            feed_id=3, seen=NOON, settings=SETTINGS, corrections=corrections, entry_id=7, standing={1: 1, 2: 2},
        )  # fmt: skip
        return placement.level, placement.story_id

    assert place() == (Level.STORY, 1)
    assert place(correction(7, 1, together=False)) == (Level.NEW, None)
    assert place(correction(2, 7, together=True)) == (Level.CORRECTION, 2)
    assert place(correction(1, 2, together=False)) == (Level.STORY, 1)


def test_one_feed_cannot_glue_two_stories_together() -> None:
    desk = Desk()
    for feed, (title, text) in enumerate([*CRANE, *RATE], start=1):
        desk.add(entry(title, text), feed=feed)
    for number in range(40):
        glue = entry(f"{CRANE[number % 3][0]} {number}", f"{RATE[number % 2][1]} {CRANE[number % 3][1]} {number}")
        desk.add(glue, feed=66, hours=1)
    desk.mend()
    assert desk.story_of(1) == desk.story_of(2) == desk.story_of(3)
    assert desk.story_of(4) == desk.story_of(5) != desk.story_of(1)


def test_the_five_articles_are_one_story(shared: Path) -> None:
    lines = (shared / "corpora" / "stories_a24.jsonl").read_text(encoding="utf-8").splitlines()
    desk = Desk()
    for feed, line in enumerate(lines, start=1):
        article = json.loads(line)
        desk.add(entry(article["title"], article["text"]), feed=feed)
    desk.mend()
    assert len(desk.stories) == 1
