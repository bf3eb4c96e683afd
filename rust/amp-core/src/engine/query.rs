//! GET of alerts: filtering through the label index, JSON from prepared pieces.

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::Engine;
use super::alerts::{Alert, Alerts};
use super::batch::{write_fingerprint, write_labels};
use super::index::{Posting, Slot};
use crate::json;
use crate::matcher::{self, Matcher, Op};
use crate::time::Time;

/// So many alerts are fetched from memory at once.
pub(super) const AHEAD: usize = 32;

/// Which alerts a GET shows.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Show alerts that nothing suppresses.
    pub active: bool,
    /// Show silenced alerts.
    pub silenced: bool,
    /// Show inhibited alerts.
    pub inhibited: bool,
    /// Matchers of labels, all of which must be satisfied.
    pub matchers: Vec<Matcher>,
    /// Receivers one of which the alert must have; `None` for any.
    pub receivers: Option<FxHashSet<String>>,
    /// Receivers one of which, another one perhaps, the alert must have as well.
    pub and_receivers: Option<FxHashSet<String>>,
}

/// What suppresses an alert right now.
#[derive(Debug, Default)]
pub(super) struct Status {
    pub(super) silenced_by: SmallVec<[Arc<str>; 1]>,
    pub(super) inhibited_by: Option<u64>,
}

impl Status {
    /// Whether a filter shows an alert of this status.
    pub(super) fn passes(&self, filter: &Filter) -> bool {
        let active = self.silenced_by.is_empty() && self.inhibited_by.is_none();
        (filter.active || !active)
            && (filter.silenced || self.silenced_by.is_empty())
            && (filter.inhibited || self.inhibited_by.is_none())
    }
}

/// The stored alerts by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Order {
    sorted: Vec<(u64, Slot)>,
    changed: bool,
}

impl Order {
    /// An alert came.
    pub(super) fn add(&mut self, fingerprint: u64, slot: Slot) {
        self.sorted.push((fingerprint, slot));
        self.changed = true;
    }

    /// Forgets the alerts that the store does not hold any more.
    pub(super) fn forget(&mut self, alerts: &Alerts) {
        self.sorted
            .retain(|(fingerprint, slot)| is_stored(alerts, *fingerprint, *slot));
        self.sort();
    }

    /// Brings alerts that came into their places.
    fn sort(&mut self) {
        // Long runs are in order already, which a stable sort makes use of.
        #[allow(clippy::stable_sort_primitive)]
        self.sorted.sort();
        self.sorted.dedup();
        self.changed = false;
    }
}

fn is_stored(alerts: &Alerts, fingerprint: u64, slot: Slot) -> bool {
    alerts
        .get(slot)
        .is_some_and(|alert| alert.stored && alert.fingerprint == fingerprint)
}

/// An answer in the making.
#[derive(Debug, Default)]
pub struct Answer {
    out: String,
    /// The alerts to look at, when the label index gave them; all otherwise.
    found: Option<Vec<(u64, Slot)>>,
    /// The last fingerprint that was looked at.
    last: Option<u64>,
}

impl Answer {
    /// The body, once [`Engine::query_some`] said that it is complete.
    pub fn into_body(self) -> Vec<u8> {
        let mut out = self.out;
        if out.len() > 1 {
            out.pop();
        }
        out.push_str("]\n");
        out.into_bytes()
    }
}

impl Engine {
    /// The body of `GET /api/v2/alerts`.
    ///
    /// Upstream: api/v2/api.go `getAlertsHandler`.
    pub fn query_alerts(&mut self, now_ns: i64, filter: &Filter) -> Vec<u8> {
        let mut answer = Answer::default();
        while self.query_some(now_ns, filter, &mut answer, usize::MAX) {}
        answer.into_body()
    }

    /// Looks at so many more alerts for an answer; whether some are left. Between two calls others may use the
    /// engine: alerts that come or go meanwhile are shown or not.
    pub fn query_some(
        &mut self,
        now_ns: i64,
        filter: &Filter,
        answer: &mut Answer,
        count: usize,
    ) -> bool {
        let now = Time::from_unix_ns(now_ns);
        let Answer { out, found, last } = answer;
        if self.order.changed {
            self.order.sort();
        }
        if out.is_empty() {
            out.push('[');
            *found = self.candidates(&filter.matchers);
            let alerts = found.as_ref().map_or(self.order.sorted.len(), Vec::len);
            out.reserve(alerts * 700);
        }
        let order = std::mem::take(&mut self.order.sorted);
        let all = found.as_ref().unwrap_or(&order);
        let from = last.map_or(0, |last| all.partition_point(|(print, _)| *print <= last));
        let to = all.len().min(from.saturating_add(count));
        for some in all[from..to].chunks(AHEAD) {
            self.alerts.warm(&some.iter().map(|(_, slot)| *slot));
            for (fingerprint, slot) in some {
                if is_stored(&self.alerts, *fingerprint, *slot) {
                    self.show(out, *slot, now, filter);
                }
                *last = Some(*fingerprint);
            }
        }
        let left = to < all.len();
        self.order.sorted = order;
        left
    }

