"""The order of things, top to bottom. Takes the outside as arguments and decides nothing itself.

due feeds ─► fetch ∥ ─► refine ∥ (parse, clean, sketch: in killable workers) ─► settle (one transaction a feed)
settle: known? ─► candidates ─► place ─► absorb ─► store      then, once a round: mend
"""

import itertools
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from aggregator import cluster, text
from aggregator import parse as parsing
from aggregator.fetch import cadence
from aggregator.fetch.traffic import budget
from aggregator.model import (
    Document,
    Entry,
    Feed,
    FeedEvent,
    FeedState,
    Fetched,
    FetchRequest,
    Frequencies,
    Outcome,
    Placed,
    Sketch,
    WorkerFailure,
)
from aggregator.parse.articles import Article
from aggregator.parse.pool import Workers
from aggregator.ports import Fetch, Store
from aggregator.settings import ClusterSettings, HostSettings, Settings

MAX_CANDIDATES = 200
MEND_EVERY = timedelta(hours=1)  # of the entries' own time, while ingesting


# ---------------------------------------------------------------- in the workers: bytes → entries with sketches


@dataclass(frozen=True, slots=True)
class Job:
    """One received document on its way into a worker."""

    request: FetchRequest
    fetched: Fetched
    seed: int
    settings: ClusterSettings


@dataclass(frozen=True, slots=True)
class Refined:
    """What comes back: compact, ready to place."""

    document: Document  # without its items
    entries: tuple[tuple[Entry, Sketch], ...]


@lru_cache(maxsize=4)
def _sketcher(seed: int, settings: ClusterSettings) -> cluster.Sketcher:
    return cluster.Sketcher(seed, settings)


def refine(job: Job) -> Refined:
    """Parse, clean and sketch one document. Pure; runs in a worker. Raises DocumentError."""
    document = parsing.feed(job.fetched, known=frozenset(job.request.state.item_hashes))
    sketcher = _sketcher(job.seed, job.settings)
    entries = text.entries(document, final_url=job.fetched.final_url, feed=job.request.feed, now=job.fetched.at)
    return Refined(replace(document, items=()), tuple((entry, sketcher.sketch(entry)) for entry in entries))


# ---------------------------------------------------------------- one round of polling


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one feed came to."""

    feed: Feed
    fetched: Fetched
    state: FeedState
    new: int = 0
    revised: int = 0
    events: tuple[FeedEvent, ...] = ()
    malformed: str = ""  # what was wrong with a document that could be read all the same
    killed: bool = False  # its document ended the worker that read it, or was taken from it


@dataclass(frozen=True, slots=True)
class Round:
    """Everything one round of polling needs besides the requests."""

    store: Store
    fetch: Fetch
    workers: Workers[Job, Refined]
    settings: Settings
    now: Callable[[], datetime]
    jitter: Callable[[], float]

    def poll(self, requests: Iterable[FetchRequest]) -> Generator[Polled]:
        """Ask, refine and settle; yields each feed as soon as it is stored. Closing the iterator ends the round."""
        seed = self.store.installation_seed()
        jobs = (Job(request, fetched, seed, self.settings.cluster) for request, fetched in self.fetch(requests))
        for job, result in self.workers.run(jobs, skip=_has_no_body):
            yield self._settle(job, result)

    def _settle(self, job: Job, result: Refined | WorkerFailure | None) -> Polled:
        """One feed, one transaction."""
        feed, fetched = job.request.feed, job.fetched
        if fetched.outcome is Outcome.POSTPONED:
            self.store.release([feed.id])
            return Polled(feed, fetched, job.request.state)
        refined = result if isinstance(result, Refined) else None
        with self.store.transaction():
            new, revised = self._store_entries(feed, refined, seen=fetched.at) if refined else (0, 0)
            decision = cadence.decide(
                feed,
                job.request.state,
                fetched,
                failure=result if isinstance(result, WorkerFailure) else None,
                hints=refined.document.hints if refined else None,
                published=[entry.published for entry, _ in refined.entries if entry.published] if refined else [],
                new=new,
                now=self.now(),
                settings=self.settings.poll,
                jitter=self.jitter(),
                host=self.settings.hosts.get(
                    budget(urlsplit(feed.url).hostname or "", self.settings.hosts), HostSettings()
                ),
            )
            state = decision.state
            if refined:
                state = replace(state, item_hashes=refined.document.item_hashes)
            if decision.block:
                self.store.block_host(decision.block)
            self.store.save_poll(
                feed.id,
                state,
                fetched,
                document=refined.document if refined else None,
                new=new,
                revised=revised,
                events=decision.events,
            )
        killed = isinstance(result, WorkerFailure) and result.killed
        malformed = refined.document.malformed if refined else ""
        return Polled(feed, fetched, state, new, revised, decision.events, malformed, killed)

    def _store_entries(self, feed: Feed, refined: Refined, *, seen: datetime) -> tuple[int, int]:
        """Oldest first, so that the original of a copy is there before its copies."""
        known = self.store.known(feed.id, [entry.guid for entry, _ in refined.entries])
        new = revised = 0
        for entry, sketch in sorted(refined.entries, key=lambda pair: pair[0].published or seen):
            before = known.get(entry.guid)
            if before is None:
                place(self.store, feed.id, entry, sketch, seen=seen, settings=self.settings.cluster)
                new += 1
            elif before.fingerprint != entry.fingerprint:
                self.store.revise_entry(before.entry_id, entry, seen=seen)
                revised += 1
        return new, revised


def _has_no_body(job: Job) -> bool:
    return job.fetched.outcome is not Outcome.CHANGED


# ---------------------------------------------------------------- placing and mending


def place(
    store: Store, feed_id: int, entry: Entry, sketch: Sketch, *, seen: datetime, settings: ClusterSettings
) -> Placed:
    """Find the story of one new entry and store both. Inside the caller's transaction."""
    store.count_terms([sketch.terms], at=seen)
    candidates = store.candidates(sketch, since=seen - settings.window, limit=MAX_CANDIDATES)
    profiles = {profile.story_id: profile for profile in store.profiles({c.story_id for c in candidates})}
    frequencies = store.frequencies(sketch.terms, at=seen)
    corrections = store.corrections([candidate.entry_id for candidate in candidates])
    placement = cluster.place(
        entry,
        sketch,
        candidates,
        profiles,
        frequencies,
        feed_id=feed_id,
        seen=seen,
        settings=settings,
        corrections=corrections,
    )
    joined = profiles.get(placement.story_id) if placement.story_id else None
    profile = cluster.absorb(joined.profile if joined else None, sketch)
    return store.add_entry(feed_id, entry, sketch, placement, profile=profile, seen=seen)


