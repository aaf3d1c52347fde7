"""What the daemon did, and how the memory stands → the text that Prometheus reads. The only prometheus_client."""

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from aggregator import __version__, status
from aggregator.app import App
from aggregator.model import Digest
from aggregator.pipeline import Polled
from aggregator.settings import Settings

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # of one poll
ROUND_SECONDS = (0.1, 0.5, 1, 5, 10, 30, 60, 120, 300)


class Meter:
    """Counts since the start, in memory. Called from the job thread, read from others."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        to: Any = {"namespace": "aggregator", "registry": self._registry}
        self._polls = Counter("polls", "Polls of one feed, by outcome", ["outcome"], **to)
        self._poll_seconds = Histogram("poll_seconds", "From the request to the whole answer", buckets=SECONDS, **to)
        self._poll_bytes = Counter("poll_bytes", "Received from feeds, as on the wire", **to)
        self._rounds = Histogram("round_seconds", "A round of polling", buckets=ROUND_SECONDS, **to)
        self._new = Counter("entries_new", "Entries never seen before", **to)
        self._revised = Counter("entries_revised", "Entries whose text changed", **to)
        self._kills = Counter("worker_kills", "Parser workers that a document killed or held too long", **to)
        self._attempts = Counter("digest_attempts", "Mails touched, by the state they came to", ["state"], **to)
        self._failures = Counter("job_failures", "Jobs that failed as a whole", ["job"], **to)
        self._paused = Gauge("polling_paused", "1 while polling rests because the disk is nearly full", **to)
        for job in ("poll", "digest", "tidy"):
            self._failures.labels(job)

    def polled(self, one: Polled) -> None:
        self._polls.labels(str(one.fetched.outcome)).inc()
        self._poll_seconds.observe(one.fetched.seconds)
        self._poll_bytes.inc(one.fetched.wire_bytes)
        self._new.inc(one.new)
        self._revised.inc(one.revised)
        self._kills.inc(one.killed)

    def round(self, seconds: float) -> None:
        self._rounds.observe(seconds)

    def digest(self, row: Digest) -> None:
        self._attempts.labels(str(row.state)).inc()

    def job_failed(self, job: str) -> None:
        self._failures.labels(job).inc()

    def paused(self, full: bool) -> None:
        self._paused.set(full)

    def page(self, settings: Settings) -> Callable[[], bytes]:
        """The whole page, anew at every call. Raises AggregatorError when the database cannot be read."""

        def page() -> bytes:
            with App(settings, read_only=True) as app:
                standing = CollectorRegistry()
                standing.register(_Standing(status.look(app)))
            return generate_latest(self._registry) + generate_latest(standing)

        return page


class _Standing(Collector):
    """One look at the memory as gauges."""

    def __init__(self, seen: status.Status) -> None:
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily | InfoMetricFamily]:
        seen, health = self._seen, self._seen.health
        yield InfoMetricFamily("aggregator_build", "The program", {"version": __version__})
        feeds = GaugeMetricFamily("aggregator_feeds", "Subscriptions, by status", labels=["status"])
        for name, number in health.feeds.items():
            feeds.add_metric([name], number)
        yield feeds
        yield _gauge("last_poll_timestamp_seconds", "The last request to any feed",
                     health.last_poll.timestamp() if health.last_poll else 0)  # fmt: skip
        yield _gauge("queue_age_seconds", "How long the longest due feed has been due", seen.queue_age.total_seconds())
        yield _gauge("entries", "Stored", health.entries)
        yield _gauge("copies", "Stored entries that repeat another's text", health.copies)
        yield _gauge("stories", "Stored", health.stories)
        yield _gauge("entries_today", "Entries since midnight", seen.entries_today)
        pending, alarms = sum(one.pending for one in seen.digests), sum(one.alarms for one in seen.digests)
        yield _gauge("digests_pending", "Mails waiting for an attempt", pending)
        yield _gauge("digests_alarms", "Mails given up and covered by no later one", alarms)
        yield _gauge("database_bytes", "The database file", health.bytes)
        yield _gauge("wal_bytes", "Its write-ahead log", health.wal_bytes)
        yield _gauge("disk_free_bytes", "Left on its disk", seen.room.free)
        yield _gauge("disk_reserve_bytes", "Below which polling rests", seen.room.reserve)
        yield _gauge("warnings", "Lines under `aggregator status`", len(seen.warnings))


def _gauge(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aggregator_{name}", said, value=value)
