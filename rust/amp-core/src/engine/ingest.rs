//! Taking in the body of a POST.

use std::borrow::Cow;
use std::sync::Arc;

use super::Engine;
use super::alerts::{Content, Times};
use super::groups::NewGroup;
use super::index::Slot;
use super::journal::Before;
use super::rows::GRACE_NS;
use crate::alert::decode::{self, Pair, Posted, Raw, RawAlert, Refusal};
use crate::alert::uri::is_request_uri;
use crate::json;
use crate::labels::{Fnv, LabelSet};
use crate::matcher::{self, Mode};
use crate::quote::quote;
use crate::time::Time;

/// What came of a body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
    /// Alerts that count as firing, before validation.
    pub firing: u64,
    /// Alerts that count as resolved, before validation.
    pub resolved: u64,
    /// Alerts that were refused.
    pub invalid: u64,
    /// Alerts that were not known.
    pub new: u64,
    /// Known alerts of which only the end moved.
    pub refreshed: u64,
    /// Known alerts with other annotations, URL or start, or that fire again.
    pub changed: u64,
    /// Alerts that were firing and are over.
    pub ended: u64,
    /// The `alertname` of every alert that the limit dropped.
    pub limited: Vec<String>,
    /// Groups that need a timer.
    pub timers: Vec<NewGroup>,
    /// The alerts that were refused: position and why.
    pub refused: Vec<(usize, String)>,
}

type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What happened to one alert.
enum Outcome {
    New,
    Refreshed,
    Changed,
    Ended,
    Limited(String),
    Invalid(String),
    Schema(u16, String),
}

/// The times of one body.
#[derive(Clone, Copy)]
struct Moment {
    now: Time,
    now_ns: i64,
    default_end: Time,
}

impl Engine {
    /// Takes in the alerts of a body: all valid ones, whatever the others are like.
    ///
    /// Upstream: api/v2/api.go `postAlertsHandler`.
    pub fn ingest(&mut self, body: &[u8], now_ns: i64, resolve_timeout_ns: i64) -> Report {
        let now = Time::from_unix_ns(now_ns);
        let moment = Moment {
            now,
            now_ns,
            default_end: now.add_ns(resolve_timeout_ns),
        };
        let decoded = match std::str::from_utf8(body) {
            Ok(text) => match decode::decode(text) {
                Ok(posted) => return self.take(&posted, moment),
                Err(refusal) => Err(refusal),
            },
            Err(_) => decode::check_bytes(body).map(|()| json::lossy(body)),
        };
        let decoded = match &decoded {
            Ok(text) => decode::decode(text),
            Err(refusal) => Err(refusal.clone()),
        };
        match decoded {
            Ok(posted) => self.take(&posted, moment),
            Err(Refusal::Empty) => schema_error(422, 602, "alerts in body is required"),
            Err(Refusal::Json(text)) => parse_error(&text),
        }
    }

    fn take(&mut self, posted: &Posted<'_>, moment: Moment) -> Report {
        let limit = self.limits.max_alerts;
        if limit > 0 && posted.alerts.len() > limit {
            let have = posted.alerts.len();
            return Report {
                status: 413,
                body: text_body(&format!(
                    "too many alerts in one request: {have} (limit: {limit})"
                )),
                ..Report::default()
            };
        }
        let mut report = Report {
            status: 200,
            ..Report::default()
        };
        let mut undecoded: Option<&str> = None;
        let mut null: Option<usize> = None;
        let mut schema: Option<(u16, String)> = None;
        let mut messages: Vec<String> = Vec::new();
        let mut labels: Labels<'_> = Vec::with_capacity(16);
        for (at, alert) in posted.alerts.iter().enumerate() {
            if alert.null {
                report.invalid += 1;
                report.refused.push((at, "alert is null".into()));
                null = null.or(Some(at));
                continue;
            }
            if let Some(problem) = &alert.problem {
                report.invalid += 1;
                report.refused.push((at, problem.to_string()));
                undecoded = undecoded.or(Some(problem));
                continue;
            }
            match self.put(at, alert, &posted.pairs, &mut labels, moment, &mut report) {
                Outcome::New => report.new += 1,
                Outcome::Refreshed => report.refreshed += 1,
                Outcome::Changed => report.changed += 1,
                Outcome::Ended => report.ended += 1,
                Outcome::Limited(name) => {
                    let why = format!("the limit of alerts named {} is reached", quote(&name));
                    report.refused.push((at, why));
                    report.limited.push(name);
                }
                Outcome::Invalid(message) => {
                    report.invalid += 1;
                    report.refused.push((at, message.clone()));
                    messages.push(message);
                }
                Outcome::Schema(code, message) => {
                    report.invalid += 1;
                    report.refused.push((at, message.clone()));
                    schema.get_or_insert((code, message));
                }
            }
        }
        if let Some(problem) = undecoded {
            let refused = parse_error(problem);
            (report.status, report.body) = (refused.status, refused.body);
        } else if let Some(at) = null {
            // Upstream's server crashes on it.
            let refused = parse_error(&format!("alert {at} is null"));
            (report.status, report.body) = (refused.status, refused.body);
        } else if let Some((code, message)) = schema {
            let refused = schema_error(422, code, &message);
            (report.status, report.body) = (refused.status, refused.body);
        } else if !messages.is_empty() {
            report.status = 400;
            report.body = text_body(&messages.join("\n"));
        }
        report
    }

