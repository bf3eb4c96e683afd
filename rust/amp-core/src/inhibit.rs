//! Inhibition: which firing sources mute a target.

use rustc_hash::{FxHashMap, FxHasher};
use serde_json::Value;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::error::Error;
use crate::index::MatcherIndex;
use crate::labels::LabelSet;
use crate::matcher::{self, Matcher};
use crate::plan::{list, matchers_of, strings};
use crate::time::Time;

/// So many rules with fitting sources are tested one by one, not through an index of their targets.
const TEST_UP_TO: usize = 4;

/// One rule: firing alerts that match `source` mute alerts that match `target` and agree on the `equal` labels.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's optional name.
    pub name: String,
    /// Matchers of the muting side.
    pub source: Vec<Matcher>,
    /// Matchers of the muted side.
    pub target: Vec<Matcher>,
    /// Names of labels whose values must be the same on both sides; a missing label is the same as an empty one.
    pub equal: Vec<String>,
}

/// All rules of a configuration with the alerts that match their source sides.
///
/// Upstream: inhibit/inhibit.go, one cache and index for each rule.
#[derive(Debug, Clone, Default)]
pub struct InhibitIndex {
    rules: Vec<CompiledRule>,
    /// Rules by their source side.
    by_source: MatcherIndex<u32>,
    /// Rules by their target side.
    by_target: MatcherIndex<u32>,
    /// One for each distinct `equal` list.
    partitions: Vec<Partition>,
    /// Slots of source alerts by fingerprint.
    slots: FxHashMap<u64, u32>,
    sources: Vec<Source>,
    free: Vec<u32>,
}

#[derive(Debug, Clone)]
struct CompiledRule {
    name: Arc<str>,
    source: Box<[Matcher]>,
    target: Box<[Matcher]>,
    partition: usize,
}

/// Sources of all rules with one `equal` list, found by their values of these labels.
#[derive(Debug, Clone)]
struct Partition {
    equal: Box<[Arc<str>]>,
    /// By hash of the values; buckets of different values may share a hash.
    buckets: FxHashMap<u64, SmallVec<[Bucket; 1]>>,
}

/// Sources with the same values of the `equal` labels.
#[derive(Debug, Clone)]
struct Bucket {
    /// The labels of one of them, to compare values with.
    sample: LabelSet,
    /// Sorted by rule.
    rules: SmallVec<[RuleSources; 1]>,
}

/// Sources of one rule in one bucket, by slot.
#[derive(Debug, Clone)]
struct RuleSources {
    rule: u32,
    /// Sources that do not match the rule's target side: they mute every target.
    one_sided: Vec<u32>,
    /// Sources that match both sides: they mute only targets that do not match the source side.
    two_sided: Vec<u32>,
}

impl RuleSources {
    fn side(&mut self, two_sided: bool) -> &mut Vec<u32> {
        if two_sided {
            &mut self.two_sided
        } else {
            &mut self.one_sided
        }
    }
}

/// An alert that matches the source side of a rule. A free slot has no memberships.
#[derive(Debug, Clone)]
struct Source {
    fingerprint: u64,
    labels: LabelSet,
    ends_at: Time,
    memberships: SmallVec<[Membership; 2]>,
}

/// Where a source is filed.
#[derive(Debug, Clone, Copy)]
struct Membership {
    rule: u32,
    two_sided: bool,
    /// Among the sources of the rule, the bucket and the side.
    position: u32,
}

impl Source {
    fn is_firing(&self, now: Time) -> bool {
        self.ends_at.is_zero() || self.ends_at > now
    }
}

impl InhibitIndex {
    /// Compiles the `inhibit_rules` of a plan: the list itself, or an object that has it.
    pub fn compile(plan: &Value) -> Result<Self, Error> {
        Ok(Self::new(&rules_of(plan)?))
    }

