//! An event as one line of JSON, as streams show it.

use std::fmt::Write as _;

use super::{EndedBy, Event, GroupOf, Note, Subject, What};
use crate::engine::Batch;
use crate::engine::batch::{write_fingerprint, write_labels};
use crate::json;
use crate::time::Time;

/// Alerts that the line of a group's event names.
const NAMED_ALERTS: usize = 100;

/// The line, without its end.
pub(super) fn write_line(event: &Event) -> String {
    let mut out = String::with_capacity(512);
    let kind = event.what.kind().map_or("", super::Kind::name);
    let _ = write!(out, "{{\"seq\":{},\"at\":", event.seq);
    time(&mut out, event.at_ns);
    let _ = write!(out, ",\"kind\":\"{kind}\"");
    if let Some(alert) = event.what.subject() {
        subject(&mut out, alert);
    }
    if let Some(text) = event.what.note() {
        note(&mut out, text);
    }
    match &event.what {
        What::Resolved { ends_at_ns, by, .. } => {
            out.push_str(",\"ends_at\":");
            time(&mut out, *ends_at_ns);
            let by = match by {
                EndedBy::Sender => "sender",
                EndedBy::Timeout => "timeout",
                EndedBy::Lost => "unknown",
            };
            let _ = write!(out, ",\"ended_by\":\"{by}\"");
        }
        What::Suppressed { cause, .. } | What::Released { cause, .. } => {
            let _ = write!(out, ",\"cause\":{cause}");
        }
        What::Grouped { group: to, .. } => group(&mut out, to),
        What::Held {
            group: to, cause, ..
        } => {
            group(&mut out, to);
            let _ = write!(out, ",\"cause\":{cause}");
        }
        What::Flushed { batch, reason } => {
            flush(&mut out, batch);
            text(&mut out, "reason", reason);
            alerts(&mut out, batch);
        }
        What::Delivery {
            batch,
            receiver,
            attempt,
        } => {
            flush(&mut out, batch);
            text(&mut out, "receiver", receiver);
            text(&mut out, "reason", &attempt.reason);
            text(&mut out, "integration", &attempt.integration);
            let _ = write!(
                out,
                ",\"position\":{},\"attempt\":{},\"flush_id\":{},\"latency_seconds\":{}",
                attempt.position,
                attempt.attempt,
                attempt.flush_id,
                seconds(attempt.latency_us),
            );
            if let Some(status) = attempt.status_code {
                let _ = write!(out, ",\"status_code\":{status}");
            }
            if !attempt.delivered {
                let _ = write!(out, ",\"will_retry\":{}", attempt.retryable);
                text(&mut out, "error", &attempt.error);
            }
            alerts(&mut out, batch);
        }
        What::Silence { body, .. } => {
            let _ = write!(out, ",\"silence\":{body}");
        }
        What::Reloaded { body } => {
            let _ = write!(out, ",\"reload\":{body}");
        }
        What::Received { .. } | What::Announced { .. } | What::Changed { .. } => {}
    }
    out.push('}');
    out
}

fn seconds(micros: i64) -> String {
    let whole = micros / 1_000_000;
    format!("{whole}.{:06}", micros.rem_euclid(1_000_000))
}

fn time(out: &mut String, at_ns: i64) {
    out.push('"');
    Time::from_unix_ns(at_ns).write_rfc3339_nano(out);
    out.push('"');
}

fn text(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, ",\"{name}\":");
    json::write_str(out, value);
}

fn subject(out: &mut String, alert: &Subject) {
    out.push_str(",\"fingerprint\":\"");
    write_fingerprint(out, alert.fingerprint);
    text_of(out, alert.labels.get("alertname").unwrap_or_default());
    out.push_str(",\"labels\":");
    write_labels(out, &alert.labels);
    out.push_str(",\"starts_at\":");
    time(out, alert.starts_at_ns);
}

fn text_of(out: &mut String, alert_name: &str) {
    out.push_str("\",\"alert_name\":");
    json::write_str(out, alert_name);
}

fn note(out: &mut String, note: &Note) {
    let _ = write!(
        out,
        ",\"annotations\":{},\"generator_url\":\"{}\"",
        note.annotations, note.generator_url
    );
}

fn group(out: &mut String, group: &GroupOf) {
    text(out, "group_key", &group.key);
    out.push_str(",\"group_labels\":");
    write_labels(out, &group.labels);
    text(out, "receiver", &group.receiver);
}

fn flush(out: &mut String, batch: &Batch) {
    text(out, "group_key", &batch.head.group_key);
    out.push_str(",\"group_labels\":");
    write_labels(out, &batch.head.group_labels);
    let _ = write!(
        out,
        ",\"firing\":{},\"resolved\":{}",
        batch.firing_hashes().len(),
        batch.resolved_hashes().len()
    );
}

fn alerts(out: &mut String, batch: &Batch) {
    out.push_str(",\"fingerprints\":[");
    for (at, item) in batch.items().iter().take(NAMED_ALERTS).enumerate() {
        out.push_str(if at > 0 { ",\"" } else { "\"" });
        write_fingerprint(out, item.fingerprint);
        out.push('"');
    }
    out.push(']');
}
