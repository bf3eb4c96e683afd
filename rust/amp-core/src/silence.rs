//! Silences found by the labels they mute.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::index::MatcherIndex;
use crate::labels::LabelSet;
use crate::matcher::{self, Matcher};
use crate::time::Time;

/// So few newer silences are tested one by one, not through the index.
const SCAN_UP_TO: usize = 8;

/// All silences, compiled.
#[derive(Debug, Clone, Default)]
pub struct SilenceIndex {
    /// By number, which is the version at which the silence appeared.
    silences: BTreeMap<u32, Silence>,
    numbers: FxHashMap<Arc<str>, u32>,
    /// Numbers by one equality of each matcher set.
    by_label: MatcherIndex<u32>,
    version: u32,
}

#[derive(Debug, Clone)]
struct Silence {
    id: Arc<str>,
    /// Satisfied when all matchers of any set are.
    sets: Vec<Box<[Matcher]>>,
    starts_at: Time,
    ends_at: Time,
}

/// Which silences match a label set, as known at a version of the index. Starts empty; kept with its alert.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    version: u32,
    matched: Box<[u32]>,
}

impl Verdict {
    /// Whether no silence matched, whatever its time.
    pub fn is_empty(&self) -> bool {
        self.matched.is_empty()
    }
}

impl SilenceIndex {
    /// Adds a silence, or changes one: with equal matchers only its times, else it counts as new.
    pub fn set(&mut self, id: &str, sets: Vec<Vec<Matcher>>, starts_at: Time, ends_at: Time) {
        if let Some(number) = self.numbers.get(id)
            && let Some(known) = self.silences.get_mut(number)
            && known
                .sets
                .iter()
                .map(|set| &**set)
                .eq(sets.iter().map(Vec::as_slice))
        {
            known.starts_at = starts_at;
            known.ends_at = ends_at;
            return;
        }
        self.remove(id);
        self.version += 1;
        let id: Arc<str> = id.into();
        for set in &sets {
            self.by_label.insert(set, self.version);
        }
        self.numbers.insert(Arc::clone(&id), self.version);
        self.silences.insert(
            self.version,
            Silence {
                id,
                sets: sets.into_iter().map(Vec::into_boxed_slice).collect(),
                starts_at,
                ends_at,
            },
        );
    }

    /// Forgets a silence.
    pub fn remove(&mut self, id: &str) {
        if let Some(number) = self.numbers.remove(id)
            && let Some(silence) = self.silences.remove(&number)
        {
            for set in &silence.sets {
                self.by_label.remove(set, number);
            }
        }
    }

    /// Grows with every new silence.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many silences are held.
    pub fn len(&self) -> usize {
        self.silences.len()
    }

    /// Whether no silence is held.
    pub fn is_empty(&self) -> bool {
        self.silences.is_empty()
    }

    /// Brings a verdict up to date: tests only silences newer than it.
    ///
    /// Upstream: silence/silence.go `Silencer.Mutes` and its cache.
    pub fn verdict(&self, labels: &LabelSet, verdict: &mut Verdict) {
        if verdict.version == self.version {
            return;
        }
        let newer = verdict.version + 1..;
        let mut found: Vec<u32> = Vec::new();
        if self.silences.range(newer.clone()).nth(SCAN_UP_TO).is_none() {
            found.extend(
                self.silences
                    .range(newer)
                    .filter(|(_, silence)| silence.matches(labels))
                    .map(|(number, _)| *number),
            );
        } else {
            found.extend(
                self.by_label
                    .candidates(labels)
                    .into_iter()
                    .filter(|number| {
                        newer.contains(number)
                            && self
                                .silences
                                .get(number)
                                .is_some_and(|silence| silence.matches(labels))
                    }),
            );
        }
        verdict.version = self.version;
        if !found.is_empty() || !verdict.is_empty() {
            let mut matched = verdict.matched.to_vec();
            matched.retain(|number| self.silences.contains_key(number));
            matched.append(&mut found);
            verdict.matched = matched.into();
        }
    }

    /// The ids of matched silences that are active: previously known first, then in the order they came.
    pub fn active<'a>(
        &'a self,
        verdict: &'a Verdict,
        now: Time,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        verdict
            .matched
            .iter()
            .filter_map(|number| self.silences.get(number))
            .filter(move |silence| silence.starts_at <= now && now <= silence.ends_at)
            .map(|silence| &silence.id)
    }
}

