//! Telling a queue of events what happens to alerts.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::Engine;
use super::alerts::Alert;
use super::batch::{Batch, Flushed, Item};
use super::groups::Group;
use super::index::Slot;
use crate::error::Error;
use crate::event::{self, AlertEvent, EventQueue, GroupEvent, Kind, Notified};
use crate::inhibit;
use crate::route::RouteTree;
use crate::time::Time;

/// Whom to tell, and the parts of events that do not change from one to the next.
#[derive(Debug)]
pub(super) struct Recorder {
    queue: Arc<EventQueue>,
    /// By route.
    matchers: Vec<Arc<str>>,
    /// By inhibit rule.
    rules: Vec<Box<str>>,
    /// By id.
    silences: FxHashMap<Box<str>, Box<str>>,
}

impl Engine {
    /// Tells a queue of everything that happens from now on; before the first configuration.
    pub fn record_to(&mut self, queue: Arc<EventQueue>) {
        self.recorder = Some(Recorder {
            queue,
            matchers: Vec::new(),
            rules: Vec::new(),
            silences: FxHashMap::default(),
        });
    }

    /// Learns how events show a silence; without a text it is forgotten.
    pub fn describe_silence(&mut self, id: &str, text: Option<&str>) {
        if let Some(recorder) = &mut self.recorder {
            match text {
                Some(text) => recorder.silences.insert(id.into(), text.into()),
                None => recorder.silences.remove(id),
            };
        }
    }

    /// Tells that an alert came again to the groups it is in.
    ///
    /// Upstream: dispatch/dispatch.go `aggrGroup.insert`, which does not ask whether the alert was there.
    pub(super) fn record_again(&self, slot: Slot, now: Time) {
        let (Some(recorder), Some(alert), Some(tree)) =
            (&self.recorder, self.alerts.get(slot), &self.tree)
        else {
            return;
        };
        for id in &alert.groups {
            if let Some(group) = self.groups.get(*id)
                && let Some(route) = tree.route(group.route)
            {
                recorder.grouped(alert, group, &route.receiver, now);
            }
        }
    }
}

impl Recorder {
    pub(super) fn configure(&mut self, tree: &RouteTree, plan: &Value) -> Result<(), Error> {
        let rules = inhibit::rules_of(plan)?;
        self.rules = rules
            .iter()
            .map(|rule| written(|out| event::write_rule(out, rule)).into())
            .collect();
        self.matchers = tree
            .routes()
            .iter()
            .map(|route| written(|out| event::write_matchers(out, &route.matchers)).into())
            .collect();
        Ok(())
    }

    pub(super) fn created(&self, alert: &Alert, now: Time) {
        let payload = written(|out| event::write_alert(out, &of_alert(alert, now)));
        self.queue.record(Kind::AlertCreated, now, &payload);
    }

    pub(super) fn grouped(&self, alert: &Alert, group: &Group, receiver: &str, now: Time) {
        let group = GroupEvent {
            key: &group.key,
            labels: &group.labels,
            receiver,
            matchers: "",
            uuid: "",
        };
        let alert = of_alert(alert, now);
        let payload = written(|out| event::write_grouped_alert(out, &alert, &group));
        self.queue.record(Kind::AlertGrouped, now, &payload);
    }

    pub(super) fn resolved(&self, batch: &Batch, now: Time) {
        for item in batch.items().iter().filter(|item| !item.firing) {
            let group = GroupEvent {
                matchers: "",
                uuid: "",
                ..of_group(batch)
            };
            let alert = of_item(item);
            let payload = written(|out| event::write_grouped_alert(out, &alert, &group));
            self.queue.record(Kind::AlertResolved, now, &payload);
        }
    }

    pub(super) fn inhibited(&self, item: &Item, rule: u32, source: u64, now: Time) {
        let rule = self.rules.get(rule as usize).map_or("", |rule| rule);
        let payload = written(|out| {
            event::write_inhibition(out, rule, source, item.fingerprint, &item.labels);
        });
        self.queue.record(Kind::InhibitionMutedAlert, now, &payload);
    }

    pub(super) fn silenced(&self, item: &Item, id: &str, now: Time) {
        let silence = self.silences.get(id).map_or("{}", |silence| silence);
        let payload = written(|out| {
            event::write_silence_muting(out, silence, item.fingerprint, &item.labels);
        });
        self.queue.record(Kind::SilenceMutedAlert, now, &payload);
    }

    /// What events say of a flush that begins.
    pub(super) fn flushed(&self, id: u64, group: &Group) -> Flushed {
        Flushed {
            matchers: self
                .matchers
                .get(group.route as usize)
                .map_or_else(|| "".into(), Arc::clone),
            uuid: self.queue.group_uuid(id),
            number: group.flushes,
        }
    }
}

impl Batch {
    /// The payload of the event that a receiver took this batch.
    ///
    /// `flushed` is the batch before resolved alerts were left out.
    pub fn notification_event(
        &self,
        flushed: &Self,
        reason: &str,
        repeat_interval_ns: i64,
        integration: &str,
        index: u64,
    ) -> String {
        let notified = Notified {
            reason,
            repeat_interval_ns,
            flush: self.head.recorded.as_ref().map_or(0, |it| it.number),
            integration,
            index,
            firing: flushed.firing_hashes(),
            resolved: flushed.resolved_hashes(),
            muted: &self.muted,
        };
        let alerts = self.items().iter().map(of_item);
        written(|out| event::write_notification(out, alerts, &of_group(self), &notified))
    }
}

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::with_capacity(512);
    write(&mut out);
    out
}

fn of_alert(alert: &Alert, now: Time) -> AlertEvent<'_> {
    AlertEvent {
        fingerprint: alert.fingerprint,
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: alert.starts_at,
        ends_at: alert.ends_at,
        resolved: alert.resolved_at(now),
    }
}

fn of_item(item: &Item) -> AlertEvent<'_> {
    AlertEvent {
        fingerprint: item.fingerprint,
        labels: &item.labels,
        annotations: &item.annotations,
        starts_at: item.starts_at,
        ends_at: item.ends_at,
        resolved: !item.firing,
    }
}

fn of_group(batch: &Batch) -> GroupEvent<'_> {
    let head = &*batch.head;
    let recorded = head.recorded.as_ref();
    GroupEvent {
        key: &head.group_key,
        labels: &head.group_labels,
        receiver: &head.receiver,
        matchers: recorded.map_or("", |it| &it.matchers),
        uuid: recorded.map_or("", |it| &it.uuid),
    }
}