    /// Builds an index without sources.
    pub fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in (0..).zip(rules) {
            let partition = index.partition(&rule.equal);
            index.by_source.insert(&rule.source, at);
            index.by_target.insert(&rule.target, at);
            index.rules.push(CompiledRule {
                name: rule.name.as_str().into(),
                source: matcher::cheapest_first(&rule.source),
                target: matcher::cheapest_first(&rule.target),
                partition,
            });
        }
        index
    }

    fn partition(&mut self, equal: &[String]) -> usize {
        let mut equal: Vec<Arc<str>> = equal.iter().map(|name| name.as_str().into()).collect();
        equal.sort();
        equal.dedup();
        let known = self.partitions.iter().position(|p| *p.equal == *equal);
        known.unwrap_or_else(|| {
            self.partitions.push(Partition {
                equal: equal.into(),
                buckets: FxHashMap::default(),
            });
            self.partitions.len() - 1
        })
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// How many alerts are held as sources.
    pub fn source_count(&self) -> usize {
        self.slots.len()
    }

    /// Learns of an alert or of its new end; whether it is a source of any rule.
    pub fn update(&mut self, fingerprint: u64, labels: &LabelSet, ends_at: Time) -> bool {
        if let Some(slot) = self.slots.get(&fingerprint) {
            self.sources[*slot as usize].ends_at = ends_at;
            return true;
        }
        let rules: SmallVec<[u32; 4]> = self
            .by_source
            .candidates(labels)
            .into_iter()
            .filter(|at| matcher::all_match(&self.rules[*at as usize].source, labels))
            .collect();
        if rules.is_empty() {
            return false;
        }
        let source = Source {
            fingerprint,
            labels: labels.clone(),
            ends_at,
            memberships: SmallVec::new(),
        };
        let slot = self.take_slot(source);
        for rule in rules {
            let membership = self.file(rule, slot, labels);
            self.sources[slot as usize].memberships.push(membership);
        }
        self.slots.insert(fingerprint, slot);
        true
    }

    fn take_slot(&mut self, source: Source) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.sources[slot as usize] = source;
            return slot;
        }
        self.sources.push(source);
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }

    fn file(&mut self, at: u32, slot: u32, labels: &LabelSet) -> Membership {
        let rule = &self.rules[at as usize];
        let two_sided = matcher::all_match(&rule.target, labels);
        let side = self.partitions[rule.partition]
            .sources_of(at, labels)
            .side(two_sided);
        side.push(slot);
        Membership {
            rule: at,
            two_sided,
            position: u32::try_from(side.len() - 1).unwrap_or(u32::MAX),
        }
    }

    /// Forgets an alert.
    pub fn remove(&mut self, fingerprint: u64) {
        let Some(slot) = self.slots.remove(&fingerprint) else {
            return;
        };
        let source = &mut self.sources[slot as usize];
        let labels = std::mem::take(&mut source.labels);
        for membership in std::mem::take(&mut source.memberships) {
            let partition = self.rules[membership.rule as usize].partition;
            // The last source of the list takes the free position.
            if let Some(moved) = self.partitions[partition].remove(membership, &labels) {
                let moved = &mut self.sources[moved as usize].memberships;
                if let Some(moved) = moved.iter_mut().find(|m| m.rule == membership.rule) {
                    moved.position = membership.position;
                }
            }
        }
        self.free.push(slot);
    }

    /// Forgets sources that have ended.
    pub fn collect_garbage(&mut self, now: Time) {
        let ended: Vec<u64> = self
            .slots
            .iter()
            .filter(|(_, slot)| !self.sources[**slot as usize].is_firing(now))
            .map(|(fingerprint, _)| *fingerprint)
            .collect();
        for fingerprint in ended {
            self.remove(fingerprint);
        }
    }

    /// A firing source that mutes a target, of the first rule that has one.
    ///
    /// Upstream: inhibit/inhibit.go `Inhibitor.Mutes`, `InhibitRule.hasEqual`.
    pub fn first(&self, _fingerprint: u64, labels: &LabelSet, now: Time) -> Option<u64> {
        self.first_rule(labels, now).map(|(_, source)| source)
    }

    /// As [`Self::first`], with the rule's position.
    pub fn first_rule(&self, labels: &LabelSet, now: Time) -> Option<(u32, u64)> {
        let mut found = None;
        self.visit(labels, now, |rule, source| {
            found = Some((rule, source));
            false
        });
        found
    }

    /// All firing sources that mute a target, in the order of the rules, each once.
    pub fn all(&self, _fingerprint: u64, labels: &LabelSet, now: Time) -> Vec<u64> {
        let mut found = Vec::new();
        self.visit(labels, now, |_, source| {
            if !found.contains(&source) {
                found.push(source);
            }
            true
        });
        found
    }

    /// All firing sources that mute a target with the rules by which they do, in the order of the rules.
    pub fn rules_of(&self, labels: &LabelSet, now: Time) -> Vec<(u32, u64)> {
        let mut found = Vec::new();
        self.visit(labels, now, |rule, source| {
            found.push((rule, source));
            true
        });
        found
    }

    /// The name of a rule; `None` for one without.
    pub fn rule_name(&self, rule: u32) -> Option<Arc<str>> {
        let name = &self.rules.get(rule as usize)?.name;
        (!name.is_empty()).then(|| Arc::clone(name))
    }

    /// The labels of a source.
    pub fn source_labels(&self, fingerprint: u64) -> Option<LabelSet> {
        let slot = self.slots.get(&fingerprint)?;
        Some(self.sources[*slot as usize].labels.clone())
    }

    /// By rule: how many sources are firing.
    pub fn sources_by_rule(&self, now: Time) -> Vec<usize> {
        let mut counts = vec![0; self.rules.len()];
        for slot in self.slots.values() {
            let source = &self.sources[*slot as usize];
            if source.is_firing(now) {
                for membership in &source.memberships {
                    counts[membership.rule as usize] += 1;
                }
            }
        }
        counts
    }

    /// Shows muting sources until told to stop by `false`.
    fn visit(&self, labels: &LabelSet, now: Time, mut show: impl FnMut(u32, u64) -> bool) {
        let mut candidates: SmallVec<[&RuleSources; 8]> = self
            .partitions
            .iter()
            .filter_map(|partition| partition.bucket(labels))
            .flat_map(|bucket| &bucket.rules)
            .collect();
        if candidates.len() > TEST_UP_TO {
            let targeted = self.by_target.candidates(labels);
            candidates.retain(|sources| targeted.binary_search(&sources.rule).is_ok());
        }
        candidates.sort_by_key(|sources| sources.rule);
        for sources in candidates {
            let rule = &self.rules[sources.rule as usize];
            if !matcher::all_match(&rule.target, labels) {
                continue;
            }
            // An alert that matches both sides is safe from others of its kind, itself included.
            let safe = sources.two_sided.is_empty() || matcher::all_match(&rule.source, labels);
            let two_sided: &[u32] = if safe { &[] } else { &sources.two_sided };
            for slot in sources.one_sided.iter().chain(two_sided) {
                let source = &self.sources[*slot as usize];
                if source.is_firing(now) && !show(sources.rule, source.fingerprint) {
                    return;
                }
            }
        }
    }
}

