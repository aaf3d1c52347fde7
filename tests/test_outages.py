"""DNS out, everything down, a clock that was wrong: no herd afterwards, and no feed is given up."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from aggregator.app import App
from aggregator.daemon import clock
from aggregator.daemon.clock import Daemon
from aggregator.model import FeedState, FeedStatus, Fetched, FetchRequest, HostBlock, Outcome
from aggregator.moves import Moves
from aggregator.parse.pool import Workers
from aggregator.pipeline import Round
from aggregator.refine import Job, Refined, refine
from aggregator.settings import FeedSettings, Settings

FEEDS = 100
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class World:
    """All feeds of a day, without a network: up, they have nothing new; down, no name is found."""

    def __init__(self, folder: Path) -> None:
        feeds = tuple(FeedSettings(f"https://host{number}.example/feed") for number in range(FEEDS))
        self.now, self.down, chance = START, False, random.Random(7)
        settings = Settings(feeds=feeds, database=folder / "w.db")
        self.app = App(settings, now=lambda: self.now, jitter=chance.random)
        self.workers: Workers[Job, Refined] = Workers(refine, processes=0, seconds=9, memory_mb=0)

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[tuple[FetchRequest, Fetched]]:
        outcome, error = (Outcome.UNREACHABLE, "DNS: no such name") if self.down else (Outcome.UNCHANGED, "")
        for request in requests:
            yield request, Fetched(request.feed.url, outcome, self.now, error=error)

    def tick(self) -> int:
        app, none = self.app, lambda _: iter(())
        round_ = Round(app.store, self.fetch, none, self.workers, app.settings, app.now, app.jitter, app.grown)
        return len(list(round_.poll(app.lease())))

    def run(self, span: timedelta, *, step: timedelta = timedelta(minutes=1)) -> list[int]:
        """Polls a tick."""
        asked = []
        for _ in range(int(span / step)):
            asked.append(self.tick())
            self.now += step
        return asked


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.app:
        yield made


def test_after_an_outage_the_feeds_come_back_spread_and_all(world: World) -> None:
    world.run(6 * HOUR, step=timedelta(minutes=10))
    world.down = True
    world.run(36 * HOUR, step=timedelta(minutes=10))
    assert {state.status for _, state in world.app.store.feeds()} == {FeedStatus.FAILING}
    waits = Counter(round((state.next_at - world.now) / HOUR) for _, state in world.app.store.feeds() if state.next_at)
    assert max(waits) <= 27  # a day and a tenth
    world.down = False
    asked = world.run(28 * HOUR, step=timedelta(minutes=2))
    assert max(asked) < FEEDS / 5  # they failed all at once, they do not return so
    states = [state for _, state in world.app.store.feeds()]
    assert {state.status for state in states} == {FeedStatus.ACTIVE}
    assert all(state.succeeded_at and state.succeeded_at > START + 42 * HOUR for state in states)


def test_a_clock_that_was_years_ahead_silences_nobody(world: World) -> None:
    world.tick()
    right, world.now = world.now, world.now + 3650 * DAY
    assert world.tick() == FEEDS
    (request,) = world.app.lease(force=True)[:1]
    world.app.store.block_host(HostBlock("host7.example", world.now + DAY, "rest"))
    world.now = right + HOUR
    assert world.tick() == FEEDS
    gone = FeedState(status=FeedStatus.GONE, next_at=datetime(9999, 12, 31, tzinfo=UTC))
    world.app.store.save_poll(request.feed.id, gone, Fetched(request.feed.url, Outcome.GONE, world.now))
    world.tick()
    assert world.app.store.feeds()[request.feed.id - 1][1].status is FeedStatus.GONE


def test_a_round_that_ended_badly_keeps_no_feed_from_the_next(world: World) -> None:
    assert len(world.app.lease()) == FEEDS  # and then the database was held for too long, say
    world.app.store.release_dead()
    assert world.app.lease() == []
    world.app.store.release_dead(own=True)
    assert len(world.app.lease()) == FEEDS


def test_a_clock_set_back_does_not_put_the_jobs_to_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    daemon = Daemon(Settings, Moves(tmp_path / "feeds.yaml"))
    ran = threading.Event()
    scheduler: BackgroundScheduler = daemon._scheduler
    scheduler.add_job(ran.set, "interval", hours=1, next_run_time=clock.utc_now() + DAY)  # as after a jump back
    scheduler.start()
    try:
        daemon._notice_clock()
        assert not caplog.records
        monkeypatch.setattr(clock, "utc_now", lambda: datetime.now(UTC) - DAY)
        daemon._notice_clock()
        assert "the clock was set by -86400 s" in caplog.text
        assert ran.wait(60)
    finally:
        scheduler.shutdown()
