"""Entries with their sketches, as deciding about them anew needs them."""

import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime

from aggregator.model import Entry, Level, Placement, Sketch, Standing, Stored
from storage.connection import Connection
from storage.values import to_json, to_moment, to_text

_STORED = """
SELECT e.id, e.story_id, e.copy_of, p.level, p.score, p.reason, e.feed_id, e.seen, e.guid, e.url, e.canonical_url,
    e.title, e.text, e.fulltext, e.lang, e.publisher, e.published, e.updated, r.recipe, s.signature, s.features
FROM entries e JOIN placements p ON p.entry_id = e.id
    LEFT JOIN signatures s ON s.entry_id = e.id LEFT JOIN recipes r ON r.id = s.recipe_id
"""


class StoredEntries(Connection):
    """Reads only."""

    def stored(self, entry_ids: Collection[int]) -> list[Stored]:
        """Those of the entries that exist, in order of arrival."""
        rows = self.rows(
            f"{_STORED} WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id", (to_json(entry_ids),)
        )
        return [_stored(row) for row in rows]

    def stored_since(self, since: datetime) -> Iterator[Stored]:
        """Seen since then, first come first; read while they are taken."""
        for row in self.stream(f"{_STORED} WHERE e.seen >= ? ORDER BY e.seen, e.id", (to_text(since),)):
            yield _stored(row)

    def count_since(self, since: datetime) -> int:
        """How many entries were seen since then."""
        return int(self.one("SELECT count(*) FROM entries WHERE seen >= ?", (to_text(since),))[0])

    def latest_seen(self) -> datetime | None:
        """When the newest entry was seen."""
        latest: str | None = self.one("SELECT max(seen) FROM entries")[0]
        return to_moment(latest)

    def entries_of(self, story_ids: Collection[int]) -> dict[int, int]:
        """entry id → story id, of all entries of these stories, in order of arrival."""
        found = self.rows(
            "SELECT id, story_id FROM entries WHERE story_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (to_json(story_ids),),
        )
        return {row[0]: row[1] for row in found}

    def wordings(self, story_ids: Collection[int]) -> Iterator[tuple[str, str]]:
        """(title and text, language) of these stories' entries, first come first; read while they are taken."""
        rows = self.stream(
            "SELECT title || char(10) || ifnull(nullif(fulltext, ''), text), lang FROM entries"
            " WHERE story_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (to_json(story_ids),),
        )
        return ((text, lang) for text, lang in rows)


def _stored(row: sqlite3.Row) -> Stored:
    placement = Placement(Level(row["level"]), row["story_id"], row["score"], row["reason"], row["copy_of"])
    return Stored(
        Standing(row["id"], row["story_id"], placement),
        row["feed_id"],
        to_moment(row["seen"]),
        Entry(
            guid=row["guid"],
            url=row["url"],
            canonical_url=row["canonical_url"],
            title=row["title"],
            text=row["text"],
            fulltext=row["fulltext"],
            lang=row["lang"],
            publisher=row["publisher"],
            published=to_moment(row["published"]),
            updated=to_moment(row["updated"]),
        ),
        Sketch(row["recipe"] or "", signature=row["signature"] or b"", features=row["features"] or b""),
    )
