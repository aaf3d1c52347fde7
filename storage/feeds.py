"""feeds.yaml → the stored subscriptions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from sqlite3 import Row

from aggregator.model import Feed, FeedState
from storage.connection import writes
from storage.feed_rows import SELECT_FEEDS, address, host_of, read_feed, read_state
from storage.stories import Stories
from storage.values import clamp, clean, to_json, to_text


def _wish(feed: Feed, position: int) -> dict[str, object]:
    """The columns that feeds.yaml decides."""
    return {
        "user_title": clean(feed.title),
        "tags": to_json(feed.tags),
        "publisher": clean(feed.publisher),
        "priority": clamp(feed.priority),
        "every_seconds": feed.every.total_seconds() if feed.every else None,
        "fulltext": int(feed.fulltext),
        "enabled": int(feed.enabled),
        "wanted": 1,
        "position": position,
    }


class Feeds(Stories):
    """What the user wants to read."""

    @writes
    def sync_feeds(self, feeds: Sequence[Feed], *, now: datetime) -> None:
        """Make the stored subscriptions equal to these, matched by URL. A feed no longer wanted is kept, disabled.

        A new URL that a dropped feed was found to have moved to is that feed: history and entries stay with it.
        """
        wanted = {feed.url: (feed, position) for position, feed in enumerate(feeds)}
        self._follow_moves(wanted.keys())
        stored = {row["url"]: row for row in self.rows("SELECT * FROM feeds")}
        retold = [
            stored[url]["id"]
            for url, (feed, position) in wanted.items()
            if url in stored and self._rewrite_feed(stored[url], _wish(feed, position))
        ]
        for url, (feed, position) in wanted.items():
            if url not in stored:
                self._insert_feed(url, _wish(feed, position), now)
        self.many(
            "UPDATE feeds SET wanted = 0 WHERE id = ? AND wanted",
            [(row["id"],) for url, row in stored.items() if url not in wanted],
        )
        self._retell(retold)

    def _follow_moves(self, wanted: Collection[str]) -> None:
        movers = self.rows("SELECT id, url, moved_to FROM feeds WHERE moved_to IS NOT NULL")
        taken = {row["url"] for row in self.rows("SELECT url FROM feeds")}
        for row in movers:
            target = row["moved_to"]
            if row["url"] not in wanted and target in wanted and target not in taken:
                taken.add(target)
                self.run(
                    "UPDATE feeds SET url = ?, host = ?, moved_to = NULL, moved_since = NULL, moved_answers = 0"
                    " WHERE id = ?",
                    (target, host_of(target), row["id"]),
                )

    @writes
    def add_feed(self, feed: Feed, *, now: datetime) -> int:
        """Store or find, by URL, a feed that is not subscribed to (the source of ingested articles); returns its id.

        Polling and `sync_feeds` leave such feeds alone.
        """
        stored = self.row("SELECT id FROM feeds WHERE url = ?", (clean(feed.url),))
        if stored is not None:
            return int(stored[0])
        return self._insert_feed(clean(feed.url), _wish(feed, 0) | {"wanted": 0}, now)

    def _insert_feed(self, url: str, wish: dict[str, object], now: datetime) -> int:
        columns = wish | {
            "url": url,
            "host": host_of(url),
            "title": wish["user_title"] or address(url),
            "added_at": to_text(now),
        }
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        return int(self.run(f"INSERT INTO feeds ({names}) VALUES ({marks})", list(columns.values())).lastrowid or 0)

    def _rewrite_feed(self, row: Row, wish: dict[str, object]) -> bool:
        """True when stories must be told anew: the feed's name, tags, or rank changed."""
        changed = {name: value for name, value in wish.items() if row[name] != value}
        if changed.get("user_title"):
            changed["title"] = changed["user_title"]
        if changed:
            settings = ", ".join(f"{name} = ?" for name in changed)
            self.run(f"UPDATE feeds SET {settings} WHERE id = ?", [*changed.values(), row["id"]])
        return not changed.keys().isdisjoint({"tags", "priority"})

    def _retell(self, feed_ids: Collection[int]) -> None:
        """Tags and priorities of feeds show in their stories."""
        told = self.rows(
            "SELECT DISTINCT story_id FROM entries WHERE feed_id IN (SELECT value FROM json_each(?))",
            (to_json(feed_ids),),
        )
        self.refresh_stories([row[0] for row in told])

    def all_feeds(self) -> list[Feed]:
        """Every feed that ever brought something: wanted, no longer wanted, and ingested ones."""
        return [read_feed(row) for row in self.rows(SELECT_FEEDS + "ORDER BY f.id")]

    def feeds(self) -> list[tuple[Feed, FeedState]]:
        """All wanted feeds, disabled ones included, in the order of the file."""
        rows = self.rows(SELECT_FEEDS + "WHERE f.wanted ORDER BY f.position, f.id")
        return [(read_feed(row), read_state(row)) for row in rows]
