//! Finds the few matcher lists that may match a label set among many.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use crate::labels::LabelSet;
use crate::matcher::Matcher;

/// Items filed under one equality of their matchers. What it finds must still be matched in full.
#[derive(Debug, Clone)]
pub struct MatcherIndex<T> {
    by_label: FxHashMap<u64, SmallVec<[T; 1]>>,
    rest: Vec<T>,
}

impl<T> Default for MatcherIndex<T> {
    fn default() -> Self {
        Self {
            by_label: FxHashMap::default(),
            rest: Vec::new(),
        }
    }
}

/// A few items found in an index.
pub type Candidates<T> = SmallVec<[T; 16]>;

impl<T: Copy + Ord> MatcherIndex<T> {
    /// Files an item under the equality that is rarest so far.
    pub fn insert(&mut self, matchers: &[Matcher], item: T) {
        match self.best_keys(matchers) {
            Some(keys) => {
                for key in keys {
                    self.by_label.entry(key).or_default().push(item);
                }
            }
            None => self.rest.push(item),
        }
    }

    /// Takes an item out again.
    pub fn remove(&mut self, matchers: &[Matcher], item: T) {
        for key in all_keys(matchers) {
            if let Some(items) = self.by_label.get_mut(&key) {
                items.retain(|other| *other != item);
                if items.is_empty() {
                    self.by_label.remove(&key);
                }
            }
        }
        self.rest.retain(|other| *other != item);
    }

    /// Everything that may match, ascending and distinct.
    pub fn candidates(&self, labels: &LabelSet) -> Candidates<T> {
        let mut found: Candidates<T> = SmallVec::from_slice(&self.rest);
        if !self.by_label.is_empty() {
            for label in labels {
                if let Some(items) = self.by_label.get(&label_key(&label.name, &label.value)) {
                    found.extend_from_slice(items);
                }
            }
        }
        if found.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    fn best_keys(&self, matchers: &[Matcher]) -> Option<Vec<u64>> {
        let filed = |keys: &Vec<u64>| -> usize {
            keys.iter()
                .map(|key| 1 + self.by_label.get(key).map_or(0, SmallVec::len))
                .sum()
        };
        matchers.iter().filter_map(keys).min_by_key(filed)
    }
}

fn keys(matcher: &Matcher) -> Option<Vec<u64>> {
    let mut keys: Vec<u64> = matcher
        .literals()?
        .into_iter()
        .map(|value| label_key(matcher.name(), value))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    Some(keys)
}

fn all_keys(matchers: &[Matcher]) -> impl Iterator<Item = u64> {
    matchers.iter().filter_map(keys).flatten()
}

/// A hash of a name and a value. Equal hashes of different labels only cost a comparison.
pub(crate) fn label_key(name: &str, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}
