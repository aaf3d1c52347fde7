"""Item → Entry: clean text, safe links, canonical address, language; an article page → its full text. Pure."""

from aggregator.text.article import complete
from aggregator.text.entry import clean, entries, restored

__all__ = ["clean", "complete", "entries", "restored"]
