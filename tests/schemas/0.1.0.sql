PRAGMA application_id = 1095193159;
PRAGMA user_version = 8;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES (1, 'aggregator', 'm001_tables', '2026-11-21 07:07:07.038688+00:00');
INSERT INTO "_sqlite_migrations" VALUES (2, 'aggregator', 'm002_search', '2026-11-21 07:07:07.044458+00:00');
INSERT INTO "_sqlite_migrations" VALUES (3, 'aggregator', 'm003_views', '2026-11-21 07:07:07.048485+00:00');
INSERT INTO "_sqlite_migrations" VALUES (4, 'aggregator', 'm004_told', '2026-11-21 07:07:07.051700+00:00');
INSERT INTO "_sqlite_migrations" VALUES (5, 'aggregator', 'm005_fulltext', '2026-11-21 07:07:07.062975+00:00');
INSERT INTO "_sqlite_migrations" VALUES (6, 'aggregator', 'm006_acts', '2026-11-21 07:07:07.066909+00:00');
INSERT INTO "_sqlite_migrations" VALUES (7, 'aggregator', 'm007_postings', '2026-11-21 07:07:07.075962+00:00');
INSERT INTO "_sqlite_migrations" VALUES (8, 'aggregator', 'm008_fresh_terms', '2026-11-21 07:07:07.078524+00:00');
CREATE TABLE feeds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,                    -- what to call it: the user's name, else the document's, else the address
    url TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'active',  -- active, failing, quarantined, gone
    error TEXT NOT NULL DEFAULT '',         -- the last failure in one line; empty when well
    failures INTEGER NOT NULL DEFAULT 0,    -- in a row
    next_at TEXT,                           -- next poll; empty: never polled, due at once
    why TEXT NOT NULL DEFAULT '',           -- the reason for next_at
    checked_at TEXT,                        -- last request
    succeeded_at TEXT,
    changed_at TEXT,                        -- last time it brought something new
    tags TEXT NOT NULL DEFAULT '[]',
    publisher TEXT NOT NULL DEFAULT '',
    priority INTEGER NOT NULL DEFAULT 0,
    every_seconds REAL,                     -- the user's interval
    fulltext INTEGER NOT NULL DEFAULT 0,
    enabled INTEGER NOT NULL DEFAULT 1,
    wanted INTEGER NOT NULL DEFAULT 1,      -- stands in feeds.yaml
    position INTEGER NOT NULL DEFAULT 0,    -- its place in feeds.yaml
    user_title TEXT NOT NULL DEFAULT '',
    host TEXT NOT NULL,                     -- without port: what takes turns and asks for rest
    site_url TEXT NOT NULL DEFAULT '',
    lang TEXT NOT NULL DEFAULT '',
    dialect TEXT NOT NULL DEFAULT '',       -- rss20, atom10, json11, …
    malformed TEXT NOT NULL DEFAULT '',     -- what is wrong with its document
    added_at TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    body_hash TEXT,
    kills INTEGER NOT NULL DEFAULT 0,       -- parser workers killed in a row
    moved_to TEXT,
    moved_since TEXT,
    moved_answers INTEGER NOT NULL DEFAULT 0,
    stuck_answers INTEGER NOT NULL DEFAULT 0,
    hints TEXT NOT NULL DEFAULT '',         -- its own wishes: {"interval": s, "hours": […], "days": […]}
    leased_until TEXT,                      -- being polled by someone until then
    lease_holder TEXT
);
INSERT INTO "feeds" VALUES (1, 'Paper 1', 'https://host1.example/feed', 'active', '', 0, '2026-03-01T13:00:00.000000Z', '', NULL, NULL, NULL, '[]', '', 0, NULL, 0, 1, 1, 0, 'Paper 1', 'host1.example', '', '', '', '', '2026-03-01T12:00:00.000000Z', 'x', NULL, NULL, 0, NULL, NULL, 0, 0, '', NULL, NULL);
INSERT INTO "feeds" VALUES (2, 'Paper 2', 'https://host2.example/feed', 'active', '', 0, NULL, '', NULL, NULL, NULL, '[]', '', 0, NULL, 0, 1, 1, 1, 'Paper 2', 'host2.example', '', '', '', '', '2026-03-01T12:00:00.000000Z', NULL, NULL, NULL, 0, NULL, NULL, 0, 0, '', NULL, NULL);
INSERT INTO "feeds" VALUES (3, 'Paper 3', 'https://host3.example/feed', 'active', '', 0, NULL, '', NULL, NULL, NULL, '[]', '', 0, NULL, 0, 1, 1, 2, 'Paper 3', 'host3.example', '', '', '', '', '2026-03-01T12:00:00.000000Z', NULL, NULL, NULL, 0, NULL, NULL, 0, 0, '', NULL, NULL);
CREATE TABLE feed_memory (
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE,
    published TEXT NOT NULL,                -- moments of its last entries, newest first
    item_hashes TEXT NOT NULL               -- of the items of its last document
);
INSERT INTO "feed_memory" VALUES (1, '["2026-03-01T12:00:00.000000Z"]', '[]');
CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    blocked_until TEXT NOT NULL,            -- asked to be left alone until then
    why TEXT NOT NULL
);
CREATE TABLE fetches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    outcome TEXT NOT NULL,                  -- changed, unchanged, gone, denied, throttled, broken, unreachable, refused
    status INTEGER,                         -- HTTP
    bytes INTEGER NOT NULL,                 -- on the wire
    seconds REAL NOT NULL,
    items INTEGER NOT NULL,                 -- in the document
    new INTEGER NOT NULL,
    revised INTEGER NOT NULL,
    error TEXT NOT NULL,
    final_url TEXT NOT NULL                 -- where redirects ended; empty: at the feed's address
