"""The inverted index as posting lists: one row a bucket, not one for each entry in it."""

import itertools
import operator
import struct
from collections.abc import Iterable, Iterator

import sqlite_utils

from storage.history import run_script

SQL = """
ALTER TABLE bands RENAME TO band_rows;

-- without foreign keys: swept in bulk, by bucket
CREATE TABLE bands (
    bucket INTEGER PRIMARY KEY,             -- the hash of one band of a sketch
    entry_ids BLOB NOT NULL                 -- the newest entries in it: big-endian 64-bit integers, newest first
);
"""

_KEPT = 50  # entries of a bucket


def gather(db: sqlite_utils.Database) -> None:
    run_script(db, SQL)
    rows = db.conn.execute("SELECT bucket, entry_id FROM band_rows ORDER BY bucket, entry_id DESC")
    db.conn.executemany("INSERT INTO bands (bucket, entry_ids) VALUES (?, ?)", _postings(rows))
    db.conn.execute("DROP TABLE band_rows")


def _postings(rows: Iterable[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    for bucket, group in itertools.groupby(rows, key=operator.itemgetter(0)):
        newest = [entry_id for _, entry_id in itertools.islice(group, _KEPT)]
        yield bucket, struct.pack(f">{len(newest)}q", *newest)
