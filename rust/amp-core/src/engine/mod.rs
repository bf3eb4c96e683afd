//! The state of all alerts: ingest, groups, flushes, queries, and what the store must learn.
//!
//! Nothing here reads a clock; `now_ns` is an argument everywhere.

mod alerts;
pub mod batch;
mod configure;
mod expiry;
mod flush;
mod groups;
mod index;
mod ingest;
mod inhibition;
mod journal;
#[cfg(test)]
mod journal_tests;
mod limit;
mod query;
mod query_groups;
mod record;
mod rows;
mod stored;
mod template_data;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use batch::Batch;
pub use groups::NewGroup;
pub use ingest::Report;
pub use journal::GroupMembers;
pub use query::{Answer, Filter};
pub use query_groups::{Counts, GroupFilter};
pub use rows::Row;
pub use stored::{StoredAlert, stored_batch};

use crate::history::Journal;
use crate::inhibit::InhibitIndex;
use crate::matcher::Matcher;
use crate::route::RouteTree;
use crate::silence::SilenceIndex;
use crate::template::Templates;
use crate::time::Time;
use alerts::Alerts;
use groups::Groups;
use index::{LabelIndex, Slot};

/// What a posted body is held against. Zero means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Label names must be of the classic kind.
    pub classic_names: bool,
    /// Alerts of one `alertname`.
    pub per_alertname: usize,
    /// Alerts in one body.
    pub max_alerts: usize,
    /// Bytes of a label's or annotation's name.
    pub max_name_bytes: usize,
    /// Bytes of a label's or annotation's value.
    pub max_value_bytes: usize,
}

/// The engine.
#[derive(Default)]
pub struct Engine {
    alerts: Alerts,
    index: LabelIndex,
    groups: Groups,
    tree: Option<RouteTree>,
    /// `{"name":"…"}` of each route's receiver.
    receiver_json: Vec<Box<str>>,
    templates: Option<Arc<Templates>>,
    external_url: String,
    inhibit: InhibitIndex,
    silences: SilenceIndex,
    limits: Limits,
    buckets: limit::Buckets,
    order: query::Order,
    pending: rows::Pending,
    recorder: Option<record::Recorder>,
    journal: Option<Arc<Journal>>,
    expiry: expiry::Expiry,
}

impl Engine {
    /// An engine that knows no routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what bodies are held against.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Sets the URL that templates of route labels see.
    pub fn set_external_url(&mut self, external_url: &str) {
        external_url.clone_into(&mut self.external_url);
    }

    /// The route tree in use.
    pub fn tree(&self) -> Option<&RouteTree> {
        self.tree.as_ref()
    }

    /// Adds or replaces a silence.
    pub fn set_silence(
        &mut self,
        id: &str,
        sets: Vec<Vec<Matcher>>,
        starts_at_ns: i64,
        ends_at_ns: i64,
    ) {
        self.silences.set(
            id,
            sets,
            Time::from_unix_ns(starts_at_ns),
            Time::from_unix_ns(ends_at_ns),
        );
    }

    /// Forgets a silence.
    pub fn remove_silence(&mut self, id: &str) {
        self.silences.remove(id);
    }

    /// Drops alerts with end <= now from the store; groups keep theirs. How many.
    ///
    /// Upstream: store/store.go `Alerts.GC`, provider/mem/mem.go `gc`.
    pub fn collect_garbage(&mut self, now_ns: i64) -> usize {
        let now = Time::from_unix_ns(now_ns);
        self.expire(now_ns);
        let gone: Vec<Slot> = self
            .alerts
            .iter()
            .filter(|(_, alert)| alert.stored && alert.resolved_at(now))
            .map(|(slot, _)| slot)
            .collect();
        for &slot in &gone {
            if let Some(alert) = self.alerts.get_mut(slot) {
                alert.stored = false;
            }
            self.drop_if_unused(slot);
        }
        self.inhibit.collect_garbage(now);
        self.buckets.collect_garbage(now);
        self.index.sweep();
        self.order.forget(&self.alerts);
        gone.len()
    }

    /// Frees an alert that neither the store nor a group holds.
    fn drop_if_unused(&mut self, slot: Slot) {
        let unused = self
            .alerts
            .get(slot)
            .is_some_and(|alert| !alert.stored && alert.groups.is_empty());
        if !unused {
            return;
        }
        if let Some(alert) = self.alerts.remove(slot) {
            for label in &alert.labels {
                self.index.unfile(label, slot);
            }
            if alert.source {
                self.inhibit.remove(alert.fingerprint);
            }
            self.pending.delete(&alert);
        }
    }

    /// How many alerts the store holds.
    pub fn stored(&self) -> usize {
        self.alerts.iter().filter(|(_, alert)| alert.stored).count()
    }
}
