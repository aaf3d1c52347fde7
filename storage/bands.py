"""Buckets ↔ the entries that stand in them, for ever growing and never slow.

Rows `(bucket, entry_id)` sorted by bucket answer "who else is here", but every entry's buckets fall on as many pages as
it has buckets: written at once, twenty entries rewrite a thousand pages. So, as in a log-structured merge tree (O'Neil
et al., 1996), new entries leave their buckets as one blob each in `fresh_bands`, read from memory, and two thousand of
them at a time are sorted into `bands`.
"""

import sqlite3
from array import array
from collections.abc import Sequence
from functools import cache

from storage.connection import Connection, writes

BUCKET_READS = 50  # newest entries of a bucket that are looked at: a flood of look-alikes costs no more than others
FRESH = 2_000  # entries; about 25 MB in memory with 75 buckets each
_IDS = 48  # bits of an entry id: enough for nine thousand a second, a thousand years long
_STEP = 16  # widths of the statement that reads buckets; SQLite joins at most 500 selects


@cache
def _in_any_bucket(width: int) -> str:
    """One statement for `width` buckets: several times quicker than one for each, and each is read to its cap."""
    one = f"SELECT * FROM (SELECT entry_id FROM bands WHERE bucket = ? ORDER BY entry_id DESC LIMIT {BUCKET_READS})"
    return f"SELECT entry_id, count(*) FROM ({' UNION ALL '.join([one] * width)}) GROUP BY 1"


class Bands(Connection):
    """The inverted index of buckets."""

    def __init__(self, raw: sqlite3.Connection, path: str) -> None:
        super().__init__(raw, path)
        self._forget_fresh()

    def _forget_fresh(self) -> None:
        self._fresh: dict[int, tuple[int, ...]] = {}  # bucket → entry ids, newest last
        self._fresh_from = self._fresh_to = 0  # entry ids

    def forget(self) -> None:
        super().forget()
        self._forget_fresh()

    def before_commit(self) -> None:
        super().before_commit()
        if self._fresh_count() >= FRESH:
            self.sort_bands()

    def _add_bands(self, entry_id: int, buckets: Sequence[int]) -> None:
        self.run(
            "INSERT OR REPLACE INTO fresh_bands (entry_id, buckets) VALUES (?, ?)",
            (entry_id, array("q", buckets).tobytes()),
        )

    def _shared(self, buckets: Sequence[int]) -> list[tuple[int, int]]:
        """(entry id, in how many of the buckets it stands), most first, then newest."""
        if not buckets:
            return []
        width = -(-len(buckets) // _STEP) * _STEP
        padded = (*buckets, *[None] * (width - len(buckets)))
        shared = {row[0]: row[1] for row in self.rows(_in_any_bucket(width), padded)}
        self._read_fresh()
        for bucket in buckets:
            for entry_id in self._fresh.get(bucket, ()):
                shared[entry_id] = shared.get(entry_id, 0) + 1
        ranked = sorted([count << _IDS | entry_id for entry_id, count in shared.items()], reverse=True)
        return [(one & (1 << _IDS) - 1, one >> _IDS) for one in ranked]

    def _read_fresh(self) -> None:
        """Bring the memory in step with `fresh_bands`: others write it too, and sort it away."""
        first = self.one("SELECT min(entry_id) FROM fresh_bands")[0] or 0
        if first != self._fresh_from:
            self._forget_fresh()
            self._fresh_from = first
        for entry_id, blob in self.rows(
            "SELECT entry_id, buckets FROM fresh_bands WHERE entry_id > ? ORDER BY entry_id", (self._fresh_to,)
        ):
            for bucket in array("q", blob):
                self._fresh[bucket] = (*self._fresh.get(bucket, ())[1 - BUCKET_READS :], entry_id)
            self._fresh_to = entry_id

    def _fresh_count(self) -> int:
        """At most: entries are numbered without gaps, but for what was pruned.

        Asked at every commit; with both ends in one SELECT, SQLite would read the whole table.
        """
        last, first = self.one(
            "SELECT (SELECT max(entry_id) FROM fresh_bands), (SELECT min(entry_id) FROM fresh_bands)"
        )
        return last - first + 1 if last else 0

    @writes
    def sort_bands(self) -> None:
        """Move all fresh buckets into `bands`, in its order: each page is written once."""
        rows = [
            (bucket, entry_id)
            for entry_id, blob in self.rows("SELECT entry_id, buckets FROM fresh_bands")
            for bucket in array("q", blob)
        ]
        rows.sort()
        self.many("INSERT OR IGNORE INTO bands (bucket, entry_id) VALUES (?, ?)", rows)
        self.run("DELETE FROM fresh_bands")
        self._forget_fresh()
