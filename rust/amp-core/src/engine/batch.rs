//! The alerts of one flush, frozen, and the JSON that notifications are made of.

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::index::Slot;
use crate::json;
use crate::labels::{Label, LabelSet};
use crate::time::Time;

/// What all batches of one flush share.
#[derive(Debug, Clone)]
pub struct Head {
    /// The group.
    pub group_id: u64,
    /// The group's route.
    pub route_index: u32,
    /// The group's public key.
    pub group_key: Arc<str>,
    /// The name of the receiver.
    pub receiver: Arc<str>,
    /// The labels that all alerts of the group share because they make the group.
    pub group_labels: LabelSet,
    /// Rendered route labels, a JSON object.
    pub route_labels: Arc<str>,
    /// Route labels that failed: name and error.
    pub route_label_errors: Vec<(String, String)>,
    /// What events say of the flush, where they are recorded.
    pub(super) recorded: Option<Flushed>,
}

/// What events say of a flush.
#[derive(Debug, Clone)]
pub(super) struct Flushed {
    /// The route's matchers, a JSON list.
    pub(super) matchers: Arc<str>,
    /// The group's own name.
    pub(super) uuid: String,
    /// Which flush of the group this is.
    pub(super) number: u64,
}

/// One alert of a batch.
#[derive(Debug, Clone)]
pub struct Item {
    pub(super) slot: Slot,
    /// Where the alert stood among the group's members.
    pub(super) position: usize,
    /// The public identity.
    pub fingerprint: u64,
    /// The labels.
    pub labels: LabelSet,
    /// A JSON object.
    pub annotations: Arc<str>,
    /// The inside of a JSON string.
    pub generator_url: Arc<str>,
    /// When it began.
    pub starts_at: Time,
    /// When it ended; zero for a firing alert.
    pub ends_at: Time,
    /// Whether it was firing when the batch was made.
    pub firing: bool,
    pub(super) updated_at_ns: i64,
}

/// Alerts of one group in the order of notifications.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What it shares with others of the same flush.
    pub head: Arc<Head>,
    items: Arc<[Item]>,
    firing: Arc<[u64]>,
    resolved: Arc<[u64]>,
    /// Hashes of the alerts that stages held back, where events are recorded.
    pub(super) muted: Vec<u64>,
}

impl Batch {
    pub(super) fn new(head: Arc<Head>, items: Vec<Item>) -> Self {
        let hashes = |firing: bool| {
            items
                .iter()
                .filter(|item| item.firing == firing)
                .map(|item| item.labels.log_hash())
                .collect()
        };
        Self {
            firing: hashes(true),
            resolved: hashes(false),
            items: items.into(),
            muted: Vec::new(),
            head,
        }
    }

