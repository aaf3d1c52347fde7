"""The clock and the signals: calls `app` again and again. The only APScheduler.

The database says what is due; the clock is dumb and may be killed at any time. One job at a time, in one thread; the
main thread only waits for signals.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from aggregator import status
from aggregator.app import App, utc_now
from aggregator.daemon import heap
from aggregator.daemon.journal import Trouble, log, tell
from aggregator.daemon.lock import exclusive
from aggregator.daemon.notify import notify, reloading, watchdog
from aggregator.daemon.signals import Signals
from aggregator.errors import AggregatorError, ConfigError
from aggregator.moves import Moves
from aggregator.settings import Settings
from aggregator.tally import Tally
from aggregator.web.metrics import Meter
from aggregator.web.serve import serving

TICK = timedelta(seconds=20)
ROUND = timedelta(seconds=30)  # after which no request is begun: the next tick takes over
TAKE = 2_000  # feeds a round: what a week's sleep has left due is caught up bit by bit
PER_HOST = 30  # feeds of one host a round: what its gap of a second leaves room for
LOOK = 60.0  # seconds between two looks at the clock on the wall
JUMP = 30.0  # seconds it may go wrong in between before we take it for set
STORE = 8.0  # seconds of a stop in which what was downloaded is stored
DRAIN = 9.0  # seconds a stop may take, and one more for the way out
STUCK = 1800.0  # seconds without a sign of life after which the service manager should restart us
STOPS = (signal.SIGTERM, signal.SIGINT)


class Daemon:
    """`run` polls, digests and tidies until a signal ends it.

    `load` reads the settings, again at every SIGHUP; `moves` writes the new addresses of feeds into their file.
    """

    def __init__(self, load: Callable[[], Settings], moves: Moves, *, tick: timedelta = TICK) -> None:
        self._load, self._moves, self._tick = load, moves, tick
        self._stopping = threading.Event()
        self._round_ends = float("inf")  # monotonic; a stop lets a round go on so long
        self._busy = threading.Lock()
        self._beat = time.monotonic()
        self._drift = utc_now().timestamp() - self._beat
        self._full = False  # polling rests because the disk is nearly full
        self._meter = Meter()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
            daemon=True,
        )
        self._signals: Signals
        self._app: App
        self._open = ExitStack()

    def run(self) -> None:
        """Blocks until stopped. Raises ConfigError, CorruptError, or BusyError when another daemon has the database."""
        heap.share()
        settings = self._load()
        with exclusive(settings.database, command="run", now=utc_now()), self._open:
            self._begin(settings)
            self._app.store.probe()
            self._signals = Signals((*STOPS, signal.SIGHUP, signal.SIGUSR1))
            log.info("started: %d feeds, database %s", len(settings.feeds), settings.database)
            notify("READY=1", f"STATUS={len(settings.feeds)} feeds")
            self._schedule()
            self._serve()
            log.info("stopped")

    def _begin(self, settings: Settings) -> None:
        """Open everything these settings ask for, or nothing."""
        with ExitStack() as opened:
            app = opened.enter_context(App(settings))
            app.require_mail()
            opened.enter_context(serving(settings.http, self._meter.page(settings), self._state))
            self._app = app
            self._open.push(opened.pop_all())

    def _schedule(self) -> None:
        self._scheduler.start()
        for work, every in (
            (self.resketch, timedelta(minutes=10)),  # first: what is polled shall find what it can be compared with
            (self.poll, self._tick),
            (self.digest, min(self._tick * 3, timedelta(minutes=1))),
            (self.tidy, timedelta(hours=1)),
        ):
            self._scheduler.add_job(
                self._job(work), "interval", seconds=every.total_seconds(), next_run_time=utc_now(), id=work.__name__
            )

    # ------------------------------------------------------------ jobs

    def poll(self) -> None:
        """Whatever is due."""
        self._round(force=False)

    def poll_now(self) -> None:
        """Every feed, due or not; blocked hosts still rest."""
        self._round(force=True)

    def _round(self, *, force: bool) -> None:
        if not self._has_room():
            return
        self._app.store.release_dead(own=True)  # there is one round at a time
        requests = self._app.lease(force=True) if force else self._app.lease(limit=TAKE, per_host=PER_HOST)
        if not requests:
            return
        tally, began = Tally(), time.monotonic()
        with closing(self._app.poll(requests, deadline=ROUND)) as polled:
            for one in polled:
                self._beat = time.monotonic()
                tally.add(one)
                self._meter.polled(one)
                self._moves.add(one)
                tell(one, now=utc_now())
                if time.monotonic() > self._round_ends:
                    break
        if not self._stopping.is_set():
            tally.merged = self._app.mend() if tally.new else 0  # nothing new makes nothing more alike
            self._follow_moves()
        took = time.monotonic() - began
        self._meter.round(took)
        level = logging.INFO if set(tally.outcomes) - {"postponed"} else logging.DEBUG
        counts = dict(tally.outcomes) | {"new": tally.new, "revised": tally.revised, "merged": tally.merged}
        data = {"event": "round", "seconds": round(took, 1)} | counts
        log.log(level, "polled %s", tally.line(), extra={"data": data})
        notify(f"STATUS=polled {tally.line()}")

    def _follow_moves(self) -> None:
        """Into feeds.yaml, and from there into the database."""
        written, refused = self._moves.write()
        for line in (*written, *refused):
            log.warning("%s", line, extra={"data": {"event": "moved"}})
        if written:
            self._app.resubscribe(self._load())

    def _has_room(self) -> bool:
        """Polling rests while the disk has less than the reserve; said once, and once when it ends."""
        room = status.room(self._app.settings)
        if room.enough is not self._full:
            return room.enough
        self._full = not room.enough
        self._meter.paused(self._full)
        if self._full:
            log.error("polling rests: %s; reading and digests go on, polling resumes by itself", room,
                      extra={"data": {"event": "disk full"}})  # fmt: skip
        else:
            log.warning("polling again: %s", room, extra={"data": {"event": "disk has room"}})
        return room.enough

    def digest(self) -> None:
        for row in self._app.digests():  # the outbox logs each attempt
            self._beat = time.monotonic()
            self._meter.digest(row)
            if self._stopping.is_set():
                break

    def tidy(self) -> None:
        for _ in self._app.tidy():
            self._beat = time.monotonic()
            if self._stopping.is_set():
                break

    def resketch(self) -> None:
        """Some of what a former version has sketched otherwise, while there is any; then polling has its turn."""
        anew = 0
        for count in self._app.resketch():
            anew += count
            self._beat = time.monotonic()
            if self._stopping.is_set():
                break
        if anew:
            log.info("sketched %d entries anew: another version did it otherwise", anew)

    def reload(self) -> None:
        """The whole new configuration, or the old one and a line that says why."""
        reloading()
        former = self._app.settings
        try:
            settings = self._load()
            if settings.database != former.database:
                raise ConfigError("`database` changed: that needs a restart")
            self._exchange(settings, former)
        except AggregatorError as error:
            log.error("configuration kept as it was: %s", error, extra={"data": {"event": "reload failed"}})
        else:
            log.info("configuration read anew: %d feeds", len(settings.feeds), extra={"data": {"event": "reload"}})
        notify("READY=1", f"STATUS={len(self._app.settings.feeds)} feeds")

    def _exchange(self, settings: Settings, former: Settings) -> None:
        self._open.close()
        try:
            self._begin(settings)
        except AggregatorError:
            self._begin(former)
            raise

    def _job(self, work: Callable[[], None]) -> Callable[[], None]:
        """Alone, and never after the stop. Whatever goes wrong is one line, and the daemon goes on."""
        trouble = Trouble(work.__name__)

        def job() -> None:
            with self._busy:
                self._beat = time.monotonic()
                if self._stopping.is_set() or trouble.resting(self._beat):
                    return
                try:
                    work()
                except Exception as error:  # noqa: BLE001 – a mistake of ours in one job must not end the others
                    foreseen = isinstance(error, AggregatorError)
                    log.debug("%s", work.__name__, exc_info=True)
                    trouble.begins(str(error) if foreseen else f"{type(error).__name__}: {error}", time.monotonic())
                    self._meter.job_failed(work.__name__)
                else:
                    trouble.ends()
                heap.give_back()

        return job

    # ------------------------------------------------------------ signals and signs of life

    def _serve(self) -> None:
        """The main thread: signals, and word to the service manager while the jobs show signs of life."""
        pause = min(watchdog() or LOOK, LOOK)
        while True:
            number = self._signals.wait(pause)
            self._notice_clock()
            if number in STOPS:
                self._stop(number)
                return
            if number is None:
                if self._alive():
                    notify("WATCHDOG=1")
                continue
            work = self.reload if number == signal.SIGHUP else self.poll_now
            self._scheduler.add_job(self._job(work), id=work.__name__, replace_existing=True)

    def _notice_clock(self) -> None:
        """The scheduler goes by the clock on the wall: set back by a day, it would sleep for a day."""
        drift = utc_now().timestamp() - time.monotonic()
        jump, self._drift = drift - self._drift, drift
        if abs(jump) > JUMP:
            log.warning("the clock was set by %+.0f s, or we slept", jump, extra={"data": {"event": "clock"}})
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=utc_now())

    def _alive(self) -> bool:
        return time.monotonic() - self._beat < STUCK

    def _state(self) -> str:
        """What hinders us, for the probes of an orchestrator; empty when nothing does."""
        if self._stopping.is_set():
            return "stopping"
        return "" if self._alive() else f"no sign of life for {time.monotonic() - self._beat:.0f} s"

    def _stop(self, number: int) -> None:
        """Finish what is under way, in `DRAIN` seconds; a second signal leaves at once.

        Requests end at once. What they brought is stored first: by the next start it may have left the feed.
        """
        self._round_ends = time.monotonic() + STORE
        self._stopping.set()
        notify("STOPPING=1")
        log.info("stopping on %s", signal.Signals(number).name)
        self._scheduler.shutdown(wait=False)
        ends = time.monotonic() + DRAIN
        while not self._busy.acquire(blocking=False):
            self._app.interrupt()
            if (again := self._signals.wait(0.1)) in STOPS:
                _leave(128 + again)
            if time.monotonic() > ends:
                log.warning("a job did not end within %d s: left; what it was doing is done again", DRAIN)
                _leave(0)
        self._busy.release()  # a job that waits for its turn sees the stop and ends


def _leave(code: int) -> None:
    """Without waiting for threads. Nothing is lost: what is stored is committed, what is not is asked again."""
    logging.shutdown()
    os._exit(code)
