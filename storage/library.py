"""The memory as people read it: stories, their members, what a recipient was not told yet."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from aggregator.model import Counts, EventKind, FeedEvent, Level, Member, Placement, Standing, Story, Untold
from storage.stories import LINK, Stories
from storage.values import clean, strings, to_json, to_moment, to_text

EXCERPT = 600  # characters

_STORIES = f"""
SELECT s.*, ifnull({LINK}, '') AS url, ifnull(substr(e.text, 1, {EXCERPT} + 1), '') AS excerpt
FROM stories s LEFT JOIN entries e ON e.id = s.representative
"""
_OUTLETS = """
SELECT e.story_id, f.title FROM entries e JOIN feeds f ON f.id = e.feed_id
WHERE e.story_id IN (SELECT value FROM json_each(?))
GROUP BY e.story_id, e.feed_id ORDER BY min(ifnull(e.published, e.seen)), min(e.id)
"""
_MEMBERS = f"""
SELECT e.story_id, e.id, e.title, {LINK} AS url, f.title AS outlet, e.publisher, e.feed_id, e.lang, e.published, e.seen,
    substr(e.text, 1, {EXCERPT} + 1) AS excerpt, p.level, p.score, p.reason, e.copy_of, e.author, f.priority,
    e.text_length, f.tags
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN placements p ON p.entry_id = e.id
WHERE e.story_id IN (SELECT value FROM json_each(?))
ORDER BY ifnull(e.published, e.seen), e.id
"""
# By entry, for stories merge and part: an entry never told stays news when its story joins one that was.
_TOLD = """
SELECT t.entry_id FROM digest_entries t JOIN digests d ON d.id = t.digest_id
WHERE d.name = :name AND d.recipient = :recipient AND d.state = 'sent'
"""
_UNTOLD = f"SELECT DISTINCT story_id FROM entries WHERE seen >= :since AND id NOT IN ({_TOLD})"
_TOLD_MEMBERS = f"""
SELECT story_id, id FROM entries WHERE story_id IN (SELECT value FROM json_each(:stories)) AND id IN ({_TOLD})
"""
_STORY_FIELDS = ("id", "title", "entries", "copies", "independent", "lang", "url")


class Library(Stories):
    """The Library port."""

    def stories(
        self,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        tags: Collection[str] = (),
        ids: Collection[int] | None = None,
    ) -> list[Story]:
        """Newest first (by last_seen), without members. `ids` may be of stories merged since."""
        conditions = ["s.last_seen >= :since", "s.entries > 0"]
        if tags:
            conditions.append(
                "EXISTS (SELECT 1 FROM json_each(s.tags) t WHERE t.value IN (SELECT value FROM json_each(:tags)))"
            )
        if ids is not None:
            conditions.append("s.id IN (SELECT value FROM json_each(:ids))")
        rows = self.rows(
            f"{_STORIES} WHERE {' AND '.join(conditions)} ORDER BY s.last_seen DESC, s.id DESC LIMIT :limit",
            {
                "since": to_text(since) or "",
                "tags": to_json(map(clean, tags)),
                "ids": to_json(map(self.current_story, ids or ())),
                "limit": -1 if limit is None else limit,
            },
        )
        outlets = self._outlets([row["id"] for row in rows])
        return [_story(row, outlets[row["id"]], ()) for row in rows]

    def story(self, story_id: int) -> Story | None:
        """With members; follows redirects of merged stories."""
        return self._with_members([self.current_story(story_id)]).get(self.current_story(story_id))

    def standings(self, entry_ids: Collection[int] | None = None) -> list[Standing]:
        """Of these entries (None: of all), by entry id."""
        chosen = "" if entry_ids is None else "WHERE e.id IN (SELECT value FROM json_each(?))"
        rows = self.stream(
            "SELECT e.id, e.story_id, e.copy_of, p.level, p.score, p.reason"
            f" FROM entries e JOIN placements p ON p.entry_id = e.id {chosen} ORDER BY e.id",
            () if entry_ids is None else (to_json(entry_ids),),
        )
        return [_standing(row) for row in rows]

    def untold(self, name: str, recipient: str, *, since: datetime) -> list[Untold]:
        """Stories with members seen since then that no accepted (sent) issue of this digest told this recipient.

        Newest first.
        """
        asked = {"name": clean(name), "recipient": clean(recipient)}
        ids = [row[0] for row in self.rows(_UNTOLD, asked | {"since": to_text(since)})]
        told: defaultdict[int, set[int]] = defaultdict(set)
        for story_id, entry_id in self.rows(_TOLD_MEMBERS, asked | {"stories": to_json(ids)}):
            told[story_id].add(entry_id)
        stories = self._with_members(ids).values()
        newest = sorted(stories, key=lambda story: (story.last_seen, story.id), reverse=True)
        return [Untold(story, frozenset(told[story.id])) for story in newest]

    def counts(self, *, since: datetime) -> Counts:
        row = self.one(
            "SELECT count(*), count(DISTINCT feed_id), count(DISTINCT story_id) FROM entries WHERE seen >= ?",
            (to_text(since),),
        )
        return Counts(*row)

    def events(self, *, after: int) -> list[FeedEvent]:
        """Feed events with a higher id, oldest first."""
        rows = self.rows(
            "SELECT v.feed_id, v.kind, v.at, v.detail, f.title, v.id, f.tags"
            " FROM feed_events v JOIN feeds f ON f.id = v.feed_id WHERE v.id > ? ORDER BY v.id",
            (after,),
        )
        return [
            FeedEvent(row[0], EventKind(row[1]), to_moment(row[2]), row[3], row[4], row[5], strings(row[6]))
            for row in rows
        ]

    def posts(self, *, since: datetime) -> dict[int, int]:
        """feed id → how many of the last twenty things it published are of that time; without feeds never read."""
        rows = self.rows(
            "SELECT m.feed_id, count(p.value) FROM feed_memory m LEFT JOIN json_each(m.published) p ON p.value >= ?"
            " GROUP BY m.feed_id",
            (to_text(since),),
        )
        return {row[0]: row[1] for row in rows}

    def _with_members(self, story_ids: Collection[int]) -> dict[int, Story]:
        ids = (to_json(story_ids),)
        members: defaultdict[int, list[Member]] = defaultdict(list)
        for row in self.rows(_MEMBERS, ids):
            members[row["story_id"]].append(_member(row))
        rows = self.rows(f"{_STORIES} WHERE s.id IN (SELECT value FROM json_each(?))", ids)
        outlets = self._outlets(story_ids)
        return {row["id"]: _story(row, outlets[row["id"]], tuple(members[row["id"]])) for row in rows}

    def _outlets(self, story_ids: Collection[int]) -> dict[int, list[str]]:
        found: defaultdict[int, list[str]] = defaultdict(list)
        for story_id, title in self.rows(_OUTLETS, (to_json(story_ids),)):
            found[story_id].append(title)
        return found


def cut(text: str, length: int = EXCERPT) -> str:
    """At most `length` characters of one text, ended at a word with `…` where something was cut off."""
    if len(text) <= length:
        return text
    head, _, tail = text[:length].rpartition(" ")
    return (head if len(tail) < length // 2 else text[: length - 1]).rstrip() + "…"


def _story(row: sqlite3.Row, outlets: Collection[str], members: tuple[Member, ...]) -> Story:
    return Story(
        **{name: row[name] for name in _STORY_FIELDS},
        first_seen=to_moment(row["first_seen"]),
        last_seen=to_moment(row["last_seen"]),
        outlets=tuple(outlets),
        tags=strings(row["tags"]),
        representative=row["representative"] or 0,
        excerpt=cut(row["excerpt"]),
        members=members,
    )


def _standing(row: sqlite3.Row) -> Standing:
    placement = Placement(Level(row["level"]), row["story_id"], row["score"], row["reason"], row["copy_of"])
    return Standing(row["id"], row["story_id"], placement)


def _member(row: sqlite3.Row) -> Member:
    return Member(
        entry_id=row["id"],
        title=row["title"],
        url=row["url"],
        outlet=row["outlet"],
        publisher=row["publisher"],
        feed_id=row["feed_id"],
        lang=row["lang"],
        published=to_moment(row["published"]),
        seen=to_moment(row["seen"]),
        excerpt=cut(row["excerpt"]),
        level=Level(row["level"]),
        score=row["score"],
        reason=row["reason"],
        copy_of=row["copy_of"],
        author=row["author"],
        priority=row["priority"],
        text_length=row["text_length"],
        tags=strings(row["tags"]),
    )
