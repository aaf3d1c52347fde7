"""Is the database sound, and how big is it? Reads only."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.errors import CorruptError
from aggregator.model import DatabaseStats, Health, TableSize
from storage.connection import Connection
from storage.values import to_moment, to_text

_WEEK = timedelta(days=7)
_CONTENT = re.compile(r"""content\s*=\s*("[^"]*"|'[^']*'|\[[^]]*\]|\w+)""", re.IGNORECASE)

# what must be empty, and what it means when it is not
_RULES = (
    (
        "the counts of {} stories differ from their entries",
        """SELECT s.id FROM stories s LEFT JOIN (
               SELECT story_id, count(*) AS entries, count(copy_of) AS copies, count(DISTINCT feed_id) AS outlets,
                   count(DISTINCT CASE WHEN copy_of IS NULL THEN publisher END) AS independent,
                   min(seen) AS first_seen, max(seen) AS last_seen
               FROM entries GROUP BY story_id) e ON e.story_id = s.id
           WHERE (s.entries, s.copies, s.outlets, s.independent, s.first_seen, s.last_seen)
               IS NOT (e.entries, e.copies, e.outlets, e.independent, e.first_seen, e.last_seen)""",
    ),
    (
        "{} stories are represented by an entry of another",
        """SELECT s.id FROM stories s LEFT JOIN entries e ON e.id = s.representative
           WHERE e.story_id IS NOT s.id""",
    ),
    ("{} entries have no placement", "SELECT id FROM entries WHERE id NOT IN (SELECT entry_id FROM placements)"),
    (
        "{} copies stand in another story than their original",
        "SELECT e.id FROM entries e JOIN entries o ON o.id = e.copy_of WHERE o.story_id <> e.story_id",
    ),
    (
        "{} entries stand with one that a person keeps them from",
        "SELECT a.id FROM corrections c JOIN entries a ON a.id = c.a JOIN entries b ON b.id = c.b"
        " WHERE NOT c.together AND a.story_id = b.story_id",
    ),
    (
        "{} entries stand apart from one that a person put them with",
        "SELECT a.id FROM corrections c JOIN entries a ON a.id = c.a JOIN entries b ON b.id = c.b"
        " WHERE c.together AND a.story_id <> b.story_id",
    ),
    ("{} merged stories still exist", "SELECT id FROM stories WHERE id IN (SELECT old_id FROM redirects)"),
    ("{} digests have lost their mail", "SELECT id FROM digests WHERE id NOT IN (SELECT digest_id FROM digest_mails)"),
)


