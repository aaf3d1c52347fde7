"""Replay + feeds.yaml ─► polled through the real HTTP path, parser, clustering and store, with kills ─► Report."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.child import Child
from tests.processes import cpu_seconds, watched
from tests.replay.clock import ManualClock
from tests.replay.server import Replay


@dataclass
class Report:
    """What one drive came to. Sizes in bytes, times in seconds."""

    rounds: int = 0
    kills: int = 0
    kills_at_work: int = 0  # … that hit a round before it was over
    orphans: int = 0  # workers that outlived a killed parent by ten seconds
    wall: float = 0.0
    cpu: float = 0.0  # of the polling processes and their workers
    peak_memory: int = 0
    new: int = 0  # as the rounds said: less than stored where a round was killed before it could say
    merged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)  # state ─► how often a row of the ledger came to it
    errors: dict[str, str] = field(default_factory=dict)  # source ─► the last error of its feed


@dataclass
class Drive:
    """The rounds to run and how often to kill.

    A round every `step` of the stream's time from `start` (the stream's, by default) to its end, and then one each at
    so long `after` it: whatever was put off comes in too.
    """

    replay: Replay
    config: Path
    step: timedelta = timedelta(hours=2)
    kills: int = 0
    seed: int = 0
    start: datetime | None = None
    after: Sequence[timedelta] = tuple(timedelta(hours=25 * day) for day in range(1, 4))

    def run(self) -> Report:
        report, began = Report(), time.monotonic()
        chance = random.Random(self.seed)
        moments = list(self._moments())
        doomed = Counter(chance.choices(range(len(moments)), k=self.kills))
        usual = 0.5  # seconds a round takes
        poller = self._poller(moments[0])
        try:
            for number, moment in enumerate(moments):
                for _ in range(doomed[number]):
                    self._kill_at_work(poller, moment, report, after=chance.uniform(0, usual))
                    poller = self._poller(moment)
                usual = 0.7 * usual + 0.3 * self._round(poller, moment, report)
            report.cpu += cpu_seconds(poller.pid)
        finally:
            poller.__exit__(None, None, None)
        report.wall = time.monotonic() - began
        return report

    def _poller(self, moment: datetime) -> Child:
        log = self.config.with_name("poller.log")
        return Child("tests.poller", str(self.config), moment.isoformat(), log=log)

    def _moments(self) -> Iterator[datetime]:
        moment, end = self.start or self.replay.stream.start, self.replay.stream.end
        while moment < end:
            yield moment
            moment += self.step
        yield end
        yield from (end + pause for pause in self.after)

    def _kill_at_work(self, poller: Child, moment: datetime, report: Report, *, after: float) -> None:
        self._set_clock(moment)
        poller.tell(moment.isoformat())
        report.kills_at_work += not poller.answers_within(after)
        report.cpu += cpu_seconds(poller.pid)
        report.orphans += poller.kill()
        report.kills += 1

    def _round(self, poller: Child, moment: datetime, report: Report) -> float:
        started = time.monotonic()
        self._set_clock(moment)
        with watched(poller.pid) as peak:
            answer = poller.ask(moment.isoformat())
        report.rounds += 1
        report.new += answer["new"]
        report.merged += answer["merged"]
        report.outcomes.update(answer["outcomes"])
        report.mails.update(answer["mails"])
        report.errors.update(answer["errors"])
        report.peak_memory = max(report.peak_memory, peak.footprint)
        return time.monotonic() - started

    def _set_clock(self, moment: datetime) -> None:
        assert isinstance(self.replay.clock, ManualClock)
        self.replay.clock.now = moment
