-- Active alerts, silences, notification log. Instants are Unix nanoseconds.
CREATE TABLE alert (
    fingerprint TEXT PRIMARY KEY,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    starts_at_ns INTEGER NOT NULL,
    ends_at_ns INTEGER NOT NULL,
    updated_at_ns INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    generator_url TEXT NOT NULL
);
CREATE TABLE silence (
    id TEXT PRIMARY KEY,
    updated_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE TABLE notification_log (
    id BLOB PRIMARY KEY,
    timestamp_ns INTEGER NOT NULL,
    expires_at_ns INTEGER NOT NULL,
    entry BLOB NOT NULL
);