    fn put<'a>(
        &mut self,
        at: usize,
        raw: &RawAlert<'a>,
        pairs: &[Pair<'a>],
        labels: &mut Labels<'a>,
        moment: Moment,
        report: &mut Report,
    ) -> Outcome {
        if let Some((from, to)) = raw.labels {
            collect_labels(&pairs[from..to], labels);
        } else {
            labels.clear();
        }
        let hash = self.alerts.hash(plain(labels));
        let known = self
            .alerts
            .find(hash, &plain(labels))
            .filter(|_| raw.labels.is_some());
        let same_url = known
            .and_then(|slot| self.alerts.get(slot))
            .is_some_and(|alert| is_same_text(raw.generator_url, &alert.generator_url));
        if !same_url && !raw.generator_url.text.is_empty() {
            let url = raw.generator_url.decoded();
            if !is_request_uri(&url) {
                let message = format!(
                    "{at}.generatorURL in body must be of type uri: {}",
                    quote(&url)
                );
                return Outcome::Schema(601, message);
            }
        }
        if raw.labels.is_none() {
            return Outcome::Schema(602, format!("{at}.labels in body is required"));
        }
        let times = Times {
            starts_at: raw.starts_at.or(raw.ends_at).unwrap_or(moment.now),
            ends_at: raw.ends_at.unwrap_or(moment.default_end),
            updated_at_ns: moment.now_ns,
            timeout: raw.ends_at.is_none(),
        };
        if times.ends_at > moment.now {
            report.firing += 1;
        } else {
            report.resolved += 1;
        }
        if times.ends_at < times.starts_at {
            return Outcome::Invalid("start time must be before end time".into());
        }
        let annotations = &pairs[raw.annotations.0..raw.annotations.1];
        if let Some(slot) = known {
            let same_annotations = self.alerts.get(slot).is_some_and(|alert| {
                raw.annotations_text == Some(&*alert.annotations)
                    || is_same_object(annotations, &alert.annotations)
            });
            let content = if same_annotations && same_url {
                None
            } else {
                if let Err(message) = self.check_annotations(annotations) {
                    return Outcome::Invalid(message);
                }
                Some((annotations_json(annotations), canonical_url(raw)))
            };
            return self.update(slot, times, content, moment, report);
        }
        let problem = self
            .check_labels(labels)
            .and_then(|()| self.check_annotations(annotations));
        if let Err(message) = problem {
            return Outcome::Invalid(message);
        }
        let content = (annotations_json(annotations), canonical_url(raw));
        self.add(hash, labels, times, content, moment, report)
    }

    /// Adds an alert that is not known.
    fn add(
        &mut self,
        hash: u64,
        labels: &Labels<'_>,
        times: Times,
        (annotations, url): (String, Cow<'_, str>),
        moment: Moment,
        report: &mut Report,
    ) -> Outcome {
        let limit = self.limits.per_alertname;
        if limit > 0 {
            let name = labels
                .iter()
                .find(|(name, _)| name == "alertname")
                .map_or("", |(_, value)| &**value);
            let fingerprint = fingerprint(labels);
            if !self
                .buckets
                .admit(name, fingerprint, times.ends_at, limit, moment.now)
            {
                return Outcome::Limited(name.to_owned());
            }
        }
        let slot = self.insert_alert(hash, plain(labels), times, annotations.into(), &url);
        self.pending.put(slot, &mut self.alerts);
        if let (Some(recorder), Some(alert)) = (&self.recorder, self.alerts.get(slot)) {
            recorder.created(alert, moment.now);
        }
        self.journal_new(slot, moment.now);
        self.join_groups(slot, moment.now, &mut report.timers);
        Outcome::New
    }

    /// Gives an alert its place, its labels and its role as a source of inhibition.
    pub(super) fn insert_alert<'l>(
        &mut self,
        hash: u64,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
        times: Times,
        annotations: Arc<str>,
        url: &str,
    ) -> Slot {
        let slot = self.alerts.next_slot();
        let labels = LabelSet::from_sorted(
            labels
                .map(|(name, value)| self.index.file(name, value, slot))
                .collect(),
        );
        let content = Content {
            labels,
            annotations,
            generator_url: self.index.text(url),
            times,
        };
        let mut alert = content.into_alert();
        alert.source = self
            .inhibit
            .update(alert.fingerprint, &alert.labels, alert.ends_at);
        self.order.add(alert.fingerprint, slot);
        self.alerts.insert(hash, alert)
    }

