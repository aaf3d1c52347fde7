"""Imported once by the fork server: what a worker's first document would load, every worker inherits.

Word lists, language models and stemmers take a second; paid inside a document's time limit they made the first poll
on a busy machine fail.
"""

from datetime import UTC, datetime

from aggregator.model import Feed, Fetched, FetchRequest, Outcome
from aggregator.refine import Job, refine
from aggregator.settings import ClusterSettings

_DOCUMENT = b"""<rss version="2.0"><channel><title>Warm</title><link>https://example.org/</link>
<item><guid>1</guid><title>Council opens the harbour bridge</title><link>https://example.org/1</link>
<description>&lt;p&gt;The council opened the new bridge on Monday.&lt;/p&gt;</description></item>
</channel></rss>"""

refine(
    Job(
        FetchRequest(Feed("https://example.org/feed")),
        Fetched("https://example.org/feed", Outcome.CHANGED, datetime(2026, 1, 1, tzinfo=UTC), body=_DOCUMENT),
        seed=0,
        settings=ClusterSettings(),
    )
)
