//! Telling the journal what happens to alerts.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use super::Engine;
use super::alerts::{Alert, Held};
use super::batch::{Batch, Item, write_fingerprint};
use super::index::Slot;
use crate::history::{EndedBy, GroupOf, Journal, Note, Subject, What};
use crate::json;
use crate::time::Time;

/// A living group: id, key, receiver, and which of the alerts asked for are in it.
pub type GroupMembers = (u64, Arc<str>, Arc<str>, Vec<u64>);

/// What an alert was before a post changed it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) starts_at: Time,
    pub(super) ends_at: Time,
    pub(super) over: bool,
}

impl Alert {
    pub(super) fn subject(&self) -> Subject {
        Subject {
            fingerprint: self.fingerprint,
            labels: self.labels.clone(),
            starts_at_ns: self.starts_at.unix_ns(),
        }
    }

    fn note(&self) -> Note {
        Note {
            annotations: Arc::clone(&self.annotations),
            generator_url: Arc::clone(&self.generator_url),
        }
    }
}

impl Engine {
    /// Tells a journal of everything that happens from now on; before the first configuration.
    pub fn journal_to(&mut self, journal: Arc<Journal>) {
        self.journal = Some(journal);
    }

    /// Tells that an alert came that was not known.
    pub(super) fn journal_new(&mut self, slot: Slot, now: Time) {
        let (Some(journal), Some(alert)) = (&self.journal, self.alerts.get_mut(slot)) else {
            return;
        };
        let (now_ns, ends_at_ns) = (now.unix_ns(), alert.ends_at.unix_ns());
        let received = What::Received {
            alert: alert.subject(),
            note: alert.note(),
            again: false,
        };
        journal.add(now_ns, received);
        if alert.resolved_at(now) {
            let ended = What::Resolved {
                alert: alert.subject(),
                ends_at_ns,
                by: EndedBy::Sender,
            };
            journal.add(now_ns, ended);
            return;
        }
        alert.told = true;
        self.expiry.watch(ends_at_ns, slot, alert.fingerprint);
    }

    /// Tells what a post did to a known alert. `changed`: annotations, URL or start.
    pub(super) fn journal_update(&mut self, slot: Slot, before: Before, changed: bool, now: Time) {
        let (Some(journal), Some(alert)) = (&self.journal, self.alerts.get_mut(slot)) else {
            return;
        };
        let (now_ns, over) = (now.unix_ns(), alert.resolved_at(now));
        let mut subject = alert.subject();
        if alert.told && over {
            // The end of the firing that is known, wherever a late post moves its start.
            alert.told = false;
            subject.starts_at_ns = before.starts_at.unix_ns();
            let ended = What::Resolved {
                alert: subject,
                ends_at_ns: alert.ends_at.unix_ns(),
                by: EndedBy::Sender,
            };
            journal.add(now_ns, ended);
            return;
        }
        if over {
            return;
        }
        if alert.told && before.over {
            // It ended by itself, and nobody had noticed yet.
            let ended = What::Resolved {
                alert: Subject {
                    starts_at_ns: before.starts_at.unix_ns(),
                    ..subject.clone()
                },
                ends_at_ns: before.ends_at.unix_ns(),
                by: EndedBy::Timeout,
            };
            journal.add(now_ns, ended);
            alert.told = false;
        }
        if !alert.told {
            let again = before.starts_at == alert.starts_at && alert.told_groups != 0;
            let received = What::Received {
                alert: subject,
                note: alert.note(),
                again,
            };
            journal.add(now_ns, received);
            alert.told = true;
            alert.told_groups = 0;
            let (ends_at_ns, fingerprint) = (alert.ends_at.unix_ns(), alert.fingerprint);
            self.expiry.watch(ends_at_ns, slot, fingerprint);
            self.journal_groups(slot, now);
        } else if changed {
            let moved = before.starts_at != alert.starts_at;
            let changed = What::Changed {
                alert: subject,
                note: alert.note(),
                moved_from_ns: moved.then(|| before.starts_at.unix_ns()),
            };
            journal.add(now_ns, changed);
        }
    }