, pages INTEGER NOT NULL DEFAULT 0, fulltexts INTEGER NOT NULL DEFAULT 0);
INSERT INTO "fetches" VALUES (1, 1, '2026-03-01T12:00:00.000000Z', 'changed', NULL, 0, 0.0, 0, 0, 0, '', '', 0, 0);
CREATE TABLE feed_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                     -- broken, recovered, moved, gone, quarantined
    at TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE stories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL DEFAULT '',         -- of its representative
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,
    copies INTEGER NOT NULL DEFAULT 0,      -- members that repeat another member's text
    outlets INTEGER NOT NULL DEFAULT 0,     -- feeds
    independent INTEGER NOT NULL DEFAULT 0, -- publishers among the originals
    lang TEXT NOT NULL DEFAULT 'und',
    tags TEXT NOT NULL DEFAULT '[]',
    representative INTEGER REFERENCES entries (id) ON DELETE SET NULL
);
INSERT INTO "stories" VALUES (1, 'Headline 1', '2026-03-01T12:00:00.000000Z', '2026-03-01T12:00:00.000000Z', 3, 1, 3, 2, 'en', '[]', 1);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    outlet TEXT NOT NULL,                   -- the feed's title when it was stored
    seen TEXT NOT NULL,                     -- when we first saw it
    published TEXT,
    updated TEXT,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    copy_of INTEGER REFERENCES entries (id) ON DELETE SET NULL,
    feed_id INTEGER NOT NULL REFERENCES feeds (id),
    publisher TEXT NOT NULL,
    author TEXT NOT NULL,
    lang TEXT NOT NULL,
    url TEXT NOT NULL,
    canonical_url TEXT NOT NULL,
    tags TEXT NOT NULL,                     -- the entry's own categories
    guid TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    text_length INTEGER NOT NULL,           -- characters
    revisions INTEGER NOT NULL DEFAULT 0,   -- times it was changed since
    text TEXT NOT NULL,
    html TEXT NOT NULL, fulltext TEXT NOT NULL DEFAULT '',
    UNIQUE (feed_id, guid)
);
INSERT INTO "entries" VALUES (1, 'Headline 1', 'Paper 1', '2026-03-01T12:00:00.000000Z', NULL, NULL, 1, NULL, 1, 'publisher1.example', '', 'en', 'https://example.org/1', 'https://example.org/1', '[]', 'guid 1', 'print 1', 18, 0, 'Text of article 1.', '', '');
INSERT INTO "entries" VALUES (2, 'Headline 2', 'Paper 2', '2026-03-01T12:00:00.000000Z', NULL, NULL, 1, 1, 2, 'publisher2.example', '', 'en', 'https://example.org/2', 'https://example.org/2', '[]', 'guid 2', 'print 2', 18, 0, 'Text of article 2.', '', '');
INSERT INTO "entries" VALUES (3, 'Headline 3', 'Paper 3', '2026-03-01T12:00:00.000000Z', NULL, NULL, 1, NULL, 3, 'publisher3.example', '', 'en', 'https://example.org/3', 'https://example.org/3', '[]', 'guid 3', 'print 3', 18, 0, 'Text of article 3.', '', '');
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    replaced_at TEXT NOT NULL,
    title TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE placements (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    level TEXT NOT NULL,                    -- new, story, copy, revision, correction
    score REAL NOT NULL,                    -- 0…1 on the scale of its level
    reason TEXT NOT NULL,
    at TEXT NOT NULL
);
INSERT INTO "placements" VALUES (1, 'new', 0.5, 'because of the test', '2026-03-01T12:00:00.000000Z');
INSERT INTO "placements" VALUES (2, 'copy', 0.5, 'because of the test', '2026-03-01T12:00:00.000000Z');
INSERT INTO "placements" VALUES (3, 'story', 0.5, 'because of the test', '2026-03-01T12:00:00.000000Z');
CREATE TABLE relations (
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                     -- passage, veto
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (entry_id, other_id, kind)
) WITHOUT ROWID;
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    a INTEGER NOT NULL REFERENCES entries (id),
    b INTEGER NOT NULL REFERENCES entries (id),
    together INTEGER NOT NULL,              -- 1: must be one story; 0: must not
    author TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL
