"""Bytes as received → entries with sketches. Pure; runs in the workers, where it may be killed.

A feed's document becomes all its new entries; an article page makes one entry complete.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from aggregator import cluster, text
from aggregator import parse as parsing
from aggregator.model import Document, Entry, Fetched, FetchRequest, Sketch
from aggregator.parse.encoding import decode
from aggregator.settings import ClusterSettings


@dataclass(frozen=True, slots=True)
class Job:
    """One received document on its way into a worker; with `entry`, the article page of that entry."""

    request: FetchRequest
    fetched: Fetched
    seed: int
    settings: ClusterSettings
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Refined:
    """What comes back: compact, ready to place."""

    document: Document  # without its items
    entries: tuple[tuple[Entry, Sketch], ...]


@lru_cache(maxsize=4)
def sketcher(seed: int, settings: ClusterSettings) -> cluster.Sketcher:
    return cluster.Sketcher(seed, settings)


def compared(entry: Entry) -> Entry:
    """The entry as it is sketched: with its full text where there is one."""
    return replace(entry, text=entry.fulltext or entry.text)


def refine(job: Job) -> Refined:
    """Parse, clean and sketch one document, or complete one entry from its page. Raises DocumentError."""
    if job.entry is not None:
        return _completed(job.entry, job)
    document = parsing.feed(job.fetched, known=frozenset(job.request.state.item_hashes))
    entries = text.entries(document, final_url=job.fetched.final_url, feed=job.request.feed, now=job.fetched.at)
    sketch = sketcher(job.seed, job.settings).sketch
    return Refined(replace(document, items=()), tuple((entry, sketch(entry)) for entry in entries))


def _completed(entry: Entry, job: Job) -> Refined:
    """The entry with its full text, which is what is compared; the excerpt stays what is shown."""
    content_type = job.fetched.headers.get("content-type", "")
    page = decode(job.fetched.body, content_type).text
    whole = text.complete(entry, page, content_type=content_type)
    sketch = sketcher(job.seed, job.settings).sketch(compared(whole))
    return Refined(Document("", ()), ((whole, sketch),))
