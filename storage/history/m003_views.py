"""Views for people: each reads well as `sqlite-utils rows aggregator.db VIEW -t`."""

SQL = """
CREATE VIEW story_list AS
SELECT s.id, s.title, s.outlets, s.independent, s.copies, s.entries,
       substr(s.first_seen, 1, 16) AS first_seen, substr(s.last_seen, 1, 16) AS last_seen,
       s.lang, (SELECT group_concat(value, ', ') FROM json_each(s.tags)) AS tags, e.url
FROM stories s LEFT JOIN entries e ON e.id = s.representative
ORDER BY s.last_seen DESC, s.id DESC;

CREATE VIEW today AS
SELECT * FROM story_list WHERE last_seen >= strftime('%Y-%m-%dT%H:%M', 'now', '-1 day');

CREATE VIEW entry_list AS
SELECT e.id, substr(e.seen, 1, 16) AS seen, f.title AS outlet, e.title, p.level, e.story_id, s.title AS story, e.url
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN stories s ON s.id = e.story_id
     LEFT JOIN placements p ON p.entry_id = e.id
ORDER BY e.id DESC;

CREATE VIEW story_members AS
SELECT e.story_id, s.title AS story, e.id AS entry_id, substr(ifnull(e.published, e.seen), 1, 16) AS moment,
       f.title AS outlet, e.publisher, e.title, p.level, round(p.score, 2) AS score, p.reason, e.copy_of, e.url
FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN stories s ON s.id = e.story_id
     LEFT JOIN placements p ON p.entry_id = e.id
ORDER BY s.last_seen DESC, e.story_id DESC, ifnull(e.published, e.seen), e.id;

CREATE VIEW duplicates AS
SELECT o.id AS original_id, fo.title AS original_outlet, o.title AS original, e.id AS copy_id, f.title AS copy_outlet,
       e.title AS copy, p.level, round(p.score, 2) AS score,
       round((julianday(ifnull(e.published, e.seen)) - julianday(ifnull(o.published, o.seen))) * 24, 1) AS hours_later,
       p.reason
FROM entries e JOIN entries o ON o.id = e.copy_of JOIN feeds f ON f.id = e.feed_id JOIN feeds fo ON fo.id = o.feed_id
     LEFT JOIN placements p ON p.entry_id = e.id
ORDER BY o.id DESC, e.id;

CREATE VIEW feed_health AS
SELECT f.id, f.title, f.status, f.failures, f.error, substr(f.checked_at, 1, 16) AS checked_at,
       substr(f.changed_at, 1, 16) AS changed_at, substr(f.next_at, 1, 16) AS next_at, f.why,
       (SELECT count(*) FROM entries e WHERE e.feed_id = f.id) AS entries, f.malformed, f.url
FROM feeds f WHERE f.wanted
ORDER BY f.status = 'active', f.failures DESC, f.title;

-- "98 % of the stories of `feed` came earlier in `other`"; other empty: the stories that nobody else had
CREATE VIEW feed_overlap AS
WITH told AS (SELECT story_id, feed_id, min(ifnull(published, seen)) AS at FROM entries GROUP BY story_id, feed_id),
     totals AS (SELECT feed_id, count(*) AS stories FROM told GROUP BY feed_id),
     pairs AS (
         SELECT a.feed_id, b.feed_id AS other_id, count(*) AS shared, sum(b.at < a.at) AS earlier_in_other
         FROM told a JOIN told b ON b.story_id = a.story_id AND b.feed_id <> a.feed_id
         GROUP BY a.feed_id, b.feed_id
         UNION ALL
         SELECT t.feed_id, NULL, count(*), 0 FROM told t JOIN stories s ON s.id = t.story_id
         WHERE s.outlets = 1 GROUP BY t.feed_id)
SELECT f.title AS feed, o.title AS other, t.stories, p.shared, p.earlier_in_other,
       round(100.0 * p.shared / t.stories) AS percent_shared,
       round(100.0 * p.earlier_in_other / t.stories) AS percent_earlier
FROM pairs p JOIN totals t ON t.feed_id = p.feed_id JOIN feeds f ON f.id = p.feed_id
     LEFT JOIN feeds o ON o.id = p.other_id
ORDER BY f.title, o.id IS NOT NULL, p.shared DESC;

CREATE VIEW unsent AS
SELECT id, name, local_date, recipient, state, stories, attempts, substr(next_at, 1, 16) AS next_at, last_answer
FROM digests WHERE state IN ('pending', 'failed')
ORDER BY id DESC;
"""
