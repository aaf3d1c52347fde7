"""The order of things, top to bottom. Takes the outside as arguments and decides nothing itself.

due feeds ─► fetch ∥ ─► refine ∥ (parse, clean, sketch: in killable workers) ─► settle (in slices; the last remembers)
                            └─ full text wanted? ─► new entries' pages ∥ ─► refine ∥ ─┘
settle: known? ─► candidates ─► place ─► absorb ─► store      then, once a round or a thousand entries: mend
"""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator import cluster, fulltext
from aggregator.fetch import cadence
from aggregator.fetch.traffic import budget
from aggregator.fulltext import Read
from aggregator.model import (
    Correction,
    Entry,
    Feed,
    FeedEvent,
    FeedState,
    Fetched,
    FetchRequest,
    Outcome,
    Placed,
    Placement,
    Sketch,
    StoryProfile,
    WorkerFailure,
)
from aggregator.parse.pool import Workers
from aggregator.ports import Fetch, FetchPages, Memory, Store
from aggregator.refine import Job, Refined, compared, sketcher
from aggregator.settings import ClusterSettings, HostSettings, Settings

MAX_CANDIDATES = 50  # entries looked at as copies
NEAR_STORIES = 20  # looked at as the same event: 15 and all of them place five real days equally well
TOGETHER = 100  # feeds whose pages are fetched at once
SLICE = 50  # entries a transaction: half a second; others want to write too
MEND_AFTER = 1000  # entries: some thousands of stories to look at, however many there are


@dataclass
class Grown:
    """What is to be mended: stories that took in entries, and those that were near these entries."""

    stories: set[int] = field(default_factory=set)
    near: set[int] = field(default_factory=set)
    entries: int = 0

    def add(self, story_id: int, near: Iterable[int]) -> None:
        self.stories.add(story_id)
        self.near.update(near)
        self.entries += 1

    def clear(self) -> None:
        self.stories.clear()
        self.near.clear()
        self.entries = 0


# ---------------------------------------------------------------- one round of polling


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one feed came to."""

    feed: Feed
    fetched: Fetched
    state: FeedState
    new: int = 0
    revised: int = 0
    pages: int = 0  # article pages asked for
    fulltexts: int = 0  # … that gave a full text
    events: tuple[FeedEvent, ...] = ()
    malformed: str = ""  # what was wrong with a document that could be read all the same
    killed: bool = False  # its document ended the worker that read it, or was taken from it


@dataclass(frozen=True, slots=True)
class Round:
    """Everything one round of polling needs besides the requests."""

    store: Store
    fetch: Fetch
    pages: FetchPages
    workers: Workers[Job, Refined]
    settings: Settings
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    grown: Grown  # noted here

    def poll(self, requests: Sequence[FetchRequest]) -> Generator[Polled]:
        """Ask, refine and settle; yields each feed as soon as it is stored. Closing the iterator ends the round."""
        seed = self.store.installation_seed()
        jobs = (Job(request, fetched, seed, self.settings.cluster) for request, fetched in self.fetch(requests))
        waiting: list[tuple[Job, Refined]] = []
        left = len(requests)
        for job, result in self.workers.run(jobs, skip=_has_no_body):
            left -= 1
            if job.request.feed.fulltext and isinstance(result, Refined):
                waiting.append((job, result))
            else:
                yield self._settle(job, result)
            if waiting and (not left or len(waiting) == TOGETHER):  # after an interruption some are left: no pages then
                for whole in fulltext.completed(waiting, self.store, self.pages, self.workers):
                    yield self._settle(*whole)
                waiting = []

    def _settle(self, job: Job, result: Refined | WorkerFailure | None, read: Read = Read()) -> Polled:  # noqa: B008 – frozen
        """One feed: its entries in slices, and with the last of them what is remembered of the poll."""
        feed, fetched, hosts = job.request.feed, job.fetched, self.settings.hosts
        if fetched.outcome is Outcome.POSTPONED:
            self.store.release([feed.id])
            return Polled(feed, fetched, job.request.state)
        refined = result if isinstance(result, Refined) else None
        # oldest first, so that the original of a copy is there before its copies
        entries = sorted(refined.entries if refined else (), key=lambda pair: pair[0].published or fetched.at)
        *starts, last = range(0, len(entries) or 1, SLICE)
        counts = Counter[str]()
        for start in starts:
            with self.store.transaction():
                counts += self._store_entries(feed, entries[start : start + SLICE], seen=fetched.at)
        with self.store.transaction():
            counts += self._store_entries(feed, entries[last:], seen=fetched.at)
            new, revised = counts["new"], counts["revised"]
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
                host=hosts.get(budget(urlsplit(feed.url).hostname or "", hosts), HostSettings()),
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
                pages=read.pages,
                fulltexts=read.fulltexts,
                events=decision.events,
            )
        killed = isinstance(result, WorkerFailure) and result.killed
        malformed = refined.document.malformed if refined else ""
        return Polled(feed, fetched, state, new, revised, *read, decision.events, malformed, killed)

    def _store_entries(self, feed: Feed, entries: Sequence[tuple[Entry, Sketch]], *, seen: datetime) -> Counter[str]:
        known = self.store.known(feed.id, [entry.guid for entry, _ in entries]) if entries else {}
        counts = Counter[str]()
        for entry, sketch in entries:
            before = known.get(entry.guid)
            if before is None:
                place(self.store, feed.id, entry, sketch, seen=seen, settings=self.settings.cluster, grown=self.grown)
                counts["new"] += 1
            elif before.fingerprint != entry.fingerprint:
                self.store.revise_entry(before.entry_id, entry, seen=seen)
                counts["revised"] += 1
        return counts


def _has_no_body(job: Job) -> bool:
    return job.fetched.outcome is not Outcome.CHANGED


# ---------------------------------------------------------------- placing and mending


def place(
    store: Store, feed_id: int, entry: Entry, sketch: Sketch, *, seen: datetime, settings: ClusterSettings, grown: Grown
) -> Placed:
    """Find the story of one new entry and store both. Inside the caller's transaction."""
    store.count_terms([sketch.terms], at=seen)
    placement, profile, near = decide(store, feed_id, entry, sketch, seen=seen, settings=settings)
    placed = store.add_entry(feed_id, entry, sketch, placement, profile=profile, seen=seen)
    grown.add(placed.story_id, near)
    return placed


