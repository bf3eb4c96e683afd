//! Aggregation groups: the alerts of one route that have the same group labels.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::index::Slot;
use crate::labels::LabelSet;

/// What the last flush found out about a member. Upstream: the alert marker of a group.
pub(crate) mod mark {
    /// The inhibition stage saw the alert.
    pub(crate) const SEEN: u8 = 1;
    /// The alert was inhibited.
    pub(crate) const INHIBITED: u8 = 2;
    /// The alert was silenced.
    pub(crate) const SILENCED: u8 = 4;
}

/// An alert in a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) slot: Slot,
    pub(crate) marks: u8,
}

/// One group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) route: u32,
    pub(crate) labels: LabelSet,
    pub(crate) key: Arc<str>,
    pub(crate) members: Vec<Member>,
    /// Whether the members stand in the order of notifications.
    pub(crate) sorted: bool,
    /// Emptied by a flush; an alert that comes makes a new group.
    pub(crate) destroyed: bool,
    /// The intervals that muted the last flush.
    pub(crate) muted_by: Arc<[String]>,
    /// How often the group was flushed.
    pub(crate) flushes: u64,
    /// Rendered route labels for the API, until the members change.
    pub(crate) route_labels: Option<Arc<str>>,
}

impl Group {
    /// The member at a position if it is the alert, or wherever it is.
    pub(crate) fn member_mut(&mut self, position: usize, slot: Slot) -> Option<&mut Member> {
        if self
            .members
            .get(position)
            .is_some_and(|member| member.slot == slot)
        {
            return self.members.get_mut(position);
        }
        self.members.iter_mut().find(|member| member.slot == slot)
    }
}

/// A new group, for the timers.
pub type NewGroup = (u64, u32, bool);

/// All groups. An id is a place and its generation, so that ids are never used again.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    places: Vec<(u32, Option<Group>)>,
    free: Vec<u32>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Groups {
    /// The living group of a route with these labels.
    pub(crate) fn find(&self, route: u32, labels: &LabelSet) -> Option<u64> {
        let hash = self.hasher.hash_one((route, labels));
        let place = *self
            .table
            .find(hash, |place| self.is(*place, route, labels))?;
        Some(self.id(place))
    }

    fn is(&self, place: u32, route: u32, labels: &LabelSet) -> bool {
        self.at(place)
            .is_some_and(|group| group.route == route && group.labels == *labels)
    }

    fn at(&self, place: u32) -> Option<&Group> {
        self.places.get(place as usize)?.1.as_ref()
    }

    fn id(&self, place: u32) -> u64 {
        let generation = self.places.get(place as usize).map_or(0, |entry| entry.0);
        u64::from(generation) << 32 | u64::from(place)
    }

    /// Adds a group; one with the same labels that is destroyed leaves its mute marker to it.
    pub(crate) fn add(&mut self, mut group: Group) -> u64 {
        let hash = self.hasher.hash_one((group.route, &group.labels));
        let known = self
            .table
            .find(hash, |place| self.is(*place, group.route, &group.labels))
            .copied();
        if let Some(before) = known {
            if let Some(before) = self.at(before) {
                group.muted_by = Arc::clone(&before.muted_by);
            }
            if let Ok(entry) = self.table.find_entry(hash, |place| *place == before) {
                entry.remove();
            }
        }
        let place = if let Some(place) = self.free.pop() {
            let entry = &mut self.places[place as usize];
            entry.0 = entry.0.wrapping_add(1);
            entry.1 = Some(group);
            place
        } else {
            self.places.push((1, Some(group)));
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        };
        let (places, hasher) = (&self.places, &self.hasher);
        self.table.insert_unique(hash, place, |place| {
            places[*place as usize]
                .1
                .as_ref()
                .map_or(0, |group| hasher.hash_one((group.route, &group.labels)))
        });
        self.id(place)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Group> {
        let (generation, place) = split(id);
        let entry = self.places.get(place)?;
        entry.1.as_ref().filter(|_| entry.0 == generation)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Group> {
        let (generation, place) = split(id);
        let entry = self.places.get_mut(place)?;
        entry.1.as_mut().filter(|_| entry.0 == generation)
    }

    /// Every group with its id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Group)> {
        (0..)
            .zip(&self.places)
            .filter_map(|(place, (_, group))| Some((self.id(place), group.as_ref()?)))
    }

    /// Removes destroyed groups; how many are left.
    pub(crate) fn remove_destroyed(&mut self) -> usize {
        let gone: Vec<u64> = self
            .iter()
            .filter(|(_, group)| group.destroyed)
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            self.remove(id);
        }
        self.places.len() - self.free.len()
    }

    fn remove(&mut self, id: u64) {
        let (_, place) = split(id);
        let Some(group) = self.places.get_mut(place).and_then(|entry| entry.1.take()) else {
            return;
        };
        let hash = self.hasher.hash_one((group.route, &group.labels));
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
        self.free.push(place);
    }

    /// Removes all groups; their ids stay used.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
        self.free.clear();
        for (place, entry) in (0..).zip(&mut self.places) {
            entry.1 = None;
            self.free.push(place);
        }
    }

    /// How many groups, destroyed ones that still wait for their removal included.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

fn split(id: u64) -> (u32, usize) {
    let place = u32::try_from(id & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let generation = u32::try_from(id >> 32).unwrap_or(u32::MAX);
    (generation, place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(value: &str) -> Group {
        Group {
            route: 1,
            labels: LabelSet::from_pairs([("a", value)]),
            key: "k".into(),
            members: Vec::new(),
            sorted: true,
            destroyed: false,
            muted_by: Arc::new([]),
            flushes: 0,
            route_labels: None,
        }
    }

    #[test]
    fn ids_are_not_used_again() {
        let mut groups = Groups::default();
        let first = groups.add(group("x"));
        assert_eq!(
            groups.find(1, &LabelSet::from_pairs([("a", "x")])),
            Some(first)
        );
        groups.get_mut(first).unwrap().destroyed = true;
        assert_eq!(groups.remove_destroyed(), 0);
        let second = groups.add(group("x"));
        assert_ne!(first, second);
        assert!(groups.get(first).is_none());
        assert_eq!(
            groups.find(1, &LabelSet::from_pairs([("a", "x")])),
            Some(second)
        );
    }

    #[test]
    fn a_destroyed_group_is_replaced_and_leaves_its_marker() {
        let mut groups = Groups::default();
        let first = groups.add(group("x"));
        let old = groups.get_mut(first).unwrap();
        old.destroyed = true;
        old.muted_by = Arc::new(["night".to_owned()]);
        let second = groups.add(group("x"));
        assert_eq!(groups.get(second).unwrap().muted_by.len(), 1);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups.remove_destroyed(), 1);
        assert_eq!(
            groups.find(1, &LabelSet::from_pairs([("a", "x")])),
            Some(second)
        );
    }
}
