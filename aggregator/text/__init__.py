"""Item → Entry: clean text, safe links, canonical address, language. Pure."""

from aggregator.text.entry import clean, entries

__all__ = ["clean", "entries"]
