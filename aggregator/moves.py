"""Confirmed permanent redirects → feeds.yaml: from then on the file names the new addresses."""

from collections.abc import Iterator
from pathlib import Path

from aggregator import config
from aggregator.errors import ConfigError
from aggregator.fetch import redirects
from aggregator.pipeline import Polled


class Moves:
    """Gathers the moves of a round and writes them at its end. Each is tried once in a life: the file may be locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, str] = {}  # old address → new
        self._tried: set[str] = set()

    def add(self, one: Polled) -> None:
        target = redirects.confirmed(one.state)
        if target and one.feed.url not in self._tried:
            self._found[one.feed.url] = target

    def write(self) -> tuple[list[str], list[str]]:
        """(what was written, what was not and why), a line each. Never raises for what is wrong with the file."""
        found, self._found = self._found, {}
        self._tried |= found.keys()
        if not found:
            return [], []
        try:
            written = config.move_feeds(self._path, found)
        except ConfigError as error:
            return [], [f"{error} ({len(found)} moved, still asked at the old address)"]
        return list(self._told(found, written)), [
            f"{old} has moved to {new}, which {self._path} names already: keep one of the two"
            for old, new in found.items()
            if old not in written
        ]

    def _told(self, found: dict[str, str], written: list[str]) -> Iterator[str]:
        return (f"{old} has moved for good: {self._path} now says {found[old]}" for old in written)
