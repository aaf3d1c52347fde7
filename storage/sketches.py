"""Signatures and profiles: what clustering keeps, as rows; a sketch → the entries that share its buckets."""

import sqlite3
from collections.abc import Collection
from datetime import datetime

from aggregator.model import Candidate, Sketch, StoryProfile
from storage.bands import Bands
from storage.connection import writes
from storage.values import clean, to_json, to_moment, to_text

_CANDIDATES = """
SELECT e.id, e.story_id, e.copy_of, e.feed_id, e.publisher, e.title, e.canonical_url, e.lang, e.seen,
    s.signature, s.features
FROM entries e JOIN signatures s ON s.entry_id = e.id
WHERE e.id IN (SELECT value FROM json_each(?)) AND e.seen >= ? AND s.recipe_id = ?
"""
_STANDING = "SELECT id, story_id FROM entries WHERE id IN (SELECT value FROM json_each(?)) AND seen >= ?"
NEAREST = 50  # entries whose stories are looked up at once
_PROFILES = """
SELECT p.story_id, r.recipe, p.profile, s.entries, s.first_seen, s.last_seen
FROM stories s JOIN profiles p ON p.story_id = s.id JOIN recipes r ON r.id = p.recipe_id
"""


class Sketches(Bands):
    """Candidates and profiles."""

    def candidates(self, sketch: Sketch, *, since: datetime, limit: int) -> list[Candidate]:
        """Entries seen since then of the same recipe that share a text bucket, most shared first, then newest.

        At most `limit`; of each bucket only the newest entries are looked at.
        """
        recipe_id = self._recipe_id(sketch.recipe)
        if recipe_id is None:
            return []
        shared, counts = self._shared(sketch.text_buckets)
        found: list[Candidate] = []
        for start in range(0, len(shared), limit):  # most sketches need one round: few of the shared are too old
            ranked = shared[start : start + limit]
            rows = self.rows(_CANDIDATES, (to_json(ranked), to_text(since), recipe_id))
            by_id = {row["id"]: _candidate(row, sketch.recipe, counts[row["id"]]) for row in rows}
            found += [by_id[entry_id] for entry_id in ranked if entry_id in by_id]
            if len(found) >= limit:
                break
        return found[:limit]

    def stories_near(self, sketch: Sketch, *, since: datetime, limit: int) -> list[int]:
        """Stories with an entry seen since then that shares an event bucket; those of most shared first."""
        shared, _ = self._shared(sketch.event_buckets)
        near: dict[int, None] = {}
        for start in range(0, len(shared), NEAREST):
            ranked = shared[start : start + NEAREST]
            stands = {row[0]: row[1] for row in self.rows(_STANDING, (to_json(ranked), to_text(since)))}
            near |= dict.fromkeys(stands[entry_id] for entry_id in ranked if entry_id in stands)
            if len(near) >= limit:
                break
        return list(near)[:limit]

    def _recipe_id(self, recipe: str) -> int | None:
        row = self.row("SELECT id FROM recipes WHERE recipe = ?", (clean(recipe),))
        return None if row is None else int(row[0])

    def _use_recipe(self, recipe: str) -> int:
        known = self._recipe_id(recipe)
        if known is not None:
            return known
        return int(self.run("INSERT INTO recipes (recipe) VALUES (?)", (clean(recipe),)).lastrowid or 0)

    def _add_sketch(self, entry_id: int, sketch: Sketch) -> int:
        """Returns the recipe's id."""
        recipe_id = self._use_recipe(sketch.recipe)
        self.run(
            "INSERT INTO signatures (entry_id, recipe_id, signature, features) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (entry_id) DO UPDATE SET recipe_id = excluded.recipe_id, signature = excluded.signature,"
            " features = excluded.features",
            (entry_id, recipe_id, sketch.signature, sketch.features),
        )
        self._add_bands(entry_id, (*sketch.event_buckets, *sketch.text_buckets))
        return recipe_id

    def sketches(self, entry_ids: Collection[int]) -> dict[int, Sketch]:
        """The stored sketches by entry id, without buckets and terms."""
        rows = self.rows(
            "SELECT s.entry_id, r.recipe, s.signature, s.features FROM signatures s"
            " JOIN recipes r ON r.id = s.recipe_id WHERE s.entry_id IN (SELECT value FROM json_each(?))",
            (to_json(entry_ids),),
        )
        return {row[0]: Sketch(row[1], signature=row[2], features=row[3]) for row in rows}

    @writes
    def replace_sketch(self, entry_id: int, sketch: Sketch) -> None:
        """Give an entry the sketch of a newer recipe. It leaves the buckets of the former one as newer entries come."""
        self._add_sketch(entry_id, sketch)
        self._forget_fresh()

    def outdated_sketches(self, recipe: str, *, since: datetime, limit: int) -> list[int]:
        """Entries seen since then whose sketch is of another recipe, newest first."""
        rows = self.rows(
            "SELECT e.id FROM entries e LEFT JOIN signatures s ON s.entry_id = e.id"
            " WHERE e.seen >= ? AND s.recipe_id IS NOT ? ORDER BY e.seen DESC, e.id DESC LIMIT ?",
            (to_text(since), self._recipe_id(recipe), limit),
        )
        return [row[0] for row in rows]

    # ------------------------------------------------------------ profiles

    @writes
    def save_profile(self, story_id: int, recipe: str, profile: bytes) -> None:
        """What a story looks like to a newcomer, from now on."""
        self._save_profile(story_id, self._use_recipe(recipe), profile)

    def _save_profile(self, story_id: int, recipe_id: int, profile: bytes) -> None:
        self.run(
            "INSERT INTO profiles (story_id, recipe_id, profile) VALUES (?, ?, ?) ON CONFLICT (story_id)"
            " DO UPDATE SET recipe_id = excluded.recipe_id, profile = excluded.profile",
            (story_id, recipe_id, profile),
        )

    def profiles(self, story_ids: Collection[int]) -> list[StoryProfile]:
        rows = self.rows(_PROFILES + "WHERE s.id IN (SELECT value FROM json_each(?))", (to_json(story_ids),))
        return [_profile(row) for row in rows]

    def series_apart(self, *, since: datetime) -> list[tuple[int, int]]:
        """Pairs of stories with entries that are two numbers of one series, the later one seen since then."""
        rows = self.rows(
            "SELECT DISTINCT e.story_id, o.story_id FROM relations r JOIN entries e ON e.id = r.entry_id"
            " JOIN entries o ON o.id = r.other_id WHERE r.kind = 'series' AND e.story_id <> o.story_id"
            " AND r.entry_id >= (SELECT min(id) FROM entries WHERE seen >= ?)",
            (to_text(since),),
        )
        return [(row[0], row[1]) for row in rows]

    def installation_seed(self) -> int:
        """A random 32-bit number drawn when the database was made: keys the hashes."""
        return int(self.one("SELECT value FROM settings WHERE key = 'seed'")[0])


def _candidate(row: sqlite3.Row, recipe: str, shared: int) -> Candidate:
    entry_id, story_id, copy_of, feed_id, publisher, title, canonical_url, lang, seen, signature, features = row
    return Candidate(
        entry_id=entry_id,
        story_id=story_id,
        copy_of=copy_of,
        feed_id=feed_id,
        publisher=publisher,
        title=title,
        canonical_url=canonical_url,
        lang=lang,
        seen=to_moment(seen),
        sketch=Sketch(recipe, signature=signature, features=features),
        shared=shared,
    )


def _profile(row: sqlite3.Row) -> StoryProfile:
    story_id, recipe, profile, entries, first_seen, last_seen = row
    return StoryProfile(story_id, recipe, profile, entries, to_moment(first_seen), to_moment(last_seen))
