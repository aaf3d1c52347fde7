"""Terms counted since the last time they were added to `frequencies`."""

SQL = """
CREATE TABLE fresh_terms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    weight REAL NOT NULL,                   -- of one document, as in frequencies
    terms TEXT NOT NULL                     -- its distinct terms: a JSON array
);
"""
