"""Same text: copies, revisions, and what only looks like them."""

import pytest

from aggregator.model import Level
from aggregator.pipeline import MAX_CANDIDATES
from tests.cluster_desk import Desk, entry
from tests.test_sketch import HARBOUR

FULL = HARBOUR + " " + " ".join(
    f"In paragraph {word} the report adds what the {word} witness saw from the quay." for word in
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
)  # fmt: skip


def test_a_wire_text_under_another_headline_is_a_copy() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto ferries in Port Elsin", HARBOUR), feed=1)
    placement = desk.add(entry("Eleven hurt as storm hits harbour", HARBOUR.replace("early on", "on")), feed=2, hours=2)
    assert (placement.level, placement.copy_of, placement.story_id) == (Level.COPY, 1, 1)
    assert "of the shorter text stands in the longer" in placement.reason


def test_a_copy_of_a_copy_points_at_the_original() -> None:
    desk = Desk()
    for feed in (1, 2, 3):
        desk.add(entry(f"Crane topples, edition {feed}", HARBOUR), feed=feed, hours=feed)
    assert [placement.copy_of for placement in desk.placements] == [None, 1, 1]


def test_one_outlets_new_headline_is_a_revision() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto ferries in Port Elsin", HARBOUR), feed=1)
    again = entry("Crane topples onto ferries in Port Elsin, eleven dockers hurt", HARBOUR + " More follows.")
    assert desk.add(again, feed=1, hours=1).level is Level.REVISION


def test_one_publishers_second_feed_makes_a_revision_too() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto ferries", HARBOUR, publisher="elsin-post.example"), feed=1)
    again = entry("Crane topples onto ferries", HARBOUR, publisher="elsin-post.example")
    assert desk.add(again, feed=2, hours=1).level is Level.REVISION


def test_an_excerpt_is_a_copy_of_the_full_text_in_either_order() -> None:
    for texts in ((FULL, HARBOUR[:260]), (HARBOUR[:260], FULL)):
        desk = Desk()
        desk.add(entry("Crane topples onto ferries in Port Elsin", texts[0]), feed=1)
        assert desk.add(entry("Storm throws crane on ferries", texts[1]), feed=2, hours=1).level is Level.COPY


def test_the_same_headline_without_text_is_a_copy() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto two moored ferries in Port Elsin", HARBOUR), feed=1)
    placement = desk.add(entry("Crane topples onto two moored ferries in Port Elsin"), feed=2, hours=1)
    assert placement.level is Level.COPY
    assert "same headline" in placement.reason


def test_the_same_address_is_the_same_text() -> None:
    desk = Desk()
    url = "https://elsin-post.example/crane"
    desk.add(entry("Crane topples onto ferries in Port Elsin", HARBOUR, url=url, canonical_url=url), feed=1)
    other = entry("Port Elsin's ferries: a crane topples", "Divers of the navy have begun their work there.",
                  url=url, canonical_url=url)  # fmt: skip
    placement = desk.add(other, feed=2, hours=1)
    assert placement.level is Level.COPY
    assert "same address" in placement.reason


def test_an_independent_report_is_no_copy() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto ferries in Port Elsin", HARBOUR), feed=1)
    own = "Eleven dockers were taken to hospital when a loading crane came down on two ferries in Port Elsin's harbour."
    assert desk.add(entry("Eleven hurt as crane hits ferries in Port Elsin", own), feed=2, hours=1).level is Level.STORY


def test_a_shared_passage_is_noted_and_decides_nothing() -> None:
    desk = Desk()
    desk.add(entry("Crane topples onto ferries in Port Elsin", HARBOUR[:230]), feed=1)
    mixed = HARBOUR[:100] + " " + FULL[-260:]
    placement = desk.add(entry("What the quay saw", mixed), feed=2, hours=1)
    assert placement.level is not Level.COPY
    assert [relation.kind for relation in placement.relations] == ["passage"]


STARS = (
    "Aries will find a letter today. Taurus should rest. Gemini meets an old friend near water. Cancer saves money. "
    * 2
)


@pytest.mark.parametrize(
    ("first", "second", "hours"),
    [
        (
            "Horoscope today: daily predictions for June 23, 2026",
            "Horoscope today: daily predictions for June 27, 2026",
            96,
        ),
        ("Latest news bulletin | June 17th, 2026 – Morning", "Latest news bulletin | June 17th, 2026 – Midday", 12),
        ("Weather outlook for Eskmere", "Weather outlook for Port Elsin", 0),
    ],
)
def test_a_series_is_neither_copy_nor_story(first: str, second: str, hours: float) -> None:
    desk = Desk()
    desk.add(entry(first, STARS), feed=1)
    placement = desk.add(entry(second, STARS.replace("letter", "coin")), feed=1, hours=hours)
    assert placement.level is Level.NEW
    assert [relation.kind for relation in placement.relations] == ["series"]
    assert desk.mend() == []


def test_a_live_page_with_a_new_subject_follows_its_headline() -> None:
    desk = Desk()
    url = "https://elsin-post.example/live/today"
    formula = "Follow today's events as they happen. Get our breaking news mail, free app or daily podcast."
    desk.add(entry("Norland's parliament votes on the ferry tax – live", formula, url=url, canonical_url=url), feed=1)
    moved = entry("Crane topples onto ferries in Port Elsin, eleven hurt – live", formula, url=url, canonical_url=url)
    placement = desk.add(moved, feed=1, hours=5)
    assert placement.level is not Level.REVISION
    assert placement.relations[0].reason.startswith("a live page")


def test_a_crowd_of_crafted_near_duplicates_stays_bounded() -> None:
    desk = Desk()
    for number in range(260):
        desk.add(entry(f"Crane topples onto ferries {number}", f"{HARBOUR} {number}"), feed=1 + number % 5)
    near = desk.candidates(desk.sketcher.sketch(entry("Crane topples onto ferries", HARBOUR)))
    assert len(near) == MAX_CANDIDATES
    assert len(desk.stories) == 1
