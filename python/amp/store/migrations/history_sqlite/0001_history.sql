-- What happened. Instants are Unix nanoseconds, `seq` and `id` of events, flushes and deliveries Unix microseconds made
-- unique. Ids of labels, groups and texts are hashes of what they name, so that nobody looks them up before writing.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    fingerprint INTEGER NOT NULL UNIQUE,
    labels TEXT NOT NULL,
    name_id INTEGER NOT NULL,
    severity_id INTEGER NOT NULL,
    namespace_id INTEGER NOT NULL,
    open_at_ns INTEGER,
    last_at_ns INTEGER NOT NULL,
    flap REAL NOT NULL,
    fires INTEGER NOT NULL
);
CREATE INDEX series_open ON series (open_at_ns) WHERE open_at_ns IS NOT NULL;
CREATE INDEX series_unused ON series (id) WHERE fires = 0;
CREATE TABLE label (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, value)
) WITHOUT ROWID;
CREATE TABLE series_label (
    label_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    PRIMARY KEY (label_id, series_id)
) WITHOUT ROWID;
-- `words`: each with a space before it. The index of words finds rare ones; common ones are looked for in here.
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL UNIQUE,
    alert_name TEXT NOT NULL,
    annotations TEXT NOT NULL,
    generator_url TEXT NOT NULL,
    url_hash INTEGER NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX note_url ON note (url_hash);
CREATE VIRTUAL TABLE note_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii');
-- SQLite takes an index without its table only where the index has every column of the query, those of its own WHERE too.
CREATE TABLE episode (
    starts_at_ns INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    ends_at_ns INTEGER,
    ended_by INTEGER NOT NULL,
    note_id INTEGER NOT NULL,
    silenced INTEGER NOT NULL,
    inhibited INTEGER NOT NULL,
    notified INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    flap REAL NOT NULL,
    name_id INTEGER NOT NULL,
    severity_id INTEGER NOT NULL,
    namespace_id INTEGER NOT NULL,
    PRIMARY KEY (starts_at_ns, series_id)
) WITHOUT ROWID;
CREATE INDEX episode_series ON episode (series_id, starts_at_ns);
CREATE INDEX episode_name ON episode (name_id, starts_at_ns);
CREATE INDEX episode_severity ON episode (severity_id, starts_at_ns);
CREATE INDEX episode_namespace ON episode (namespace_id, starts_at_ns);
CREATE INDEX episode_note ON episode (note_id);
CREATE INDEX episode_ends ON episode (ends_at_ns);
CREATE INDEX episode_silenced ON episode (starts_at_ns, series_id, silenced) WHERE silenced = 1;
CREATE INDEX episode_inhibited ON episode (starts_at_ns, series_id, inhibited) WHERE inhibited = 1;
CREATE INDEX episode_failed ON episode (starts_at_ns, series_id, failed) WHERE failed = 1;
CREATE INDEX episode_flapping ON episode (starts_at_ns, series_id, flap) WHERE flap >= 4;
CREATE INDEX episode_duration ON episode ((ends_at_ns - starts_at_ns), ends_at_ns) WHERE ends_at_ns IS NOT NULL;
CREATE INDEX episode_hour ON episode (starts_at_ns, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 3600000000000;
CREATE INDEX episode_shift ON episode (starts_at_ns, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 28800000000000;
CREATE INDEX episode_days ON episode (starts_at_ns, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 259200000000000;
CREATE INDEX episode_pending ON episode (starts_at_ns, series_id, notified, failed) WHERE notified = 0 AND failed = 0;
CREATE TABLE route_group (
    id INTEGER PRIMARY KEY,
    group_key TEXT NOT NULL,
    receiver TEXT NOT NULL,
    labels TEXT NOT NULL
);
CREATE INDEX route_group_key ON route_group (group_key);
CREATE TABLE episode_group (
    group_id INTEGER NOT NULL,
    starts_at_ns INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, starts_at_ns, series_id)
) WITHOUT ROWID;
CREATE INDEX episode_group_episode ON episode_group (series_id, starts_at_ns);
CREATE TABLE episode_receiver (
    receiver_id INTEGER NOT NULL,
    starts_at_ns INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    PRIMARY KEY (receiver_id, starts_at_ns, series_id)
) WITHOUT ROWID;
CREATE INDEX episode_receiver_episode ON episode_receiver (series_id, starts_at_ns);
CREATE TABLE episode_silence (
    silence_id INTEGER NOT NULL,
    starts_at_ns INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    PRIMARY KEY (silence_id, starts_at_ns, series_id)
) WITHOUT ROWID;
CREATE INDEX episode_silence_episode ON episode_silence (series_id, starts_at_ns);
CREATE TABLE text (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    series_id INTEGER,
    group_id INTEGER,
    ref_id INTEGER
);
CREATE INDEX event_series ON event (series_id, seq) WHERE series_id IS NOT NULL;
CREATE INDEX event_group ON event (group_id, seq) WHERE series_id IS NULL AND group_id IS NOT NULL;
CREATE INDEX event_other ON event (seq) WHERE series_id IS NULL AND group_id IS NULL;
CREATE TABLE flush (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    firing INTEGER NOT NULL,
    resolved INTEGER NOT NULL,
    alerts BLOB NOT NULL
);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    flush_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    receiver_id INTEGER NOT NULL,
    integration TEXT NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    retryable INTEGER NOT NULL,
    failure TEXT NOT NULL,
    status_code INTEGER,
    latency_us INTEGER NOT NULL,
    error TEXT NOT NULL,
    target TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX delivery_group ON delivery (group_id, id);
CREATE INDEX delivery_receiver ON delivery (receiver_id, id, delivered, latency_us);
CREATE INDEX delivery_failed ON delivery (id) WHERE delivered = 0;
CREATE TABLE history_mark (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
