//! Flushing groups: batches, what the muting stages drop, and what a success leaves behind.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::batch::{Batch, Head, Item};
use super::groups::{Group, Member, NewGroup, mark};
use super::index::Slot;
use crate::json;
use crate::labels::LabelSet;
use crate::silence::Verdict;
use crate::template::Data;
use crate::time::Time;

impl Engine {
    /// Makes an alert a member of the groups of its routes; new groups need timers.
    ///
    /// Upstream: dispatch/dispatch.go `routeAlert`, `groupAlert`.
    pub(super) fn join_groups(&mut self, slot: Slot, now: Time, timers: &mut Vec<NewGroup>) {
        let Some(tree) = &self.tree else { return };
        let Some(alert) = self.alerts.get_mut(slot) else {
            return;
        };
        let mut joined = smallvec::SmallVec::new();
        for index in tree.match_indices(&alert.labels) {
            let Some(route) = tree.route(index) else {
                continue;
            };
            let labels = route.group_labels(&alert.labels);
            let living = self
                .groups
                .find(index, &labels)
                .filter(|id| self.groups.get(*id).is_some_and(|group| !group.destroyed));
            let id = living.unwrap_or_else(|| {
                let id = self.groups.add(Group {
                    route: index,
                    key: route.group_key(&labels).into(),
                    labels,
                    members: Vec::new(),
                    sorted: true,
                    destroyed: false,
                    muted_by: Arc::new([]),
                    flushes: 0,
                    route_labels: None,
                });
                let immediate = alert.starts_at.add_ns(route.group_wait_ns) < now;
                timers.push((id, index, immediate));
                id
            });
            if !alert.groups.contains(&id)
                && let Some(group) = self.groups.get_mut(id)
            {
                group.members.push(Member { slot, marks: 0 });
                group.sorted = group.members.len() == 1;
            }
            if let Some(group) = self.groups.get_mut(id) {
                group.route_labels = None;
                if let Some(recorder) = &self.recorder {
                    recorder.grouped(alert, group, &route.receiver, now);
                }
            }
            joined.push(id);
        }
        alert.groups = joined;
        alert.grouped = true;
        alert.done = false;
        if self.journal.is_some() {
            self.journal_groups(slot, now);
        }
    }

    /// Frozen batches of groups, route labels rendered; `None` for an empty or unknown group.
    ///
    /// Upstream: dispatch/dispatch.go `aggrGroup.flush`.
    pub fn flush(&mut self, group_ids: &[u64], now_ns: i64) -> Vec<Option<Batch>> {
        let now = Time::from_unix_ns(now_ns);
        group_ids
            .iter()
            .map(|id| {
                if let Some(group) = self.groups.get_mut(*id) {
                    group.flushes += 1;
                }
                self.flush_group(*id, now)
            })
            .collect()
    }

    pub(super) fn flush_group(&mut self, id: u64, now: Time) -> Option<Batch> {
        self.sort_members(id);
        let group = self.groups.get(id)?;
        let items: Vec<Item> = group
            .members
            .iter()
            .enumerate()
            .filter_map(|(position, member)| self.item(position, member.slot, now))
            .collect();
        if items.is_empty() {
            return None;
        }
        let route = self.tree.as_ref()?.route(group.route)?;
        let head = Head {
            group_id: id,
            route_index: group.route,
            group_key: Arc::clone(&group.key),
            receiver: Arc::clone(&route.receiver),
            group_labels: group.labels.clone(),
            route_labels: labels_object(&route.labels),
            route_label_errors: Vec::new(),
            recorded: self
                .recorder
                .as_ref()
                .map(|recorder| recorder.flushed(id, group)),
        };
        let batch = Batch::new(Arc::new(head), items);
        if route.labels.values().any(|text| text.contains("{{")) {
            return Some(self.with_rendered_labels(batch, &route.labels, now));
        }
        Some(batch)
    }

