"""Imported once by the fork server: what a worker's first document would load, every worker inherits.

Word lists, the language model and stemmers take two seconds and some 150 MiB: paid inside a document's time limit they
made the first poll on a busy machine fail, and loaded by each worker for itself they would be held as often as there
are workers. Frozen, because the collector writes to whatever it looks at, and a page written to is shared no longer
(gc.freeze, "to avoid unneeded copy-on-write").
"""

import gc
from datetime import UTC, datetime

from aggregator.model import Feed, Fetched, FetchRequest, Outcome
from aggregator.refine import Job, refine
from aggregator.settings import ClusterSettings

# It does not say its language, and has enough of a text to be told: that is what loads the model
_DOCUMENT = b"""<rss version="2.0"><channel><title>Warm</title><link>https://example.org/</link>
<item><guid>1</guid><title>Council opens the harbour bridge to all traffic</title><link>https://example.org/1</link>
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
gc.collect()
gc.freeze()
