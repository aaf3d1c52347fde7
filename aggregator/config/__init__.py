"""feeds.yaml ↔ Settings. The only room that knows YAML."""

from aggregator.config.reading import MAX_BYTES, find, load, secret
from aggregator.config.writing import add_feeds, move_feeds, remove_feeds, starter

__all__ = ["MAX_BYTES", "add_feeds", "find", "load", "move_feeds", "remove_feeds", "secret", "starter"]
