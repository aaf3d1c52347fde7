"""What keeps the database small and sound: pruning in slices, sweeping, checkpoints, copies."""

from datetime import datetime, timedelta
from pathlib import Path

from storage.bands import packed
from storage.connection import explaining
from storage.frequencies import Frequencies
from storage.stories import Stories
from storage.values import LARGEST_INTEGER, to_json, to_moment, to_text
from storage.versions import copy_to

SLICE = 500  # entries a transaction: a fraction of a second
BAND_SLICE = 200_000  # rows a transaction
PAGES_RETURNED = 2_000  # to the file system in a transaction
AGE_EVERY = timedelta(days=1)

# a story is pruned as a whole: while it moves, its first entries stay; what a person corrected stays for ever
_PRUNABLE = """
SELECT e.id, e.story_id FROM stories s JOIN entries e ON e.story_id = s.id
WHERE s.last_seen < :before
    AND (:feeds IS NULL OR e.feed_id IN (SELECT value FROM json_each(:feeds)))
    AND (s.last_seen < :told_before OR s.id NOT IN (
        SELECT ifnull(r.story_id, i.story_id) FROM digest_items i LEFT JOIN redirects r ON r.old_id = i.story_id))
    AND s.id NOT IN (SELECT c.story_id FROM corrections k JOIN entries c ON c.id IN (k.a, k.b))
LIMIT :limit
"""


class Keeping(Stories, Frequencies):
    """Retention, maintenance, backup."""

    def prune(
        self,
        *,
        before: datetime,
        told_before: datetime | None = None,
        feed_ids: list[int] | None = None,
        limit: int = SLICE,
    ) -> int:
        """Remove up to `limit` entries of stories last seen before then; returns how many: call again until 0.

        Stories that stood in a digest go by `told_before` (None: like the others), corrected ones stay. Feed, guid and
        fingerprint are left behind, so that an item that returns is still known. A transaction of its own: may be
        interrupted at any time. `feed_ids` restricts to these feeds.
        """
        asked = {
            "before": to_text(before),
            "told_before": to_text(told_before or before),
            "feeds": None if feed_ids is None else to_json(feed_ids),
            "limit": limit,
        }
        with self.transaction():
            found = self.rows(_PRUNABLE, asked)
            ids = (to_json(row[0] for row in found),)
            self.run(
                "INSERT OR REPLACE INTO pruned (feed_id, guid, fingerprint, entry_id, story_id)"
                " SELECT feed_id, guid, fingerprint, id, story_id FROM entries"
                " WHERE id IN (SELECT value FROM json_each(?))",
                ids,
            )
            self.run("DELETE FROM entries WHERE id IN (SELECT value FROM json_each(?))", ids)
            empty = self.refresh_stories({row[1] for row in found})
            self.run("DELETE FROM stories WHERE id IN (SELECT value FROM json_each(?))", (to_json(empty),))
        return len(found)

    def sweep_bands(self, before: datetime) -> int:
        """Drop the buckets whose newest entry was seen before then: too old for candidates. Returns how many.

        In slices. Elsewhere an old entry stays until newer ones take its place; readers ask for the time all the same.
        """
        oldest = self.one("SELECT min(id) FROM entries WHERE seen >= ?", (to_text(before),))[0]
        keep_from = oldest if oldest is not None else self.one("SELECT ifnull(max(id), 0) + 1 FROM entries")[0]
        oldest_kept = packed([keep_from])
        dropped, start = 0, -LARGEST_INTEGER - 1
        while start <= LARGEST_INTEGER:
            end = self.row(
                "SELECT bucket FROM bands WHERE bucket >= ? ORDER BY bucket LIMIT 1 OFFSET ?", (start, BAND_SLICE)
            )
            last = int(end[0]) if end else LARGEST_INTEGER
            with self.transaction():
                dropped += self.run(
                    "DELETE FROM bands WHERE bucket BETWEEN ? AND ? AND entry_ids < ?",
                    (start, last, oldest_kept),
                ).rowcount
            start = last + 1
        return dropped

    def maintenance(self, now: datetime, *, window: timedelta | None = None) -> None:
        """The nightly round; every step is short, may be interrupted, and is done again next time.

        Ages the term counts, drops buckets without an entry of the `window` (in which candidates are sought), returns
        free pages, refreshes the planner's statistics, and cuts the write-ahead log.
        """
        landmark = self.row("SELECT landmark FROM frequency_clock WHERE landmark < ?", (to_text(now - AGE_EVERY),))
        if landmark is not None:
            self.age_terms(now)
        if window is not None:
            self.sweep_bands(now - window)
        self.tidy()

    def last_night(self) -> datetime | None:
        """When the last nightly round ended well."""
        row = self.row("SELECT value FROM settings WHERE key = 'last_night'")
        return None if row is None else to_moment(str(row[0]))

    def record_night(self, at: datetime) -> None:
        self.run(
            "INSERT OR REPLACE INTO settings (key, value, meaning) VALUES ('last_night', ?, 'end of the last nightly"
            " round: pruned, tidied, backed up')",
            (to_text(at),),
        )

    def tidy(self) -> None:
        """Give free pages back, look at the planner's statistics, cut the write-ahead log."""
        self._return_pages()
        self.rows("PRAGMA analysis_limit = 400")
        self.rows("PRAGMA optimize")
        self._cut_log()

    def _cut_log(self) -> None:
        """Leaves it to the next time when a reader is in the way: waiting for one, it would keep all writers out."""
        patience = self.one("PRAGMA busy_timeout")[0]
        self.rows("PRAGMA busy_timeout = 500")
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self.rows(f"PRAGMA busy_timeout = {patience}")

    def _return_pages(self) -> None:
        """Slice by slice, so that others may write in between; nothing where the file was made by another program."""
        left = self.one("PRAGMA freelist_count")[0]
        while left:
            with explaining(self.path):
                self.raw.executescript(f"PRAGMA incremental_vacuum({PAGES_RETURNED})")  # execute() would free one page
            before, left = left, self.one("PRAGMA freelist_count")[0]
            if left >= before:
                return

    def backup(self, target: Path, *, keep: int = 1) -> Path:
        """Copy the running database to a file, checked before it takes its name.

        Of former copies `keep - 1` stay as ``NAME.1`` (the newest) and up. Raises CorruptError, DiskError.
        """
        fresh = target.with_name(target.name + ".new")
        copy_to(self, fresh)
        for number in range(keep - 1, 0, -1):
            former = target if number == 1 else target.with_name(f"{target.name}.{number - 1}")
            if former.exists():
                former.replace(target.with_name(f"{target.name}.{number}"))
        fresh.replace(target)
        return target
