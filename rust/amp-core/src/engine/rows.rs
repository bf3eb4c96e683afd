//! What the store must learn of the alerts, and bringing alerts back from it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Engine;
use super::alerts::{Alert, Alerts, Times};
use super::batch::write_labels;
use super::groups::NewGroup;
use super::index::Slot;
use crate::json;
use crate::labels::LabelSet;
use crate::time::Time;

/// A moved end is only written when it is this much past now and past the end that the store knows.
pub(crate) const GRACE_NS: i64 = 300_000_000_000;

/// One alert for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The public identity, 16 hex digits.
    pub fingerprint: String,
    /// Whether the store forgets the alert; everything else is empty then.
    pub deleted: bool,
    /// A JSON object.
    pub labels: String,
    /// A JSON object.
    pub annotations: String,
    /// When it began.
    pub starts_at_ns: i64,
    /// When it ends.
    pub ends_at_ns: i64,
    /// When it was last posted.
    pub updated_at_ns: i64,
    /// Whether the end was made up.
    pub timeout: bool,
    /// The generator URL.
    pub generator_url: String,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Put(Slot, u32),
    Delete(u64),
}

/// Changes that were not drained yet, oldest first, at most one for an alert.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: VecDeque<Change>,
    ticket: u32,
}

impl Pending {
    /// Queues an alert, unless it is.
    pub(crate) fn put(&mut self, slot: Slot, alerts: &mut Alerts) {
        if let Some(alert) = alerts.get_mut(slot)
            && alert.queued == 0
        {
            self.ticket = self.ticket.wrapping_add(1).max(1);
            alert.queued = self.ticket;
            alert.written_end_ns = alert.ends_at.unix_ns();
            self.changes.push_back(Change::Put(slot, self.ticket));
        }
    }

    /// Queues the end of an alert's row, if the store has one or could get one.
    pub(crate) fn delete(&mut self, alert: &Alert) {
        if alert.written {
            self.changes.push_back(Change::Delete(alert.fingerprint));
        }
    }
}

impl Engine {
    /// Changes that the store must learn, oldest first, each alert as it is now.
    pub fn drain(&mut self, limit: usize) -> Vec<Row> {
        let mut rows = Vec::with_capacity(limit.min(self.pending.changes.len()));
        while rows.len() < limit
            && let Some(change) = self.pending.changes.pop_front()
        {
            match change {
                Change::Delete(fingerprint) => rows.push(deletion(fingerprint)),
                Change::Put(slot, ticket) => {
                    if let Some(alert) = self.alerts.get_mut(slot)
                        && alert.queued == ticket
                    {
                        alert.queued = 0;
                        alert.written = true;
                        alert.written_end_ns = alert.ends_at.unix_ns();
                        rows.push(row(alert));
                    }
                }
            }
        }
        if self.pending.changes.is_empty() {
            // A burst is over.
            self.pending.changes.shrink_to(1024);
        }
        rows
    }

    /// How many changes wait.
    pub fn pending(&self) -> usize {
        self.pending.changes.len()
    }

    /// Queues every alert again, for a store that lost its rows.
    pub fn mark_all(&mut self) {
        let slots: Vec<Slot> = self
            .alerts
            .iter()
            .filter(|(_, alert)| !alert.done)
            .map(|(slot, _)| slot)
            .collect();
        for slot in slots {
            self.pending.put(slot, &mut self.alerts);
        }
    }

    /// Brings alerts back after a start, before or after the routes are known; how many. A firing alert lives at least
    /// until now + grace, so that none resolves before its sender could repeat it.
    pub fn restore(&mut self, rows: &[Row], now_ns: i64, grace_ns: i64) -> (usize, Vec<NewGroup>) {
        let now = Time::from_unix_ns(now_ns);
        let mut timers = Vec::new();
        let mut count = 0;
        for row in rows.iter().filter(|row| !row.deleted) {
            let labels = json::read_object(&row.labels);
            let labels = labels.iter().map(|(name, value)| (&**name, &**value));
            let labels = LabelSet::from_pairs(labels.filter(|(_, value)| !value.is_empty()));
            if labels.is_empty() {
                continue;
            }
            let plain = || labels.iter().map(|label| (&*label.name, &*label.value));
            let hash = self.alerts.hash(plain());
            if self.alerts.find(hash, &plain()).is_some() {
                continue;
            }
            // The row tells when the alert was last changed; what ended after the last post ended by itself.
            let firing = row.ends_at_ns > row.updated_at_ns;
            let revived = firing && row.ends_at_ns < now_ns.saturating_add(grace_ns);
            let span = Times {
                starts_at: Time::from_unix_ns(row.starts_at_ns),
                ends_at: if revived {
                    now.add_ns(grace_ns)
                } else {
                    Time::from_unix_ns(row.ends_at_ns)
                },
                updated_at_ns: row.updated_at_ns,
                timeout: row.timeout || revived,
            };
            let mut url = String::new();
            json::write_escaped(&mut url, &row.generator_url);
            let annotations: Arc<str> = row.annotations.as_str().into();
            let slot = self.insert_alert(hash, plain(), span, annotations, &url);
            if let Some(alert) = self.alerts.get_mut(slot) {
                alert.written = true;
                alert.written_end_ns = row.ends_at_ns;
            }
            self.join_groups(slot, now, &mut timers);
            self.journal_restored(slot, now);
            count += 1;
        }
        (count, timers)
    }
}

fn deletion(fingerprint: u64) -> Row {
    Row {
        fingerprint: format!("{fingerprint:016x}"),
        deleted: true,
        labels: String::new(),
        annotations: String::new(),
        starts_at_ns: 0,
        ends_at_ns: 0,
        updated_at_ns: 0,
        timeout: false,
        generator_url: String::new(),
    }
}

fn row(alert: &Alert) -> Row {
    let mut labels = String::with_capacity(256);
    write_labels(&mut labels, &alert.labels);
    Row {
        fingerprint: format!("{:016x}", alert.fingerprint),
        deleted: false,
        labels,
        annotations: alert.annotations.as_ref().to_owned(),
        starts_at_ns: alert.starts_at.unix_ns(),
        ends_at_ns: alert.ends_at.unix_ns(),
        updated_at_ns: alert.updated_at_ns,
        timeout: alert.timeout,
        generator_url: json::unescape(&alert.generator_url),
    }
}
