"""Entries ↔ the stories they belong to: the columns people read are kept right in the same transaction."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from aggregator.model import Level, Merge, Relation, Standing
from storage.connection import Connection, writes
from storage.values import clean, to_json, to_text

LINK = "ifnull(nullif(e.canonical_url, ''), e.url)"  # of an entry `e`, without tracking parameters where that is known

# Who speaks for a story: the user's priority, then full text over excerpt, then original over copy, then the earliest.
# Lengths are compared between 200 and 2,000 characters: half of the longest, or 1,000 characters, counts as full text.
REPRESENTATIVE = """
SELECT e.id, e.title, e.lang FROM entries e JOIN feeds f ON f.id = e.feed_id
WHERE e.story_id = :story
ORDER BY f.priority DESC,
    2 * max(200, min(e.text_length, 2000)) >= max(200, min(:longest, 2000)) DESC,
    e.copy_of IS NOT NULL,
    ifnull(e.published, e.seen),
    e.id
LIMIT 1
"""

SUMMARY = """
SELECT count(*) AS entries, count(copy_of) AS copies, count(DISTINCT feed_id) AS outlets,
    count(DISTINCT CASE WHEN copy_of IS NULL THEN publisher END) AS independent,
    min(seen) AS first_seen, max(seen) AS last_seen, max(text_length) AS longest