def mend(store: Store, *, now: datetime, settings: ClusterSettings) -> int:
    """Join the young stories that turned out to be one; returns how many were joined. One transaction."""
    with store.transaction():
        young = store.young_profiles(since=now - settings.young)
        by_id = {profile.story_id: profile.profile for profile in young}

        def frequencies(terms: Collection[str]) -> Frequencies:
            return store.frequencies(terms, at=now)

        merges = cluster.mend(young, frequencies, settings=settings)
        for merge in merges:
            by_id[merge.into] = cluster.combine(by_id[merge.into], by_id[merge.gone])
            store.merge_stories(merge, profile=by_id[merge.into], at=now)
    return len(merges)


# ---------------------------------------------------------------- articles from elsewhere


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one article."""

    article: Article
    entry_id: int
    fate: str  # new, revised, known


BATCH = 100  # articles a transaction


def ingest(
    articles: Iterable[Article], store: Store, *, settings: ClusterSettings, now: datetime
) -> Iterator[Ingested]:
    """File articles in the order given; their own dates are the clock (undated ones: the last date before them).

    One source is one outlet, stored as a feed that is never polled. Stories are mended as the clock goes on.
    """
    sketcher = _sketcher(store.installation_seed(), settings)
    clock: datetime | None = None
    mended = now
    source = iter(articles)
    while batch := list(itertools.islice(source, BATCH)):
        done = []
        with store.transaction():
            for article in batch:
                moment = article.item.published or clock or now
                mended = mended if clock else moment
                clock = moment
                done.append(_file(article, store, sketcher, clock, settings))
        yield from done
        if clock and clock - mended >= MEND_EVERY:
            mend(store, now=clock, settings=settings)
            mended = clock
    if clock:
        mend(store, now=clock, settings=settings)


def _file(
    article: Article, store: Store, sketcher: cluster.Sketcher, seen: datetime, settings: ClusterSettings
) -> Ingested:
    address = article.feed or f"ingest:{article.source}"
    feed_id = store.add_feed(Feed(url=address, title=article.source), now=seen)
    entry = clean_article(article, now=seen)
    known = store.known(feed_id, [entry.guid]).get(entry.guid)
    if known is None:
        placed = place(store, feed_id, entry, sketcher.sketch(entry), seen=seen, settings=settings)
        return Ingested(article, placed.entry_id, "new")
    if known.fingerprint == entry.fingerprint:
        return Ingested(article, known.entry_id, "known")
    store.revise_entry(known.entry_id, entry, seen=seen)
    return Ingested(article, known.entry_id, "revised")


def warm(articles: Iterable[Article], store: Store, *, settings: ClusterSettings, now: datetime) -> None:
    """Count the words of these articles, and nothing else."""
    sketcher = _sketcher(store.installation_seed(), settings)
    with store.transaction():
        for article in articles:
            at = article.item.published or now
            store.count_terms([sketcher.sketch(clean_article(article, now=at)).terms], at=at)


def clean_article(article: Article, *, now: datetime) -> Entry:
    item = article.item
    if item.plain:
        return text.restored(item, publisher=article.publisher)
    return text.clean(item, base_url=item.link, feed_lang=item.lang, publisher=article.publisher, now=now)
