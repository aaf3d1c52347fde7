"""Everything stored → plain rows for other programs, one by one, all of one moment."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from storage.connection import Connection
from storage.stories import LINK
from storage.values import to_text

_ENTRIES = """
SELECT e.guid AS id, e.title, e.text, e.published, f.title AS source, e.url, e.lang, e.author, e.updated, e.tags,
    e.publisher, f.url AS feed, 1 AS plain, e.id AS entry, e.story_id AS story, e.copy_of, p.level, p.score, p.reason,
    e.seen, e.fulltext
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN placements p ON p.entry_id = e.id
WHERE e.seen >= :since ORDER BY e.id
"""
_STORIES = f"""
SELECT s.id AS story, s.title, s.first_seen, s.last_seen, s.entries, s.copies, s.outlets, s.independent, s.lang, s.tags,
    {LINK} AS url, (SELECT json_group_array(m.id) FROM entries m WHERE m.story_id = s.id) AS members
FROM stories s LEFT JOIN entries e ON e.id = s.representative
WHERE s.last_seen >= :since AND s.entries > 0 ORDER BY s.id
"""


class Archive(Connection):
    """Rows as dictionaries: text, numbers, lists; moments as ISO 8601 text in UTC."""

    def export_entries(self, *, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """In order of arrival, those seen since then. What `ingest` reads comes first."""
        for row in self.stream(_ENTRIES, {"since": to_text(since) or ""}):
            yield _unpacked(row, "tags") | {"plain": True}

    def export_stories(self, *, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """In order of their first arrival, those with something seen since then; members are numbers of entries."""
        for row in self.stream(_STORIES, {"since": to_text(since) or ""}):
            yield _unpacked(row, "tags", "members")


def _unpacked(row: sqlite3.Row, *lists: str) -> dict[str, Any]:
    return {**row} | {name: json.loads(row[name]) for name in lists}