FROM entries WHERE story_id = ?
"""

TAGS = """
SELECT t.value FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN json_each(f.tags) t
WHERE e.story_id = ? GROUP BY t.value ORDER BY min(e.id), t.key
"""


class Stories(Connection):
    """Stories as rows: made, told anew, merged, moved between."""

    def __init__(self, raw: sqlite3.Connection, path: str) -> None:
        super().__init__(raw, path)
        self._grown: set[int] = set()  # to be told anew at the end of the transaction

    def before_commit(self) -> None:
        super().before_commit()
        self.refresh_stories(self._grown)
        self._grown.clear()

    def forget(self) -> None:
        super().forget()
        self._grown.clear()

    def current_story(self, story_id: int) -> int:
        """The id itself, or where a merge has redirected it."""
        row = self.row("SELECT story_id FROM redirects WHERE old_id = ?", (story_id,))
        return story_id if row is None else int(row[0])

    @writes
    def new_story(self, seen: datetime) -> int:
        """A number for a story whose entries come in the same transaction."""
        at = to_text(seen)
        return int(self.run("INSERT INTO stories (first_seen, last_seen) VALUES (?, ?)", (at, at)).lastrowid or 0)

    def _grow(self, story_id: int, seen: datetime) -> None:
        """One entry more. What placing asks for is right at once, what people read when the transaction ends.

        A feed that brings fifty entries of one story has its members counted once, not fifty times.
        """
        self.run(
            "UPDATE stories SET entries = entries + 1, first_seen = min(first_seen, :at),"
            " last_seen = max(last_seen, :at) WHERE id = :id",
            {"id": story_id, "at": to_text(seen)},
        )
        self._grown.add(story_id)

    def refresh_stories(self, story_ids: Collection[int]) -> list[int]:
        """Count and title these stories anew from their members; returns those that have none left."""
        return [story_id for story_id in story_ids if not self._refresh(story_id)]

    def _refresh(self, story_id: int) -> bool:
        told = self.one(SUMMARY, (story_id,))
        if not told["entries"]:
            return False
        voice = self.one(REPRESENTATIVE, {"story": story_id, "longest": told["longest"]})
        self.run(
            "UPDATE stories SET title = ?, first_seen = ?, last_seen = ?, entries = ?, copies = ?, outlets = ?,"
            " independent = ?, lang = ?, tags = ?, representative = ? WHERE id = ?",
            (
                voice["title"],
                told["first_seen"],
                told["last_seen"],
                told["entries"],
                told["copies"],
                told["outlets"],
                told["independent"],
                voice["lang"],
                to_json(row[0] for row in self.rows(TAGS, (story_id,))),
                voice["id"],
                story_id,
            ),
        )
        return True

    @writes
    def record_mended(self) -> None:
        """All entries there are have been mended."""
        self.run(
            "INSERT OR REPLACE INTO settings (key, value, meaning) SELECT 'mended', ifnull(max(id), 0),"
            " 'last entry whose story was compared with those near it' FROM entries"
        )

    def unmended(self, *, since: datetime, limit: int) -> list[int]:
        """The newest of the entries seen since then that came after `record_mended`, oldest first."""
        rows = self.rows(
            "SELECT id FROM entries WHERE id > (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'mended')"
            " AND seen >= ? ORDER BY id DESC LIMIT ?",
            (to_text(since), limit),
        )
        return [row[0] for row in reversed(rows)]

    @writes
    def merge_stories(self, merge: Merge, *, profile: bytes, at: datetime) -> None:
        """Move the members of `merge.gone` to `merge.into` and leave a redirect."""
        into, gone = self.current_story(merge.into), self.current_story(merge.gone)
        if into == gone:
            return
        # what was first of the story that is no more, is here because of the merge
        self.run(
            "UPDATE placements SET level = ?, score = ?, reason = ?, at = ? WHERE level = ?"
            " AND entry_id IN (SELECT id FROM entries WHERE story_id = ?)",
            (str(Level.STORY), merge.score, clean(merge.reason), to_text(at), str(Level.NEW), gone),
        )
        self.run("UPDATE entries SET story_id = ? WHERE story_id = ?", (into, gone))
        self._redirect(gone, into, score=merge.score, reason=merge.reason, at=at)
        self._refresh(into)
        self.run("UPDATE profiles SET profile = ? WHERE story_id = ?", (profile, into))

    @writes
    def move_entries(
        self,
        entry_ids: Collection[int],
        story_id: int | None,
        *,
        level: Level = Level.CORRECTION,
        score: float = 1.0,
        reason: str,
        at: datetime,
    ) -> int:
        """Put these entries into that story (None: a new one) and return its id.

        Their placements get the reason; copies whose original stays elsewhere stop being copies. A story left empty
        redirects to the target. Profiles are opaque here: write those of `story_id` and of the stories left
        (`stories_of`, asked before) with `save_profile`.
        """
        ids = to_json(entry_ids)
        moving = "IN (SELECT value FROM json_each(?))"
        left = {row[0] for row in self.rows(f"SELECT story_id FROM entries WHERE id {moving}", (ids,))}
        target = self.new_story(at) if story_id is None else self.current_story(story_id)
        self.run(f"UPDATE entries SET story_id = ? WHERE id {moving}", (target, ids))
        self.run(
            f"UPDATE placements SET level = ?, score = ?, reason = ?, at = ? WHERE entry_id {moving}",
            (str(level), score, clean(reason), to_text(at), ids),
        )
        self._part_copies({target} | left)
        self._refresh(target)
        for empty in self.refresh_stories(left - {target}):
            self._redirect(empty, target, score=score, reason=reason, at=at)
        return target

    @writes
    def place_again(self, standings: Collection[Standing], *, reason: str, at: datetime) -> None:
        """Put each entry where its standing says, and for that reason; entries pruned since are passed over.

        A story that had gone comes back under its number, with its redirect undone. One that is left empty redirects
        to where most of its entries went. Profiles are opaque here: write those of all stories touched.
        """
        left = self.stories_of([standing.entry_id for standing in standings])
        known = [standing for standing in standings if standing.entry_id in left]
        went: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for standing in known:
            went[left[standing.entry_id]][standing.story_id] += 1
        targets = {standing.story_id for standing in known}
        for story_id in targets:
            self.run("DELETE FROM redirects WHERE old_id = ?", (story_id,))
            self.run(
                "INSERT OR IGNORE INTO stories (id, first_seen, last_seen) VALUES (:id, :at, :at)",
                {"id": story_id, "at": to_text(at)},
            )
        for standing in known:
            self._stand(standing, at)
        self._part_copies(targets | set(left.values()))
        for empty in self.refresh_stories(targets | set(left.values())):
            ((heir, _),) = went[empty].most_common(1)
            self._redirect(empty, self.current_story(heir), score=1.0, reason=reason, at=at)

    def _stand(self, standing: Standing, at: datetime) -> None:
        place = standing.placement
        self.run(
            "UPDATE entries SET story_id = ?, copy_of = (SELECT id FROM entries WHERE id = ?) WHERE id = ?",
            (standing.story_id, place.copy_of, standing.entry_id),
        )
        self.run(
            "UPDATE placements SET level = ?, score = ?, reason = ?, at = ? WHERE entry_id = ?",
            (str(place.level), place.score, clean(place.reason), to_text(at), standing.entry_id),
        )

    @writes
    def relate_again(self, relations: Mapping[int, Iterable[Relation]]) -> None:
        """Replace what was noted of these entries' ties; ties with entries pruned since are passed over."""
        self.run("DELETE FROM relations WHERE entry_id IN (SELECT value FROM json_each(?))", (to_json(relations),))
        for entry_id, ties in relations.items():
            self._relate(entry_id, ties)

    def _relate(self, entry_id: int, ties: Iterable[Relation]) -> None:
        self.many(
            "INSERT OR REPLACE INTO relations (entry_id, other_id, kind, score, reason)"
            " SELECT ?, id, ?, ?, ? FROM entries WHERE id = ?",
            [(entry_id, tie.kind, tie.score, clean(tie.reason), tie.entry_id) for tie in ties],
        )

    def redirects_to(self, story_ids: Collection[int]) -> list[tuple[int, int]]:
        """(old id, story id) of the stories that were merged into these."""
        found = self.rows(
            "SELECT old_id, story_id FROM redirects WHERE story_id IN (SELECT value FROM json_each(?)) ORDER BY 1",
            (to_json(story_ids),),
        )
        return [(row[0], row[1]) for row in found]

    @writes
    def redirect_again(self, redirects: Iterable[tuple[int, int]]) -> None:
        """Let these old ids, if they still redirect, lead to those stories, if they are there."""
        self.many(
            "UPDATE redirects SET story_id = ?2 WHERE old_id = ?1 AND EXISTS (SELECT 1 FROM stories WHERE id = ?2)",
            redirects,
        )

    def _part_copies(self, story_ids: Collection[int]) -> None:
        """A copy stands in the story of its original."""
        self.run(
            "UPDATE entries SET copy_of = NULL WHERE copy_of IS NOT NULL"
            " AND story_id IN (SELECT value FROM json_each(?))"
            " AND story_id <> (SELECT o.story_id FROM entries o WHERE o.id = entries.copy_of)",
            (to_json(story_ids),),
        )

    def _redirect(self, gone: int, into: int, *, score: float, reason: str, at: datetime) -> None:
        """Every redirect ends at a living story: followed in one step."""
        self.run("UPDATE redirects SET story_id = ? WHERE story_id = ?", (into, gone))
        self.run("DELETE FROM stories WHERE id = ?", (gone,))
        self.run(
            "INSERT INTO redirects (old_id, story_id, score, reason, at) VALUES (?, ?, ?, ?, ?)",
            (gone, into, score, clean(reason), to_text(at)),
        )

    def stories_of(self, entry_ids: Collection[int]) -> dict[int, int]:
        """entry id → story id, of those that exist."""
        found = self.rows(
            "SELECT id, story_id FROM entries WHERE id IN (SELECT value FROM json_each(?))", (to_json(entry_ids),)
        )
        return {row[0]: row[1] for row in found}
