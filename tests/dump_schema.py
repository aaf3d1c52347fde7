"""This version's schema, with a story in it, → SQL text: `python -m tests.dump_schema > tests/schemas/VERSION.sql`.

Done once for each release, and never changed afterwards.
"""

import sqlite3
import sys
from collections.abc import Iterator

from aggregator.model import Correction, Digest, DigestItem, DigestState, FeedState
from storage import Database, open_store
from tests.storage_values import HOUR, NOON, add, fetched, placed, with_feeds


def fill(store: Database) -> None:
    """A little of everything."""
    with_feeds(store)
    store.save_poll(1, FeedState(next_at=NOON + HOUR, etag="x", published=(NOON,)), fetched())
    story = add(store, 1, buckets=(1, 2)).story_id
    add(store, 2, feed_id=2, placement=placed(story, copy_of=1), buckets=(2, 3))
    store.sort_bands()
    add(store, 3, feed_id=3, placement=placed(story), buckets=(4,))
    store.count_terms([["flood"]], at=NOON)
    store.add_correction(Correction(1, 3, together=True, author="me", at=NOON, reason="same"))
    items = (DigestItem(story, False, 3),)
    store.add_digest(Digest("daily", "2026-03-01", "a@b", "<1@b>", DigestState.SENT, b"mail\xff", NOON, items))


def dump(connection: sqlite3.Connection) -> Iterator[str]:
    """Like `iterdump`, which loses the numbers of the header and the search index."""
    for pragma in ("application_id", "user_version"):
        yield f"PRAGMA {pragma} = {connection.execute(f'PRAGMA {pragma}').fetchone()[0]};"
    objects = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    own = [row for row in objects if not row["name"].startswith(("sqlite_", "entries_fts_"))]
    for kind, name, sql in own:
        if kind == "table":
            yield f"{sql};"
            yield from rows(connection, name)
    yield "INSERT INTO entries_fts (entries_fts) VALUES ('rebuild');"
    yield "DELETE FROM sqlite_sequence;"
    yield from rows(connection, "sqlite_sequence")
    yield from (f"{row['sql']};" for row in own if row["type"] != "table")


def rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    if table == "entries_fts":
        return
    columns = [row["name"] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    quoted = " || ', ' || ".join(f'quote("{column}")' for column in columns)
    for row in connection.execute(f'SELECT {quoted} FROM "{table}"'):  # noqa: S608
        yield f'INSERT INTO "{table}" VALUES ({row[0]});'  # noqa: S608


if __name__ == "__main__":
    with open_store(":memory:") as store:
        fill(store)
        sys.stdout.writelines(f"{line}\n" for line in dump(store.raw))