impl Silence {
    fn matches(&self, labels: &LabelSet) -> bool {
        // A set without matchers would mute everything; upstream never lets one in.
        self.sets
            .iter()
            .any(|set| !set.is_empty() && matcher::all_match(set, labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::Op;

    fn set(pairs: &[(&str, Op, &str)]) -> Vec<Matcher> {
        pairs
            .iter()
            .map(|(name, op, value)| Matcher::new(name, *op, value).unwrap())
            .collect()
    }

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    fn active(
        index: &SilenceIndex,
        verdict: &mut Verdict,
        labels: &LabelSet,
        now: i64,
    ) -> Vec<String> {
        index.verdict(labels, verdict);
        index
            .active(verdict, at(now))
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn times_decide_at_the_moment_of_asking() {
        let labels = LabelSet::from_pairs([("a", "b")]);
        let mut index = SilenceIndex::default();
        let mut verdict = Verdict::default();
        index.set("x", vec![set(&[("a", Op::Equal, "b")])], at(10), at(20));
        assert!(active(&index, &mut verdict, &labels, 9).is_empty());
        assert_eq!(active(&index, &mut verdict, &labels, 10), ["x"]);
        assert_eq!(active(&index, &mut verdict, &labels, 20), ["x"]);
        assert!(active(&index, &mut verdict, &labels, 21).is_empty());
        let version = index.version();
        index.set("x", vec![set(&[("a", Op::Equal, "b")])], at(10), at(30));
        assert_eq!(index.version(), version);
        assert_eq!(active(&index, &mut verdict, &labels, 21), ["x"]);
        index.remove("x");
        assert!(active(&index, &mut verdict, &labels, 15).is_empty());
    }

    #[test]
    fn any_set_of_a_silence_mutes() {
        let mut index = SilenceIndex::default();
        let sets = vec![
            set(&[("a", Op::Equal, "1"), ("b", Op::Match, "x.*")]),
            set(&[("c", Op::NotEqual, "")]),
        ];
        index.set("s", sets, at(0), at(9));
        let asked = |pairs: &[(&str, &str)]| {
            let labels = LabelSet::from_pairs(pairs.iter().copied());
            active(&index, &mut Verdict::default(), &labels, 1).len()
        };
        assert_eq!(asked(&[("a", "1"), ("b", "xy")]), 1);
        assert_eq!(asked(&[("a", "1"), ("b", "y")]), 0);
        assert_eq!(asked(&[("c", "0")]), 1);
        assert_eq!(asked(&[("a", "1"), ("b", "xy"), ("c", "0")]), 1);
    }

    #[test]
    fn a_silence_of_two_fitting_sets_counts_once_and_is_forgotten() {
        let mut index = SilenceIndex::default();
        for n in 0..20 {
            let sets = vec![set(&[("a", Op::Equal, "1")]), set(&[("b", Op::Equal, "2")])];
            index.set(&n.to_string(), sets, at(0), at(9));
        }
        let labels = LabelSet::from_pairs([("a", "1"), ("b", "2")]);
        let mut verdict = Verdict::default();
        assert_eq!(active(&index, &mut verdict, &labels, 1).len(), 20);
        for n in 0..20 {
            index.remove(&n.to_string());
        }
        index.set("other", vec![set(&[("c", Op::Equal, "1")])], at(0), at(9));
        index.verdict(&labels, &mut verdict);
        assert!(verdict.is_empty());
    }

    #[test]
    fn an_empty_set_mutes_nothing() {
        let mut index = SilenceIndex::default();
        index.set("s", vec![Vec::new()], at(0), at(9));
        let labels = LabelSet::from_pairs([("a", "b")]);
        assert!(active(&index, &mut Verdict::default(), &labels, 1).is_empty());
    }

    #[test]
    fn known_silences_come_before_new_ones_however_many() {
        let labels = LabelSet::from_pairs([("a", "b"), ("n", "7")]);
        let mut index = SilenceIndex::default();
        let mut verdict = Verdict::default();
        index.set("late", vec![set(&[("a", Op::NotEqual, "x")])], at(0), at(9));
        assert_eq!(active(&index, &mut verdict, &labels, 1), ["late"]);
        for n in 0..50 {
            let value = n.to_string();
            index.set(&value, vec![set(&[("n", Op::Equal, &value)])], at(0), at(9));
        }
        index.set("any", vec![set(&[("n", Op::Match, "6|7")])], at(0), at(9));
        assert_eq!(
            active(&index, &mut verdict, &labels, 1),
            ["late", "7", "any"]
        );
        // Other matchers under a known id make it new.
        index.set("late", vec![set(&[("a", Op::Match, "b|c")])], at(0), at(9));
        assert_eq!(
            active(&index, &mut verdict, &labels, 1),
            ["7", "any", "late"]
        );
    }
}