impl Partition {
    fn hash(&self, labels: &LabelSet) -> u64 {
        let mut hasher = FxHasher::default();
        for name in &self.equal {
            labels.get(name).unwrap_or_default().hash(&mut hasher);
        }
        hasher.finish()
    }

    fn bucket(&self, labels: &LabelSet) -> Option<&Bucket> {
        if self.buckets.is_empty() {
            return None;
        }
        self.buckets
            .get(&self.hash(labels))?
            .iter()
            .find(|bucket| agree(&self.equal, &bucket.sample, labels))
    }

    /// The sources of a rule with these values, made when missing.
    fn sources_of(&mut self, rule: u32, labels: &LabelSet) -> &mut RuleSources {
        let hash = self.hash(labels);
        let equal = &self.equal;
        let chain = self.buckets.entry(hash).or_default();
        let at = chain
            .iter()
            .position(|bucket| agree(equal, &bucket.sample, labels))
            .unwrap_or_else(|| {
                chain.push(Bucket {
                    sample: labels.clone(),
                    rules: SmallVec::new(),
                });
                chain.len() - 1
            });
        let rules = &mut chain[at].rules;
        let at = rules.partition_point(|sources| sources.rule < rule);
        if rules.get(at).is_none_or(|sources| sources.rule != rule) {
            rules.insert(
                at,
                RuleSources {
                    rule,
                    one_sided: Vec::new(),
                    two_sided: Vec::new(),
                },
            );
        }
        &mut rules[at]
    }