    /// Tells which groups an alert is in, if they are others than before.
    pub(super) fn journal_groups(&mut self, slot: Slot, now: Time) {
        let Some(alert) = self.alerts.get(slot).filter(|alert| alert.told) else {
            return;
        };
        let groups = self.groups_of_alert(alert);
        let told = hash_of(&groups);
        let subject = alert.subject();
        let Some(alert) = self.alerts.get_mut(slot) else {
            return;
        };
        if groups.is_empty() || std::mem::replace(&mut alert.told_groups, told) == told {
            return;
        }
        let Some(journal) = &self.journal else { return };
        for group in groups {
            let alert = subject.clone();
            journal.add(now.unix_ns(), What::Grouped { alert, group });
        }
    }

    fn groups_of_alert(&self, alert: &Alert) -> Vec<GroupOf> {
        let Some(tree) = &self.tree else {
            return Vec::new();
        };
        alert
            .groups
            .iter()
            .filter_map(|id| {
                let group = self.groups.get(*id)?;
                Some(GroupOf {
                    key: Arc::clone(&group.key),
                    receiver: Arc::clone(&tree.route(group.route)?.receiver),
                    labels: group.labels.clone(),
                })
            })
            .collect()
    }

    /// Knows an alert that the store brought back: the history has its episode.
    pub(super) fn journal_restored(&mut self, slot: Slot, now: Time) {
        if self.journal.is_none() {
            return;
        }
        let Some(alert) = self
            .alerts
            .get(slot)
            .filter(|alert| !alert.resolved_at(now))
        else {
            return;
        };
        let told_groups = hash_of(&self.groups_of_alert(alert));
        if let Some(alert) = self.alerts.get_mut(slot) {
            alert.told = true;
            alert.told_groups = told_groups;
            let (ends_at_ns, fingerprint) = (alert.ends_at.unix_ns(), alert.fingerprint);
            self.expiry.watch(ends_at_ns, slot, fingerprint);
        }
    }

    /// Tells the journal of firing alerts again, for whoever missed some: of so many, from a place on, until it is half
    /// full; where to go on.
    pub fn announce(&self, now_ns: i64, first: Slot, limit: usize) -> Option<Slot> {
        let journal = self.journal.as_ref()?;
        let from_first = self.alerts.iter().skip_while(|(slot, _)| *slot < first);
        let mut left = limit;
        for (slot, alert) in from_first.filter(|(_, alert)| alert.told) {
            if left == 0 || (left < limit && journal.is_crowded()) {
                return Some(slot);
            }
            left -= 1;
            let announced = What::Announced {
                alert: alert.subject(),
                note: alert.note(),
                groups: self.groups_of_alert(alert),
            };
            journal.add(now_ns, announced);
        }
        None
    }

    /// Every alert that the journal knows as firing: fingerprint and start.
    pub fn firing(&self) -> Vec<(u64, i64)> {
        let told = self.alerts.iter().filter(|(_, alert)| alert.told);
        told.map(|(_, alert)| (alert.fingerprint, alert.starts_at.unix_ns()))
            .collect()
    }

    /// The living groups of some alerts.
    pub fn groups_of(&self, fingerprints: &[u64]) -> Vec<GroupMembers> {
        let wanted: rustc_hash::FxHashSet<u64> = fingerprints.iter().copied().collect();
        let mut found: FxHashMap<u64, Vec<u64>> = FxHashMap::default();
        let mut order: Vec<u64> = Vec::new();
        for (_, alert) in self.alerts.iter() {
            if !wanted.contains(&alert.fingerprint) {
                continue;
            }
            for id in &alert.groups {
                let members = found.entry(*id).or_insert_with(|| {
                    order.push(*id);
                    Vec::new()
                });
                members.push(alert.fingerprint);
            }
        }
        let Some(tree) = &self.tree else {
            return Vec::new();
        };
        order
            .into_iter()
            .filter_map(|id| {
                let group = self.groups.get(id).filter(|group| !group.destroyed)?;
                let receiver = Arc::clone(&tree.route(group.route)?.receiver);
                Some((id, Arc::clone(&group.key), receiver, found.remove(&id)?))
            })
            .collect()
    }

