"""Entries as rows: is it known, add it where it belongs, revise it."""

from collections.abc import Collection
from datetime import datetime

from aggregator.model import Entry, Known, Placed, Placement, Sketch
from storage.connection import writes
from storage.sketches import Sketches
from storage.stories import Stories
from storage.values import clean, to_json, to_text

REVISIONS_KEPT = 20  # of an entry: a live blog has no end


class Entries(Stories, Sketches):
    """The entry part of the Store port."""

    def known(self, feed_id: int, guids: Collection[str]) -> dict[str, Known]:
        """Those of the guids that the feed has brought before, pruned ones included."""
        asked = {clean(guid): guid for guid in guids}
        rows = self.rows(
            "SELECT guid, id, fingerprint FROM entries WHERE feed_id = :feed"
            " AND guid IN (SELECT value FROM json_each(:guids))"
            " UNION ALL SELECT guid, entry_id, fingerprint FROM pruned WHERE feed_id = :feed"
            " AND guid IN (SELECT value FROM json_each(:guids))",
            {"feed": feed_id, "guids": to_json(asked)},
        )
        return {asked[guid]: Known(entry_id, fingerprint) for guid, entry_id, fingerprint in rows}

    @writes
    def add_entry(
        self, feed_id: int, entry: Entry, sketch: Sketch, placement: Placement, *, profile: bytes, seen: datetime
    ) -> Placed:
        """Store a new entry where `placement` says, with its buckets, and the story's new profile."""
        story_id = self.new_story(seen) if placement.story_id is None else self.current_story(placement.story_id)
        entry_id = self._insert_entry(feed_id, entry, story_id, placement.copy_of, seen)
        self.run(
            "INSERT INTO placements (entry_id, level, score, reason, at) VALUES (?, ?, ?, ?, ?)",
            (entry_id, str(placement.level), placement.score, clean(placement.reason), to_text(seen)),
        )
        self._relate(entry_id, placement.relations)
        recipe_id = self._add_sketch(entry_id, sketch)
        self._save_profile(story_id, recipe_id, profile)
        self._grow(story_id, seen)
        return Placed(entry_id, story_id)

    def _insert_entry(self, feed_id: int, entry: Entry, story_id: int, copy_of: int | None, seen: datetime) -> int:
        text = clean(entry.text)
        cursor = self.run(
            "INSERT INTO entries (title, outlet, seen, published, updated, story_id, copy_of, feed_id, publisher,"
            " author, lang, url, canonical_url, tags, guid, fingerprint, text_length, text, html, fulltext)"
            " VALUES (?, (SELECT title FROM feeds WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                clean(entry.title),
                feed_id,
                to_text(seen),
                to_text(entry.published),
                to_text(entry.updated),
                story_id,
                copy_of,
                feed_id,
                clean(entry.publisher),
                clean(entry.author),
                clean(entry.lang),
                clean(entry.url),
                clean(entry.canonical_url),
                to_json(entry.tags),
                clean(entry.guid),
                clean(entry.fingerprint),
                len(text),
                text,
                clean(entry.html),
                clean(entry.fulltext),
            ),
        )
        return int(cursor.lastrowid or 0)

    @writes
    def revise_entry(self, entry_id: int, entry: Entry, *, seen: datetime) -> None:
        """Replace the texts of a known entry; the former ones are kept as a revision.

        Of a pruned entry only the fingerprint is kept up.
        """
        former = self.row("SELECT story_id, title, fingerprint, text FROM entries WHERE id = ?", (entry_id,))
        if former is None:
            self.run("UPDATE pruned SET fingerprint = ? WHERE entry_id = ?", (clean(entry.fingerprint), entry_id))
            return
        story_id, *texts = former
        self.run(
            "INSERT INTO revisions (entry_id, replaced_at, title, fingerprint, text) VALUES (?, ?, ?, ?, ?)",
            (entry_id, to_text(seen), *texts),
        )
        self.run(
            "DELETE FROM revisions WHERE entry_id = ? AND id <="
            " (SELECT id FROM revisions WHERE entry_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (entry_id, entry_id, REVISIONS_KEPT),
        )
        self._overwrite(entry_id, entry)
        self._refresh(story_id)

    def _overwrite(self, entry_id: int, entry: Entry) -> None:
        text = clean(entry.text)
        self.run(
            "UPDATE entries SET title = ?, updated = ?, author = ?, lang = ?, url = ?, canonical_url = ?, tags = ?,"
            " fingerprint = ?, text_length = ?, text = ?, html = ?, revisions = revisions + 1 WHERE id = ?",
            (
                clean(entry.title),
                to_text(entry.updated),
                clean(entry.author),
                clean(entry.lang),
                clean(entry.url),
                clean(entry.canonical_url),
                to_json(entry.tags),
                clean(entry.fingerprint),
                len(text),
                text,
                clean(entry.html),
                entry_id,
            ),
        )