    /// Takes a source out; the slot of the source that took its position.
    fn remove(&mut self, membership: Membership, labels: &LabelSet) -> Option<u32> {
        let hash = self.hash(labels);
        let chain = self.buckets.get_mut(&hash)?;
        let equal = &self.equal;
        let at = chain
            .iter()
            .position(|bucket| agree(equal, &bucket.sample, labels))?;
        let bucket = &mut chain[at];
        let rule_at = bucket
            .rules
            .binary_search_by_key(&membership.rule, |sources| sources.rule)
            .ok()?;
        let sources = &mut bucket.rules[rule_at];
        let side = sources.side(membership.two_sided);
        side.swap_remove(membership.position as usize);
        let moved = side.get(membership.position as usize).copied();
        if sources.one_sided.is_empty() && sources.two_sided.is_empty() {
            bucket.rules.remove(rule_at);
            if bucket.rules.is_empty() {
                chain.swap_remove(at);
                if chain.is_empty() {
                    self.buckets.remove(&hash);
                }
            }
        }
        moved
    }
}

/// Whether two label sets have the same values of some labels; missing and empty are the same.
fn agree(names: &[Arc<str>], a: &LabelSet, b: &LabelSet) -> bool {
    names
        .iter()
        .all(|name| a.get(name).unwrap_or_default() == b.get(name).unwrap_or_default())
}

/// The `inhibit_rules` of a plan: the list itself, or an object that has it.
pub(crate) fn rules_of(plan: &Value) -> Result<Vec<Rule>, Error> {
    let rules = match plan.as_array() {
        Some(rules) => rules,
        None => list(plan, "inhibit_rules")?,
    };
    rules.iter().map(rule).collect()
}

