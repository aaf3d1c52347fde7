"""The first schema: what people read, then what only programs read.

Moments are UTC ISO text of fixed width, lists are JSON, 0/1 are booleans. Long texts stand last in their tables, so
that reading the rest of a row does not touch their pages. Ids that others remember are never reused (AUTOINCREMENT).
"""

SQL = """
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
-- an expression, because a feed never polled (NULL) is due first
CREATE INDEX feeds_due ON feeds (ifnull(next_at, '')) WHERE wanted AND enabled AND status <> 'gone';
CREATE INDEX feeds_host ON feeds (host);

-- apart, because it is long and changes only when the document does
CREATE TABLE feed_memory (
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE,
    published TEXT NOT NULL,                -- moments of its last entries, newest first
    item_hashes TEXT NOT NULL               -- of the items of its last document
);

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
);
CREATE INDEX fetches_feed_id ON fetches (feed_id);

CREATE TABLE feed_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                     -- broken, recovered, moved, gone, quarantined
    at TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX feed_events_feed_id ON feed_events (feed_id);

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
CREATE INDEX stories_last_seen ON stories (last_seen);
CREATE INDEX stories_representative ON stories (representative);

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
    html TEXT NOT NULL,
    UNIQUE (feed_id, guid)
);
CREATE INDEX entries_story_id ON entries (story_id);
CREATE INDEX entries_copy_of ON entries (copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX entries_seen ON entries (seen);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    replaced_at TEXT NOT NULL,
    title TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX revisions_entry_id ON revisions (entry_id);

CREATE TABLE placements (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    level TEXT NOT NULL,                    -- new, story, copy, revision, correction
    score REAL NOT NULL,                    -- 0…1 on the scale of its level
    reason TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE TABLE relations (
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                     -- passage, veto
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (entry_id, other_id, kind)
) WITHOUT ROWID;
CREATE INDEX relations_other_id ON relations (other_id);

CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    a INTEGER NOT NULL REFERENCES entries (id),
    b INTEGER NOT NULL REFERENCES entries (id),
    together INTEGER NOT NULL,              -- 1: must be one story; 0: must not
    author TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX corrections_a ON corrections (a);
CREATE INDEX corrections_b ON corrections (b);

CREATE TABLE redirects (
    old_id INTEGER PRIMARY KEY,             -- the story that was merged away
    story_id INTEGER NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX redirects_story_id ON redirects (story_id);

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

CREATE TABLE digest_items (
    digest_id INTEGER NOT NULL REFERENCES digests (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,              -- 1: the top story
    story_id INTEGER NOT NULL,              -- as it was then: may have been merged (redirects) or pruned since
    title TEXT NOT NULL,                    -- as it was then
    is_update INTEGER NOT NULL,             -- told before
    last_entry INTEGER NOT NULL,            -- the highest entry id told
    PRIMARY KEY (digest_id, position)
) WITHOUT ROWID;
CREATE INDEX digest_items_story_id ON digest_items (story_id);

CREATE TABLE digest_mails (
    digest_id INTEGER PRIMARY KEY REFERENCES digests (id) ON DELETE CASCADE,
    rendered BLOB NOT NULL
);

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    meaning TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE recipes (
    id INTEGER PRIMARY KEY,
    recipe TEXT NOT NULL UNIQUE
);

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
CREATE INDEX signatures_recipe_id ON signatures (recipe_id);

-- without foreign key: swept in bulk, not entry by entry (an index by entry would double it)
CREATE TABLE bands (
    bucket INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    PRIMARY KEY (bucket, entry_id)
) WITHOUT ROWID;

CREATE TABLE fresh_bands (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    buckets BLOB NOT NULL                   -- signed 64-bit integers of this machine's byte order
);

CREATE TABLE profiles (
    story_id INTEGER PRIMARY KEY REFERENCES stories (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES recipes (id),
    profile BLOB NOT NULL
);
CREATE INDEX profiles_recipe_id ON profiles (recipe_id);

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
"""