    /// Few alerts that may satisfy the matchers, when one of them is an equality.
    fn candidates(&self, matchers: &[Matcher]) -> Option<Vec<(u64, Slot)>> {
        let len = |posting: Option<&Posting>| posting.map_or(0, Posting::len);
        let mut best: Option<Option<&Posting>> = None;
        for matcher in matchers {
            if matcher.op() != Op::Equal || matcher.value().is_empty() {
                continue;
            }
            let posting = self.index.posting(matcher.name(), matcher.value());
            if best.is_none_or(|best| len(posting) < len(best)) {
                best = Some(posting);
            }
        }
        let slots = best?.map(Posting::slots).unwrap_or_default();
        let print = |slot: Slot| Some((self.alerts.get(slot)?.fingerprint, slot));
        let mut found: Vec<(u64, Slot)> = slots.into_iter().filter_map(print).collect();
        found.sort_unstable();
        Some(found)
    }

    /// Appends an alert with a comma, if the filter shows it.
    fn show(&mut self, out: &mut String, slot: Slot, now: Time, filter: &Filter) {
        let Some(alert) = self.alerts.get(slot) else {
            return;
        };
        if alert.ends_at < now || !matcher::filter_matches(&filter.matchers, &alert.labels) {
            return;
        }
        let routes = self.routes_of(alert);
        for names in [&filter.receivers, &filter.and_receivers]
            .into_iter()
            .flatten()
        {
            if !routes.iter().any(|route| self.has_receiver(*route, names)) {
                return;
            }
        }
        let status = self.status(slot, now);
        if !status.passes(filter) {
            return;
        }
        if let Some(alert) = self.alerts.get(slot) {
            let receivers = routes
                .iter()
                .filter_map(|route| self.receiver_json.get(*route as usize));
            write_alert(out, alert, receivers.map(|json| &**json), &status, &[]);
            out.push(',');
        }
    }

    pub(super) fn has_receiver(&self, route: u32, names: &FxHashSet<String>) -> bool {
        self.tree
            .as_ref()
            .and_then(|tree| tree.route(route))
            .is_some_and(|route| names.contains(&*route.receiver))
    }

    /// The routes of an alert in routing order.
    fn routes_of(&self, alert: &Alert) -> SmallVec<[u32; 4]> {
        if alert.grouped {
            return alert
                .groups
                .iter()
                .filter_map(|id| self.groups.get(*id).map(|group| group.route))
                .collect();
        }
        self.tree
            .as_ref()
            .map(|tree| tree.match_indices(&alert.labels))
            .unwrap_or_default()
    }

    /// What suppresses an alert right now.
    ///
    /// Upstream: api/v2/api.go `setAlertStatus`.
    pub(super) fn status(&mut self, slot: Slot, now: Time) -> Status {
        let Some(alert) = self.alerts.get_mut(slot) else {
            return Status::default();
        };
        let mut status = Status {
            inhibited_by: self.inhibit.first(alert.fingerprint, &alert.labels, now),
            ..Status::default()
        };
        if !self.silences.is_empty() {
            self.silences.verdict(&alert.labels, &mut alert.verdict);
            if !alert.verdict.is_empty() {
                status
                    .silenced_by
                    .extend(self.silences.active(&alert.verdict, now).map(Arc::clone));
            }
        }
        status
    }
}

/// Appends one `GettableAlert`.
pub(super) fn write_alert<'r>(
    out: &mut String,
    alert: &Alert,
    receivers: impl Iterator<Item = &'r str>,
    status: &Status,
    muted_by: &[String],
) {
    out.push_str("{\"annotations\":");
    out.push_str(&alert.annotations);
    out.push_str(",\"endsAt\":\"");
    alert.ends_at.write_rfc3339_millis(out);
    out.push_str("\",\"fingerprint\":\"");
    write_fingerprint(out, alert.fingerprint);
    out.push_str("\",\"receivers\":[");
    for (at, receiver) in receivers.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(receiver);
    }
    out.push_str("],\"startsAt\":\"");
    alert.starts_at.write_rfc3339_millis(out);
    out.push_str("\",\"status\":{\"inhibitedBy\":[");
    if let Some(fingerprint) = status.inhibited_by {
        let _ = write!(out, "\"{fingerprint:016x}\"");
    }
    out.push_str("],\"mutedBy\":[");
    write_list(out, muted_by.iter().map(String::as_str));
    out.push_str("],\"silencedBy\":[");
    write_list(out, status.silenced_by.iter().map(|id| &**id));
    let active =
        status.silenced_by.is_empty() && status.inhibited_by.is_none() && muted_by.is_empty();
    out.push_str("],\"state\":\"");
    out.push_str(if active { "active" } else { "suppressed" });
    out.push_str("\"},\"updatedAt\":\"");
    Time::from_unix_ns(alert.updated_at_ns).write_rfc3339_millis(out);
    if !alert.generator_url.is_empty() {
        out.push_str("\",\"generatorURL\":\"");
        out.push_str(&alert.generator_url);
    }
    out.push_str("\",\"labels\":");
    write_labels(out, &alert.labels);
    out.push('}');
}

fn write_list<'t>(out: &mut String, texts: impl Iterator<Item = &'t str>) {
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(out, text);
    }
}