, act_id INTEGER REFERENCES acts (id) ON DELETE CASCADE);
INSERT INTO "corrections" VALUES (1, 1, 3, 1, 'me', '2026-03-01T12:00:00.000000Z', 'same', NULL);
CREATE TABLE redirects (
    old_id INTEGER PRIMARY KEY,             -- the story that was merged away
    story_id INTEGER NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE TABLE digests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    local_date TEXT NOT NULL,               -- in the digest's zone
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,                    -- pending, sent, failed, skipped
    stories INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT,
    attempts INTEGER NOT NULL,
    next_at TEXT,                           -- next attempt
    last_answer TEXT NOT NULL,              -- of the mail server
    last_event INTEGER NOT NULL,            -- the highest feed_events.id it told
    message_id TEXT NOT NULL,
    UNIQUE (name, local_date, recipient)
);
INSERT INTO "digests" VALUES (1, 'daily', '2026-03-01', 'a@b', 'sent', 1, '2026-03-01T12:00:00.000000Z', NULL, 0, NULL, '', 0, '<1@b>');
CREATE TABLE digest_items (
    digest_id INTEGER NOT NULL REFERENCES digests (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,              -- 1: the top story
    story_id INTEGER NOT NULL,              -- as it was then: may have been merged (redirects) or pruned since
    title TEXT NOT NULL,                    -- as it was then
    is_update INTEGER NOT NULL,             -- told before
    last_entry INTEGER NOT NULL,            -- the highest entry id told
    PRIMARY KEY (digest_id, position)
) WITHOUT ROWID;
INSERT INTO "digest_items" VALUES (1, 1, 1, 'Headline 1', 0, 3);
CREATE TABLE digest_mails (
    digest_id INTEGER PRIMARY KEY REFERENCES digests (id) ON DELETE CASCADE,
    rendered BLOB NOT NULL
);
INSERT INTO "digest_mails" VALUES (1, X'6D61696CFF');
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    meaning TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "settings" VALUES ('seed', '2848253005', 'random, drawn once: keys the hashes');
CREATE TABLE recipes (
    id INTEGER PRIMARY KEY,
    recipe TEXT NOT NULL UNIQUE
);
INSERT INTO "recipes" VALUES (1, 'test 1');
CREATE TABLE pruned (
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    guid TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    entry_id INTEGER NOT NULL,
    story_id INTEGER NOT NULL,
    PRIMARY KEY (feed_id, guid)
) WITHOUT ROWID;
CREATE TABLE signatures (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES recipes (id),
    signature BLOB NOT NULL,
    features BLOB NOT NULL
);
INSERT INTO "signatures" VALUES (1, 1, X'7369676E6174757265', X'6665617475726573');
INSERT INTO "signatures" VALUES (2, 1, X'7369676E6174757265', X'6665617475726573');
INSERT INTO "signatures" VALUES (3, 1, X'7369676E6174757265', X'6665617475726573');
CREATE TABLE fresh_bands (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    buckets BLOB NOT NULL                   -- signed 64-bit integers of this machine's byte order
);
INSERT INTO "fresh_bands" VALUES (3, X'0400000000000000');
CREATE TABLE profiles (
    story_id INTEGER PRIMARY KEY REFERENCES stories (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES recipes (id),
    profile BLOB NOT NULL
);
INSERT INTO "profiles" VALUES (1, 1, X'70726F66696C65');
CREATE TABLE frequencies (
    term TEXT PRIMARY KEY,
    weight REAL NOT NULL                    -- documents, each counted 2^((its moment − landmark) / half-life)
) WITHOUT ROWID;
CREATE TABLE frequency_clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    landmark TEXT NOT NULL,
    half_life_days REAL NOT NULL,
    documents REAL NOT NULL                 -- weighted like frequencies.weight
);
INSERT INTO "frequency_clock" VALUES (1, '2026-03-01T12:00:00.000000Z', 14.0, 1.0);
CREATE TABLE digest_entries (
    digest_id INTEGER NOT NULL REFERENCES digests (id) ON DELETE CASCADE,
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    PRIMARY KEY (digest_id, entry_id)
) WITHOUT ROWID;
INSERT INTO "digest_entries" VALUES (1, 1);
INSERT INTO "digest_entries" VALUES (1, 2);
INSERT INTO "digest_entries" VALUES (1, 3);
CREATE VIRTUAL TABLE "entries_fts" USING FTS5 (
    "title", "text", "outlet", "fulltext",
    tokenize='porter unicode61 remove_diacritics 2',
    content="entries"
);
CREATE TABLE acts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                     -- merge, split
    author TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    story_id INTEGER NOT NULL,              -- what it made
    before TEXT NOT NULL                    -- where the entries it moved stood: {"entries": […], "redirects": […]}
);
CREATE TABLE bands (
    bucket INTEGER PRIMARY KEY,             -- the hash of one band of a sketch
    entry_ids BLOB NOT NULL                 -- the newest entries in it: big-endian 64-bit integers, newest first
);
INSERT INTO "bands" VALUES (1, X'0000000000000001');
INSERT INTO "bands" VALUES (2, X'00000000000000020000000000000001');
INSERT INTO "bands" VALUES (3, X'0000000000000002');
CREATE TABLE fresh_terms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    weight REAL NOT NULL,                   -- of one document, as in frequencies
    terms TEXT NOT NULL                     -- its distinct terms: a JSON array
);
INSERT INTO "fresh_terms" VALUES (1, 1.0, '["flood"]');
INSERT INTO entries_fts (entries_fts) VALUES ('rebuild');
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES ('feeds', 3);
INSERT INTO "sqlite_sequence" VALUES ('fetches', 1);
INSERT INTO "sqlite_sequence" VALUES ('stories', 1);
INSERT INTO "sqlite_sequence" VALUES ('entries', 3);
INSERT INTO "sqlite_sequence" VALUES ('fresh_terms', 1);
INSERT INTO "sqlite_sequence" VALUES ('corrections', 1);
INSERT INTO "sqlite_sequence" VALUES ('digests', 1);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX feeds_due ON feeds (ifnull(next_at, '')) WHERE wanted AND enabled AND status <> 'gone';
CREATE INDEX feeds_host ON feeds (host);
CREATE INDEX fetches_feed_id ON fetches (feed_id);
CREATE INDEX feed_events_feed_id ON feed_events (feed_id);
CREATE INDEX stories_last_seen ON stories (last_seen);
CREATE INDEX stories_representative ON stories (representative);
CREATE INDEX entries_story_id ON entries (story_id);
CREATE INDEX entries_copy_of ON entries (copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX entries_seen ON entries (seen);
CREATE INDEX revisions_entry_id ON revisions (entry_id);
CREATE INDEX relations_other_id ON relations (other_id);
CREATE INDEX corrections_a ON corrections (a);
CREATE INDEX corrections_b ON corrections (b);
CREATE INDEX redirects_story_id ON redirects (story_id);
CREATE INDEX digest_items_story_id ON digest_items (story_id);
CREATE INDEX signatures_recipe_id ON signatures (recipe_id);
CREATE INDEX profiles_recipe_id ON profiles (recipe_id);
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
CREATE INDEX digest_entries_entry_id ON digest_entries (entry_id);
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
CREATE TRIGGER "entries_ai" AFTER INSERT ON "entries" BEGIN
  INSERT INTO "entries_fts" (rowid, "title", "text", "outlet", "fulltext") VALUES (new.rowid, new."title", new."text", new."outlet", new."fulltext");
END;
CREATE TRIGGER "entries_ad" AFTER DELETE ON "entries" BEGIN
  INSERT INTO "entries_fts" ("entries_fts", rowid, "title", "text", "outlet", "fulltext") VALUES('delete', old.rowid, old."title", old."text", old."outlet", old."fulltext");
END;
CREATE TRIGGER entries_au AFTER UPDATE OF title, text, outlet, fulltext ON entries
WHEN new.title IS NOT old.title OR new.text IS NOT old.text OR new.outlet IS NOT old.outlet
    OR new.fulltext IS NOT old.fulltext
BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, outlet, fulltext)
        VALUES ('delete', old.id, old.title, old.text, old.outlet, old.fulltext);
    INSERT INTO entries_fts (rowid, title, text, outlet, fulltext)
        VALUES (new.id, new.title, new.text, new.outlet, new.fulltext);
END;
CREATE INDEX corrections_act_id ON corrections (act_id);
