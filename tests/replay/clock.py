"""Which moment of the stream is it? Either as told, or running by itself at some speed."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    @property
    def now(self) -> datetime:
        """The stream's own time: what was collected up to now is on show."""
        ...

    def shown(self, moment: datetime) -> datetime:
        """What the feeds print for a moment of the stream."""
        ...


@dataclass
class ManualClock:
    """Stands still until `now` is assigned; feeds print the stream's own times."""

    now: datetime

    def shown(self, moment: datetime) -> datetime:
        return moment


@dataclass
class RunningClock:
    """Runs `speed` times as fast as the wall, from `start` on.

    Feeds print the wall time at which an item shows up, so that a poller on the wall's clock sees fresh news.
    """

    start: datetime
    speed: float
    _began: float = field(default_factory=time.time)

    @property
    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.time() - self._began) * self.speed)

    def shown(self, moment: datetime) -> datetime:
        return datetime.fromtimestamp(self._began, UTC) + (moment - self.start) / self.speed
