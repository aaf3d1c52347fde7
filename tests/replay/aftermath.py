"""A database file ─► what a replay left in it, read with SQL of our own: the application is not asked about itself."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Aftermath:
    stored: list[tuple[str, str]]  # (source, guid), one per row: a double shows
    stories: int
    shared_stories: int  # told by two feeds or more
    copy_groups: int  # texts that have copies
    copies: int
    unplaced: int  # entries without a reason for where they stand
    miscounted: int  # stories whose number of entries is not the number of their entries
    integrity: str  # ok, or what PRAGMA integrity_check and foreign_key_check found
    size: int  # bytes
    mailed: list[bytes]  # the ledger's mails that went out


def read(database: Path, urls: Mapping[str, str]) -> Aftermath:
    """`urls` is source ─► feed address, as in `Replay.urls`."""
    sources = {url: source for source, url in urls.items()}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:

        def count(query: str) -> int:
            return int(db.execute(f"SELECT count(*) FROM ({query})").fetchone()[0])  # noqa: S608 -- our own words below

        rows = db.execute("SELECT feeds.url, guid FROM entries JOIN feeds ON feeds.id = feed_id")
        problems = [str(row[0]) for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"{row[0]} {row[1]} points nowhere" for row in db.execute("PRAGMA foreign_key_check")]
        return Aftermath(
            stored=[(sources[url], guid) for url, guid in rows],
            stories=count("SELECT 1 FROM stories"),
            shared_stories=count("SELECT 1 FROM entries GROUP BY story_id HAVING count(DISTINCT feed_id) > 1"),
            copy_groups=count("SELECT DISTINCT copy_of FROM entries WHERE copy_of IS NOT NULL"),
            copies=count("SELECT 1 FROM entries WHERE copy_of IS NOT NULL"),
            unplaced=count("SELECT 1 FROM entries WHERE id NOT IN (SELECT entry_id FROM placements)"),
            miscounted=count(
                "SELECT 1 FROM stories LEFT JOIN (SELECT story_id, count(*) AS members FROM entries GROUP BY story_id)"
                " ON story_id = stories.id WHERE ifnull(members, 0) <> entries"
            ),
            integrity="; ".join(problems) or "ok",
            size=database.stat().st_size,
            mailed=[
                row[0]
                for row in db.execute(
                    "SELECT rendered FROM digest_mails JOIN digests d ON d.id = digest_id WHERE d.state = 'sent'"
                )
            ],
        )