fn rule(spec: &Value) -> Result<Rule, Error> {
    Ok(Rule {
        name: spec
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        source: matchers_of(spec, "source_matchers")?,
        target: matchers_of(spec, "target_matchers")?,
        equal: strings(spec, "equal")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn index(rules: &Value) -> InhibitIndex {
        InhibitIndex::compile(rules).unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> LabelSet {
        LabelSet::from_pairs(pairs.iter().copied())
    }

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    #[test]
    fn a_firing_source_mutes_until_its_end() {
        let mut index = index(&json!([{"source_matchers": [["severity", "=", "critical"]],
            "target_matchers": [["severity", "=", "warning"]], "equal": ["cluster"]}]));
        let source = labels(&[("severity", "critical"), ("cluster", "a")]);
        let target = labels(&[("severity", "warning"), ("cluster", "a")]);
        assert!(index.update(1, &source, at(100)));
        assert!(!index.update(2, &target, at(100)));
        assert_eq!(index.first(2, &target, at(99)), Some(1));
        assert_eq!(index.first(2, &target, at(100)), None);
        index.update(1, &source, at(200));
        assert_eq!(index.first(2, &target, at(100)), Some(1));
        let other = labels(&[("severity", "warning"), ("cluster", "b")]);
        assert_eq!(index.first(2, &other, at(0)), None);
        index.collect_garbage(at(200));
        assert_eq!(index.source_count(), 0);
    }

    #[test]
    fn missing_and_empty_labels_are_equal() {
        let mut index = index(&json!([{"source_matchers": [["s", "=", "1"]],
            "target_matchers": [["t", "=", "1"]], "equal": ["a", "b"]}]));
        index.update(1, &labels(&[("s", "1")]), at(9));
        assert_eq!(index.first(2, &labels(&[("t", "1")]), at(0)), Some(1));
        assert_eq!(
            index.first(2, &labels(&[("t", "1"), ("a", "x")]), at(0)),
            None
        );
    }

    #[test]
    fn twins_do_not_mute_each_other() {
        let mut index = index(
            &json!([{"source_matchers": [["x", "=~", ".+"]], "target_matchers": [["x", "!=", "s"]]}]),
        );
        index.update(1, &labels(&[("x", "1")]), at(9));
        index.update(2, &labels(&[("x", "2")]), at(9));
        assert_eq!(index.first(1, &labels(&[("x", "1")]), at(0)), None);
        assert_eq!(index.all(3, &labels(&[("y", "1")]), at(0)), [1, 2]);
        index.update(4, &labels(&[("x", "s")]), at(9));
        assert_eq!(index.first(1, &labels(&[("x", "1")]), at(0)), Some(4));
    }

    #[test]
    fn sources_come_in_the_order_of_the_rules() {
        let rule = |source: &str, equal: &str| json!({"source_matchers": [["s", "=", source]], "target_matchers": [["t", "=", "1"]], "equal": [equal]});
        let mut index = index(&json!([rule("1", "b"), rule("2", "a"), rule("3", "b")]));
        for (fingerprint, source) in [(3, "3"), (2, "2"), (1, "1")] {
            index.update(fingerprint, &labels(&[("s", source)]), at(9));
        }
        assert_eq!(index.all(0, &labels(&[("t", "1")]), at(0)), [1, 2, 3]);
    }

    #[test]
    fn a_source_without_an_end_fires_and_slots_are_used_again() {
        let mut index = index(&json!([{"source_matchers": [["s", "=", "1"]]}]));
        let source = labels(&[("s", "1")]);
        for fingerprint in 0..5 {
            index.update(fingerprint, &source, Time::ZERO);
            assert_eq!(
                index.first(9, &labels(&[("t", "1")]), at(0)),
                Some(fingerprint)
            );
            index.remove(fingerprint);
        }
        assert_eq!(index.sources.len(), 1);
    }

    /// One rule after the other, one source after the other, as upstream's text says.
    fn naive(
        rules: &[Rule],
        sources: &[(LabelSet, Time)],
        target: &LabelSet,
        now: Time,
    ) -> Vec<u64> {
        let mut found = Vec::new();
        for rule in rules {
            if !matcher::all_match(&rule.target, target) {
                continue;
            }
            let both = matcher::all_match(&rule.source, target);
            for (source, ends_at) in sources {
                let fingerprint = source.fingerprint();
                let agrees = rule.equal.iter().all(|name| {
                    source.get(name).unwrap_or_default() == target.get(name).unwrap_or_default()
                });
                let twin = both && matcher::all_match(&rule.target, source);
                if *ends_at > now
                    && agrees
                    && !twin
                    && matcher::all_match(&rule.source, source)
                    && !found.contains(&fingerprint)
                {
                    found.push(fingerprint);
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn any_matchers() -> impl Strategy<Value = Vec<Matcher>> {
        let op = prop_oneof![Just("="), Just("!="), Just("=~"), Just("!~")];
        let value = prop_oneof![Just("1"), Just("2"), Just(""), Just("1|2"), Just(".+")];
        let matcher = ("[ab]", op, value).prop_map(|(name, op, value)| {
            Matcher::new(&name, crate::matcher::Op::parse(op).unwrap(), value).unwrap()
        });
        prop::collection::vec(matcher, 0..3)
    }

    fn any_labels() -> impl Strategy<Value = LabelSet> {
        prop::collection::btree_map("[abc]", "[12]", 0..4).prop_map(|map| {
            LabelSet::from_pairs(map.iter().map(|(name, value)| (&**name, &**value)))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn finds_what_a_plain_search_finds(
            sides in prop::collection::vec((any_matchers(), any_matchers(), prop::collection::vec("[abc]", 0..2)), 1..9),
            alerts in prop::collection::vec((any_labels(), 0_i64..3), 0..12),
            removed in prop::collection::vec(any_labels(), 0..4),
            target in any_labels(),
        ) {
            let rules: Vec<Rule> = sides
                .into_iter()
                .map(|(source, target, equal)| Rule { name: String::new(), source, target, equal })
                .collect();
            let mut index = InhibitIndex::new(&rules);
            let mut sources: Vec<(LabelSet, Time)> = Vec::new();
            for (labels, end) in alerts {
                index.update(labels.fingerprint(), &labels, at(end));
                sources.retain(|(known, _)| *known != labels);
                sources.push((labels, at(end)));
            }
            for labels in removed {
                index.remove(labels.fingerprint());
                sources.retain(|(known, _)| *known != labels);
            }
            let mut found = index.all(target.fingerprint(), &target, at(1));
            found.sort_unstable();
            prop_assert_eq!(&found, &naive(&rules, &sources, &target, at(1)));
            prop_assert_eq!(index.first(0, &target, at(1)).is_some(), !found.is_empty());
            index.collect_garbage(at(1));
            let mut kept = index.all(target.fingerprint(), &target, at(1));
            kept.sort_unstable();
            prop_assert_eq!(kept, found);
        }
    }
}
