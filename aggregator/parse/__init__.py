"""Fetched ─► Document, in workers that can be killed; OPML, JSON lines and feed links on pages besides.

`feed` alone is here; the rest is in `pool` (Workers), `articles`, `opml` and `discover`.
"""

from aggregator.parse.documents import feed

__all__ = ["feed"]
