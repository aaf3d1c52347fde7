"""What a digest told, entry by entry; links of the views without tracking parameters."""

# Stories merge and part: only the entries themselves say what a recipient has read.
SQL = """
CREATE TABLE digest_entries (
    digest_id INTEGER NOT NULL REFERENCES digests (id) ON DELETE CASCADE,
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    PRIMARY KEY (digest_id, entry_id)
) WITHOUT ROWID;
CREATE INDEX digest_entries_entry_id ON digest_entries (entry_id);

INSERT INTO digest_entries (digest_id, entry_id)
SELECT DISTINCT i.digest_id, e.id
FROM digest_items i LEFT JOIN redirects r ON r.old_id = i.story_id
     JOIN entries e ON e.story_id = ifnull(r.story_id, i.story_id) AND e.id <= i.last_entry;

DROP VIEW today;
DROP VIEW story_list;
DROP VIEW entry_list;
DROP VIEW story_members;

CREATE VIEW story_list AS
SELECT s.id, s.title, s.outlets, s.independent, s.copies, s.entries,
       substr(s.first_seen, 1, 16) AS first_seen, substr(s.last_seen, 1, 16) AS last_seen,
       s.lang, (SELECT group_concat(value, ', ') FROM json_each(s.tags)) AS tags,
       ifnull(nullif(e.canonical_url, ''), e.url) AS url
FROM stories s LEFT JOIN entries e ON e.id = s.representative
ORDER BY s.last_seen DESC, s.id DESC;

CREATE VIEW today AS
SELECT * FROM story_list WHERE last_seen >= strftime('%Y-%m-%dT%H:%M', 'now', '-1 day');

CREATE VIEW entry_list AS
SELECT e.id, substr(e.seen, 1, 16) AS seen, f.title AS outlet, e.title, p.level, e.story_id, s.title AS story,
       ifnull(nullif(e.canonical_url, ''), e.url) AS url
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN stories s ON s.id = e.story_id
     LEFT JOIN placements p ON p.entry_id = e.id
ORDER BY e.id DESC;

CREATE VIEW story_members AS
SELECT e.story_id, s.title AS story, e.id AS entry_id, substr(ifnull(e.published, e.seen), 1, 16) AS moment,
       f.title AS outlet, e.publisher, e.title, p.level, round(p.score, 2) AS score, p.reason, e.copy_of,
       ifnull(nullif(e.canonical_url, ''), e.url) AS url
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN stories s ON s.id = e.story_id
     LEFT JOIN placements p ON p.entry_id = e.id
ORDER BY s.last_seen DESC, e.story_id DESC, ifnull(e.published, e.seen), e.id;
"""