    /// Merges what was posted into a known alert. `content` is `None` when annotations and URL are the same.
    fn update(
        &mut self,
        slot: Slot,
        times: Times,
        content: Option<(String, Cow<'_, str>)>,
        moment: Moment,
        report: &mut Report,
    ) -> Outcome {
        let Some(alert) = self.alerts.get_mut(slot) else {
            return Outcome::Refreshed;
        };
        let (mut times, mut newer_content) = (times, true);
        if alert.stored {
            let merged = alert.times().merge(times, moment.now);
            (times, newer_content) = (merged.times, merged.newer_content);
        }
        let limit = self.limits.per_alertname;
        if limit > 0 {
            let name = alert.labels.get("alertname").unwrap_or("");
            if !self
                .buckets
                .admit(name, alert.fingerprint, times.ends_at, limit, moment.now)
            {
                return Outcome::Limited(name.to_owned());
            }
        }
        let was_stored = std::mem::replace(&mut alert.stored, true);
        let was_over = alert.resolved_at(moment.now);
        let before = Before {
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            over: was_over,
        };
        let over = times.ends_at <= moment.now;
        let mut changed = times.starts_at != alert.starts_at;
        if let Some((annotations, url)) = content
            && newer_content
        {
            if *annotations != *alert.annotations {
                alert.annotations = annotations.into();
                changed = true;
            }
            if *url != *alert.generator_url {
                alert.generator_url = self.index.text(&url);
                changed = true;
            }
        }
        alert.starts_at = times.starts_at;
        alert.timeout = times.timeout;
        alert.updated_at_ns = times.updated_at_ns;
        let moved = alert.ends_at != times.ends_at;
        alert.ends_at = times.ends_at;
        if alert.source && moved {
            self.inhibit
                .update(alert.fingerprint, &alert.labels, times.ends_at);
        }
        let outcome = if !was_stored {
            self.order.add(alert.fingerprint, slot);
            if let Some(recorder) = &self.recorder {
                recorder.created(alert, moment.now);
            }
            Outcome::New
        } else if over && !was_over {
            Outcome::Ended
        } else if changed || over != was_over {
            Outcome::Changed
        } else {
            Outcome::Refreshed
        };
        let far = times.ends_at.unix_ns();
        let stale = far.saturating_sub(GRACE_NS) > moment.now_ns.max(alert.written_end_ns);
        let grouped = alert.grouped;
        if self.journal.is_some() && (changed || over || was_over) {
            self.journal_update(slot, before, changed, moment.now);
        }
        if stale || !matches!(outcome, Outcome::Refreshed) {
            self.pending.put(slot, &mut self.alerts);
        }
        if !grouped {
            self.join_groups(slot, moment.now, &mut report.timers);
        } else if self.recorder.is_some() {
            self.record_again(slot, moment.now);
        }
        outcome
    }

    fn check_labels(&self, labels: &Labels<'_>) -> Result<(), String> {
        if labels.is_empty() {
            return Err("at least one label pair required".into());
        }
        labels
            .iter()
            .try_for_each(|(name, value)| self.check_pair(name, value))
            .map_err(|message| format!("invalid label set: {message}"))
    }

    fn check_annotations(&self, pairs: &[Pair<'_>]) -> Result<(), String> {
        pairs
            .iter()
            .try_for_each(|(name, value)| self.check_pair(&name.decoded(), &value.decoded()))
            .map_err(|message| format!("invalid annotations: {message}"))
    }

    fn check_pair(&self, name: &str, value: &str) -> Result<(), String> {
        let valid = if self.limits.classic_names {
            matcher::valid_label_name(name, Mode::Classic)
        } else {
            !name.is_empty()
        };
        if !valid {
            return Err(format!("invalid name {}", quote(name)));
        }
        let exceeds = |bytes: usize, limit: usize| limit > 0 && bytes > limit;
        let limit = self.limits.max_name_bytes;
        if exceeds(name.len(), limit) {
            let bytes = name.len();
            return Err(format!("a name of {bytes} bytes (limit: {limit} bytes)"));
        }
        let limit = self.limits.max_value_bytes;
        if exceeds(value.len(), limit) {
            let (name, bytes) = (quote(name), value.len());
            return Err(format!(
                "a value of {bytes} bytes for {name} (limit: {limit} bytes)"
            ));
        }
        Ok(())
    }
}

fn plain<'l>(labels: &'l Labels<'_>) -> impl ExactSizeIterator<Item = (&'l str, &'l str)> + Clone {
    labels.iter().map(|(name, value)| (&**name, &**value))
}

/// Sorts by name; of several with one name the last counts; empty values do not.
fn collect_labels<'a>(pairs: &[Pair<'a>], labels: &mut Labels<'a>) {
    labels.clear();
    let mut in_order = true;
    for (name, value) in pairs {
        let name = name.decoded();
        in_order &= !value.text.is_empty() && labels.last().is_none_or(|(last, _)| *last < name);
        labels.push((name, value.decoded()));
    }
    if !in_order {
        labels.reverse();
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.dedup_by(|later, first| later.0 == first.0);
        labels.retain(|(_, value)| !value.is_empty());
    }
}

