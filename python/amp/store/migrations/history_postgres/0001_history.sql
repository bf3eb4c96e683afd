-- What happened. Instants are Unix nanoseconds, `seq` and `id` of events, flushes and deliveries Unix microseconds made
-- unique. Ids of labels, groups and texts are hashes of what they name, so that nobody looks them up before writing.
-- `event` is partitioned by day; AMP makes a day's partition before it writes into it.
CREATE TABLE series (
    id bigint PRIMARY KEY,
    fingerprint bigint NOT NULL UNIQUE,
    labels jsonb NOT NULL,
    name_id bigint NOT NULL,
    severity_id bigint NOT NULL,
    namespace_id bigint NOT NULL,
    open_at_ns bigint,
    last_at_ns bigint NOT NULL,
    flap double precision NOT NULL,
    fires bigint NOT NULL
);
CREATE INDEX series_labels ON series USING gin (labels jsonb_path_ops);
CREATE INDEX series_open ON series (open_at_ns) WHERE open_at_ns IS NOT NULL;
CREATE INDEX series_unused ON series (id) WHERE fires = 0;
CREATE TABLE label (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    value text NOT NULL
);
CREATE INDEX label_name ON label (name, id);
CREATE TABLE series_label (
    label_id bigint NOT NULL,
    series_id bigint NOT NULL,
    PRIMARY KEY (label_id, series_id)
);
CREATE TABLE note (
    id bigint PRIMARY KEY,
    hash bigint NOT NULL UNIQUE,
    alert_name text NOT NULL,
    annotations text NOT NULL,
    generator_url text NOT NULL,
    url_hash bigint NOT NULL,
    words tsvector NOT NULL
);
CREATE INDEX note_url ON note (url_hash);
CREATE INDEX note_words ON note USING gin (words);
CREATE TABLE episode (
    starts_at_ns bigint NOT NULL,
    series_id bigint NOT NULL,
    ends_at_ns bigint,
    ended_by smallint NOT NULL,
    note_id bigint NOT NULL,
    silenced smallint NOT NULL,
    inhibited smallint NOT NULL,
    notified smallint NOT NULL,
    failed smallint NOT NULL,
    flap double precision NOT NULL,
    name_id bigint NOT NULL,
    severity_id bigint NOT NULL,
    namespace_id bigint NOT NULL,
    PRIMARY KEY (starts_at_ns, series_id)
);
CREATE INDEX episode_series ON episode (series_id, starts_at_ns);
CREATE INDEX episode_name ON episode (name_id, starts_at_ns, series_id);
CREATE INDEX episode_severity ON episode (severity_id, starts_at_ns, series_id);
CREATE INDEX episode_namespace ON episode (namespace_id, starts_at_ns, series_id);
CREATE INDEX episode_note ON episode (note_id, starts_at_ns, series_id);
CREATE INDEX episode_ends ON episode (ends_at_ns, starts_at_ns, series_id);
CREATE INDEX episode_silenced ON episode (starts_at_ns, series_id) WHERE silenced = 1;
CREATE INDEX episode_inhibited ON episode (starts_at_ns, series_id) WHERE inhibited = 1;
CREATE INDEX episode_failed ON episode (starts_at_ns, series_id) WHERE failed = 1;
CREATE INDEX episode_flapping ON episode (starts_at_ns, series_id) WHERE flap >= 4;
CREATE INDEX episode_duration ON episode ((ends_at_ns - starts_at_ns), ends_at_ns, starts_at_ns, series_id) WHERE ends_at_ns IS NOT NULL;
CREATE INDEX episode_hour ON episode (starts_at_ns, series_id, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 3600000000000;
CREATE INDEX episode_shift ON episode (starts_at_ns, series_id, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 28800000000000;
CREATE INDEX episode_days ON episode (starts_at_ns, series_id, ends_at_ns) WHERE ends_at_ns - starts_at_ns >= 259200000000000;
CREATE INDEX episode_pending ON episode (starts_at_ns, series_id) WHERE notified = 0 AND failed = 0;
CREATE TABLE route_group (
    id bigint PRIMARY KEY,
    group_key text NOT NULL,
    receiver text NOT NULL,
    labels text NOT NULL
);
CREATE INDEX route_group_key ON route_group USING hash (group_key);
CREATE TABLE episode_group (
    group_id bigint NOT NULL,
    starts_at_ns bigint NOT NULL,
    series_id bigint NOT NULL,
    PRIMARY KEY (group_id, starts_at_ns, series_id)
);
CREATE INDEX episode_group_episode ON episode_group (series_id, starts_at_ns);
CREATE TABLE episode_receiver (
    receiver_id bigint NOT NULL,
    starts_at_ns bigint NOT NULL,
    series_id bigint NOT NULL,
    PRIMARY KEY (receiver_id, starts_at_ns, series_id)
);
CREATE INDEX episode_receiver_episode ON episode_receiver (series_id, starts_at_ns);
CREATE TABLE episode_silence (
    silence_id bigint NOT NULL,
    starts_at_ns bigint NOT NULL,
    series_id bigint NOT NULL,
    PRIMARY KEY (silence_id, starts_at_ns, series_id)
);
CREATE INDEX episode_silence_episode ON episode_silence (series_id, starts_at_ns);
CREATE TABLE text (
    id bigint PRIMARY KEY,
    body text NOT NULL
);
CREATE TABLE event (
    seq bigint NOT NULL,
    at_ns bigint NOT NULL,
    kind smallint NOT NULL,
    series_id bigint,
    group_id bigint,
    ref_id bigint,
    PRIMARY KEY (seq)
) PARTITION BY RANGE (seq);
CREATE INDEX event_series ON event (series_id, seq) WHERE series_id IS NOT NULL;
CREATE INDEX event_group ON event (group_id, seq) WHERE series_id IS NULL AND group_id IS NOT NULL;
CREATE INDEX event_other ON event (seq) WHERE series_id IS NULL AND group_id IS NULL;
CREATE TABLE flush (
    id bigint PRIMARY KEY,
    group_id bigint NOT NULL,
    firing integer NOT NULL,
    resolved integer NOT NULL,
    alerts bytea NOT NULL
);
CREATE TABLE delivery (
    id bigint PRIMARY KEY,
    flush_id bigint NOT NULL,
    group_id bigint NOT NULL,
    receiver_id bigint NOT NULL,
    integration text NOT NULL,
    position integer NOT NULL,
    reason text NOT NULL,
    attempt integer NOT NULL,
    delivered smallint NOT NULL,
    retryable smallint NOT NULL,
    failure text NOT NULL,
    status_code integer,
    latency_us bigint NOT NULL,
    error text NOT NULL,
    target text NOT NULL,
    request text NOT NULL,
    answer text NOT NULL
);
CREATE INDEX delivery_group ON delivery (group_id, id);
CREATE INDEX delivery_receiver ON delivery (receiver_id, id, delivered, latency_us);
CREATE INDEX delivery_failed ON delivery (id) WHERE delivered = 0;
CREATE TABLE history_mark (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
