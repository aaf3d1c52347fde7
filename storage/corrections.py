"""A person's must-link and cannot-link, and the acts they came from, as rows: kept until taken back."""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from sqlite3 import Row

from aggregator.model import Act, ActKind, Correction, Level, Placement, Standing
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
            correction.act or None,
        )
        cursor = self.run(
            "INSERT INTO corrections (a, b, together, author, at, reason, act_id) VALUES (?, ?, ?, ?, ?, ?, ?)", columns
        )
        return _read([self.one("SELECT * FROM corrections WHERE id = ?", (cursor.lastrowid,))])[0]

    @writes
    def remove_correction(self, correction_id: int) -> bool:
        """False when there is none of that id."""
        return self.run("DELETE FROM corrections WHERE id = ?", (correction_id,)).rowcount > 0

    # ------------------------------------------------------------ acts: what was done at once, and can be undone

    def acts(self) -> list[Act]:
        """All that were not taken back, oldest first."""
        return [_act(row) for row in self.rows("SELECT * FROM acts ORDER BY id")]

    @writes
    def add_act(self, act: Act) -> Act:
        """Store it; returns it with its id."""
        columns = (str(act.kind), clean(act.author), to_text(act.at), clean(act.reason), act.story_id, _before(act))
        cursor = self.run(
            "INSERT INTO acts (kind, author, at, reason, story_id, before) VALUES (?, ?, ?, ?, ?, ?)", columns
        )
        return replace(act, id=int(cursor.lastrowid or 0))

    @writes
    def remove_act(self, act_id: int) -> bool:
        """With its corrections. False when there is none of that id."""
        return self.run("DELETE FROM acts WHERE id = ?", (act_id,)).rowcount > 0


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
            act=row["act_id"] or 0,
        )
        for row in rows
    ]


def _act(row: Row) -> Act:
    before = json.loads(row["before"])
    return Act(
        kind=ActKind(row["kind"]),
        author=row["author"],
        at=to_moment(row["at"]),
        reason=row["reason"],
        story_id=row["story_id"],
        before=tuple(
            Standing(entry, story, Placement(Level(level), story, score, reason, copy_of))
            for entry, story, level, score, reason, copy_of in before["entries"]
        ),
        redirects=tuple((old, story) for old, story in before["redirects"]),
        id=row["id"],
    )


def _before(act: Act) -> str:
    entries = [
        (one.entry_id, one.story_id, str(place.level), place.score, clean(place.reason), place.copy_of)
        for one in act.before
        for place in [one.placement]
    ]
    return json.dumps({"entries": entries, "redirects": act.redirects}, ensure_ascii=False)
