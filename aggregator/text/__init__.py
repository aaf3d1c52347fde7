"""Item → Entry: clean text, safe links, canonical address, language. Pure."""

from aggregator.text.entry import clean, entries, restored

__all__ = ["clean", "entries", "restored"]
