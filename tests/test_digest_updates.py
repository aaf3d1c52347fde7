"""When a story that was told comes again, and with what."""

from dataclasses import replace
from datetime import timedelta

from aggregator.digest.novelty import common_words, content_words, news, stems
from aggregator.digest.view import view
from aggregator.model import Level, Member, Untold
from tests.digest_samples import OUTLETS, SETTINGS, SINCE, member, sample, story


def dam(entry_id: int, title: str, outlet: int = 0, excerpt: str = "") -> Member:
    return member(entry_id, title, OUTLETS[outlet], excerpt=excerpt)


def test_a_follow_up_is_an_update_and_quotes_what_is_new() -> None:
    issue = sample()
    strike = next(pick for pick in issue.updates if pick.story.id == 100)
    assert strike.news is not None
    assert strike.lead.title.startswith("Strike called off")
    assert strike.news.quote == "The contract runs until 2029 and covers 1,150 sailors."


def test_echoes_are_no_updates() -> None:
    told = [
        member(1, "Lorn dam cracks, valley evacuated", OUTLETS[0], excerpt="Some 3,400 residents left their homes.")
    ]
    copy = member(2, "Valley emptied after new cracks appear in dam wall at Lorn", OUTLETS[0], level=Level.COPY)
    retitled = replace(copy, level=Level.REVISION)
    same_words = member(3, "Valley evacuated: Lorn residents left homes, dam cracks", OUTLETS[0])
    late_report = member(4, "Thousands flee river basin amid structural concern over reservoir", OUTLETS[3])
    for echo in (copy, retitled, same_words, late_report):
        assert news(told, [echo]) is None, echo.title
    assert not sample(untold=[Untold(story(1, [*told, same_words]), frozenset([1]))]).picks


def test_many_new_voices_make_a_story_go_on() -> None:
    told = [member(1, "Lorn dam cracks", OUTLETS[0])]
    late = [member(2 + i, "Thousands flee river basin amid concern over reservoir", OUTLETS[3 + i]) for i in range(3)]
    assert news(told, late) is not None
    assert news(told, late[:2]) is None


def test_content_words() -> None:
    assert content_words("The dam of 1231: Überlauf!") == {"1231", "überlauf"}
    assert content_words("海底船") == {"海底", "底船"}


TOLD = dam(1, "Lorn dam cracks, valley evacuated")
RESIGNS = dam(
    2, "Minister Okoro resigns after Lorn dam report", 0, "She leaves on Friday. The cracks were known since 20"
)
QUITS = dam(3, "Okoro quits as minister: what the dam cost her", 1)


def test_one_outlets_word_is_no_update_until_another_says_the_same() -> None:
    assert news([TOLD], [RESIGNS, dam(4, "Five charts on how reservoirs are built", 1)]) is None
    told = news([TOLD], [RESIGNS, QUITS])
    assert told is not None
    assert told.member == RESIGNS  # the outlet that was heard before
    assert told.sources == 2
    assert told.before == TOLD
    assert told.quote == ""  # one sentence has too little, the other no end


def test_words_that_are_all_over_the_day_agree_with_nothing() -> None:
    assert news([TOLD], [RESIGNS, QUITS], frozenset({"okoro"})) is None
    day = [[dam(i, f"Okoro meets {OUTLETS[i]}", i)] for i in range(4, 6)] + [[TOLD, RESIGNS]]
    assert common_words(day) == {"okoro"}
    assert common_words([[TOLD], [RESIGNS], [QUITS]]) == frozenset()


def test_forms_of_a_word_are_one_word() -> None:
    assert stems("Strikes, striking 1231") == {"strik", "1231"}


def test_what_was_no_news_then_does_not_become_news_by_waiting() -> None:
    earlier = [replace(one, seen=SINCE - timedelta(hours=1)) for one in (RESIGNS, QUITS)]
    assert sample(untold=[Untold(story(1, [TOLD, RESIGNS, QUITS]), frozenset([1]))]).updates
    assert not sample(untold=[Untold(story(1, [TOLD, *earlier]), frozenset([1]))]).updates
    new = sample(untold=[Untold(story(1, [replace(TOLD, seen=SINCE - timedelta(hours=1)), *earlier]))])
    assert len(new.top) == 1  # a new story is, however old


def test_an_update_names_who_wrote_since_and_what_was_told() -> None:
    other = dam(5, "Storks return to the valley", 2)
    issue = sample(untold=[Untold(story(1, [other, TOLD, RESIGNS, QUITS]), frozenset([1, 5]))])
    (shown,) = view(issue, SETTINGS).updates
    assert [outlet.name for outlet in shown.outlets] == [OUTLETS[0], OUTLETS[1]]
    assert shown.before == TOLD.title
