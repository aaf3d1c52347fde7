"""Documents of feeds with ``fulltext: true`` ─► the same, their new entries completed from the article pages.

One polite round of fetching for all of them; a page that cannot be had or read leaves its entry with the excerpt.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from aggregator.model import Entry, Feed, Outcome, Sketch, WorkerFailure
from aggregator.parse.pool import Workers
from aggregator.ports import FetchPages, Store
from aggregator.refine import Job, Refined

MAX_PAGES = 20  # article pages for one feed in one round; its older entries keep to their excerpts


class Read(NamedTuple):
    """How a feed's pages fared."""

    pages: int = 0  # asked for
    fulltexts: int = 0  # that gave a full text


def completed(
    waiting: Sequence[tuple[Job, Refined]], store: Store, fetch: FetchPages, workers: Workers[Job, Refined]
) -> Iterator[tuple[Job, Refined, Read]]:
    """Every document once, when the pages of all are done."""
    wanted: dict[str, list[Job]] = defaultdict(list)
    for job, refined in waiting:
        for entry in _without_page(job.request.feed, refined, store):
            wanted[entry.url].append(replace(job, entry=entry))
    whole = _whole(wanted, fetch, workers)
    asked = Counter(job.request.feed.id for jobs in wanted.values() for job in jobs)
    for job, refined in waiting:
        feed_id = job.request.feed.id
        entries = tuple(whole[feed_id].get(entry.guid, (entry, sketch)) for entry, sketch in refined.entries)
        yield job, replace(refined, entries=entries), Read(asked[feed_id], len(whole[feed_id]))


def _without_page(feed: Feed, refined: Refined, store: Store) -> list[Entry]:
    """The new entries whose pages are to be read, the newest first."""
    known = store.known(feed.id, [entry.guid for entry, _ in refined.entries])
    new = [entry for entry, _ in refined.entries if entry.url and entry.guid not in known]
    new.sort(key=lambda entry: (entry.published is not None, entry.published), reverse=True)
    return new[:MAX_PAGES]


def _whole(
    wanted: dict[str, list[Job]], fetch: FetchPages, workers: Workers[Job, Refined]
) -> defaultdict[int, dict[str, tuple[Entry, Sketch]]]:
    """Feed id → guid → the entry with its full text. A feed whose page ends a worker has no further page read."""
    killers: set[int] = set()
    pages = (
        replace(job, fetched=page)
        for url, page in fetch(wanted)
        for job in wanted[url]
        if job.request.feed.id not in killers
    )
    whole: defaultdict[int, dict[str, tuple[Entry, Sketch]]] = defaultdict(dict)
    for job, result in workers.run(pages, skip=_did_not_come):
        if isinstance(result, Refined):
            whole[job.request.feed.id].update((entry.guid, (entry, sketch)) for entry, sketch in result.entries)
        elif isinstance(result, WorkerFailure) and result.killed:
            killers.add(job.request.feed.id)
    return whole


def _did_not_come(job: Job) -> bool:
    return job.fetched.outcome is not Outcome.CHANGED