    /// The batch with its route's labels rendered against it; those that fail are left out.
    ///
    /// Upstream: dispatch/dispatch.go `aggrGroup.renderRouteLabels`.
    fn with_rendered_labels(
        &self,
        batch: Batch,
        labels: &BTreeMap<String, String>,
        now: Time,
    ) -> Batch {
        let Some(templates) = &self.templates else {
            return batch;
        };
        let raw = LabelSet::from_pairs(labels.iter().map(|(name, text)| (&**name, &**text)));
        let data = Data {
            route_labels: raw.clone(),
            route_labels_rendered: false,
            ..batch.template_data("unknown", &self.external_url)
        };
        let mut rendered = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, outcome) in templates.render_route_labels(&raw, &Arc::new(data), now) {
            match outcome {
                Ok(value) => {
                    rendered.insert(name.to_string(), value);
                }
                Err(error) => errors.push((name.to_string(), error.to_string())),
            }
        }
        let head = Head {
            route_labels: labels_object(&rendered),
            route_label_errors: errors,
            ..(*batch.head).clone()
        };
        batch.with_head(head)
    }

    fn item(&self, position: usize, slot: Slot, now: Time) -> Option<Item> {
        let alert = self.alerts.get(slot)?;
        let firing = !alert.resolved_at(now);
        Some(Item {
            slot,
            position,
            fingerprint: alert.fingerprint,
            labels: alert.labels.clone(),
            annotations: Arc::clone(&alert.annotations),
            generator_url: Arc::clone(&alert.generator_url),
            starts_at: alert.starts_at,
            ends_at: if firing { Time::ZERO } else { alert.ends_at },
            firing,
            updated_at_ns: alert.updated_at_ns,
        })
    }

    /// Brings the members of a group into the order of notifications.
    pub(super) fn sort_members(&mut self, id: u64) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        if group.sorted {
            return;
        }
        let alerts = &self.alerts;
        let labels = |member: &Member| alerts.get(member.slot).map(|alert| &alert.labels);
        group.members.sort_by(|a, b| match (labels(a), labels(b)) {
            (Some(a), Some(b)) => notification_order(a, b),
            _ => Ordering::Equal,
        });
        group.sorted = true;
    }

    /// The batch without inhibited alerts; writes the group's markers.
    ///
    /// Upstream: notify/mute.go `MuteStage`, inhibit/inhibit.go `Mutes`.
    pub fn drop_inhibited(&mut self, batch: &Batch, now_ns: i64) -> Batch {
        let now = Time::from_unix_ns(now_ns);
        let keeps: Vec<bool> = batch
            .items()
            .iter()
            .map(|item| {
                let found = self.inhibit.first_rule(&item.labels, now);
                if let (Some(recorder), Some((rule, source))) = (&self.recorder, found) {
                    recorder.inhibited(item, rule, source, now);
                }
                self.journal_inhibited(item, found, now);
                found.is_none()
            })
            .collect();
        self.mark(batch, &keeps, mark::INHIBITED);
        batch.unmuted(&keeps)
    }

    /// The batch without silenced alerts; writes the group's markers.
    ///
    /// Upstream: silence/silence.go `Silencer.Mutes`.
    pub fn drop_silenced(&mut self, batch: &Batch, now_ns: i64) -> Batch {
        let now = Time::from_unix_ns(now_ns);
        let mut keeps = Vec::with_capacity(batch.items().len());
        for item in batch.items() {
            let alert = self
                .alerts
                .get_mut(item.slot)
                .filter(|alert| alert.fingerprint == item.fingerprint);
            let mut fresh = Verdict::default();
            let verdict = alert.map_or(&mut fresh, |alert| &mut alert.verdict);
            self.silences.verdict(&item.labels, verdict);
            let active: Vec<Arc<str>> = self.silences.active(verdict, now).cloned().collect();
            keeps.push(active.is_empty());
            if let Some(recorder) = &self.recorder {
                for id in &active {
                    recorder.silenced(item, id, now);
                }
            }
            self.journal_silenced(item, active, now);
        }
        self.mark(batch, &keeps, mark::SILENCED);
        batch.unmuted(&keeps)
    }

    /// Notes for each alert of a batch that a stage saw it, and whether the stage dropped it.
    fn mark(&mut self, batch: &Batch, keeps: &[bool], bit: u8) {
        let Some(group) = self.groups.get_mut(batch.head.group_id) else {
            return;
        };
        for (item, keep) in batch.items().iter().zip(keeps) {
            if let Some(member) = group.member_mut(item.position, item.slot) {
                member.marks |= mark::SEEN;
                if *keep {
                    member.marks &= !bit;
                } else {
                    member.marks |= bit;
                }
            }
        }
    }

    /// Notes the intervals that muted a group at its flush.
    pub fn set_muted_by(&mut self, group_id: u64, names: &[String]) {
        if let Some(group) = self.groups.get_mut(group_id)
            && *group.muted_by != *names
        {
            group.muted_by = names.into();
        }
    }

    /// After a successful flush: forgets the batch's resolved alerts that did not change since. Whether the group is
    /// destroyed now.
    ///
    /// Upstream: dispatch/dispatch.go `aggrGroup.flush`, store/store.go `DeleteIfNotModified`.
    pub fn complete(&mut self, batch: &Batch, now_ns: i64) -> bool {
        let id = batch.head.group_id;
        if let Some(recorder) = &self.recorder {
            recorder.resolved(batch, Time::from_unix_ns(now_ns));
        }
        let mut gone: Vec<Slot> = Vec::new();
        if self.groups.get(id).is_none() {
            return true;
        }
        for item in batch.items().iter().filter(|item| !item.firing) {
            if let Some(alert) = self.alerts.get_mut(item.slot)
                && alert.fingerprint == item.fingerprint
                && alert.updated_at_ns == item.updated_at_ns
            {
                alert.groups.retain(|group| *group != id);
                alert.grouped = false;
                gone.push(item.slot);
            }
        }
        let Some(group) = self.groups.get_mut(id) else {
            return true;
        };
        if !gone.is_empty() {
            let gone: rustc_hash::FxHashSet<Slot> = gone.iter().copied().collect();
            group.members.retain(|member| !gone.contains(&member.slot));
            group.route_labels = None;
        }
        group.destroyed = group.members.is_empty();
        let destroyed = group.destroyed;
        for slot in gone {
            if let Some(alert) = self.alerts.get_mut(slot)
                && alert.groups.is_empty()
            {
                alert.done = true;
                self.pending.delete(alert);
                alert.written = false;
                alert.queued = 0;
            }
            self.drop_if_unused(slot);
        }
        destroyed
    }

    /// Removes destroyed groups; how many are left.
    ///
    /// Upstream: dispatch/dispatch.go `doMaintenance`.
    pub fn maintain_groups(&mut self) -> usize {
        self.groups.remove_destroyed()
    }
}

