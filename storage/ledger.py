"""The outbox: at most one issue per (name, local date, recipient), whatever happens."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.model import Digest, DigestItem, DigestState
from storage.connection import Connection, Parameters, writes
from storage.values import clean, to_moment, to_text

_DIGESTS = "SELECT d.*, m.rendered FROM digests d JOIN digest_mails m ON m.digest_id = d.id "


class Ledger(Connection):
    """The Ledger port."""

    def digest(self, name: str, local_date: str, recipient: str) -> Digest | None:
        return self._one(
            "WHERE d.name = ? AND d.local_date = ? AND d.recipient = ?", (clean(name), local_date, clean(recipient))
        )

    @writes
    def add_digest(self, digest: Digest) -> Digest:
        """Store a rendered (or skipped) issue; returns it with its id, or the row that was there first."""
        there = self.digest(digest.name, digest.local_date, digest.recipient)
        if there is not None:
            return there
        digest_id = self._insert_digest(digest)
        self.run("INSERT INTO digest_mails (digest_id, rendered) VALUES (?, ?)", (digest_id, digest.rendered))
        self.many(
            "INSERT INTO digest_items (digest_id, position, story_id, title, is_update, last_entry)"
            " VALUES (?, ?, ?, ifnull((SELECT title FROM stories WHERE id = ?), ''), ?, ?)",
            [
                (digest_id, position, item.story_id, item.story_id, int(item.update), item.last_entry)
                for position, item in enumerate(digest.items, start=1)
            ],
        )
        self.many(
            "INSERT OR IGNORE INTO digest_entries (digest_id, entry_id) SELECT ?, id FROM entries"
            " WHERE story_id = ifnull((SELECT story_id FROM redirects WHERE old_id = ?), ?) AND id <= ?",
            [(digest_id, item.story_id, item.story_id, item.last_entry) for item in digest.items],
        )
        return self._digest(self.one(_DIGESTS + "WHERE d.id = ?", (digest_id,)))

    def _insert_digest(self, digest: Digest) -> int:
        cursor = self.run(
            "INSERT INTO digests (name, local_date, recipient, state, stories, created_at, sent_at, attempts, next_at,"
            " last_answer, last_event, message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                clean(digest.name),
                digest.local_date,
                clean(digest.recipient),
                str(digest.state),
                len(digest.items),
                to_text(digest.created_at),
                to_text(digest.sent_at),
                digest.attempts,
                to_text(digest.next_at),
                clean(digest.last_answer),
                digest.last_event,
                clean(digest.message_id),
            ),
        )
        return int(cursor.lastrowid or 0)

    @writes
    def record_attempt(
        self, digest_id: int, state: DigestState, *, at: datetime, answer: str, next_at: datetime | None
    ) -> None:
        """One attempt to send: the new state and the server's last answer."""
        self.run(
            "UPDATE digests SET state = ?, attempts = attempts + 1, last_answer = ?, next_at = ?,"
            " sent_at = CASE WHEN ? = 'sent' THEN ? ELSE sent_at END WHERE id = ?",
            (str(state), clean(answer), to_text(next_at), str(state), to_text(at), digest_id),
        )

    def pending(self, now: datetime) -> list[Digest]:
        """Issues whose next attempt is due, oldest first."""
        return self._all(
            "WHERE d.state = 'pending' AND ifnull(d.next_at, '') <= ? ORDER BY d.created_at, d.id", (to_text(now),)
        )

    def last_sent(self, name: str, recipient: str) -> Digest | None:
        return self._one(
            "WHERE d.name = ? AND d.recipient = ? AND d.state = 'sent' ORDER BY d.sent_at DESC, d.id DESC LIMIT 1",
            (clean(name), clean(recipient)),
        )

    def digests(self, *, limit: int) -> list[Digest]:
        """Newest first."""
        return self._all("ORDER BY d.id DESC LIMIT ?", (limit,))

    def _one(self, condition: str, parameters: Parameters) -> Digest | None:
        return next(iter(self._all(condition, parameters)), None)

    def _all(self, condition: str, parameters: Parameters) -> list[Digest]:
        return [self._digest(row) for row in self.rows(_DIGESTS + condition, parameters)]

    def _digest(self, row: sqlite3.Row) -> Digest:
        items = self.rows(
            "SELECT story_id, is_update, last_entry FROM digest_items WHERE digest_id = ? ORDER BY position",
            (row["id"],),
        )
        return Digest(
            name=row["name"],
            local_date=row["local_date"],
            recipient=row["recipient"],
            message_id=row["message_id"],
            state=DigestState(row["state"]),
            rendered=row["rendered"],
            created_at=to_moment(row["created_at"]),
            items=_items(items),
            last_event=row["last_event"],
            attempts=row["attempts"],
            next_at=to_moment(row["next_at"]),
            last_answer=row["last_answer"],
            sent_at=to_moment(row["sent_at"]),
            id=row["id"],
        )


def _items(rows: Iterable[Sequence[int]]) -> tuple[DigestItem, ...]:
    return tuple(DigestItem(story_id, bool(update), last_entry) for story_id, update, last_entry in rows)
