"""What happens → one line each on stderr: text, JSON, or with a level for the journal (sd-daemon(3))."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.model import NEVER
from aggregator.pipeline import Polled

log = logging.getLogger("aggregator")

_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _JsonLines(logging.Formatter):
    """``extra={"data": {…}}`` becomes further keys."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _TextLines(logging.Formatter):
    """Control characters are shown, not obeyed: messages quote feeds."""

    def format(self, record: logging.LogRecord) -> str:
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join(self.head(record) + _shown(line) for line in (record.getMessage(), *trace))

    def head(self, record: logging.LogRecord) -> str:
        return f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {record.levelname.lower()}: "


class _JournalLines(_TextLines):
    """The journal knows the time; it takes the level from the front of the line."""

    def head(self, record: logging.LogRecord) -> str:
        return f"<{_SYSLOG.get(record.levelno, 6)}>"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def configure_log(*, json_lines: bool, verbose: bool = False, environ: Mapping[str, str] = os.environ) -> None:
    """To stderr, once, at the top."""
    handler = logging.StreamHandler(sys.stderr)
    plain = _JournalLines() if "JOURNAL_STREAM" in environ else _TextLines()
    handler.setFormatter(_JsonLines() if json_lines else plain)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that falls into a long round is no news


def tell(one: Polled, *, now: datetime) -> None:
    """One poll of one feed: trouble when it begins, once more when it persists, and when it ends. Else nothing."""
    name = one.feed.title or one.feed.url
    state, about = one.state, {"feed": one.feed.url, "outcome": str(one.fetched.outcome)}
    for event in one.events:
        log.warning("%s: %s: %s", name, event.kind, event.detail, extra={"data": about | {"event": str(event.kind)}})
    if state.error and not one.events:
        again = _hour(state.next_at, now) if state.next_at else "never"
        level = logging.INFO if state.failures == 1 else logging.DEBUG
        log.log(level, "%s: %s; next try %s", name, state.error, again, extra={"data": about | {"event": "failed"}})


def _hour(moment: datetime, now: datetime) -> str:
    """In the reader's own zone; within a day the hour will do."""
    if moment == NEVER:
        return "never"
    return moment.astimezone().strftime("%H:%M" if moment - now < timedelta(hours=20) else "%a %d %b %H:%M")


class Trouble:
    """A job that fails: told when it begins, when it changes and when it ends; tried again ever more rarely."""

    FIRST, LONGEST = 20.0, 1800.0  # seconds

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures = 0
        self._said = ""
        self._rests_until = 0.0

    def resting(self, now: float) -> bool:
        """`now` and all times here: seconds of time.monotonic()."""
        return now < self._rests_until

    def begins(self, what: str, now: float) -> None:
        """Or goes on."""
        self.failures += 1
        pause = min(self.LONGEST, self.FIRST * 2 ** min(self.failures - 1, 10))
        self._rests_until = now + pause
        level = logging.DEBUG if what == self._said else logging.ERROR
        self._said = what
        data = {"event": "job failed", "job": self.name, "failures": self.failures}
        log.log(level, "%s: %s; tried again in %.0f s, then ever more rarely", self.name, what, pause,
                extra={"data": data})  # fmt: skip

    def ends(self) -> None:
        if self.failures:
            log.warning("%s: works again after %d failures", self.name, self.failures,
                        extra={"data": {"event": "job works", "job": self.name}})  # fmt: skip
        self.failures, self._said, self._rests_until = 0, "", 0.0
