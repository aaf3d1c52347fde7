"""The composition root: where settings, the clock, the network and the storage meet. Nobody else imports storage.

What polling needs (numpy, aiohttp, feedparser …) is imported when it is first used: commands that only read are quick.
"""

import os
import random
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aggregator import __version__, config, retention
from aggregator.errors import CorruptError, UsageError
from aggregator.model import Digest, Feed, FetchRequest
from aggregator.ports import Library
from aggregator.settings import Settings
from storage import open_store, sqlite_version

if TYPE_CHECKING:
    from aggregator import pipeline
    from aggregator.digest.outbox import Outbox
    from aggregator.fetch.client import HttpFetch
    from aggregator.parse.pool import Workers
    from aggregator.refine import Job, Refined

SQLITE_VERSION = sqlite_version
LEASE = timedelta(minutes=30)
LONGEST_REST = timedelta(days=7)  # that a server may ask for
TAKE = 20_000  # feeds a round at the most
RESKETCHED = 50  # slices in a row: half a minute
PAGES = timedelta(minutes=2)  # for article pages; entries whose page had no turn by then keep their excerpt


def utc_now() -> datetime:
    return datetime.now(UTC)


class App(AbstractContextManager["App"]):
    """One opened application. Use as a context manager; everything heavy is opened when first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        subscribe: bool = True,
        now: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings, self.read_only, self.now, self.jitter = settings, read_only, now, jitter
        self._subscribe = subscribe  # else the database must be there, and its subscriptions stay as they are
        self._open = ExitStack()
        self._merged = 0  # during a round

    def __enter__(self) -> Self:
        copy = self.settings.keep.migration_copy
        store = open_store(
            self.settings.database, read_only=self.read_only, make=self._subscribe, backup_before_migration=copy
        )
        self.store = self._open.enter_context(store)
        if not self.read_only:
            self.store.release_dead()
        if self._subscribe and not self.read_only:
            self.store.sync_feeds(self.settings.subscriptions(), now=self.now())
        return self

    def resubscribe(self, settings: Settings) -> None:
        """Go on with a changed feeds.yaml; `database` is the same."""
        self.settings = settings
        self.store.sync_feeds(settings.subscriptions(), now=self.now())

    @property
    def library(self) -> Library:
        return self.store

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # ------------------------------------------------------------ polling

    @cached_property
    def workers(self) -> "Workers[Job, Refined]":
        from aggregator.parse.pool import Workers
        from aggregator.refine import refine

        poll = self.settings.poll
        return self._open.enter_context(
            Workers(
                refine,
                processes=poll.workers,
                seconds=poll.parse_timeout.total_seconds(),
                memory_mb=poll.parse_memory_mb,
                preload="aggregator.warmed",
            )
        )

    @cached_property
    def fetch(self) -> "HttpFetch":
        from aggregator.fetch.client import HttpFetch

        poll, hosts = self.settings.poll, self.settings.hosts
        return self._open.enter_context(HttpFetch(poll, hosts, version=__version__, now=self.now, environ=os.environ))

    def resolve(self, names: Sequence[str]) -> list[str]:
        return resolve(self.settings.subscriptions(), names)

    def lease(
        self,
        *,
        urls: Collection[str] | None = None,
        force: bool = False,
        refetch: bool = False,
        limit: int = TAKE,
        per_host: int | None = None,
    ) -> list[FetchRequest]:
        now = self.now()
        self.store.heed_clock(now, longest=max(self.settings.poll.slowest, LONGEST_REST))
        requests = self.store.lease_due(now, until=now + LEASE, limit=limit, per_host=per_host, urls=urls, force=force)
        return [replace(request, unconditional=True) for request in requests] if refetch else requests

    def poll(
        self, requests: Sequence[FetchRequest], *, deadline: timedelta | None = None
    ) -> "Generator[pipeline.Polled]":
        """Ask these feeds; yields each as soon as it is stored.

        Feeds not reached when it is closed stay due, and so do those whose host's turn comes after the deadline.
        """
        from aggregator import pipeline

        left = {request.feed.id for request in requests}
        fetch = partial(self.fetch, deadline=deadline.total_seconds() if deadline else None)
        pages = partial(self.fetch.pages, deadline=PAGES.total_seconds())
        a_round = pipeline.Round(
            self.store, fetch, pages, self.workers, self.settings, self.now, self.jitter, self.grown
        )
        polled = a_round.poll(requests)
        try:
            for one in polled:
                left.discard(one.feed.id)
                if self.grown.entries >= pipeline.MEND_AFTER:
                    self._merged = self.mend()
                yield one
        finally:
            polled.close()
            self.store.release(left)

    def mend(self) -> int:
        """Join the young stories that turned out to be one; how many, those joined during the round included."""
        from aggregator import pipeline

        merged = self._merged + pipeline.mend(self.store, self.grown, now=self.now(), settings=self.settings.cluster)
        self._merged = 0
        self.grown.clear()
        return merged

    @cached_property
    def grown(self) -> "pipeline.Grown":
        """What polling has added since the last mending, of a former process too that did not come to it."""
        from aggregator import pipeline

        return pipeline.unmended(self.store, now=self.now(), settings=self.settings.cluster)

    def interrupt(self) -> None:
        """End a running round early; may be called from another thread. What was not reached stays due."""
        if "fetch" in self.__dict__:
            self.fetch.close()

    # ------------------------------------------------------------ keeping

    def retention(self) -> list[retention.Rule]:
        """What `keep:` in feeds.yaml means today."""
        own = {feed.url: feed.keep for feed in self.settings.feeds if feed.keep}
        return retention.rules(self.settings.keep, self.store.all_feeds(), own, now=self.now())

    def prune(self) -> Iterator[int]:
        """Remove what is too old, a slice at a time; yields how many went with each."""
        for rule in self.retention():
            ids = list(rule.feed_ids)
            while gone := self.store.prune(before=rule.before, told_before=rule.told_before, feed_ids=ids):
                yield gone

    def resketch(self) -> Iterator[int]:
        """Sketch anew some of what a former version has sketched otherwise; yields how many entries with each slice."""
        from aggregator import reclustering

        return islice(reclustering.resketch(self.store, self.settings.cluster, now=self.now()), RESKETCHED)

    def tidy(self) -> Iterator[None]:
        """The nightly round, if it is due: retention, maintenance, backup. Yields between slices: may be left there.

        What was left, and what failed, is done again at the next call.
        """
        if not retention.night_due(self.store.last_night(), self.now().astimezone()):
            return
        for _ in self.prune():
            yield
        self.store.maintenance(self.now(), window=self.settings.cluster.window)
        yield
        keep = self.settings.keep
        if keep.backup:
            self.store.backup(keep.backup, keep=keep.backups)
        self.store.record_night(self.now())

    # ------------------------------------------------------------ digests

    @property
    def outbox(self) -> "Outbox":
        from aggregator.digest.mail import way_out
        from aggregator.digest.outbox import Outbox

        return Outbox(self.store, self.store, way_out(self.settings.smtp, os.environ), self.settings.smtp, self.now)

    def digests(self) -> Iterator[Digest]:
        """Make and send what is due; yields every mail touched, as it then stands."""
        return self.outbox.work(self.settings.issues())

    def require_mail(self) -> None:
        """Raise ConfigError when a digest has recipients and its mail could not leave."""
        from aggregator.digest import mail

        if any(issue.to for issue in self.settings.issues()):
            mail.require(self.settings.smtp, os.environ)

    # ------------------------------------------------------------ articles

    def ingest(self, file: Path) -> "IngestCount":
        """Articles from elsewhere, as if a feed had brought them. Raises CorruptError naming the line."""
        from aggregator import filing
        from aggregator.parse import articles

        fates = {"new": 0, "revised": 0, "known": 0}
        read = articles.read(file)
        for one in filing.ingest(read, self.store, settings=self.settings.cluster, now=self.now()):
            fates[one.fate] += 1
        return IngestCount(**fates)


@dataclass(frozen=True, slots=True)
class IngestCount:
    new: int
    revised: int
    known: int


def resolve(feeds: Sequence[Feed], names: Sequence[str]) -> list[str]:
    """URLs or titles → the URLs of subscribed feeds. Raises UsageError for a name that fits none."""
    found = []
    for name in names:
        urls = [feed.url for feed in feeds if name in (feed.url, feed.title)]
        if not urls:
            raise UsageError(f"no feed {name!r} among {len(feeds)} subscriptions: `aggregator feeds list` shows them")
        found += urls
    return found


def write_starter(target: Path, *, opml_file: Path | None = None) -> int:
    """Write a feeds.yaml to begin with, with the feeds of an OPML file if one is given; returns how many feeds."""
    from aggregator.parse import opml

    feeds = opml.read(opml_file.read_bytes()) if opml_file else []
    if opml_file and not feeds:
        raise CorruptError(f"{opml_file}: no feeds in it")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(config.starter(feeds), encoding="utf-8")
    return len(config.load(target).feeds)
