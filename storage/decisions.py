"""Why entries stand where they stand, as it was written down. Reads only."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection

from aggregator.model import Decision, Level, Placement, Redirect, Relation, Standing
from storage.connection import Connection
from storage.values import to_json, to_moment

_DECISIONS = """
SELECT e.id, e.story_id, e.copy_of, p.level, p.score, p.reason, p.at, f.title AS outlet,
    (SELECT max(replaced_at) FROM revisions WHERE entry_id = e.id) AS revised
FROM entries e JOIN placements p ON p.entry_id = e.id JOIN feeds f ON f.id = e.feed_id
WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id
"""


class Decisions(Connection):
    """Placements with their relations, and redirects."""

    def decisions(self, entry_ids: Collection[int]) -> dict[int, Decision]:
        """All that is stored about where these entries stand, by entry id."""
        ids = (to_json(entry_ids),)
        relations: defaultdict[int, list[Relation]] = defaultdict(list)
        for entry_id, *tie in self.rows(
            "SELECT entry_id, other_id, kind, score, reason FROM relations"
            " WHERE entry_id IN (SELECT value FROM json_each(?)) ORDER BY score DESC, other_id",
            ids,
        ):
            relations[entry_id].append(Relation(*tie))
        return {row["id"]: _decision(row, relations[row["id"]]) for row in self.rows(_DECISIONS, ids)}

    def redirects(self, story_ids: Collection[int]) -> list[Redirect]:
        """The stories that were merged into these, with when and why; in the order of their ids."""
        rows = self.rows(
            "SELECT old_id, story_id, score, reason, at FROM redirects"
            " WHERE story_id IN (SELECT value FROM json_each(?)) ORDER BY old_id",
            (to_json(story_ids),),
        )
        return [Redirect(old, into, score, reason, to_moment(at)) for old, into, score, reason, at in rows]


def _decision(row: sqlite3.Row, relations: Collection[Relation]) -> Decision:
    placement = Placement(
        Level(row["level"]), row["story_id"], row["score"], row["reason"], row["copy_of"], tuple(relations)
    )
    standing = Standing(row["id"], row["story_id"], placement)
    return Decision(standing, to_moment(row["at"]), row["outlet"], to_moment(row["revised"]))
