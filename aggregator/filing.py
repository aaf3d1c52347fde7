"""Articles from elsewhere ─► filed as if a feed had brought them, in the order given."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator import cluster, text
from aggregator.model import Entry, Feed
from aggregator.parse.articles import Article
from aggregator.pipeline import MEND_AFTER, SLICE, Grown, mend, place
from aggregator.ports import Store
from aggregator.refine import sketcher
from aggregator.settings import ClusterSettings

MEND_EVERY = timedelta(hours=1)  # of the entries' own time


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one article."""

    article: Article
    entry_id: int
    fate: str  # new, revised, known


def ingest(
    articles: Iterable[Article], store: Store, *, settings: ClusterSettings, now: datetime
) -> Iterator[Ingested]:
    """File articles in the order given; their own dates are the clock, which never runs backwards.

    One source is one outlet, stored as a feed that is never polled. Stories are mended as the clock goes on.
    """
    sketches = sketcher(store.installation_seed(), settings)
    grown = Grown()
    clock: datetime | None = None
    mended = now
    source = iter(articles)
    while batch := list(itertools.islice(source, SLICE)):
        done = []
        with store.transaction():
            for article in batch:
                moment = article.item.published or clock or now
                mended = mended if clock else moment
                clock = max(moment, clock or moment)
                done.append(_file(article, store, sketches, clock, settings, grown))
        yield from done
        if clock and (clock - mended >= MEND_EVERY or grown.entries >= MEND_AFTER):
            mend(store, grown, now=clock, settings=settings)
            mended = clock
            grown.clear()
    if clock:
        mend(store, grown, now=clock, settings=settings)


def _file(
    article: Article,
    store: Store,
    sketches: cluster.Sketcher,
    seen: datetime,
    settings: ClusterSettings,
    grown: Grown,
) -> Ingested:
    entry = clean_article(article, now=seen)
    outlet = article.source or entry.publisher or f"#{article.id}"  # nobody knows: an outlet of its own
    feed_id = store.add_feed(Feed(url=article.feed or f"ingest:{outlet}", title=outlet), now=seen)
    known = store.known(feed_id, [entry.guid]).get(entry.guid)
    if known is None:
        placed = place(store, feed_id, entry, sketches.sketch(entry), seen=seen, settings=settings, grown=grown)
        return Ingested(article, placed.entry_id, "new")
    if known.fingerprint == entry.fingerprint:
        return Ingested(article, known.entry_id, "known")
    store.revise_entry(known.entry_id, entry, seen=seen)
    return Ingested(article, known.entry_id, "revised")


def warm(articles: Iterable[Article], store: Store, *, settings: ClusterSettings, now: datetime) -> None:
    """Count the words of these articles, and nothing else."""
    sketches = sketcher(store.installation_seed(), settings)
    with store.transaction():
        for article in articles:
            at = article.item.published or now
            store.count_terms([sketches.sketch(clean_article(article, now=at)).terms], at=at)


def clean_article(article: Article, *, now: datetime) -> Entry:
    item = article.item
    if item.plain:
        return text.restored(item, publisher=article.publisher)
    return text.clean(item, base_url=item.link, feed_lang=item.lang, publisher=article.publisher, now=now)
