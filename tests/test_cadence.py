"""When a feed is asked again: the rules one by one, then what holds for every answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.cadence import NEVER, Decision, decide
from aggregator.fetch.freshness import fresh_for, retry_after, validators
from aggregator.fetch.redirects import confirmed
from aggregator.model import (
    EventKind,
    FailureKind,
    Feed,
    FeedState,
    FeedStatus,
    Fetched,
    Hints,
    Outcome,
    WorkerFailure,
)
from aggregator.settings import HostSettings, PollSettings

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
URL = "https://example.org/feed"
FEED = Feed(URL, id=7)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
WELL = FeedState(etag='"a"', checked_at=NOW - HOUR, succeeded_at=NOW - HOUR)
SETTINGS = PollSettings()
KILLED = WorkerFailure(FailureKind.TIMEOUT, "took longer than 10 s")
UNREADABLE = WorkerFailure(FailureKind.ERROR, "not a feed")


def answer(status: int | None = 200, outcome: Outcome | None = None, **headers: str) -> Fetched:
    by_status = {200: Outcome.CHANGED, 304: Outcome.UNCHANGED, 410: Outcome.GONE, 429: Outcome.THROTTLED}
    if outcome is None:
        outcome = by_status.get(status or 0, Outcome.DENIED if 400 <= (status or 0) < 500 else Outcome.BROKEN)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = "" if outcome in (Outcome.CHANGED, Outcome.UNCHANGED) else f"{status}"
    return Fetched(URL, outcome, NOW, final_url=URL, status=status, headers=named, body_hash="h", error=error)


def after(fetched: Fetched, state: FeedState = WELL, feed: Feed = FEED, **given_: Any) -> Decision:
    known: dict[str, Any] = {"hints": None, "published": (), "new": 0, "now": NOW, "settings": SETTINGS, "jitter": 0.0}
    return decide(feed, state, fetched, **(known | given_))


def wait(decision: Decision) -> timedelta:
    assert decision.state.next_at is not None
    return decision.state.next_at - NOW


def http(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, HOUR),
        ({"cache_control": "max-age=7200"}, 2 * HOUR),
        ({"cache_control": "public, MAX-AGE=7200, must-revalidate"}, 2 * HOUR),
        ({"cache_control": 'max-age="7200"'}, 2 * HOUR),
        ({"cache_control": "s-maxage=7200"}, HOUR),  # for shared caches
        ({"cache_control": "max-age=7200", "age": "1800"}, 1.5 * HOUR),
        ({"cache_control": "max-age=7200", "age": "99999"}, HOUR),
        ({"cache_control": "max-age=7200", "expires": http(NOW + 9 * HOUR)}, 2 * HOUR),  # max-age wins
        ({"cache_control": "max-age=31536000"}, DAY),  # clamped
        ({"cache_control": "max-age=-5"}, HOUR),
        ({"cache_control": "max-age=99999999999999"}, DAY),
        ({"cache_control": "no-cache"}, HOUR),
        ({"expires": http(NOW + 3 * HOUR)}, 3 * HOUR),
        ({"expires": http(NOW + 3 * HOUR), "date": http(NOW + HOUR)}, 2 * HOUR),  # their clock, not ours
        ({"expires": "0"}, HOUR),
        ({"expires": http(NOW - DAY)}, HOUR),
    ],
)
@pytest.mark.parametrize("status", [200, 304])
def test_freshness_is_the_earliest_next_poll(status: int, headers: dict[str, str], expected: timedelta) -> None:
    assert wait(after(answer(status, etag='"a"', **headers))) == expected


def test_no_cache_and_expires_0_keep_the_validators() -> None:
    fetched = answer(etag='W/"b"', last_modified="x", cache_control="no-cache, no-store", expires="0")
    state = after(fetched).state
    assert (state.etag, state.last_modified) == ('W/"b"', "x")


@pytest.mark.parametrize(
    ("fetched", "sent"),
    [
        (answer(200, etag='W/"x-gzip"', last_modified="Tue, lol"), ('W/"x-gzip"', "Tue, lol")),  # byte for byte
        (answer(200), (None, None)),  # a 200 without one clears it
        (answer(200, Outcome.UNCHANGED, etag='"n"'), ('"n"', None)),  # also when the body is the same
        (answer(304), ('"a"', "then")),
        (answer(304, etag='"n"'), ('"n"', "then")),
        (answer(200, etag='"' + "x" * 1100 + '"'), (None, None)),
        (answer(200, etag='"\x01"', last_modified="día"), (None, None)),  # not printable
        (answer(500, etag='"n"'), ('"a"', "then")),  # a failure changes nothing
        (answer(404, etag='"n"'), ('"a"', "then")),
    ],
)
def test_validators(fetched: Fetched, sent: tuple[str | None, str | None]) -> None:
    state = after(fetched, replace(WELL, last_modified="then")).state
    headers = validators(state)
    assert (headers.get("If-None-Match"), headers.get("If-Modified-Since")) == sent


def test_a_document_that_cannot_be_read_replaces_nothing() -> None:
    before = replace(WELL, last_modified="then", body_hash="old")
    state = after(answer(200, etag='"n"'), before, failure=UNREADABLE).state
    assert (state.etag, state.last_modified, state.body_hash) == ('"a"', "then", "old")
    assert state.status is FeedStatus.FAILING
    assert "not a feed" in state.error
    assert "not a feed" in state.why


def test_a_stuck_gzip_etag_is_left_out_until_it_goes_away() -> None:
    state = replace(WELL, etag='"e-gzip"', last_modified="then", body_hash="h")
    same = answer(200, Outcome.UNCHANGED, etag='"e-gzip"', last_modified="then")
    for _ in range(3):
        assert "If-None-Match" in validators(state)
        state = after(same, state).state
    assert validators(state) == {"If-Modified-Since": "then"}
    state = after(answer(304), state).state
    assert validators(state) == {"If-Modified-Since": "then"}
    state = after(answer(200, etag='"plain"', last_modified="now"), state).state
    assert validators(state) == {"If-None-Match": '"plain"', "If-Modified-Since": "now"}


def test_without_last_modified_a_stuck_etag_is_all_there_is() -> None:
    assert validators(FeedState(etag='"e-gzip"', stuck_answers=3)) == {"If-None-Match": '"e-gzip"'}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta()),
        (http(NOW + 5 * HOUR), 5 * HOUR),
        (http(NOW - HOUR), timedelta()),
        ("99999999", timedelta(days=7)),
        (http(NOW + 30 * DAY), timedelta(days=7)),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_in_both_forms(value: str, expected: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == expected


@pytest.mark.parametrize("status", [429, 503, 302])
def test_retry_after_binds_the_feed_and_its_host(status: int) -> None:
    decision = after(answer(status, Outcome.THROTTLED, retry_after=str(6 * 3600)))
    assert wait(decision) == 6 * HOUR
    assert decision.block is not None
    assert (decision.block.host, decision.block.until) == ("example.org", NOW + 6 * HOUR)


def test_retry_after_of_a_redirect_blocks_the_host_that_said_it() -> None:
    fetched = replace(answer(429, retry_after="60"), final_url="https://cdn.example.net/x", hops=((302, "…"),))
    block = after(fetched).block
    assert block is not None
    assert block.host == "cdn.example.net"


def test_retry_after_zero_is_a_value() -> None:
    decision = after(answer(429, retry_after="0"), replace(WELL, failures=5))
    assert wait(decision) == HOUR
    assert decision.block is None


def test_retry_after_means_nothing_on_other_answers() -> None:
    assert wait(after(answer(404, retry_after="86400"))) == HOUR
    assert wait(after(answer(200, retry_after="86400", etag='"a"'))) == HOUR


@pytest.mark.parametrize(
    ("status", "hours"),
    [
        (429, [4, 8, 16, 24, 24]),
        (403, [4, 8, 16, 24, 24]),
        (500, [1, 2, 4, 8, 16, 24, 24]),
        (None, [1, 2, 4, 8, 16, 24]),
    ]
    + [(status, [1, 2, 4, 8, 16, 24, 24]) for status in (401, 404, 503, 400)],
)
def test_back_off(status: int | None, hours: list[int]) -> None:
    state, waits = WELL, []
    for _ in hours:
        decision = after(answer(status, Outcome.UNREACHABLE if status is None else None), state)
        assert decision.state.status is FeedStatus.FAILING
        assert (decision.block is not None) == (status == 429)
        state = decision.state
        waits.append(wait(decision))
    assert waits == [hour * HOUR for hour in hours]


def test_back_off_never_asks_more_often_than_the_user_would() -> None:
    weekly = replace(FEED, every=timedelta(days=7))
    assert wait(after(answer(500), replace(WELL, failures=4), weekly)) == timedelta(days=7)


def test_gone_is_told_once_and_never_asked_again() -> None:
    first = after(answer(410))
    assert (first.state.status, first.state.next_at) == (FeedStatus.GONE, NEVER)
    assert [event.kind for event in first.events] == [EventKind.GONE]
    assert after(answer(410), first.state).events == ()
    back = after(answer(200, etag='"a"'), first.state)
    assert (back.state.status, [event.kind for event in back.events]) == (FeedStatus.ACTIVE, [EventKind.RECOVERED])


def test_two_killed_workers_in_a_row_quarantine() -> None:
    once = after(answer(), failure=KILLED)
    assert (once.state.status, once.events) == (FeedStatus.FAILING, ())
    twice = after(answer(), once.state, failure=KILLED)
    assert twice.state.status is FeedStatus.QUARANTINED
    assert wait(twice) == DAY
    assert [event.kind for event in twice.events] == [EventKind.QUARANTINED]
    assert after(answer(), twice.state, failure=KILLED).events == ()
    well = after(answer(), twice.state)
    assert (well.state.kills, [event.kind for event in well.events]) == (0, [EventKind.RECOVERED])


def test_a_good_answer_between_two_kills_forgives() -> None:
    once = after(answer(), failure=KILLED).state
    assert after(answer(), after(answer(), once).state, failure=KILLED).state.status is FeedStatus.FAILING


def test_lasting_trouble_is_told_once_and_so_is_its_end() -> None:
    state, now, told = replace(WELL, succeeded_at=NOW), NOW, []
    for _ in range(8):
        decision = after(answer(500), state, now=now)
        state, now = decision.state, decision.state.next_at or now
        told.append([event.kind for event in decision.events])
    assert [kind for kinds in told for kind in kinds] == [EventKind.BROKEN]
    assert told[:5] == [[]] * 5  # 1 + 2 + 4 + 8 h: not a day yet
    recovered = after(answer(200), state, now=now)
    assert [event.kind for event in recovered.events] == [EventKind.RECOVERED]
    assert after(answer(200), recovered.state, now=now).events == ()


def test_short_trouble_is_not_told() -> None:
    state = after(answer(500)).state
    assert after(answer(200), state).events == ()


# ---------------------------------------------------------------- redirects


def redirected(*hops: tuple[int, str], outcome: Outcome = Outcome.UNCHANGED) -> Fetched:
    return replace(answer(304, outcome), hops=hops, final_url=hops[-1][1] if hops else URL)


NEW = "https://new.example.org/feed"
MOVED = redirected((301, NEW))


def observe(*steps: tuple[float, Fetched], feed: Feed = FEED) -> tuple[FeedState, list[str]]:
    state, told = WELL, []
    for hours, fetched in steps:
        decision = after(fetched, state, feed, now=NOW + hours * HOUR)
        state = decision.state
        told += [event.detail for event in decision.events if event.kind is EventKind.MOVED]
    return state, told


@pytest.mark.parametrize("status", [301, 308])
def test_a_move_is_believed_after_three_answers_over_a_day_and_told_once(status: int) -> None:
    moved = redirected((status, NEW))
    state, told = observe((0, moved), (12, moved), (24, moved), (36, moved))
    assert (confirmed(state), told) == (NEW, [NEW])


@pytest.mark.parametrize(
    "steps",
    [
        [(0, MOVED), (30, MOVED)],  # two answers
        [(0, MOVED), (1, MOVED), (2, MOVED), (23, MOVED)],  # less than a day
        [(0, MOVED), (12, MOVED), (24, redirected((301, "https://else.example.org/")))],  # another target
        [(0, MOVED), (12, redirected()), (24, MOVED), (36, MOVED)],  # no redirect in between
        [(hour, redirected((302, NEW))) for hour in (0, 12, 24, 36)],
        [(hour, redirected((307, NEW))) for hour in (0, 12, 24, 36)],
        [(hour, redirected((303, NEW))) for hour in (0, 12, 24, 36)],
        [(0, MOVED), (12, MOVED), (24, redirected((301, NEW), outcome=Outcome.BROKEN))],  # not a good answer
    ],
)
def test_a_move_is_not_believed(steps: list[tuple[float, Fetched]]) -> None:
    state, told = observe(*steps)
    assert (confirmed(state), told) == (None, [])


def test_only_the_permanent_beginning_of_a_chain_counts() -> None:
    chain = redirected((301, NEW), (302, "https://today.example.org/"), (301, "https://later.example.org/"))
    assert confirmed(observe((0, chain), (12, chain), (24, chain))[0]) == NEW


def test_an_address_with_credentials_is_never_rewritten() -> None:
    feed = replace(FEED, url="https://me:secret@example.org/feed")
    assert confirmed(observe((0, MOVED), (12, MOVED), (24, MOVED), feed=feed)[0]) is None


# ---------------------------------------------------------------- rhythm


def daily(count: int, step: timedelta, newest: timedelta = timedelta()) -> list[datetime]:
    return [NOW - newest - step * index for index in range(count)]


@pytest.mark.parametrize(
    ("published", "least", "most"),
    [
        (daily(20, MINUTE), 30 * MINUTE, 30 * MINUTE),
        (daily(20, HOUR), 0.9 * HOUR, 1.1 * HOUR),
        (daily(20, DAY), 4 * HOUR, 5.5 * HOUR),
        (daily(20, 60 * DAY), DAY, DAY),
        (daily(20, HOUR, newest=10 * DAY), 3 * HOUR, 5 * HOUR),  # fell silent
    ],
)
def test_the_interval_follows_what_the_feed_publishes(
    published: list[datetime], least: timedelta, most: timedelta
) -> None:
    decision = after(answer(etag='"a"'), published=published, new=len(published))
    assert least <= wait(decision) <= most
    assert "publishes about every" in decision.state.why


def test_the_users_interval_always_wins_over_ours() -> None:
    for every in (5 * MINUTE, timedelta(days=3)):
        feed = replace(FEED, every=every)
        assert wait(after(answer(), feed=feed, published=daily(20, DAY), hints=Hints(interval=12 * HOUR))) == every


def test_even_the_users_interval_waits_for_the_server() -> None:
    feed = replace(FEED, every=5 * MINUTE)
    assert wait(after(answer(cache_control="max-age=3600"), feed=feed)) == HOUR


def test_not_adaptive_is_the_same_for_all() -> None:
    settings = PollSettings(adaptive=False, every=2 * HOUR)
    assert wait(after(answer(), published=daily(20, 30 * DAY), settings=settings)) == 2 * HOUR


def test_known_moments_are_kept_when_nothing_is_new() -> None:
    state = after(answer(), published=daily(20, DAY), new=20).state
    assert after(answer(304), state).state.published == state.published
    later = after(answer(), state, published=[NOW], new=1).state
    assert (len(later.published), later.published[0]) == (20, NOW)


def test_without_validators_busy_feeds_are_asked_less_often() -> None:
    busy = daily(20, MINUTE)
    assert wait(after(answer(etag='"a"'), published=busy)) == 30 * MINUTE
    assert wait(after(answer(), published=busy)) == HOUR
    host = HostSettings(without_validators=DAY)
    assert wait(after(answer(), published=busy, host=host)) == DAY
    assert wait(after(answer(etag='"a"'), published=busy, host=host)) == 30 * MINUTE


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (Hints(interval=6 * HOUR), 6 * HOUR),
        (Hints(interval=5 * MINUTE), HOUR),
        (Hints(interval=timedelta(days=365)), DAY),  # clamped
        (Hints(skip_hours=(13, 14, 15)), 4 * HOUR),
        (Hints(skip_hours=tuple(range(24))), DAY),
        (Hints(skip_days=(2,)), 12 * HOUR),  # Wednesday
        (Hints(skip_days=tuple(range(7))), DAY),
        (Hints(skip_days=(2, 3, 4)), DAY),
    ],
)
def test_hints_are_lower_bounds_up_to_a_day(hints: Hints, expected: timedelta) -> None:
    assert wait(after(answer(), hints=hints)) == expected
    assert wait(after(answer(304), replace(WELL, hints=hints))) == expected  # and remembered


def test_postponed_changes_nothing() -> None:
    assert after(answer(None, Outcome.POSTPONED)) == Decision(WELL)


def test_why_names_every_reason_the_deciding_one_first() -> None:
    hints = Hints(interval=HOUR)
    why = after(answer(cache_control="max-age=7200"), hints=hints, host=HostSettings(gap=MINUTE)).state.why
    assert why.split("; ")[0] == "max-age=7200"
    assert "the feed says every 1 h" in why
    assert "host gap 1 min" in why


# ---------------------------------------------------------------- what holds for every answer

moments = st.timedeltas(timedelta(), timedelta(days=400)).map(lambda past: NOW - past)
hints_ = st.builds(
    Hints,
    interval=st.none() | st.timedeltas(timedelta(), timedelta(days=4000)),
    skip_hours=st.lists(st.integers(0, 23), max_size=24).map(tuple),
    skip_days=st.lists(st.integers(0, 6), max_size=7).map(tuple),
)
headers_ = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.integers(0, 10**8).map(str)
        | moments.map(lambda m: http(m + timedelta(days=200)))
        | st.text(),
        "cache-control": st.integers(-5, 10**9).map("max-age={}".format) | st.text(),
        "expires": moments.map(lambda m: http(m + timedelta(days=200))) | st.text(),
        "age": st.integers(0, 10**6).map(str) | st.text(),
        "date": moments.map(http) | st.text(),
        "etag": st.text(),
    },
)
states = st.builds(
    FeedState,
    status=st.sampled_from(FeedStatus),
    etag=st.none() | st.just('"x-gzip"'),
    checked_at=st.none() | moments,
    succeeded_at=st.none() | moments,
    failures=st.integers(0, 5000),
    kills=st.integers(0, 3),
    hints=hints_,
    published=st.lists(moments, max_size=20).map(lambda found: tuple(sorted(found, reverse=True))),
    moved_to=st.none() | st.just(NEW),
    moved_since=st.none() | moments,
    moved_answers=st.integers(0, 9),
    stuck_answers=st.integers(0, 3),
)


@settings(deadline=None)  # no wall clock
@given(
    state=states,
    outcome=st.sampled_from([one for one in Outcome if one not in (Outcome.POSTPONED, Outcome.GONE)]),
    status=st.none() | st.sampled_from([200, 301, 304, 400, 401, 403, 404, 429, 500, 503]),
    headers=headers_,
    every=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    hints=st.none() | hints_,
    published=st.lists(moments, max_size=30),
    jitter=st.floats(0, 1, exclude_max=True),
    failure=st.sampled_from([None, KILLED, UNREADABLE]),
    new=st.integers(0, 3),
)
def test_never_earlier_than_asked_never_in_the_past_never_starved(
    *,
    state: FeedState,
    outcome: Outcome,
    status: int | None,
    headers: dict[str, str],
    every: timedelta | None,
    hints: Hints | None,
    published: list[datetime],
    jitter: float,
    failure: WorkerFailure | None,
    new: int,
) -> None:
    fetched = Fetched(URL, outcome, NOW, final_url=URL, status=status, headers=headers, body_hash="h", error="e")
    feed = replace(FEED, every=every)
    known: dict[str, Any] = {"hints": hints, "published": published, "new": new, "failure": failure}
    decision = after(fetched, state, feed, jitter=jitter, **known)
    plain = after(fetched, state, feed, **known)
    waited = wait(decision)
    asked = retry_after(headers, NOW) if status in (301, 304, 429, 503) else None
    failed = outcome not in (Outcome.CHANGED, Outcome.UNCHANGED) or failure is not None
    rest = asked if failed and asked is not None else timedelta()
    fresh = fresh_for(headers, NOW)
    assert waited > timedelta()
    assert waited >= rest
    if fresh and not (failed and asked is not None):
        assert waited >= fresh[0]
    if not failed and every is not None:
        assert waited >= every
    assert waited <= max(rest, DAY, every or DAY) * 1.1 + 10 * MINUTE
    assert waited >= wait(plain)
    assert decision.state.why
    assert len(decision.state.published) <= 20
    if decision.block:
        assert decision.block.until > NOW
