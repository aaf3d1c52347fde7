"""What the pipeline needs from outside, in our words. Small on purpose: a fake is a screenful.

`storage/` implements `Store` and `Library`, `fetch/client.py` implements `Fetch`; `app.py` puts them together.
"""

from aggregator.ports.memory import Memory, Store
from aggregator.ports.reading import Ledger, Library
from aggregator.ports.world import Fetch, FetchPages, Send

__all__ = ["Fetch", "FetchPages", "Ledger", "Library", "Memory", "Send", "Store"]
