"""A person's must-link and cannot-link, as rows: kept until taken back."""

from collections.abc import Collection, Iterable
from sqlite3 import Row

from aggregator.model import Correction
from storage.connection import Connection, writes
from storage.values import clean, to_json, to_moment, to_text


class Corrections(Connection):
    """What people said; obeying it is decided elsewhere."""

    def corrections(self, entry_ids: Collection[int]) -> list[Correction]:
        """Corrections that name any of these entries, oldest first."""
        return _read(
            self.rows(
                "SELECT * FROM corrections WHERE a IN (SELECT value FROM json_each(:ids))"
                " OR b IN (SELECT value FROM json_each(:ids)) ORDER BY id",
                {"ids": to_json(entry_ids)},
            )
        )

    def list_corrections(self) -> list[Correction]:
        """All, oldest first."""
        return _read(self.rows("SELECT * FROM corrections ORDER BY id"))

    @writes
    def add_correction(self, correction: Correction) -> Correction:
        """Store it; returns it with its id. Contradictions are the caller's to refuse."""
        columns = (
            correction.a,
            correction.b,
            int(correction.together),
            clean(correction.author),
            to_text(correction.at),
            clean(correction.reason),
        )
        cursor = self.run(
            "INSERT INTO corrections (a, b, together, author, at, reason) VALUES (?, ?, ?, ?, ?, ?)", columns
        )
        return _read([self.one("SELECT * FROM corrections WHERE id = ?", (cursor.lastrowid,))])[0]

    @writes
    def remove_correction(self, correction_id: int) -> bool:
        """False when there is none of that id."""
        return self.run("DELETE FROM corrections WHERE id = ?", (correction_id,)).rowcount > 0


def _read(rows: Iterable[Row]) -> list[Correction]:
    return [
        Correction(
            a=row["a"],
            b=row["b"],
            together=bool(row["together"]),
            author=row["author"],
            at=to_moment(row["at"]),
            reason=row["reason"],
            id=row["id"],
        )
        for row in rows
    ]