    /// The same alerts under another head.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self {
            head: Arc::new(head),
            ..self
        }
    }

    /// The alerts.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The notification log's hashes of the firing alerts.
    pub fn firing_hashes(&self) -> &[u64] {
        &self.firing
    }

    /// The notification log's hashes of the resolved alerts.
    pub fn resolved_hashes(&self) -> &[u64] {
        &self.resolved
    }

    /// The batch without the alerts that a stage drops; itself when none is.
    pub(super) fn keep(&self, keeps: &[bool]) -> Self {
        if keeps.iter().all(|keep| *keep) {
            return self.clone();
        }
        let kept = self.items.iter().zip(keeps).filter(|(_, keep)| **keep);
        let kept = kept.map(|(item, _)| item.clone()).collect();
        Self {
            muted: self.muted.clone(),
            ..Self::new(Arc::clone(&self.head), kept)
        }
    }

    /// The batch without the alerts that a stage holds back.
    pub(super) fn unmuted(&self, keeps: &[bool]) -> Self {
        let mut batch = self.keep(keeps);
        if self.head.recorded.is_some() {
            let held = self.items.iter().zip(keeps).filter(|(_, keep)| !**keep);
            batch
                .muted
                .extend(held.map(|(item, _)| item.labels.log_hash()));
        }
        batch
    }

    /// Only the firing alerts.
    #[must_use]
    pub fn firing_only(&self) -> Self {
        if self.resolved.is_empty() {
            return self.clone();
        }
        let keeps: Vec<bool> = self.items.iter().map(|item| item.firing).collect();
        self.keep(&keeps)
    }

    /// The batch without the alerts of these fingerprints.
    #[must_use]
    pub fn without(&self, fingerprints: &[u64]) -> Self {
        let keeps: Vec<bool> = self
            .items
            .iter()
            .map(|item| !fingerprints.contains(&item.fingerprint))
            .collect();
        self.keep(&keeps)
    }

    /// The webhook's version 4 body with its line end; `max_alerts` 0 means all.
    ///
    /// Upstream: notify/webhook/webhook.go `Message`.
    pub fn webhook_json(&self, reason: &str, external_url: &str, max_alerts: usize) -> String {
        let shown = match max_alerts {
            0 => self.items.len(),
            max => self.items.len().min(max),
        };
        let mut out = self.data(&self.items[..shown], reason, external_url);
        out.push_str(",\"version\":\"4\",\"groupKey\":");
        json::write_str(&mut out, &self.head.group_key);
        let _ = write!(out, ",\"truncatedAlerts\":{}", self.items.len() - shown);
        out.push_str("}\n");
        out
    }

    /// What templates see, as JSON without its last brace.
    ///
    /// Upstream: template/template.go `Data`.
    fn data(&self, items: &[Item], reason: &str, external_url: &str) -> String {
        let head = &*self.head;
        let size: usize = items
            .iter()
            .map(|item| 320 + item.annotations.len() + item.labels.len() * 40)
            .sum();
        let mut out = String::with_capacity(size + 1024);
        out.push_str("{\"receiver\":");
        json::write_str(&mut out, &quote_meta(&head.receiver));
        let firing = items.iter().any(|item| item.firing);
        out.push_str(",\"status\":");
        out.push_str(status(firing));
        out.push_str(",\"alerts\":[");
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_item(&mut out, item);
        }
        out.push_str("],\"notification_reason\":");
        json::write_str(&mut out, reason);
        out.push_str(",\"groupLabels\":");
        write_labels(&mut out, &head.group_labels);
        out.push_str(",\"commonLabels\":");
        write_labels(&mut out, &common_labels(items));
        out.push_str(",\"commonAnnotations\":");
        write_common_annotations(&mut out, items);
        out.push_str(",\"routeLabels\":");
        out.push_str(&head.route_labels);
        out.push_str(",\"externalURL\":");
        json::write_str(&mut out, external_url);
        out
    }

    /// The alerts for a log line: how many of each name, in the order of notifications.
    ///
    /// Upstream: the key `alerts` of "flushing" and "Notify success".
    pub fn labels_text(&self) -> String {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        let mut places: FxHashMap<&str, usize> = FxHashMap::default();
        for item in &*self.items {
            let name = item.labels.get("alertname").unwrap_or_default();
            let place = *places.entry(name).or_insert(counts.len());
            match counts.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        let texts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name}: {count}"))
            .collect();
        texts.join(", ")
    }
}

fn status(firing: bool) -> &'static str {
    if firing { "\"firing\"" } else { "\"resolved\"" }
}

fn write_item(out: &mut String, item: &Item) {
    out.push_str("{\"status\":");
    out.push_str(status(item.firing));
    out.push_str(",\"labels\":");
    write_labels(out, &item.labels);
    out.push_str(",\"annotations\":");
    out.push_str(&item.annotations);
    out.push_str(",\"startsAt\":\"");
    item.starts_at.write_rfc3339_nano(out);
    out.push_str("\",\"endsAt\":\"");
    item.ends_at.write_rfc3339_nano(out);
    out.push_str("\",\"generatorURL\":\"");
    out.push_str(&item.generator_url);
    out.push_str("\",\"fingerprint\":\"");
    write_fingerprint(out, item.fingerprint);
    out.push_str("\"}");
}

/// Sixteen hex digits.
pub(crate) fn write_fingerprint(out: &mut String, fingerprint: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [b'0'; 16];
    for (digits, byte) in digits.chunks_exact_mut(2).zip(fingerprint.to_be_bytes()) {
        digits[0] = HEX[usize::from(byte >> 4)];
        digits[1] = HEX[usize::from(byte & 15)];
    }
    out.push_str(str::from_utf8(&digits).unwrap_or_default());
}

/// Labels as a JSON object.
pub(crate) fn write_labels(out: &mut String, labels: &LabelSet) {
    let mut opening = "{\"";
    for label in labels {
        out.push_str(opening);
        json::write_escaped(out, &label.name);
        out.push_str("\":\"");
        json::write_escaped(out, &label.value);
        opening = "\",\"";
    }
    out.push_str(if labels.is_empty() { "{}" } else { "\"}" });
}

/// The labels that are equal in all alerts.
pub(super) fn common_labels(items: &[Item]) -> LabelSet {
    let Some((first, others)) = items.split_first() else {
        return LabelSet::default();
    };
    let in_all = |label: &Arc<Label>| {
        others.iter().all(|item| {
            item.labels
                .label(&label.name)
                .is_some_and(|other| Arc::ptr_eq(other, label) || other.value == label.value)
        })
    };
    let common = first.labels.iter().filter(|label| in_all(label));
    LabelSet::from_sorted(common.map(Arc::clone).collect())
}

