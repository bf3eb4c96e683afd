//! The payloads of events. Upstream: eventrecorder/events.go, notify/event.go.

use std::fmt::Write as _;

use super::text::{Object, write_duration, write_text};
use crate::inhibit::Rule;
use crate::json;
use crate::labels::LabelSet;
use crate::matcher::{Matcher, Op};
use crate::snapshot::{MatcherText, SilenceRecord};
use crate::time::Time;

/// An alert as events show it.
#[derive(Debug, Clone, Copy)]
pub struct AlertEvent<'a> {
    /// The public identity.
    pub fingerprint: u64,
    /// The labels.
    pub labels: &'a LabelSet,
    /// A JSON object that this crate wrote.
    pub annotations: &'a str,
    /// When it began.
    pub starts_at: Time,
    /// When it ends; zero for a firing alert of a notification.
    pub ends_at: Time,
    /// Whether it is over.
    pub resolved: bool,
}

/// A group as events show it.
#[derive(Debug, Clone, Copy)]
pub struct GroupEvent<'a> {
    /// The public key.
    pub key: &'a str,
    /// The labels that make the group.
    pub labels: &'a LabelSet,
    /// The receiver's name.
    pub receiver: &'a str,
    /// The route's matchers, a JSON list; notifications show it.
    pub matchers: &'a str,
    /// The group's own name; notifications show it.
    pub uuid: &'a str,
}

/// What a notification's event says beside its alerts and their group.
#[derive(Debug, Clone, Copy)]
pub struct Notified<'a> {
    /// Why, as webhooks say it.
    pub reason: &'a str,
    /// The route's interval.
    pub repeat_interval_ns: i64,
    /// Which flush of the group.
    pub flush: u64,
    /// The integration's type.
    pub integration: &'a str,
    /// Its position among those of its type.
    pub index: u64,
    /// Hashes of the firing alerts.
    pub firing: &'a [u64],
    /// Hashes of the resolved alerts.
    pub resolved: &'a [u64],
    /// Hashes of the alerts that were held back.
    pub muted: &'a [u64],
}

/// The payload of a new alert.
pub fn write_alert(out: &mut String, alert: &AlertEvent<'_>) {
    let mut object = Object::open(out);
    details(object.entry("alert"), alert);
    object.close();
}

/// The payload of an alert that went into a group or left it.
pub fn write_grouped_alert(out: &mut String, alert: &AlertEvent<'_>, group: &GroupEvent<'_>) {
    let mut object = Object::open(out);
    grouped(object.entry("alert"), alert);
    group_info(object.entry("groupInfo"), group);
    object.close();
}

/// The payload of a notification.
pub fn write_notification<'a>(
    out: &mut String,
    alerts: impl Iterator<Item = AlertEvent<'a>>,
    group: &GroupEvent<'_>,
    notified: &Notified<'_>,
) {
    let hash = |out: &mut String, hash: &u64| {
        let mut object = Object::open(out);
        object.number("hash", *hash);
        object.close();
    };
    let mut object = Object::open(out);
    object.list("alerts", alerts, |out, alert| grouped(out, &alert));
    object.list("firingAlerts", notified.firing, hash);
    object.list("resolvedAlerts", notified.resolved, hash);
    object.list("mutedAlerts", notified.muted, hash);
    group_info(object.entry("groupInfo"), group);
    write_duration(object.entry("repeatInterval"), notified.repeat_interval_ns);
    if let Some(reason) = reason(notified.reason) {
        object.text("reason", reason);
    }
    object.number("flushId", notified.flush);
    let mut integration = Object::open(object.entry("integration"));
    integration.text("name", notified.integration);
    integration.number("index", notified.index);
    integration.close();
    object.close();
}

/// The payload of a silence that was made or changed.
pub fn write_silence(out: &mut String, silence: &SilenceRecord) {
    let time = Time::from_unix_ns_wide;
    let mut object = Object::open(out);
    let mut inner = Object::open(object.entry("silence"));
    inner.text("id", &silence.id);
    let first = silence.matcher_sets.first().into_iter().flatten();
    inner.list("matchers", first, matcher_text);
    inner.time("startsAt", time(silence.starts_at_ns));
    inner.time("endsAt", time(silence.ends_at_ns));
    inner.time("updatedAt", time(silence.updated_at_ns));
    inner.text("createdBy", &silence.created_by);
    inner.text("comment", &silence.comment);
    inner.list("matcherSets", &silence.matcher_sets, |out, set| {
        let mut object = Object::open(out);
        object.list("matchers", set, matcher_text);
        object.close();
    });
    inner.close();
    object.close();
}

/// The payload of an alert that a silence held back; `silence` is the payload of that silence.
pub fn write_silence_muting(out: &mut String, silence: &str, fingerprint: u64, labels: &LabelSet) {
    out.push_str(silence.strip_suffix('}').unwrap_or("{"));
    out.push_str(if silence.len() > 2 {
        ",\"mutedAlert\":"
    } else {
        "\"mutedAlert\":"
    });
    muted_alert(out, fingerprint, labels);
    out.push('}');
}

