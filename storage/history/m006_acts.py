"""What a person did at once, with what stood before: so that it can be taken back."""

SQL = """
CREATE TABLE acts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                     -- merge, split
    author TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    story_id INTEGER NOT NULL,              -- what it made
    before TEXT NOT NULL                    -- where the entries it moved stood: {"entries": […], "redirects": […]}
);

ALTER TABLE corrections ADD COLUMN act_id INTEGER REFERENCES acts (id) ON DELETE CASCADE;
CREATE INDEX corrections_act_id ON corrections (act_id);
"""
