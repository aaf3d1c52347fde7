"""The clock and the signals: calls `app` again and again. The only APScheduler.

The database says what is due; the clock is dumb and may be killed at any time. One job at a time, in one thread.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from filelock import FileLock, Timeout

from aggregator.app import App, utc_now
from aggregator.errors import AggregatorError, BusyError, ConfigError
from aggregator.pipeline import Polled
from aggregator.settings import Settings
from aggregator.tally import Tally

TICK = timedelta(seconds=20)
DRAIN = 10.0  # seconds a stop may take

log = logging.getLogger("aggregator")


class Daemon:
    """`run` polls, digests and tidies until a signal ends it. `load` reads the settings, again at every SIGHUP."""

    def __init__(self, load: Callable[[], Settings], *, tick: timedelta = TICK) -> None:
        self._load, self._tick = load, tick
        self._stopping, self._reload = threading.Event(), threading.Event()
        self._busy = threading.Lock()
        self._scheduler = BlockingScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._app: App
        self._open = ExitStack()

    def run(self) -> None:
        """Blocks until stopped. Raises BusyError when another daemon has the database."""
        settings = self._load()
        with exclusive(settings.database), self._open:
            self._app = self._open.enter_context(App(settings))
            log.info("started: %d feeds, database %s", len(settings.feeds), settings.database)
            self._listen()
            for job, every in (
                (self.poll, self._tick),
                (self.digest, timedelta(minutes=1)),
                (self.tidy, timedelta(hours=1)),
            ):
                self._scheduler.add_job(
                    self._job(job), "interval", seconds=every.total_seconds(), next_run_time=utc_now(), id=job.__name__
                )
            self._scheduler.start()
            if not self._busy.acquire(timeout=DRAIN):
                log.warning("a job did not end within %d s: leaving it", DRAIN)
                _leave(0)
            log.info("stopped")

    # ------------------------------------------------------------ jobs

    def poll(self) -> None:
        requests = self._app.lease()
        if not requests:
            return
        tally = Tally()
        with closing(self._app.poll(requests)) as polled:
            for one in polled:
                tally.add(one)
                _tell(one)
                if self._stopping.is_set():
                    break
        tally.merged = self._app.mend()
        log.info("polled %s", tally.line())

    def digest(self) -> None:
        self._app.send_due_digests()  # the outbox logs each attempt

    def tidy(self) -> None:
        self._app.tidy()

    def _job(self, work: Callable[[], None]) -> Callable[[], None]:
        """Alone, never after the stop, newly configured if so wanted; what the world does wrong is one line."""

        def job() -> None:
            with self._busy:
                if self._stopping.is_set():
                    return
                if self._reload.is_set():
                    self._reload.clear()
                    self._reconfigure()
                try:
                    work()
                except AggregatorError as error:
                    log.error("%s: %s", work.__name__, error)

        return job

    def _reconfigure(self) -> None:
        """The whole new configuration, or the old one and a line that says why."""
        try:
            settings = self._load()
            if settings.database != self._app.settings.database:
                raise ConfigError("`database` changed: that needs a restart")
        except ConfigError as error:
            log.error("configuration kept as it was: %s", error)
            return
        self._open.close()
        self._app = self._open.enter_context(App(settings))
        log.info("configuration read anew: %d feeds", len(settings.feeds))

    # ------------------------------------------------------------ signals

    def _listen(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._on_reload)
        signal.signal(signal.SIGUSR1, self._on_poll_now)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping.is_set():
            _leave(128 + number)
        self._stopping.set()
        log.info("stopping on %s", signal.Signals(number).name)
        self._app.interrupt()
        self._scheduler.shutdown(wait=False)

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reload.set()
        self._hurry()

    def _on_poll_now(self, _number: int, _frame: FrameType | None) -> None:
        self._hurry()

    def _hurry(self) -> None:
        if self._scheduler.running:
            self._scheduler.modify_job("poll", next_run_time=utc_now())


def _tell(one: Polled) -> None:
    """Feed trouble once when it persists, once when it ends; single failures only for those who listen closely."""
    name = one.feed.title or one.feed.url
    if one.state.error:
        log.debug("%s: %s; next try %s", name, one.state.error, one.state.why)
    for event in one.events:
        log.warning("%s: %s: %s", name, event.kind, event.detail)


def _leave(code: int) -> None:
    """Without waiting for threads. Nothing is lost: what is stored is committed, what is not is asked again."""
    logging.shutdown()
    os._exit(code)


@contextmanager
def exclusive(database: Path) -> Iterator[None]:
    """One daemon a database. The lock goes with the process, however it ends. Raises BusyError naming the holder."""
    lock = FileLock(database.with_name(database.name + ".lock"), timeout=0)
    holder = database.with_name(database.name + ".pid")
    try:
        lock.acquire()
    except Timeout:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise BusyError(f"{database}: another daemon is running on it (pid {pid}): stop that one first") from None
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        return json.dumps(line, ensure_ascii=False)


class _TextLines(logging.Formatter):
    """Control characters are shown, not obeyed: messages quote feeds."""

    def format(self, record: logging.LogRecord) -> str:
        message = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in record.getMessage())
        return f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {record.levelname.lower()}: {message}"


def configure_log(*, json_lines: bool) -> None:
    """To stderr, once, at the top."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if json_lines else _TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
