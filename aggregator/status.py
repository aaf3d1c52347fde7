"""Settings, the memory and the lock → how everything stands, for people, for monitors and for /metrics."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.app import App
from aggregator.daemon.lock import Holder, died, holder
from aggregator.digest import due
from aggregator.model import Digest, DigestState, Health
from aggregator.settings import Settings

LATE = timedelta(hours=1)  # a feed due for longer than this: polling does not keep up, or does not happen
LARGE_LOG = 256 * 2**20  # bytes of write-ahead log: some reader never ends
RECENT = 100  # rows of the ledger


@dataclass(frozen=True, slots=True)
class Room:
    """What the disk under the database has left, in bytes."""

    free: int
    reserve: int

    @property
    def enough(self) -> bool:
        return self.free >= self.reserve

    def __str__(self) -> str:
        return f"{self.free / 2**20:,.0f} MiB free, the reserve is {self.reserve / 2**20:,.0f} MiB (poll.reserve_mb)"


def room(settings: Settings) -> Room:
    folder = settings.database.absolute().parent
    return Room(shutil.disk_usage(folder).free, settings.poll.reserve_mb * 2**20)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One digest: its next moment, and the mails that are on their way or stuck."""

    name: str
    next_at: datetime
    last: str  # what became of the newest mail; empty before the first
    pending: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance. `warnings`: a line each, with the remedy; empty when all is well."""

    running: Holder | None
    health: Health
    queue_age: timedelta  # how long the longest due feed has been due
    entries_today: int
    stories_today: int
    digests: tuple[Outlook, ...]
    room: Room
    warnings: tuple[str, ...]


def look(app: App) -> Status:
    """Cheap: to be asked every few seconds. "Today" begins at midnight of the machine's own zone."""
    now, settings = app.now(), app.settings
    health = app.store.health(now)
    today = app.store.counts(since=now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0))
    rows = app.store.digests(limit=RECENT)
    age = max(timedelta(0), now - health.next_poll) if health.next_poll else timedelta(0)
    running = holder(settings.database)
    return Status(
        running=running,
        health=health,
        queue_age=age,
        entries_today=today.entries,
        stories_today=today.stories,
        digests=tuple(_outlook(issue.name, due.upcoming(issue, now), rows) for issue in settings.issues() if issue.to),
        room=room(settings),
        warnings=(
            *_polling(health, age, died(settings.database), running),
            *_mails(rows),
            *_disk(health, room(settings)),
        ),
    )


def _outlook(name: str, next_at: datetime, rows: list[Digest]) -> Outlook:
    own = [row for row in rows if row.name == name]
    return Outlook(
        name=name,
        next_at=next_at,
        last=f"{own[0].local_date} {own[0].state}" if own else "",
        pending=sum(row.state is DigestState.PENDING for row in own),
        alarms=len(due.alarms(own)),
    )


def _polling(health: Health, age: timedelta, dead: Holder | None, running: Holder | None) -> list[str]:
    found = []
    if dead and not running:
        found.append(f"`aggregator {dead.command}` (pid {dead.pid}) ended without a word: see its log, start it again")
    if age > LATE:
        how = "polling does not keep up: see the log" if running else "nothing polls: start `aggregator run`"
        found.append(f"a feed has been due for {_hours(age)}: {how}")
    failing = health.feeds["failing"] + health.feeds["quarantined"]
    asked = failing + health.feeds["active"]
    if asked >= 3 and failing > asked / 2:
        found.append(f"{failing} of {asked} feeds fail: is the network up? `aggregator doctor` looks")
    if not sum(health.feeds.values()):
        found.append("no feeds: `aggregator feeds add SITE`")
    return found


def _mails(rows: list[Digest]) -> list[str]:
    stuck = [f"the mail of {row.local_date} to {row.recipient} was given up ({row.last_answer}): "
             "`aggregator mail check`, then `aggregator digest retry`" for row in due.alarms(rows)]  # fmt: skip
    late = [f"the mail of {row.local_date} to {row.recipient} waits after {row.attempts} attempts ({row.last_answer})"
            for row in rows if row.state is DigestState.PENDING and row.attempts]  # fmt: skip
    return stuck + late


def _disk(health: Health, left: Room) -> list[str]:
    found = [] if left.enough else [f"polling rests: {left}: free some space"]
    if health.wal_bytes > LARGE_LOG:
        found.append(f"the write-ahead log has {health.wal_bytes / 2**20:,.0f} MiB: some reader holds an old snapshot")
    return found


def _hours(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