/// The annotations that are equal in all alerts.
pub(super) fn write_common_annotations(out: &mut String, items: &[Item]) {
    let Some((first, others)) = items.split_first() else {
        out.push_str("{}");
        return;
    };
    let differing: Vec<&str> = others
        .iter()
        .filter(|item| item.annotations != first.annotations)
        .map(|item| &*item.annotations)
        .collect();
    if differing.is_empty() {
        out.push_str(&first.annotations);
        return;
    }
    let mut common: Vec<(&str, &str)> = json::string_pairs(&first.annotations);
    for annotations in differing {
        let other: FxHashMap<&str, &str> = json::string_pairs(annotations).into_iter().collect();
        common.retain(|(name, value)| other.get(name) == Some(value));
        if common.is_empty() {
            break;
        }
    }
    out.push('{');
    for (at, (name, value)) in common.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(out, "{name}:{value}");
    }
    out.push('}');
}

/// Upstream shows receivers as Go's `regexp.QuoteMeta` writes them.
pub(super) fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(labels: &[(&str, &str)], annotations: &str, firing: bool) -> Item {
        let labels = LabelSet::from_pairs(labels.iter().copied());
        Item {
            slot: 0,
            position: 0,
            fingerprint: labels.fingerprint(),
            labels,
            annotations: annotations.into(),
            generator_url: "".into(),
            starts_at: Time::new(1_000, 5),
            ends_at: if firing {
                Time::ZERO
            } else {
                Time::new(2_000, 0)
            },
            firing,
            updated_at_ns: 0,
        }
    }

    fn batch(items: Vec<Item>) -> Batch {
        let head = Head {
            group_id: 1,
            route_index: 0,
            group_key: "{}:{}".into(),
            receiver: "a.b+c-d".into(),
            group_labels: LabelSet::default(),
            route_labels: "{}".into(),
            route_label_errors: Vec::new(),
            recorded: None,
        };
        Batch::new(Arc::new(head), items)
    }

    fn value(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn common_is_what_all_alerts_have() {
        let batch = batch(vec![
            item(
                &[("a", "1"), ("b", "2")],
                r#"{"x":"\u003c1","y":"2"}"#,
                true,
            ),
            item(
                &[("a", "1"), ("b", "3")],
                r#"{"x":"\u003c1","y":"3","z":"4"}"#,
                false,
            ),
            item(&[("a", "1"), ("c", "2")], r#"{"x":"\u003c1"}"#, true),
        ]);
        let body = value(&batch.webhook_json("r", "u", 0));
        assert_eq!(body["commonLabels"], value(r#"{"a":"1"}"#));
        assert_eq!(body["commonAnnotations"], value(r#"{"x":"<1"}"#));
        assert_eq!(body["receiver"], r"a\.b\+c-d");
        assert_eq!(body["alerts"][1]["endsAt"], "1970-01-01T00:33:20Z");
        assert_eq!(
            body["alerts"][0]["startsAt"],
            "1970-01-01T00:16:40.000000005Z"
        );
    }

    #[test]
    fn what_is_cut_off_does_not_count() {
        let batch = batch(vec![
            item(&[("a", "1"), ("b", "2")], "{}", false),
            item(&[("a", "1"), ("b", "3")], "{}", true),
        ]);
        let body = value(&batch.webhook_json("r", "u", 1));
        assert_eq!(body["status"], "resolved");
        assert_eq!(body["truncatedAlerts"], 1);
        assert_eq!(body["commonLabels"], value(r#"{"a":"1","b":"2"}"#));
    }

    #[test]
    fn firing_only_drops_the_resolved() {
        let batch = batch(vec![
            item(&[("alertname", "B")], "{}", false),
            item(&[("alertname", "A")], "{}", true),
            item(&[("alertname", "B"), ("x", "y")], "{}", true),
        ]);
        assert_eq!(batch.labels_text(), "B: 2, A: 1");
        let firing = batch.firing_only();
        assert_eq!(firing.items().len(), 2);
        assert!(firing.resolved_hashes().is_empty());
        assert_eq!(batch.resolved_hashes().len(), 1);
    }

    #[test]
    fn some_alerts_may_be_left_out() {
        let batch = batch(vec![
            item(&[("alertname", "A")], "{}", true),
            item(&[("alertname", "B")], "{}", true),
        ]);
        let left_out = [batch.items()[0].fingerprint, 7];
        assert_eq!(batch.without(&left_out).labels_text(), "B: 1");
        assert_eq!(batch.without(&[]).items().len(), 2);
    }
}
