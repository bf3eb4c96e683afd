//! GET of alert groups, and the counts that metrics show.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Engine;
use super::batch::write_labels;
use super::flush::label_set_order;
use super::groups::{Member, mark};
use super::index::Slot;
use super::query::{AHEAD, Filter, Status, write_alert};
use crate::json;
use crate::matcher;
use crate::time::Time;

/// Which groups and alerts a GET shows.
#[derive(Debug, Clone)]
pub struct GroupFilter {
    /// Show groups that an interval muted at their last flush.
    pub muted: bool,
    /// Which alerts to show; its receivers are those of the groups.
    pub alerts: Filter,
}

/// Alerts in groups by what the last flush found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Flushed, and nothing suppressed them.
    pub active: u64,
    /// Inhibited or silenced at the last flush.
    pub suppressed: u64,
    /// Not flushed yet.
    pub unprocessed: u64,
}

/// An alert that is shown, with the receivers of all groups that hold it.
struct Shown {
    status: Status,
    routes: SmallVec<[u32; 2]>,
}

impl Engine {
    /// The body of `GET /api/v2/alerts/groups`.
    ///
    /// Upstream: api/v2/api.go `getAlertGroupsHandler`, dispatch/dispatch.go `Groups`.
    pub fn query_groups(&mut self, now_ns: i64, filter: &GroupFilter) -> Vec<u8> {
        let now = Time::from_unix_ns(now_ns);
        let mut shown: FxHashMap<Slot, Option<Shown>> = FxHashMap::default();
        let mut found: Vec<(u64, Vec<Slot>)> = Vec::new();
        let ids: Vec<u64> = self.groups.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.sort_members(id);
            let Some(group) = self.groups.get(id) else {
                continue;
            };
            let route = group.route;
            if let Some(names) = &filter.alerts.receivers
                && !self.has_receiver(route, names)
            {
                continue;
            }
            let members: Vec<Slot> = group.members.iter().map(|member| member.slot).collect();
            let mut passing = Vec::with_capacity(members.len());
            for slot in members {
                let entry = match shown.entry(slot) {
                    std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        entry.insert(self.judge(slot, now, &filter.alerts))
                    }
                };
                if let Some(alert) = entry {
                    alert.routes.push(route);
                    passing.push(slot);
                }
            }
            if !passing.is_empty() {
                found.push((id, passing));
            }
        }
        found.retain(|(id, _)| {
            filter.muted
                || self
                    .groups
                    .get(*id)
                    .is_some_and(|group| group.muted_by.is_empty())
        });
        self.order_groups(&mut found);
        for alert in shown.values_mut().flatten() {
            if alert.routes.len() > 1 {
                alert
                    .routes
                    .sort_by_key(|route| self.receiver_of(*route).unwrap_or_default());
            }
        }
        let alerts: usize = found.iter().map(|(_, slots)| slots.len()).sum();
        let mut out = String::with_capacity(alerts * 700 + 64);
        out.push('[');
        for some in found.chunks(AHEAD) {
            let slots = some.iter().flat_map(|(_, slots)| slots.iter().take(AHEAD));
            self.alerts.warm(&slots.copied());
            for (id, slots) in some {
                self.write_group(&mut out, *id, slots, &shown, now);
                out.push(',');
            }
        }
        if out.len() > 1 {
            out.pop();
        }
        out.push_str("]\n");
        out.into_bytes()
    }

    fn judge(&mut self, slot: Slot, now: Time, filter: &Filter) -> Option<Shown> {
        let alert = self.alerts.get(slot)?;
        if alert.ends_at < now || !matcher::filter_matches(&filter.matchers, &alert.labels) {
            return None;
        }
        let status = self.status(slot, now);
        status.passes(filter).then(|| Shown {
            status,
            routes: SmallVec::new(),
        })
    }

    fn receiver_of(&self, route: u32) -> Option<&str> {
        Some(&*self.tree.as_ref()?.route(route)?.receiver)
    }

    /// By group labels, then by receiver.
    fn order_groups(&self, found: &mut [(u64, Vec<Slot>)]) {
        found.sort_by(
            |(a, _), (b, _)| match (self.groups.get(*a), self.groups.get(*b)) {
                (Some(a), Some(b)) => label_set_order(&a.labels, &b.labels)
                    .then_with(|| self.receiver_of(a.route).cmp(&self.receiver_of(b.route))),
                _ => std::cmp::Ordering::Equal,
            },
        );
    }

    fn write_group(
        &mut self,
        out: &mut String,
        id: u64,
        slots: &[Slot],
        shown: &FxHashMap<Slot, Option<Shown>>,
        now: Time,
    ) {
        let route_labels = self.route_labels(id, now);
        let Some(group) = self.groups.get(id) else {
            return;
        };
        out.push_str("{\"alerts\":[");
        let mut first = true;
        for slot in slots {
            if let Some(alert) = self.alerts.get(*slot)
                && let Some(Some(seen)) = shown.get(slot)
            {
                if !first {
                    out.push(',');
                }
                first = false;
                let receivers = seen
                    .routes
                    .iter()
                    .filter_map(|route| self.receiver_json.get(*route as usize));
                write_alert(
                    out,
                    alert,
                    receivers.map(|json| &**json),
                    &seen.status,
                    &group.muted_by,
                );
            }
        }
        out.push_str("],\"labels\":");
        write_labels(out, &group.labels);
        out.push_str(",\"receiver\":{\"name\":");
        json::write_str(out, self.receiver_of(group.route).unwrap_or_default());
        out.push_str("},\"routeLabels\":");
        out.push_str(&route_labels);
        out.push('}');
    }

    /// A group's rendered route labels, kept until its alerts change.
    fn route_labels(&mut self, id: u64, now: Time) -> Arc<str> {
        let group = self.groups.get(id);
        if let Some(known) = group.and_then(|group| group.route_labels.as_ref()) {
            return Arc::clone(known);
        }
        let rendered = self
            .flush_group(id, now)
            .map_or_else(|| "{}".into(), |batch| Arc::clone(&batch.head.route_labels));
        if let Some(group) = self.groups.get_mut(id) {
            group.route_labels = Some(Arc::clone(&rendered));
        }
        rendered
    }

    /// Counts alerts in groups, each once, by the strongest state that a group's last flush found.
    ///
    /// Upstream: dispatch/dispatch.go, the collector of `alertmanager_alerts`.
    pub fn counts(&self, now_ns: i64) -> Counts {
        let now = Time::from_unix_ns(now_ns);
        let mut strongest: FxHashMap<Slot, u8> = FxHashMap::default();
        for (_, group) in self.groups.iter() {
            for member in &group.members {
                let state = state_of(*member);
                let known = strongest.entry(member.slot).or_insert(state);
                *known = state.max(*known);
            }
        }
        let mut counts = Counts::default();
        for (slot, state) in strongest {
            if self
                .alerts
                .get(slot)
                .is_some_and(|alert| !alert.resolved_at(now))
            {
                counts.add(state);
            }
        }
        counts
    }

    /// Counts alerts by group key.
    pub fn counts_by_group(&self, now_ns: i64) -> Vec<(Arc<str>, Counts)> {
        let now = Time::from_unix_ns(now_ns);
        let count = |members: &[Member]| {
            let mut counts = Counts::default();
            for member in members {
                if self
                    .alerts
                    .get(member.slot)
                    .is_some_and(|alert| !alert.resolved_at(now))
                {
                    counts.add(state_of(*member));
                }
            }
            counts
        };
        self.groups
            .iter()
            .map(|(_, group)| (Arc::clone(&group.key), count(&group.members)))
            .collect()
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }
}

impl Counts {
    fn add(&mut self, state: u8) {
        match state {
            0 => self.unprocessed += 1,
            1 => self.active += 1,
            _ => self.suppressed += 1,
        }
    }
}

/// 0 unprocessed, 1 active, 2 suppressed.
fn state_of(member: Member) -> u8 {
    if member.marks & (mark::INHIBITED | mark::SILENCED) != 0 {
        2
    } else {
        u8::from(member.marks & mark::SEEN != 0)
    }
}