fn labels_object(labels: &BTreeMap<String, String>) -> Arc<str> {
    let mut out = String::from("{");
    for (name, value) in labels {
        if out.len() > 1 {
            out.push(',');
        }
        json::write_str(&mut out, name);
        out.push(':');
        json::write_str(&mut out, value);
    }
    out.push('}');
    out.into()
}

/// By `job`, then `instance` (alerts that lack one come after those that have it), then as label sets.
///
/// Upstream: types `AlertSlice.Less`.
pub(super) fn notification_order(a: &LabelSet, b: &LabelSet) -> Ordering {
    for name in ["job", "instance"] {
        match (a.get(name), b.get(name)) {
            (Some(a), Some(b)) => match a.cmp(b) {
                Ordering::Equal => {}
                other => return other,
            },
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
    }
    label_set_order(a, b)
}

/// Fewer labels first; then the first name of both sets that differs decides, a missing one first.
///
/// Upstream: common model `LabelSet.Before`.
pub(super) fn label_set_order(a: &LabelSet, b: &LabelSet) -> Ordering {
    let by_count = a.len().cmp(&b.len());
    if by_count != Ordering::Equal {
        return by_count;
    }
    for (one, other) in a.iter().zip(b) {
        // In the sorted union of names, a set that lacks the smaller name sorts first.
        match one.name.cmp(&other.name) {
            Ordering::Less => return Ordering::Greater,
            Ordering::Greater => return Ordering::Less,
            Ordering::Equal => {}
        }
        match one.value.cmp(&other.value) {
            Ordering::Equal => {}
            different => return different,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> LabelSet {
        LabelSet::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn label_sets_stand_in_upstreams_order() {
        let sorted = [
            set(&[]),
            set(&[("b", "1")]),
            set(&[("a", "1")]),
            set(&[("a", "2")]),
            set(&[("b", "1"), ("c", "1")]),
            set(&[("a", "1"), ("c", "1")]),
            set(&[("a", "1"), ("b", "1")]),
            set(&[("a", "2"), ("b", "0")]),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(
                label_set_order(&pair[0], &pair[1]),
                Ordering::Less,
                "{pair:?}"
            );
            assert_eq!(label_set_order(&pair[1], &pair[0]), Ordering::Greater);
        }
    }

    #[test]
    fn job_and_instance_come_first() {
        let sorted = [
            set(&[("a", "9"), ("instance", "2"), ("job", "1")]),
            set(&[("a", "1"), ("job", "1")]),
            set(&[("instance", "1"), ("job", "2")]),
            set(&[("a", "1"), ("instance", "1")]),
            set(&[("a", "1")]),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(
                notification_order(&pair[0], &pair[1]),
                Ordering::Less,
                "{pair:?}"
            );
        }
    }
}