class Checking(Connection):
    """Soundness and size."""

    def check(self) -> list[str]:
        """What is wrong, a line each; empty when all is well. Reads everything: seconds for each gigabyte."""
        return list(self._findings())

    def _findings(self) -> Iterator[str]:
        verdicts = [row[0] for row in self.rows("PRAGMA integrity_check(20)")]
        yield from (f"integrity: {verdict}" for verdict in verdicts if verdict != "ok")
        for row in self.rows('SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2'):
            yield f"foreign keys: {row[2]} rows of {row[0]} point at missing {row[1]}"
        for finding, sql in _RULES:
            ids = [str(row[0]) for row in self.rows(sql)]
            if ids:
                yield f"counts: {finding.format(len(ids))} (ids {', '.join(ids[:5])}{', …' if len(ids) > 5 else ''})"
        yield from self._search_findings()

    def _search_findings(self) -> Iterator[str]:
        """FTS5 compares itself with the entries by a command that has the form of a write: a copy of it is asked.

        The copy lives in the connection's temporary database, so that nobody is kept from writing meanwhile, and this
        may be asked of a database that is opened for reading only.
        """
        (made,) = self.one("SELECT sql FROM main.sqlite_schema WHERE name = 'entries_fts'")
        options = _CONTENT.sub("content=checked, content_rowid=id", made[made.index("(") :])
        self.run("BEGIN")
        try:
            self.run("CREATE TEMP VIEW checked AS SELECT * FROM main.entries")
            self.run(f"CREATE VIRTUAL TABLE temp.checked_fts USING fts5 {options}")
            for part in ("data", "idx", "docsize", "config"):  # https://sqlite.org/fts5.html#fts5_data_structures
                self.run(f"DELETE FROM temp.checked_fts_{part}")
                self.run(f"INSERT INTO temp.checked_fts_{part} SELECT * FROM main.entries_fts_{part}")
            self.run("INSERT INTO temp.checked_fts (checked_fts, rank) VALUES ('integrity-check', 1)")
        except CorruptError:
            yield "search: the index differs from the entries; mend it with: sqlite-utils rebuild-fts FILE entries"
        finally:
            self.raw.rollback()

    def stats(self, now: datetime) -> DatabaseStats:
        """Sizes by table and growth over the last seven days."""
        page_size = self.one("PRAGMA page_size")[0]
        size = page_size * self.one("PRAGMA page_count")[0]
        entries = self.one("SELECT count(*) FROM entries")[0]
        recent = self.one("SELECT count(*) FROM entries WHERE seen >= ?", (to_text(now - _WEEK),))[0]
        wal = Path(self.path + "-wal")
        return DatabaseStats(
            bytes=size,
            wal_bytes=wal.stat().st_size if wal.exists() else 0,
            free_bytes=page_size * self.one("PRAGMA freelist_count")[0],
            entries=entries,
            stories=self.one("SELECT count(*) FROM stories")[0],
            entries_a_day=recent / 7,
            bytes_a_day=size / entries * recent / 7 if entries else 0.0,
            tables=self._table_sizes(),
        )

    def health(self, now: datetime) -> Health:
        """How everything stands, at a glance: small tables and file sizes only."""
        feeds = dict.fromkeys(("active", "failing", "quarantined", "gone", "disabled"), 0)
        for state, number in self.rows(
            "SELECT CASE WHEN enabled THEN status ELSE 'disabled' END, count(*) FROM feeds WHERE wanted GROUP BY 1"
        ):
            feeds[state] = number
        last = self.one("SELECT max(checked_at) FROM feeds")[0]
        due = self.one(
            "SELECT min(ifnull(next_at, added_at)) FROM feeds WHERE wanted AND enabled AND status <> 'gone'"
            " AND ifnull(leased_until, '') <= :now"
            " AND host NOT IN (SELECT host FROM hosts WHERE blocked_until > :now)",
            {"now": to_text(now)},
        )[0]
        stories, entries, copies = self.one(
            "SELECT count(*), ifnull(sum(entries), 0), ifnull(sum(copies), 0) FROM stories"
        )
        file, wal = Path(self.path), Path(self.path + "-wal")
        return Health(
            feeds=feeds,
            last_poll=to_moment(last),
            next_poll=to_moment(due),
            entries=entries,
            copies=copies,
            stories=stories,
            bytes=file.stat().st_size if file.exists() else 0,
            wal_bytes=wal.stat().st_size if wal.exists() else 0,
        )

    def probe(self) -> None:
        """Raises CorruptError when the file is damaged. Reads all of it once: a second for each gigabyte or so."""
        verdict = self.one("PRAGMA quick_check(1)")[0]
        if verdict != "ok":
            raise CorruptError(f"{self.path} is damaged ({verdict}): restore a backup; `aggregator db check` says more")

    def _table_sizes(self) -> tuple[TableSize, ...]:
        sizes = self._bytes_by_table()
        # the tables that FTS5 keeps for itself count as the search index
        names = [name for name in self.db.table_names() if not name.startswith(("entries_fts_", "sqlite_"))]
        tables = [
            TableSize(name, self.one(f'SELECT count(*) FROM "{name}"')[0], sizes.get(name) if sizes else None)
            for name in names
        ]
        return tuple(sorted(tables, key=lambda table: (-(table.bytes or 0), table.name)))

    def _bytes_by_table(self) -> dict[str, int]:
        """Empty where SQLite was built without dbstat."""
        try:
            rows = self.rows(
                "SELECT CASE WHEN m.tbl_name LIKE 'entries\\_fts%' ESCAPE '\\' THEN 'entries_fts' ELSE m.tbl_name END,"
                " sum(d.pgsize) FROM dbstat d JOIN sqlite_schema m ON m.name = d.name WHERE d.aggregate = 1 GROUP BY 1"
            )
        except sqlite3.OperationalError:
            return {}
        return {row[0]: row[1] for row in rows}