def decide(
    memory: Memory,
    feed_id: int,
    entry: Entry,
    sketch: Sketch,
    *,
    seen: datetime,
    settings: ClusterSettings,
    entry_id: int = 0,
) -> tuple[Placement, bytes, list[int]]:
    """Where an entry belongs, what its story looks like with it, and the stories near it.

    `entry_id` of one that is placed again.
    """
    since = seen - settings.window
    candidates = memory.candidates(sketch, since=since, limit=MAX_CANDIDATES)
    near = memory.stories_near(sketch, since=since, limit=NEAR_STORIES)
    corrections = memory.corrections([entry_id]) if entry_id else []
    standing = memory.stories_of(_named(corrections))
    profiles = {profile.story_id: profile for profile in memory.profiles({*near, *standing.values()})}
    frequencies = memory.frequencies(sketch.terms, at=seen)
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
        entry_id=entry_id,
        standing=standing,
    )
    joined = _profile(memory, profiles, placement.story_id) if placement.story_id else None
    former = joined.profile if joined and joined.recipe == sketch.recipe else None  # recipes are never mixed
    return placement, cluster.absorb(former, sketch, frequencies, feed_id=feed_id), near


def _profile(memory: Memory, read: Mapping[int, StoryProfile], story_id: int) -> StoryProfile | None:
    """Of a story that need not be among those read: that of a copy's original."""
    return read[story_id] if story_id in read else next(iter(memory.profiles([story_id])), None)


def mend(store: Store, grown: Grown, *, now: datetime, settings: ClusterSettings) -> int:
    """Join the young stories that turned out to be one; returns how many were joined. One transaction.

    A story that grew is compared with all that grew and all that its new entries came near: not with every young one,
    of which a newsroom has a hundred thousand.
    """
    with store.transaction():
        merged = mend_within(store, grown, now=now, settings=settings)
        store.record_mended()
    return merged


def mend_within(
    memory: Memory, grown: Grown, *, now: datetime, settings: ClusterSettings, kept: Collection[int] = ()
) -> int:
    """The same inside the caller's transaction, of entries that may have been mended before.

    `kept`: stories that may take in others, but that none takes in.
    """
    recipe = sketcher(memory.installation_seed(), settings).recipe
    corrections = memory.list_corrections()
    standing = memory.stories_of(_named(corrections))
    found = memory.profiles({*grown.stories, *grown.near, *standing.values()})
    young = [one for one in found if one.recipe == recipe and one.last_seen >= now - settings.young]
    by_id = {profile.story_id: profile.profile for profile in young}
    merges = cluster.mend(
        young,
        touched=grown.stories,
        apart=memory.series_apart(since=now - settings.young),
        kept=kept,
        corrections=corrections,
        standing=standing,
        wordings=memory.wordings,
        caution=settings.caution,
    )
    for merge in merges:
        by_id[merge.into] = cluster.combine(by_id[merge.into], by_id[merge.gone])
        memory.merge_stories(merge, profile=by_id[merge.into], at=now)
    return len(merges)


def unmended(store: Store, *, now: datetime, settings: ClusterSettings) -> Grown:
    """What a process that was ended had placed and not mended any more: at most what it mends at once."""
    sketch = sketcher(store.installation_seed(), settings).sketch
    stored = store.stored(store.unmended(since=now - settings.young, limit=MEND_AFTER))
    sketches = {one.standing.entry_id: sketch(compared(one.entry)) for one in stored}
    return grown_by(store, sketches, since=now - settings.window)


def grown_by(store: Store, sketches: Mapping[int, Sketch], *, since: datetime) -> Grown:
    """As if these entries had just come to the stories in which they stand."""
    grown, stands = Grown(), store.stories_of(sketches.keys())
    for entry_id, sketch in sketches.items():
        grown.add(stands[entry_id], store.stories_near(sketch, since=since, limit=NEAR_STORIES))
    return grown


def _named(corrections: Iterable[Correction]) -> set[int]:
    return {entry_id for correction in corrections for entry_id in (correction.a, correction.b)}
