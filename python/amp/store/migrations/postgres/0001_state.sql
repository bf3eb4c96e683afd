-- Active alerts, silences, notification log, the one holder. Instants are Unix nanoseconds but the lease's.
CREATE TABLE alert (
    fingerprint text PRIMARY KEY,
    labels text NOT NULL,
    annotations text NOT NULL,
    starts_at_ns bigint NOT NULL,
    ends_at_ns bigint NOT NULL,
    updated_at_ns bigint NOT NULL,
    timeout boolean NOT NULL,
    generator_url text NOT NULL
);
CREATE TABLE silence (
    id text PRIMARY KEY,
    updated_at_ns bigint NOT NULL,
    expires_at_ns bigint NOT NULL,
    record bytea NOT NULL
);
CREATE TABLE notification_log (
    id bytea PRIMARY KEY,
    timestamp_ns bigint NOT NULL,
    expires_at_ns bigint NOT NULL,
    entry bytea NOT NULL
);
CREATE TABLE lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    holder_id text NOT NULL,
    expires_at timestamptz NOT NULL
);
