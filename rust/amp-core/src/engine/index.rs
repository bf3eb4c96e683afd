//! The labels of all alerts: each stored once, with the alerts that have it.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use roaring::RoaringBitmap;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::labels::Label;

/// Where an alert stands in the [`Alerts`](super::alerts::Alerts).
pub(crate) type Slot = u32;

/// From this many alerts on a posting list is a bitmap.
const FEW: usize = 32;

type Few = SmallVec<[Slot; 6]>;

/// The alerts that have one label.
#[derive(Debug, Default)]
pub(crate) enum Posting {
    #[default]
    None,
    One(Slot),
    Few(Box<Few>),
    Many(Box<RoaringBitmap>),
}

impl Posting {
    fn add(&mut self, slot: Slot) {
        match self {
            Self::None => *self = Self::One(slot),
            Self::One(first) => *self = Self::Few(Box::new(Few::from_slice(&[*first, slot]))),
            Self::Few(slots) if slots.len() < FEW => slots.push(slot),
            Self::Few(slots) => {
                slots.push(slot);
                *self = Self::Many(Box::new(slots.iter().copied().collect()));
            }
            Self::Many(slots) => {
                slots.insert(slot);
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        match self {
            Self::None => {}
            Self::One(only) => {
                if *only == slot {
                    *self = Self::None;
                }
            }
            Self::Few(slots) => {
                slots.retain(|other| *other != slot);
                if slots.is_empty() {
                    *self = Self::None;
                }
            }
            Self::Many(slots) => {
                slots.remove(slot);
                if slots.is_empty() {
                    *self = Self::None;
                }
            }
        }
    }

    /// How many alerts.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Few(slots) => slots.len(),
            Self::Many(slots) => usize::try_from(slots.len()).unwrap_or(usize::MAX),
        }
    }

    /// The alerts.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        match self {
            Self::None => Vec::new(),
            Self::One(slot) => vec![*slot],
            Self::Few(slots) => slots.to_vec(),
            Self::Many(slots) => slots.iter().collect(),
        }
    }
}

#[derive(Debug)]
struct Entry {
    label: Arc<Label>,
    posting: Posting,
}

/// Interns labels and finds the alerts of a label.
#[derive(Debug, Default)]
pub(crate) struct LabelIndex {
    entries: HashTable<Entry>,
    texts: FxHashSet<Arc<str>>,
    hasher: DefaultHashBuilder,
}

impl LabelIndex {
    /// The shared label of a name and value, with an alert filed under it.
    pub(crate) fn file(&mut self, name: &str, value: &str, slot: Slot) -> Arc<Label> {
        let hash = self.hasher.hash_one((name, value));
        if let Some(entry) = self.entries.find_mut(hash, |entry| {
            *entry.label.value == *value && *entry.label.name == *name
        }) {
            entry.posting.add(slot);
            return Arc::clone(&entry.label);
        }
        let label = Arc::new(Label {
            name: self.text(name),
            value: value.into(),
        });
        let entry = Entry {
            label: Arc::clone(&label),
            posting: Posting::One(slot),
        };
        let hasher = &self.hasher;
        self.entries.insert_unique(hash, entry, |entry| {
            hasher.hash_one((&*entry.label.name, &*entry.label.value))
        });
        label
    }

    /// Takes an alert away from a label.
    pub(crate) fn unfile(&mut self, label: &Label, slot: Slot) {
        let hash = self.hasher.hash_one((&*label.name, &*label.value));
        if let Some(entry) = self.entries.find_mut(hash, |entry| *entry.label == *label) {
            entry.posting.remove(slot);
        }
    }

    /// The alerts that have a label.
    pub(crate) fn posting(&self, name: &str, value: &str) -> Option<&Posting> {
        let hash = self.hasher.hash_one((name, value));
        self.entries
            .find(hash, |entry| {
                *entry.label.value == *value && *entry.label.name == *name
            })
            .map(|entry| &entry.posting)
    }

    /// A shared copy of a text that many alerts repeat (names, generator URLs).
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&shared));
        shared
    }

    /// Forgets what nobody uses any more.
    pub(crate) fn sweep(&mut self) {
        self.entries
            .retain(|entry| entry.posting.len() > 0 || Arc::strong_count(&entry.label) > 1);
        self.texts.retain(|text| Arc::strong_count(text) > 1);
        let hasher = &self.hasher;
        if self.entries.capacity() > 4 * self.entries.len() + 1024 {
            self.entries
                .shrink_to_fit(|entry| hasher.hash_one((&*entry.label.name, &*entry.label.value)));
        }
        if self.texts.capacity() > 4 * self.texts.len() + 1024 {
            self.texts.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_grow_and_shrink() {
        let mut index = LabelIndex::default();
        for slot in 0..100 {
            index.file("a", "b", slot);
        }
        let label = index.file("a", "b", 100);
        assert_eq!(index.posting("a", "b").map(Posting::len), Some(101));
        for slot in 0..100 {
            index.unfile(&label, slot);
        }
        assert_eq!(index.posting("a", "b").map(Posting::slots), Some(vec![100]));
        index.unfile(&label, 100);
        drop(label);
        index.sweep();
        assert!(index.posting("a", "b").is_none());
        assert!(index.texts.is_empty());
    }

    #[test]
    fn equal_labels_are_one() {
        let mut index = LabelIndex::default();
        let first = index.file("a", "b", 1);
        let second = index.file("a", "b", 2);
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(
            index.posting("a", "b").map(Posting::slots),
            Some(vec![1, 2])
        );
    }
}
