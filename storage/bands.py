"""Buckets ↔ the entries that stand in them, for ever growing and never slow.

A bucket is one row, a posting list: its newest entries, newest first. Fifty rows and not two thousand are read for a
newcomer. Every entry's buckets fall on as many pages as it has buckets, though: written at once, twenty entries rewrite
a thousand pages. So, as in a log-structured merge tree (O'Neil et al., 1996), new entries leave their buckets as one
blob each in `fresh_bands`, read from memory, and two thousand of them at a time are sorted into `bands`.
"""

import sqlite3
import struct
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from storage.connection import Connection, writes

BUCKET_READS = 50  # newest entries of a bucket that are looked at: a flood of look-alikes costs no more than others
FRESH = 2_000  # entries; about 13 MB in memory with 59 buckets each
_BYTES = 8  # of an entry id in a posting list
ADD_POSTINGS = """
INSERT INTO bands (bucket, entry_ids) VALUES (?, ?)
ON CONFLICT (bucket) DO UPDATE SET entry_ids = joined_postings(excluded.entry_ids, entry_ids)
"""


def packed(entry_ids: Iterable[int]) -> bytes:
    """A posting list: big-endian 64-bit ids, newest first, so that SQL compares two lists by their newest entries."""
    newest = sorted(set(entry_ids), reverse=True)[:BUCKET_READS]
    return struct.pack(f">{len(newest)}q", *newest)


def unpacked(postings: bytes) -> tuple[int, ...]:
    """Any number of posting lists, one after the other → their ids."""
    return struct.unpack(f">{len(postings) // _BYTES}q", postings)


def _joined(a: bytes, b: bytes) -> bytes:
    return packed(unpacked(a + b))


def _beside(fresh: tuple[int, ...] | None, postings: bytes) -> bytes:
    """What of a posting list is looked at beside these fresh entries: together, the newest `BUCKET_READS`."""
    if fresh is None:
        return postings
    if unpacked(postings[:_BYTES])[0] < fresh[0]:
        return postings[: _BYTES * (BUCKET_READS - len(fresh))]
    sorted_in = set(unpacked(postings))  # an old entry is fresh when it was sketched anew
    newest = sorted(sorted_in.union(fresh), reverse=True)[:BUCKET_READS]
    return packed(sorted_in.intersection(newest).difference(fresh))


class Bands(Connection):
    """The inverted index of buckets."""

    def __init__(self, raw: sqlite3.Connection, path: str) -> None:
        super().__init__(raw, path)
        raw.create_function("joined_postings", 2, _joined, deterministic=True)
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

    def _shared(self, buckets: Sequence[int]) -> tuple[list[int], Counter[int]]:
        """Entries, and in how many of the buckets each stands; most first, then newest."""
        self._read_fresh()
        asked = ", ".join("?" * len(buckets))
        rows = self.rows(f"SELECT bucket, entry_ids FROM bands WHERE bucket IN ({asked})", buckets)
        older = b"".join([_beside(self._fresh.get(bucket), postings) for bucket, postings in rows])
        fresh = [entry_id for bucket in buckets for entry_id in self._fresh.get(bucket, ())]
        shared = Counter((*fresh, *unpacked(older)))
        ranked = sorted(shared, reverse=True)
        ranked.sort(key=shared.__getitem__, reverse=True)
        return ranked, shared

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
        postings: defaultdict[int, list[int]] = defaultdict(list)
        for entry_id, blob in self.rows("SELECT entry_id, buckets FROM fresh_bands"):
            for bucket in array("q", blob):
                postings[bucket].append(entry_id)
        self.many(ADD_POSTINGS, [(bucket, packed(postings[bucket])) for bucket in sorted(postings)])
        self.run("DELETE FROM fresh_bands")
        self._forget_fresh()
