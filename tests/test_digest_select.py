"""What is in an issue, and in which order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from aggregator.digest.rules import concerns, wanted
from aggregator.digest.select import RARITY, UPDATES, Feeds, Issue, latest_of_each_feed
from aggregator.model import EventKind, FeedEvent, Level, Untold
from aggregator.settings import DigestSettings, RuleSettings
from tests.digest_samples import NOW, OUTLETS, SETTINGS, member, sample, story


def titles(issue: Issue) -> list[str]:
    return [pick.lead.title for pick in issue.picks]


def single(story_id: int, title: str, outlet: str = OUTLETS[0], **changes: object) -> Untold:
    return Untold(story(story_id, [member(story_id, title, outlet, **changes)]))


WORDS = "amber basalt cedar dune ember fjord granite heron iris jasper kelp lichen marsh nettle onyx".split()


def test_more_independent_sources_come_first() -> None:
    wide = story(1, [member(i, "Bridge closed", OUTLETS[i]) for i in range(5)])
    copied = story(2, [member(10 + i, "Tram late", OUTLETS[i], level=Level.COPY if i else Level.NEW) for i in range(9)])
    alone = story(3, [member(30, "Fog", OUTLETS[9])])
    issue = sample(untold=[Untold(one) for one in (alone, copied, wide)])
    assert titles(issue)[0] == "Bridge closed"
    assert copied.independent == 1


def test_priority_boost_and_freshness_move_a_story_up() -> None:
    plain, liked = single(1, "Amber and basalt"), single(2, "Cedar", OUTLETS[1], priority=5)
    assert titles(sample(untold=[plain, liked]))[0] == "Cedar"
    boosted = replace(SETTINGS, boost=(RuleSettings(words=("basalt",), by=4),))
    assert titles(sample(boosted, untold=[plain, liked]))[0] == "Amber and basalt"
    old = single(3, "Dune", OUTLETS[2], published=NOW - timedelta(days=3))
    assert titles(sample(untold=[old, plain]))[0] == "Amber and basalt"


def test_the_only_post_of_the_month_is_not_buried() -> None:
    """A hundred stories of three outlets each on that day."""
    busy = [single(i, f"{WORDS[i % 15]} {WORDS[i * 7 % 15]} {i}", feed_id=1000 + i) for i in range(1, 101)]
    quiet = single(500, "Quiet heath", OUTLETS[12])
    untold = [*(Untold(replace(item.story, independent=3)) for item in busy), quiet]
    assert "Quiet heath" not in titles(sample(untold=untold, feeds=Feeds({13: 20})))
    assert "Quiet heath" in titles(sample(untold=untold, feeds=Feeds({13: 1})))[:7]
    assert "Quiet heath" not in titles(sample(untold=untold))  # nothing is known of the feed
    plain = sample(untold=[quiet]).picks[0].score
    scores = [sample(untold=[quiet], feeds=Feeds({13: posts})).picks[0].score for posts in (1, 4, 30)]
    assert scores == [pytest.approx(plain + RARITY), pytest.approx(plain + RARITY * 0.537, abs=1e-3), plain]


def test_what_goes_on_does_not_crowd_out_what_is_new() -> None:
    going = [
        Untold(
            story(
                i,
                [
                    member(i * 10, f"Bridge {i} closed", OUTLETS[0]),
                    member(i * 10 + 1, " ".join((WORDS * 2)[i : i + 4]), OUTLETS[0], priority=99),
                ],
            ),
            frozenset([i * 10]),
        )
        for i in range(15)
    ]
    new = [single(1000 + i, f"quiet {WORDS[i % 15]} {i}", OUTLETS[1 + i % 9]) for i in range(40)]
    issue = sample(untold=[*going, *new])
    assert len(issue.picks) == SETTINGS.limit
    assert len(issue.updates) == UPDATES * SETTINGS.limit
    assert sum(pick.news is not None for pick in issue.rest) == 15 - len(issue.updates)
    assert len(sample(untold=going).updates) == UPDATES * SETTINGS.limit


def test_one_outlet_cannot_fill_the_mail() -> None:
    """Forty posts of one outlet, one each of six small ones: all six stand in a mail of twelve, the first ones high."""
    loud = [single(i, f"{WORDS[i % 15]} {WORDS[i * 7 % 15]} {i}", OUTLETS[0], priority=1) for i in range(40)]
    rare = [single(100 + i, f"quiet {WORDS[i]}", OUTLETS[1 + i]) for i in range(6)]
    found = titles(sample(replace(SETTINGS, limit=12), untold=[*loud, *rare]))
    assert sum(title.startswith("quiet") for title in found) == 6
    assert min(i for i, title in enumerate(found) if title.startswith("quiet")) < 4


def test_one_event_cannot_fill_the_mail() -> None:
    """A match broken into ten stories does not take the first ten places."""
    match = [single(i, f"Velmark beats Orland in final minute number {i}", OUTLETS[i], priority=1) for i in range(10)]
    other = [single(50 + i, f"{WORDS[i]} {WORDS[i + 5]}", OUTLETS[i]) for i in range(9)]
    found = titles(sample(untold=[*match, *other]))
    assert sum(title.startswith("Velmark") for title in found[:8]) <= 3


def test_top_updates_and_sections_hold_every_story_once() -> None:
    issue = sample()
    shown = [*issue.top, *issue.updates, *(pick for section in issue.sections for pick in section.picks)]
    assert sorted(pick.story.id for pick in shown) == sorted(pick.story.id for pick in issue.picks)
    assert len(issue.top) == 7
    assert [section.tag for section in issue.sections][-1] == ""
    assert {item.story_id for item in issue.items} == {pick.story.id for pick in issue.everything}


def test_a_story_without_company_gets_no_heading_of_its_own() -> None:
    tagged = [single(i, f"{WORDS[i]} {i}", OUTLETS[i], tags=("sport" if i < 3 else "film",)) for i in range(4)]
    issue = sample(replace(SETTINGS, top=0), untold=tagged)
    assert [(section.tag, len(section.picks)) for section in issue.sections] == [("sport", 3), ("", 1)]


def test_what_does_not_fit_is_told_on_the_full_page() -> None:
    whole, cut = sample(), sample(replace(SETTINGS, limit=5))
    assert len(cut.picks) == 5
    assert cut.trimmed == len(whole.picks) - 5
    assert cut.picks[:5] == whole.picks[:5]
    assert {item.story_id for item in cut.items} == {item.story_id for item in whole.items}
    assert cut.shortened(2).trimmed == cut.trimmed + 3


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"tags": ("sport",)}, False),
        ({"tags": ("Science",)}, True),
        ({"exclude": (RuleSettings(words=("heron",)),)}, False),
        ({"exclude": (RuleSettings(words=("hero",)),)}, True),  # whole words
        ({"exclude": (RuleSettings(words=("/h[ae]ron/",)),)}, False),
        ({"exclude": (RuleSettings(feeds=(OUTLETS[0],)),)}, True),  # another feed has it too
        ({"exclude": (RuleSettings(feeds=(OUTLETS[0], OUTLETS[1].upper())),)}, False),
        ({"exclude": (RuleSettings(tags=("science",), languages=("en",)),)}, False),
        ({"exclude": (RuleSettings(tags=("science",), languages=("de",)),)}, True),
        ({"include": (RuleSettings(words=("marsh",)),)}, True),  # said by the second report only
        ({"include": (RuleSettings(words=("dune",)), RuleSettings(languages=("de",)))}, True),
        ({"include": (RuleSettings(words=("dune",)),)}, False),
        ({"include": (RuleSettings(words=("heron",), feeds=(OUTLETS[1],)),)}, False),  # not by one and the same report
    ],
)
def test_rules(rules: dict[str, object], kept: bool) -> None:
    pair = [
        member(1, "A heron on the roof", OUTLETS[0], tags=("science",)),
        member(2, "Bird seen", OUTLETS[1], tags=("science",), lang="de", excerpt="It came from the Marsh."),
    ]
    assert wanted(story(1, pair), DigestSettings(**rules)) is kept  # type: ignore[arg-type]


def test_words_of_scripts_without_spaces() -> None:
    rule = RuleSettings(words=("ケーブル",))
    assert not wanted(story(1, [member(1, "海底ケーブル修理船")]), DigestSettings(exclude=(rule,)))


def test_feed_events_are_told_once_and_at_their_end() -> None:
    def event(number: int, feed: int, kind: EventKind) -> FeedEvent:
        return FeedEvent(feed, kind, NOW, "", id=number)

    history = [
        event(1, 1, EventKind.BROKEN), event(2, 2, EventKind.BROKEN), event(3, 3, EventKind.RECOVERED),
        event(4, 1, EventKind.RECOVERED), event(5, 2, EventKind.GONE),
    ]  # fmt: skip
    assert [e.id for e in latest_of_each_feed(history)] == [5, 3]
    assert sample(untold=[]).last_event == 2
    assert not sample(untold=[]).empty
    assert sample(replace(SETTINGS, notices=False), untold=[]).empty


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, True),
        ({"tags": ("sport",)}, False),
        ({"tags": ("Science",)}, True),
        ({"include": (RuleSettings(feeds=("the fen",)),)}, True),
        ({"include": (RuleSettings(feeds=("another",)), RuleSettings(tags=("sport",)))}, False),
        ({"include": (RuleSettings(words=("heron",)),)}, True),  # any feed may say it
        ({"exclude": (RuleSettings(tags=("science",)),)}, False),
        ({"exclude": (RuleSettings(tags=("science",), words=("heron",)),)}, True),
        ({"notices": False}, False),
    ],
)
def test_a_digest_tells_of_its_own_feeds(rules: dict[str, object], told: bool) -> None:
    digest = DigestSettings(**rules)  # type: ignore[arg-type]
    event = FeedEvent(7, EventKind.BROKEN, NOW, "404", "The Fen", 12, ("science",))
    issue = sample(digest, untold=[], feeds=Feeds(events=[event], last_event=3))
    assert bool(issue.notices) is told
    assert concerns(digest, event) is (told or not digest.notices)
    assert issue.last_event == 12


def test_what_happens_to_a_feed_is_told_in_the_first_digest_it_belongs_to() -> None:
    event = FeedEvent(7, EventKind.BROKEN, NOW, "404", "The Fen", 12, ("science",))
    science, sport = DigestSettings(name="science", tags=("science",)), DigestSettings(name="sport", tags=("sport",))
    assert sample(untold=[], feeds=Feeds(events=[event], before=[sport])).notices
    assert not sample(untold=[], feeds=Feeds(events=[event], before=[sport, science])).notices


def test_the_highest_event_is_remembered_where_none_is_new() -> None:
    assert sample(untold=[], feeds=Feeds(last_event=7)).last_event == 7


def test_a_thousand_stories_take_little_work() -> None:
    """Placing costs places × stories, not stories squared."""
    many = [
        single(i, f"{WORDS[i % 15]} {i}", OUTLETS[i % 14], published=datetime(2026, 3, 14, tzinfo=UTC))
        for i in range(3000)
    ]
    issue = sample(untold=many)
    assert len(issue.picks) == SETTINGS.limit
    assert issue.trimmed == 2000  # the full page has an end, too: the others stay untold
    assert issue.day == date(2026, 3, 14)
