"""feeds.yaml, the machine, the network, the database, mail → what is wrong with each, and the remedy."""

import os
import platform
import pyexpat
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from aggregator import status
from aggregator.app import SQLITE_VERSION, App, utc_now
from aggregator.daemon.lock import died, holder
from aggregator.digest import due, mail
from aggregator.errors import AggregatorError
from aggregator.model import FetchRequest
from aggregator.parse.worker import NEEDS, hindrance
from aggregator.settings import Settings

PATIENCE = 5.0  # seconds for each name
HOSTS = 8  # names to look up
SKEW = timedelta(minutes=2)
NAMED = 5  # failing feeds


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` is empty when all is well."""

    about: str
    verdict: Verdict
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Hole:
    """A known hole, and the versions it is closed in: one for each line, the last for that line and all after."""

    closed_in: tuple[tuple[int, ...], ...]
    what: str


PYTHON = Hole(((3, 11, 10), (3, 12, 5), (3, 13, 0)), "CVE-2024-6923: mail headers can be forged")
EXPAT = Hole(((2, 7, 0),), "CVE-2024-8176: a document of nested entities ends the worker that reads it")
SQLITE = Hole(((3, 44, 6), (3, 50, 7), (3, 51, 3)), "WAL-reset bug: two processes may rarely damage the database")


def examine(load: Callable[[], Settings]) -> Iterator[Finding]:
    """Everything, in an order in which a first fault explains the later ones. Stores nothing, sends nothing."""
    yield from _versions()
    try:
        settings = load()
    except AggregatorError as error:
        yield Finding("configuration", Verdict.ERROR, str(error), "mend that line; everything else waits for it")
        return
    yield Finding("configuration", Verdict.OK, f"{len(settings.feeds)} feeds, digests: {len(settings.issues())}")
    yield from _permissions(settings)
    yield _workers()
    yield _lock(settings)
    yield _room(settings)
    yield from _names(settings)
    yield from _memory(settings)
    yield from _clock(settings)
    yield from _mail(settings)


def _ok(about: str, detail: str) -> Finding:
    return Finding(about, Verdict.OK, detail)


# ---------------------------------------------------------------- the machine


def _versions() -> Iterator[Finding]:
    expat = pyexpat.EXPAT_VERSION.removeprefix("expat_")
    yield _version("Python", platform.python_version(), PYTHON, "install the newest release of its line")
    yield _version("SQLite", SQLITE_VERSION, SQLITE, "upgrade the system's libsqlite3, or a Python that brings a newer")
    yield _version("expat", expat, EXPAT, "upgrade the system's libexpat; until then only that document is lost")


def _version(name: str, version: str, hole: Hole, remedy: str) -> Finding:
    if open_in(version, hole):
        return Finding(name, Verdict.WARNING, f"{version} has a known hole ({hole.what})", remedy)
    return _ok(name, version)


def open_in(version: str, hole: Hole) -> bool:
    """Whether that version still has it. A line of versions is what shares the first two numbers."""
    mine = tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split("."))
    own_line = [closed for closed in hole.closed_in if closed[:2] == mine[:2]]
    return mine < (own_line[0] if own_line else hole.closed_in[-1])


def _permissions(settings: Settings) -> Iterator[Finding]:
    wanted = {"database": settings.database}
    if settings.keep.backup:
        wanted["backup"] = settings.keep.backup
    for name, path in wanted.items():
        folder = path.absolute().parent
        blocked = path if path.exists() and not os.access(path, os.W_OK) else folder
        if os.access(blocked, os.W_OK):
            yield _ok(f"{name} rights", f"{folder} can be written")
        else:
            who = f"user {os.geteuid()}"
            remedy = f"`chown` it to who runs aggregator ({who}), or name another place in feeds.yaml"
            yield Finding(f"{name} rights", Verdict.ERROR, f"{blocked} cannot be written by {who}", remedy)


def _workers() -> Finding:
    if error := hindrance():
        return Finding("workers", Verdict.ERROR, f"cannot be started: {error}", f"give them {NEEDS}")
    return _ok("workers", "can be started")


def _lock(settings: Settings) -> Finding:
    if running := holder(settings.database):
        return _ok("daemon", f"`aggregator {running.command}` runs, pid {running.pid}")
    if dead := died(settings.database):
        detail = f"`aggregator {dead.command}` (pid {dead.pid}) ended without a word"
        return Finding("daemon", Verdict.WARNING, detail, "see the end of its log, and `dmesg` for the OOM killer")
    return _ok("daemon", "none runs")


def _room(settings: Settings) -> Finding:
    try:
        room = status.room(settings)
    except OSError as error:
        return Finding("disk", Verdict.ERROR, f"{settings.database}: {error.strerror}", "make the folder")
    remedy = "free some space, or lower poll.reserve_mb: until then polling rests"
    return _ok("disk", str(room)) if room.enough else Finding("disk", Verdict.ERROR, str(room), remedy)


# ---------------------------------------------------------------- the network


def _names(settings: Settings) -> Iterator[Finding]:
    hosts = list(dict.fromkeys(urlsplit(feed.url).hostname or "" for feed in settings.feeds if feed.enabled))[:HOSTS]
    if not hosts:
        yield Finding("DNS", Verdict.WARNING, "no feed to look up", "`aggregator feeds add SITE`")
        return
    failed = {host: why for host, answer in [(host, _looked_up(host)) for host in hosts] if (why := _heard(answer))}
    if not failed:
        yield _ok("DNS", f"{len(hosts)} names answer")
        return
    verdict = Verdict.ERROR if len(failed) == len(hosts) else Verdict.WARNING
    detail = "; ".join(f"{host}: {why}" for host, why in failed.items())
    yield Finding("DNS", verdict, detail, "see /etc/resolv.conf and the network; one name alone: its feed")


def _looked_up(host: str) -> "SimpleQueue[str]":
    """Will say what went wrong. In a thread nobody waits for: a resolver may take half a minute."""
    answer: SimpleQueue[str] = SimpleQueue()

    def look_up() -> None:
        try:
            socket.getaddrinfo(host, 443)
        except (OSError, UnicodeError) as error:
            answer.put(str(error))
        else:
            answer.put("")

    Thread(target=look_up, daemon=True).start()
    return answer


def _heard(answer: "SimpleQueue[str]") -> str:
    try:
        return answer.get(timeout=PATIENCE)
    except Empty:
        return "no answer"


def _clock(settings: Settings) -> Iterator[Finding]:
    """Against the Date header of the first feed that answers; asked once, nothing stored."""
    with App(replace(settings, database=Path(":memory:"))) as app, suppress(AggregatorError):
        wanted = [feed for feed in settings.subscriptions() if feed.enabled][:3]
        with app.fetch as fetch:
            answers = [fetched for _, fetched in fetch([FetchRequest(feed) for feed in wanted])]
        for fetched in answers:
            if said := _date(fetched.headers):
                yield _skew(abs(fetched.at - said), urlsplit(fetched.url).hostname or "")
                return
    yield Finding("clock", Verdict.WARNING, "no feed answered that could be compared with", "see DNS and failing feeds")


def _date(headers: Mapping[str, str]) -> datetime | None:
    with suppress(KeyError, ValueError, TypeError):
        said = parsedate_to_datetime(headers["date"])
        return said if said.tzinfo else None
    return None


def _skew(skew: timedelta, host: str) -> Finding:
    if skew <= SKEW:
        return _ok("clock", f"within {skew.total_seconds():.0f} s of {host}")
    detail = f"{skew.total_seconds():,.0f} s away from {host}'s"
    return Finding("clock", Verdict.WARNING, detail, "switch time synchronisation on: `timedatectl set-ntp true`")


# ---------------------------------------------------------------- the memory and the mail


def _memory(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        yield Finding("database", Verdict.WARNING, f"no {settings.database} yet", "`aggregator poll` makes it")
        return
    with ExitStack() as opened:
        try:
            app = opened.enter_context(App(settings, read_only=True))
            app.store.probe()
            seen = status.look(app)
        except AggregatorError as error:
            yield Finding("database", Verdict.ERROR, str(error), "what the message says")
            return
        yield _ok("database", f"sound, {seen.health.bytes / 1e6:,.1f} MB, entries: {seen.health.entries:,}")
        yield from _feeds(app)
        for row in due.alarms(app.store.digests(limit=status.RECENT)):
            detail = f"the mail of {row.local_date} to {row.recipient} was given up: {row.last_answer}"
            yield Finding(
                "digest", Verdict.ERROR, detail, f"`aggregator mail check`, `aggregator digest retry {row.id}`"
            )
        if seen.queue_age > status.LATE and not seen.running:
            detail = "feeds are due and nobody polls"
            yield Finding("polling", Verdict.WARNING, detail, "start `aggregator run`, or `aggregator poll` from cron")


def _feeds(app: App) -> Iterator[Finding]:
    states = [(feed, state) for feed, state in app.store.feeds() if feed.enabled]
    failing = [(feed, state) for feed, state in states if state.status != "active"]
    if not failing:
        yield _ok("feeds", f"all {len(states)} well")
    for feed, state in failing[:NAMED]:
        why = state.error or str(state.status)
        remedy = f"open {feed.url} in a browser; `aggregator feeds check` asks again, `feeds remove` ends it"
        yield Finding("feed", Verdict.WARNING, f"{feed.title}: {state.status}: {why}", remedy)
    if len(failing) > NAMED:
        more = f"{len(failing) - NAMED} more"
        yield Finding("feed", Verdict.WARNING, more, "`aggregator feeds list --failing` lists them")


def _mail(settings: Settings) -> Iterator[Finding]:
    if not any(issue.to for issue in settings.issues()):
        yield _ok("mail", "no recipients, nothing to send")
        return
    for step in mail.check(settings.smtp, os.environ, to="", now=utc_now()):
        verdict = Verdict.OK if step.ok else Verdict.ERROR
        remedy = "" if step.ok else "see `smtp:` in feeds.yaml; `aggregator mail check --to ADDRESS` tries a whole mail"
        yield Finding(f"mail {step.name}", verdict, step.detail, remedy)
