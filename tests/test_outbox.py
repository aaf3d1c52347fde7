"""Nothing is lost, nothing is told twice, whatever the mail server and the power do."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from aggregator.app import App
from aggregator.digest.outbox import GIVE_UP, retry_at, told
from aggregator.errors import UsageError
from aggregator.model import DigestState, EventKind, FeedEvent, FeedState, Fetched, Outcome
from aggregator.settings import RuleSettings, Settings, SmtpSettings
from tests.child import Child
from tests.digest_newsroom import DAILY, START, YOU, Newsroom, Wire, newsroom
from tests.digest_server import MailServer, mail_server

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def room(tmp_path: Path, wire: Wire) -> Iterator[Newsroom]:
    made = newsroom(tmp_path / "news.db", wire)
    yield made
    made.store.close()


def states(room: Newsroom) -> list[tuple[str, str]]:
    return [(row.local_date, str(row.state)) for row in reversed(room.store.digests(limit=99))]


def run(room: Newsroom, until: timedelta, *, step: timedelta = HOUR) -> None:
    """The daemon's ticks for that long."""
    end = room.now + until
    while room.now < end:
        list(room.outbox.work([DAILY]))
        room.now += step


def test_one_mail_a_day_with_what_is_new(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground off Orla")
    (row,) = room.outbox.work([DAILY])
    assert row.state is DigestState.SENT
    assert told(row) == f"digest daily of 2026-03-14 to {YOU}: sent, 1 stories, {len(row.rendered) // 1024} KB (250 ok)"
    assert list(room.outbox.work([DAILY])) == []
    room.now += DAY
    room.tell("Border reopens")
    list(room.outbox.work([DAILY]))
    first, second = (mail.decode() for _, mail in wire.taken)
    assert "Ferry aground" in first
    assert "Border reopens" in second
    assert "Ferry aground" not in second
    assert "No mail reached you" not in second


def test_nothing_new_is_a_recorded_skip(room: Newsroom, wire: Wire) -> None:
    run(room, 2 * DAY)
    assert states(room) == [("2026-03-14", "skipped"), ("2026-03-15", "skipped")]
    assert wire.taken == []
    room.tell("Ferry aground")
    run(room, DAY)
    assert b"No mail reached you" not in wire.taken[0][1]


def test_all_quiet_if_wished(room: Newsroom, wire: Wire) -> None:
    list(room.outbox.work([replace(DAILY, all_quiet=True)]))
    assert b"all quiet" in wire.taken[0][1]


def test_an_entry_committed_late_is_not_lost(room: Newsroom, wire: Wire) -> None:
    """Seen before the mail was made, stored after it."""
    room.tell("Ferry aground")
    list(room.outbox.work([DAILY]))
    room.tell("Border reopens", ago=timedelta(minutes=5))
    room.now += DAY
    list(room.outbox.work([DAILY]))
    assert b"Border reopens" in wire.taken[1][1]


def test_trouble_is_retried_with_growing_delay_and_the_same_bytes(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    wire.answers = ["421 later"] * 3
    attempts = []
    for _ in range(200):
        for row in room.outbox.work([DAILY]):
            attempts.append(room.now - START)
            if row.state is DigestState.SENT:
                assert wire.taken == [(YOU, row.rendered)]
                assert row.attempts == 4
        room.now += timedelta(minutes=1)
    assert attempts == [timedelta(minutes=m) for m in (0, 5, 15, 35)]


def test_after_a_day_of_trouble_it_is_given_up_and_the_next_mail_covers_it(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    wire.answers = ["451 later"] * 13
    run(room, DAY, step=timedelta(minutes=5))
    assert states(room) == [("2026-03-14", "pending")]
    room.tell("Border reopens")
    wire.answers = ["451 later"]
    run(room, HOUR, step=timedelta(minutes=5))
    assert states(room) == [("2026-03-14", "failed"), ("2026-03-15", "sent")]
    text = wire.taken[0][1].decode()
    assert "Ferry aground" in text
    assert "Border reopens" in text
    assert room.outbox.alarms() == []


def test_waiting_mail_is_covered_by_the_next_one_not_sent_beside_it(room: Newsroom, wire: Wire) -> None:
    """Made late in the evening, still refused in the morning: one mail with everything, not two with the same."""
    room.now += 11 * HOUR
    room.tell("Ferry aground")
    wire.answers = ["451 later"] * 9
    run(room, 13 * HOUR)
    wire.answers = ["451 later"]
    room.tell("Border reopens")
    run(room, 6 * HOUR)
    assert states(room) == [("2026-03-14", "failed"), ("2026-03-15", "sent")]
    assert "covered by the mail of 2026-03-15" in room.store.digests(limit=9)[1].last_answer
    assert len(wire.taken) == 1


def test_missed_days_are_covered_and_said(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    list(room.outbox.work([DAILY]))
    room.now += DAY
    room.tell("Border reopens")
    room.now += 2 * DAY  # the machine was off
    room.tell("Storks return")
    list(room.outbox.work([DAILY]))
    text = wire.taken[1][1].decode()
    assert "Border reopens" in text
    assert "Storks return" in text
    assert "No mail reached you for Sun, Mar 15, Mon, Mar 16: this one covers" in " ".join(text.split())


def test_a_refused_recipient_fails_visibly_and_alone(room: Newsroom, wire: Wire) -> None:
    both = replace(DAILY, to=(YOU, "other@example.org"))
    room.tell("Ferry aground")
    wire.answers = ["550 no such user"]
    rows = list(room.outbox.work([both]))
    assert [(row.recipient, row.state) for row in rows] == [(YOU, "failed"), ("other@example.org", "sent")]
    assert [row.last_answer for row in room.outbox.alarms()] == ["550 no such user"]
    assert list(room.outbox.work([both])) == []
    room.now += DAY
    list(room.outbox.work([both]))
    assert room.outbox.alarms() == []
    assert b"Ferry aground" in wire.taken[-1][1]


def test_without_any_accepted_mail_the_first_days_are_not_lost(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground", ago=20 * HOUR)
    wire.answers = ["550 no"] * 3
    run(room, 3 * DAY)
    list(room.outbox.work([DAILY]))
    assert states(room)[-1] == ("2026-03-17", "sent")
    assert b"Ferry aground" in wire.taken[0][1]


def test_an_update_is_told_once_and_only_if_it_is_one(room: Newsroom, wire: Wire) -> None:
    story_id = room.tell("Ferry crews of Orla call a strike")
    list(room.outbox.work([DAILY]))
    room.now += DAY
    room.tell("Strike called off: owners concede third engineer aboard night crossings", story_id=story_id)
    room.tell("Unrelated")
    list(room.outbox.work([DAILY]))
    assert b"UPDATES" in wire.taken[1][1]
    room.now += DAY
    room.tell("Ferry strike of crews called off", story_id=story_id)
    list(room.outbox.work([DAILY]))
    assert states(room)[-1] == ("2026-03-16", "skipped")


def test_several_digests_have_their_own_memory(room: Newsroom, wire: Wire) -> None:
    ferries = replace(DAILY, name="ferries", include=(RuleSettings(words=("ferry",)),))
    room.tell("Ferry aground")
    room.tell("Storks return")
    list(room.outbox.work([DAILY, ferries]))
    assert [b"Storks" in mail for _, mail in wire.taken] == [True, False]


def notices(room: Newsroom) -> list[int]:
    """How often each mail speaks of feeds that need attention, newest first."""
    return [row.rendered.count(b"FEEDS THAT NEED ATTENTION") for row in room.store.digests(limit=9)]


def break_feed(room: Newsroom) -> None:
    event = FeedEvent(1, EventKind.BROKEN, room.now - HOUR, "404 for three days")
    room.store.save_poll(
        1, FeedState(), Fetched("https://n.example.org/feed", Outcome.BROKEN, room.now - HOUR), events=[event]
    )


def test_trouble_of_a_feed_is_told_once_also_after_days_without_any(room: Newsroom) -> None:
    break_feed(room)
    for name in ("Ferry aground", "Border reopens", "Storks return"):
        room.tell(name)
        list(room.outbox.work([DAILY]))
        room.now += DAY
    assert notices(room) == [0, 0, 1]


def test_trouble_of_a_feed_is_told_once_to_a_reader_of_two_digests(room: Newsroom) -> None:
    break_feed(room)
    room.tell("Ferry aground")
    other = replace(DAILY, name="other", to=(YOU, "else@example.org"))
    list(room.outbox.work([DAILY, other]))
    assert [(row.name, row.recipient) for row in room.store.digests(limit=9) if b"ATTENTION" in row.rendered] == [
        ("other", "else@example.org"), ("daily", YOU)
    ]  # fmt: skip
    assert "FEEDS THAT" not in room.outbox.preview(other, among=[DAILY, other]).text


def test_a_new_reader_hears_nothing_of_old_trouble(room: Newsroom) -> None:
    break_feed(room)
    room.now += 30 * DAY
    room.tell("Ferry aground")
    list(room.outbox.work([DAILY]))
    assert notices(room) == [0]


def test_a_broken_template_stops_one_digest_only(room: Newsroom, wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "digest.txt").write_text("{% if %}")
    room.tell("Ferry aground")
    list(room.outbox.work([replace(DAILY, name="broken", templates=tmp_path), DAILY]))
    assert states(room) == [("2026-03-14", "sent")]


def test_no_way_out_yet_is_trouble_that_may_pass(room: Newsroom) -> None:
    from aggregator.digest.mail import way_out  # noqa: PLC0415

    room.send = way_out(SmtpSettings(), {})
    room.tell("Ferry aground")
    (row,) = room.outbox.work([DAILY])
    assert row.state is DigestState.PENDING
    assert "smtp.host" in row.last_answer


def test_a_changed_way_out_is_taken_from_then_on(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "news.db", smtp=SmtpSettings(instead="folder", path=tmp_path / "old"))
    with App(settings) as app:
        assert app.outbox.smtp == settings.smtp
        changed = replace(settings, smtp=SmtpSettings(instead="folder", path=tmp_path / "new"))
        app.resubscribe(changed)
        assert app.outbox.smtp == changed.smtp


def test_previews_and_tests_leave_no_trace(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    assert "Ferry aground" in room.outbox.preview(DAILY).text
    assert b"To: reader@example.org" in room.outbox.eml(DAILY)
    assert room.outbox.test(DAILY, to="me@example.org") == "250 ok"
    assert wire.taken[0][0] == "me@example.org"
    assert b"Subject: [test] " in wire.taken[0][1]
    assert states(room) == []


def test_the_past_is_kept_byte_for_byte(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    list(room.outbox.work([DAILY]))
    room.now += 30 * DAY
    assert room.outbox.past(DAILY, date(2026, 3, 14)).rendered == wire.taken[0][1]
    with pytest.raises(UsageError, match="no mail of daily for 2026-03-15"):
        room.outbox.past(DAILY, date(2026, 3, 15))


def test_retry(room: Newsroom, wire: Wire) -> None:
    room.tell("Ferry aground")
    wire.answers = ["550 no", "550 still no"]
    (row,) = room.outbox.work([DAILY])
    assert room.outbox.retry(row).last_answer == "550 still no"
    assert room.outbox.retry(row).state is DigestState.SENT
    with pytest.raises(UsageError, match="nothing to retry"):
        room.outbox.retry(room.outbox.past(DAILY, date(2026, 3, 14)))
    room.now += DAY
    room.tell("Storks return")
    wire.answers = ["550 no"]
    (failed,) = room.outbox.work([DAILY])
    room.now += DAY
    list(room.outbox.work([DAILY]))
    with pytest.raises(UsageError, match=r"covered by that of 2026-03-16"):
        room.outbox.retry(failed)


def test_the_delay_grows_to_three_hours_and_ends_after_a_day() -> None:
    now, delays = START, []
    for attempt in range(1, 99):
        after = retry_at(START, attempt, now)
        if after is None:
            break
        delays.append((after - now) // timedelta(minutes=1))
        now = after
    assert delays == [5, 10, 20, 40, 80, 160, 180, 180, 180, 180, 180, 180, 45]
    assert now - START == GIVE_UP


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """kill -9 around sending: never lost; a double only if the server had taken it and we had not yet committed."""
    kill_and_recover(tmp_path, 8)


def kill_and_recover(folder: Path, trials: int) -> int:
    """So many days, each with a kill at a random moment; returns how many mails came twice."""
    rnd = random.Random(trials)
    room = newsroom(folder / "news.db", Wire())
    with (
        mail_server() as server,
        Child("tests.digest_newsroom", str(folder / "news.db"), str(server.port), log=folder / "log") as nursery,
    ):
        server.delay = 0.01
        doubles = _trials(room, server, nursery, [rnd.random() for _ in range(trials)])
    room.store.close()
    return doubles


def _trials(room: Newsroom, server: MailServer, nursery: Child, moments: list[float]) -> int:
    """One day a trial: kill the round at that fraction of its usual length, then let another one finish."""
    room.tell("Ferry number 0 aground")
    usual = _round(nursery, room)
    doubles = 0
    for trial, moment in enumerate(moments, 1):
        room.now += DAY
        room.tell(f"Ferry number {trial} aground")
        server.received.clear()
        _round(nursery, room, killed_after=moment * usual)
        time.sleep(0.02)
        server.settle()
        taken = len(server.received)
        row = room.store.digest(DAILY.name, room.now.date().isoformat(), YOU)
        window = taken == 1 and row is not None and row.state is DigestState.PENDING
        _round(nursery, room)
        doubles += window
        after = room.store.digest(DAILY.name, room.now.date().isoformat(), YOU)
        assert after is not None
        assert after.state is DigestState.SENT
        assert [message for _, _, message in server.received] == [after.rendered] * (1 + window)
    return doubles


def _round(nursery: Child, room: Newsroom, *, killed_after: float | None = None) -> float:
    """One daily round in a process of its own; returns its seconds."""
    began = time.monotonic()
    pid = nursery.ask(room.now.isoformat())
    if killed_after is not None:
        time.sleep(killed_after)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert nursery.hear() == "over"
    return time.monotonic() - began
