"""Full-text search over title, text and outlet of entries, kept in step by triggers."""

import sqlite_utils

from storage.history import run_script

COLUMNS = ("title", "text", "outlet")

# sqlite-utils' own update trigger indexes anew whenever anything of an entry changes, such as its story
GUARDED_TRIGGER = """
DROP TRIGGER entries_au;
CREATE TRIGGER entries_au AFTER UPDATE OF title, text, outlet ON entries
WHEN new.title IS NOT old.title OR new.text IS NOT old.text OR new.outlet IS NOT old.outlet
BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, outlet)
        VALUES ('delete', old.id, old.title, old.text, old.outlet);
    INSERT INTO entries_fts (rowid, title, text, outlet) VALUES (new.id, new.title, new.text, new.outlet);
END;
"""


def enable(db: sqlite_utils.Database) -> None:
    entries = db.table("entries")
    entries.enable_fts(COLUMNS, create_triggers=True, tokenize="porter unicode61 remove_diacritics 2")
    run_script(db, GUARDED_TRIGGER)