    /// Tells what inhibition does to an alert of a batch; only a change is an event.
    pub(super) fn journal_inhibited(&mut self, item: &Item, by: Option<(u32, u64)>, now: Time) {
        if self.journal.is_none() {
            return;
        }
        let name = by.and_then(|(rule, _)| self.inhibit.rule_name(rule));
        let cause = by.map(|(rule, source)| inhibition_cause(rule, name.as_deref(), source));
        let Some(alert) = self.alerts.get_mut(item.slot) else {
            return;
        };
        if alert.fingerprint != item.fingerprint || !alert.told {
            return;
        }
        let before = alert.held.as_ref().and_then(|held| held.inhibition.clone());
        // Another source of the same rule is no news.
        if before.is_some() == cause.is_some() {
            return;
        }
        hold(alert, |held| held.inhibition.clone_from(&cause));
        let subject = alert.subject();
        self.tell_held(subject, before, cause, Vec::new(), now);
    }

    /// Tells what silences do to an alert of a batch; only a change is an event.
    pub(super) fn journal_silenced(&mut self, item: &Item, ids: Vec<Arc<str>>, now: Time) {
        if self.journal.is_none() {
            return;
        }
        let Some(alert) = self.alerts.get_mut(item.slot) else {
            return;
        };
        if alert.fingerprint != item.fingerprint || !alert.told {
            return;
        }
        let before = alert.held.as_ref().and_then(|held| held.silence.clone());
        if ids.is_empty() && before.is_none() {
            return;
        }
        let cause = (!ids.is_empty()).then(|| silence_cause(&ids));
        if before == cause {
            return;
        }
        hold(alert, |held| held.silence.clone_from(&cause));
        let subject = alert.subject();
        self.tell_held(subject, before, cause, ids, now);
    }

    fn tell_held(
        &self,
        alert: Subject,
        before: Option<Arc<str>>,
        cause: Option<Arc<str>>,
        silences: Vec<Arc<str>>,
        now: Time,
    ) {
        let Some(journal) = &self.journal else { return };
        let now_ns = now.unix_ns();
        match (before, cause) {
            (_, Some(cause)) => {
                let suppressed = What::Suppressed {
                    alert,
                    cause,
                    silences,
                };
                journal.add(now_ns, suppressed);
            }
            (Some(cause), None) => {
                journal.add(now_ns, What::Released { alert, cause });
            }
            (None, None) => {}
        }
    }
}

impl Batch {
    /// The group, as the journal names it.
    pub fn group(&self) -> GroupOf {
        GroupOf {
            key: Arc::clone(&self.head.group_key),
            receiver: Arc::clone(&self.head.receiver),
            labels: self.head.group_labels.clone(),
        }
    }
}

/// What tells groups from others; never zero, which stands for none.
fn hash_of(groups: &[GroupOf]) -> u64 {
    let mut hasher = FxHasher::default();
    for group in groups {
        (&*group.key, &*group.receiver).hash(&mut hasher);
    }
    hasher.finish().max(1)
}

/// Changes what holds an alert back, and keeps nothing for one that is free.
fn hold(alert: &mut Alert, change: impl FnOnce(&mut Held)) {
    let mut held = alert.held.take().unwrap_or_default();
    change(&mut held);
    if *held != Held::default() {
        alert.held = Some(held);
    }
}

fn inhibition_cause(rule: u32, name: Option<&str>, source: u64) -> Arc<str> {
    let mut out = String::from("{\"by\":\"inhibition\",\"rule\":");
    match name {
        Some(name) => json::write_str(&mut out, name),
        None => json::write_str(&mut out, &rule.to_string()),
    }
    out.push_str(",\"source\":\"");
    write_fingerprint(&mut out, source);
    out.push_str("\"}");
    out.into()
}

fn silence_cause(ids: &[Arc<str>]) -> Arc<str> {
    let mut sorted: Vec<&str> = ids.iter().map(|id| &**id).collect();
    sorted.sort_unstable();
    let mut out = String::from("{\"by\":\"silence\",\"silences\":[");
    for (at, id) in sorted.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(&mut out, id);
    }
    out.push_str("]}");
    out.into()
}
