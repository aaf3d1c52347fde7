"""Full texts from article pages: beside the excerpt, in the search, and counted with each poll."""

import sqlite_utils

from storage.history import run_script

SQL = """
ALTER TABLE entries ADD COLUMN fulltext TEXT NOT NULL DEFAULT '';    -- of its article page; empty: there is none
ALTER TABLE fetches ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;     -- article pages asked for
ALTER TABLE fetches ADD COLUMN fulltexts INTEGER NOT NULL DEFAULT 0; -- of these, that gave a full text
DROP TRIGGER entries_au;
"""

COLUMNS = ("title", "text", "outlet", "fulltext")

GUARDED_TRIGGER = """
DROP TRIGGER entries_au;
CREATE TRIGGER entries_au AFTER UPDATE OF title, text, outlet, fulltext ON entries
WHEN new.title IS NOT old.title OR new.text IS NOT old.text OR new.outlet IS NOT old.outlet
    OR new.fulltext IS NOT old.fulltext
BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, outlet, fulltext)
        VALUES ('delete', old.id, old.title, old.text, old.outlet, old.fulltext);
    INSERT INTO entries_fts (rowid, title, text, outlet, fulltext)
        VALUES (new.id, new.title, new.text, new.outlet, new.fulltext);
END;
"""


def enable(db: sqlite_utils.Database) -> None:
    """The search index cannot be given a column: it is made anew."""
    run_script(db, SQL)
    entries = db.table("entries")
    entries.disable_fts()
    entries.enable_fts(COLUMNS, create_triggers=True, tokenize="porter unicode61 remove_diacritics 2")
    run_script(db, GUARDED_TRIGGER)