/// Annotations as one JSON object, keys sorted, as the API shows them.
fn annotations_json(pairs: &[Pair<'_>]) -> String {
    let mut sorted: Labels<'_> = pairs
        .iter()
        .map(|(name, value)| (name.decoded(), value.decoded()))
        .collect();
    sorted.reverse();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted.dedup_by(|later, first| later.0 == first.0);
    let mut out = String::with_capacity(pairs.len() * 48 + 2);
    out.push('{');
    for (at, (name, value)) in sorted.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(&mut out, name);
        out.push(':');
        json::write_str(&mut out, value);
    }
    out.push('}');
    out
}

/// Whether a posted text is the inside of a literal that was written before. A text with escapes of other kinds is
/// taken for another one.
fn is_same_text(raw: Raw<'_>, written: &str) -> bool {
    raw.text == written
        || (!raw.escaped && json::literal_end(raw.text, written, 0) == Some(written.len()))
}

/// Whether posted pairs are an object that was written before; as [`is_same_text`] for each text.
fn is_same_object(pairs: &[Pair<'_>], written: &str) -> bool {
    let mut at = 1;
    for (name, value) in pairs {
        for (raw, closing) in [(name, "\":"), (value, "\"")] {
            let end = if raw.escaped {
                written
                    .get(at + 1..)
                    .filter(|rest| rest.starts_with(raw.text))
                    .map(|_| at + 1 + raw.text.len())
            } else {
                json::literal_end(raw.text, written, at + 1)
            };
            match end {
                Some(end) if written[end..].starts_with(closing) => at = end + closing.len(),
                _ => return false,
            }
        }
        at += 1;
    }
    // Behind the last pair, or the brace, there is nothing more.
    at == written.len() || (pairs.is_empty() && written == "{}")
}

/// The generator URL as the inside of a JSON string, as the API shows it.
fn canonical_url<'a>(raw: &RawAlert<'a>) -> Cow<'a, str> {
    let mut out = String::with_capacity(raw.generator_url.text.len() + 16);
    json::write_escaped(&mut out, &raw.generator_url.decoded());
    out.into()
}

fn fingerprint(labels: &Labels<'_>) -> u64 {
    let mut hash = Fnv::default();
    for (name, value) in labels {
        hash.write(name.as_bytes());
        hash.write(&[0xFF]);
        hash.write(value.as_bytes());
        hash.write(&[0xFF]);
    }
    hash.0
}

/// A bare JSON string with a line end, as handlers answer.
fn text_body(text: &str) -> Vec<u8> {
    let mut body = json::quoted(text);
    body.push('\n');
    body.into_bytes()
}

fn parse_error(text: &str) -> Report {
    let message = format!("parsing alerts body from \"\" failed, because {text}");
    schema_error(400, 400, &message)
}

/// The error object of upstream's API runtime.
fn schema_error(status: u16, code: u16, message: &str) -> Report {
    let body = format!("{{\"code\":{code},\"message\":{}}}", json::quoted(message)).into_bytes();
    Report {
        status,
        body,
        ..Report::default()
    }
}
