"""Words → entries that contain them, best first. Whatever is typed is either found or refused in one line."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypedDict, Unpack

from aggregator.errors import UsageError
from aggregator.model import Hit, StoryHit
from storage.connection import Connection
from storage.stories import LINK
from storage.values import clean, to_moment, to_text

SECONDS = 5.0  # a search may take
_STEPS = 2_000  # instructions of SQLite between two looks at the clock

# A match in the title counts five times one in the text, the outlet's name twice. A snippet is of the excerpt, or of
# the full text where only that matches; it is made for the best only: SQLite would make one of every match before it
# sorts.
_MATCHES = """
SELECT e.id, e.story_id, bm25(entries_fts, 5, 1, 2, 1) AS rank
FROM entries_fts JOIN entries e ON e.id = entries_fts.rowid JOIN feeds f ON f.id = e.feed_id
WHERE entries_fts MATCH :query AND e.seen >= :since
    AND (:feed IS NULL OR :feed IN (f.url, f.title))
    AND (:tag IS NULL OR :tag IN (SELECT value FROM json_each(f.tags)))
"""
_SHOWN = f"""
e.id, e.story_id, e.title, f.title AS outlet, {LINK} AS url, e.published, e.seen,
    iif(instr(snippet(entries_fts, 1, char(2), char(3), '…', 32), char(2)) = 0 AND e.fulltext <> '',
        snippet(entries_fts, 3, char(2), char(3), '…', 32),
        snippet(entries_fts, 1, char(2), char(3), '…', 32)) AS snippet
"""
_WITH_TEXTS = """
FROM best CROSS JOIN entries_fts ON entries_fts.rowid = best.id
    JOIN entries e ON e.id = best.id JOIN feeds f ON f.id = e.feed_id
"""
_ENTRIES = f"""
WITH best AS MATERIALIZED ({_MATCHES} ORDER BY rank, e.id DESC LIMIT :limit)
SELECT {_SHOWN} {_WITH_TEXTS}
WHERE entries_fts MATCH :query ORDER BY best.rank, best.id DESC
"""
# beside min(), `id` is that of the row with the least rank: https://sqlite.org/lang_select.html#bareagg
_STORIES = f"""
WITH matches AS MATERIALIZED ({_MATCHES}), best AS MATERIALIZED (
    SELECT id, story_id, min(rank) AS rank, count(*) AS matching FROM matches
    GROUP BY story_id ORDER BY rank, story_id DESC LIMIT :limit)
SELECT {_SHOWN}, best.matching, s.title AS story, s.entries, s.outlets, s.independent, s.last_seen
{_WITH_TEXTS} JOIN stories s ON s.id = best.story_id
WHERE entries_fts MATCH :query ORDER BY best.rank, best.story_id DESC
"""


class Only(TypedDict, total=False):
    """What a search may be limited to."""

    since: datetime | None  # entries seen since then
    feed: str | None  # URL or title
    tag: str | None  # one of the feed's
    raw: bool  # the query is in FTS5's own syntax: https://sqlite.org/fts5.html


class Search(Connection):
    """Full-text search."""

    def search(self, query: str, *, limit: int = 20, seconds: float = SECONDS, **only: Unpack[Only]) -> list[Hit]:
        """Entries with all the words of the query, in any form, best first; "quoted words" must stand together.

        Raises UsageError for a query without words, bad syntax, or one that takes longer than `seconds`.
        """
        return [_hit(row) for row in self._find(_ENTRIES, query, limit, seconds, only)]

    def search_stories(
        self, query: str, *, limit: int = 20, seconds: float = SECONDS, **only: Unpack[Only]
    ) -> list[StoryHit]:
        """Stories with such an entry, each once, with its best one. Raises UsageError likewise."""
        return [_story_hit(row) for row in self._find(_STORIES, query, limit, seconds, only)]

    def _find(self, sql: str, query: str, limit: int, seconds: float, only: Only) -> list[sqlite3.Row]:
        parameters = {
            "query": clean(query) if only.get("raw") else quoted(clean(query)),
            "since": to_text(only.get("since")) or "",
            "feed": only.get("feed"),
            "tag": only.get("tag"),
            "limit": limit,
        }
        with self._time_limit(seconds):
            try:
                return self.rows(sql, parameters)
            except sqlite3.OperationalError as error:
                raise UsageError(_refusal(error, query)) from error

    @contextmanager
    def _time_limit(self, seconds: float) -> Iterator[None]:
        end = time.monotonic() + seconds
        self.raw.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield
        finally:
            self.raw.set_progress_handler(None, 0)


def quoted(query: str) -> str:
    """Each word in double quotes, so that nothing in it is syntax. UsageError when there is no word."""
    parts = [phrase or word for phrase, word in re.findall(r'"([^"]*)"|([^\s"]+)', query)]
    words = [part for part in parts if any(character.isalnum() for character in part)]
    if not words:
        raise UsageError(f"nothing to search for in {query!r}: give at least one word")
    return " ".join(f'"{word}"' for word in words)


def _refusal(error: sqlite3.OperationalError, query: str) -> str:
    if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
        return f"the search for {query!r} takes too long: use rarer words or --since"
    return f"{query!r} is not a query in FTS5 syntax ({error}): leave out --raw to search for its words"


def _hit(row: sqlite3.Row) -> Hit:
    return Hit(
        entry_id=row["id"],
        story_id=row["story_id"],
        title=row["title"],
        outlet=row["outlet"],
        url=row["url"],
        published=to_moment(row["published"]),
        seen=to_moment(row["seen"]),
        snippet=row["snippet"],
    )


def _story_hit(row: sqlite3.Row) -> StoryHit:
    return StoryHit(
        story_id=row["story_id"],
        title=row["story"],
        entries=row["entries"],
        matching=row["matching"],
        outlets=row["outlets"],
        independent=row["independent"],
        last_seen=to_moment(row["last_seen"]),
        best=_hit(row),
    )