/// The payload of an alert that another one held back by a rule ([`write_rule`]).
pub fn write_inhibition(
    out: &mut String,
    rule: &str,
    source: u64,
    fingerprint: u64,
    labels: &LabelSet,
) {
    let _ = write!(out, "{{\"inhibitRules\":[{rule}],\"mutedAlert\":");
    muted_alert(out, fingerprint, labels);
    let _ = write!(out, ",\"inhibitingFingerprints\":[\"{source}\"]}}");
}

/// An inhibit rule.
pub fn write_rule(out: &mut String, rule: &Rule) {
    let mut equal: Vec<&str> = rule.equal.iter().map(String::as_str).collect();
    equal.sort_unstable();
    equal.dedup();
    let mut object = Object::open(out);
    object.list("sourceMatchers", &rule.source, matcher);
    object.list("targetMatchers", &rule.target, matcher);
    object.list("equalLabels", equal, write_text);
    object.text("name", &rule.name);
    object.close();
}

/// A list of matchers; empty when there is none.
pub fn write_matchers(out: &mut String, matchers: &[Matcher]) {
    let mut before = '[';
    for one in matchers {
        out.push(before);
        matcher(out, one);
        before = ',';
    }
    if !matchers.is_empty() {
        out.push(']');
    }
}

fn details(out: &mut String, alert: &AlertEvent<'_>) {
    let mut object = Object::open(out);
    object.number("fingerprint", alert.fingerprint);
    object.text("name", alert.labels.get("alertname").unwrap_or_default());
    label_set(object.entry("labels"), alert.labels);
    let mut annotations = Object::open(object.entry("annotations"));
    annotations.list(
        "labels",
        json::read_object(alert.annotations),
        |out, (name, value)| pair(out, &name, &value),
    );
    annotations.close();
    object.time("startsAt", alert.starts_at);
    object.time("endsAt", alert.ends_at);
    if alert.resolved {
        object.entry("resolved").push_str("true");
    }
    object.close();
}

fn grouped(out: &mut String, alert: &AlertEvent<'_>) {
    let mut object = Object::open(out);
    object.number("hash", alert.labels.log_hash());
    details(object.entry("details"), alert);
    object.close();
}

fn group_info(out: &mut String, group: &GroupEvent<'_>) {
    let mut object = Object::open(out);
    object.text("groupKey", group.key);
    label_set(object.entry("groupLabels"), group.labels);
    object.text("groupId", &crate::labels::sha256_hex(group.key.as_bytes()));
    object.text("receiverName", group.receiver);
    if !group.matchers.is_empty() {
        object.entry("matchers").push_str(group.matchers);
    }
    object.text("groupUuid", group.uuid);
    object.close();
}

fn muted_alert(out: &mut String, fingerprint: u64, labels: &LabelSet) {
    let mut object = Object::open(out);
    label_set(object.entry("labels"), labels);
    object.number("fingerprint", fingerprint);
    object.close();
}

fn label_set(out: &mut String, labels: &LabelSet) {
    let mut object = Object::open(out);
    object.list("labels", labels, |out, label| {
        pair(out, &label.name, &label.value);
    });
    object.close();
}

fn pair(out: &mut String, key: &str, value: &str) {
    let mut object = Object::open(out);
    object.text("key", key);
    object.text("value", value);
    object.close();
}

fn matcher(out: &mut String, matcher: &Matcher) {
    let rendered = matcher.to_string();
    matcher_parts(
        out,
        matcher.op(),
        matcher.name(),
        matcher.value(),
        &rendered,
    );
}

fn matcher_text(out: &mut String, text: &MatcherText) {
    let Ok(op) = Op::parse(text.op) else {
        out.push_str("{}");
        return;
    };
    let rendered = Matcher::new(&text.name, op, &text.value).map(|matcher| matcher.to_string());
    let rendered = rendered.unwrap_or_default();
    matcher_parts(out, op, &text.name, &text.value, &rendered);
}

fn matcher_parts(out: &mut String, op: Op, name: &str, value: &str, rendered: &str) {
    let kind = match op {
        Op::Equal => "TYPE_EQUAL",
        Op::Match => "TYPE_REGEXP",
        Op::NotEqual => "TYPE_NOT_EQUAL",
        Op::NotMatch => "TYPE_NOT_REGEXP",
    };
    let mut object = Object::open(out);
    object.text("type", kind);
    object.text("name", name);
    object.text("pattern", value);
    object.text("rendered", rendered);
    object.close();
}

fn reason(text: &str) -> Option<&'static str> {
    Some(match text {
        "first notification" => "NOTIFY_REASON_FIRST_NOTIFICATION",
        "new alerts added" => "NOTIFY_REASON_NEW_ALERTS_IN_GROUP",
        "some alerts resolved" => "NOTIFY_REASON_NEW_RESOLVED_ALERTS",
        "all alerts resolved" => "NOTIFY_REASON_ALL_ALERTS_RESOLVED",
        "repeat interval elapsed" => "NOTIFY_REASON_REPEAT_INTERVAL_ELAPSED",
        _ => return None,
    })
}
