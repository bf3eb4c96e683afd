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
use crate::route::{list, matchers_of, strings};
use crate::time::Time;

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
    /// One for each distinct `equal` list.
    partitions: Vec<Partition>,
    /// Source alerts by fingerprint.
    sources: FxHashMap<u64, Source>,
}

#[derive(Debug, Clone)]
struct CompiledRule {
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

/// Sources of one rule in one bucket.
#[derive(Debug, Clone)]
struct RuleSources {
    rule: u32,
    /// Sources that do not match the rule's target side: they mute every target.
    one_sided: Members,
    /// Sources that match both sides: they mute only targets that do not match the source side.
    two_sided: Members,
}

/// Fingerprints with their end.
#[derive(Debug, Clone, Default)]
struct Members(Vec<(u64, Time)>);

impl Members {
    fn put(&mut self, fingerprint: u64, ends_at: Time) {
        match self.0.iter_mut().find(|(known, _)| *known == fingerprint) {
            Some(member) => member.1 = ends_at,
            None => self.0.push((fingerprint, ends_at)),
        }
    }

    fn live(&self, now: Time) -> impl Iterator<Item = u64> {
        self.0
            .iter()
            .filter(move |(_, ends_at)| is_firing(*ends_at, now))
            .map(|(fingerprint, _)| *fingerprint)
    }
}

fn is_firing(ends_at: Time, now: Time) -> bool {
    ends_at.is_zero() || ends_at > now
}

#[derive(Debug, Clone)]
struct Source {
    labels: LabelSet,
    ends_at: Time,
    rules: SmallVec<[u32; 2]>,
}

impl InhibitIndex {
    /// Compiles the `inhibit_rules` of a plan: the list itself, or an object that has it.
    pub fn compile(plan: &Value) -> Result<Self, Error> {
        let rules = match plan.as_array() {
            Some(rules) => rules,
            None => list(plan, "inhibit_rules")?,
        };
        let rules: Vec<Rule> = rules.iter().map(rule).collect::<Result<_, _>>()?;
        Ok(Self::new(&rules))
    }

    /// Builds an index without sources.
    pub fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in (0..).zip(rules) {
            let partition = index.partition(&rule.equal);
            index.by_source.insert(&rule.source, at);
            index.rules.push(CompiledRule {
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
        self.sources.len()
    }

    /// Learns of an alert or of its new end; whether it is a source of any rule.
    pub fn update(&mut self, fingerprint: u64, labels: &LabelSet, ends_at: Time) -> bool {
        if let Some(known) = self.sources.get_mut(&fingerprint) {
            if known.ends_at != ends_at {
                known.ends_at = ends_at;
                let source = known.clone();
                self.file(fingerprint, &source);
            }
            return true;
        }
        let rules: SmallVec<[u32; 2]> = self
            .by_source
            .candidates(labels)
            .into_iter()
            .filter(|at| matcher::all_match(&self.rules[*at as usize].source, labels))
            .collect();
        if rules.is_empty() {
            return false;
        }
        let source = Source {
            labels: labels.clone(),
            ends_at,
            rules,
        };
        self.file(fingerprint, &source);
        self.sources.insert(fingerprint, source);
        true
    }

    fn file(&mut self, fingerprint: u64, source: &Source) {
        for &at in &source.rules {
            let rule = &self.rules[at as usize];
            let partition = &mut self.partitions[rule.partition];
            let sources = partition.sources_of(at, &source.labels);
            let members = if matcher::all_match(&rule.target, &source.labels) {
                &mut sources.two_sided
            } else {
                &mut sources.one_sided
            };
            members.put(fingerprint, source.ends_at);
        }
    }

    /// Forgets an alert.
    pub fn remove(&mut self, fingerprint: u64) {
        let Some(source) = self.sources.remove(&fingerprint) else {
            return;
        };
        for at in source.rules {
            let partition = self.rules[at as usize].partition;
            self.partitions[partition].remove(at, fingerprint, &source.labels);
        }
    }

    /// Forgets sources that have ended.
    pub fn collect_garbage(&mut self, now: Time) {
        let ended: Vec<u64> = self
            .sources
            .iter()
            .filter(|(_, source)| !is_firing(source.ends_at, now))
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
        let mut found = None;
        self.visit(labels, now, |source| {
            found = Some(source);
            false
        });
        found
    }

    /// All firing sources that mute a target, in the order of the rules, each once.
    pub fn all(&self, _fingerprint: u64, labels: &LabelSet, now: Time) -> Vec<u64> {
        let mut found = Vec::new();
        self.visit(labels, now, |source| {
            if !found.contains(&source) {
                found.push(source);
            }
            true
        });
        found
    }

    /// Shows muting sources until told to stop by `false`.
    fn visit(&self, labels: &LabelSet, now: Time, mut show: impl FnMut(u64) -> bool) {
        let mut candidates: SmallVec<[&RuleSources; 8]> = self
            .partitions
            .iter()
            .filter_map(|partition| partition.bucket(labels))
            .flat_map(|bucket| &bucket.rules)
            .collect();
        candidates.sort_by_key(|sources| sources.rule);
        for sources in candidates {
            let rule = &self.rules[sources.rule as usize];
            if !matcher::all_match(&rule.target, labels) {
                continue;
            }
            for source in sources.one_sided.live(now) {
                if !show(source) {
                    return;
                }
            }
            // An alert that matches both sides is safe from others of its kind, itself included.
            if sources.two_sided.0.is_empty() || matcher::all_match(&rule.source, labels) {
                continue;
            }
            for source in sources.two_sided.live(now) {
                if !show(source) {
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

    fn equals(&self, a: &LabelSet, b: &LabelSet) -> bool {
        self.equal
            .iter()
            .all(|name| a.get(name).unwrap_or_default() == b.get(name).unwrap_or_default())
    }

    fn bucket(&self, labels: &LabelSet) -> Option<&Bucket> {
        if self.buckets.is_empty() {
            return None;
        }
        self.buckets
            .get(&self.hash(labels))?
            .iter()
            .find(|bucket| self.equals(&bucket.sample, labels))
    }

    /// The sources of a rule with these values, made when missing.
    fn sources_of(&mut self, rule: u32, labels: &LabelSet) -> &mut RuleSources {
        let hash = self.hash(labels);
        let equal = &self.equal;
        let same = |sample: &LabelSet| {
            equal.iter().all(|name| {
                sample.get(name).unwrap_or_default() == labels.get(name).unwrap_or_default()
            })
        };
        let chain = self.buckets.entry(hash).or_default();
        let at = chain
            .iter()
            .position(|bucket| same(&bucket.sample))
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
                    one_sided: Members::default(),
                    two_sided: Members::default(),
                },
            );
        }
        &mut rules[at]
    }

    fn remove(&mut self, rule: u32, fingerprint: u64, labels: &LabelSet) {
        let hash = self.hash(labels);
        let Some(chain) = self.buckets.get_mut(&hash) else {
            return;
        };
        for bucket in chain.iter_mut() {
            for sources in &mut bucket.rules {
                if sources.rule == rule {
                    sources
                        .one_sided
                        .0
                        .retain(|(known, _)| *known != fingerprint);
                    sources
                        .two_sided
                        .0
                        .retain(|(known, _)| *known != fingerprint);
                }
            }
            bucket.rules.retain(|sources| {
                !sources.one_sided.0.is_empty() || !sources.two_sided.0.is_empty()
            });
        }
        chain.retain(|bucket| !bucket.rules.is_empty());
        if chain.is_empty() {
            self.buckets.remove(&hash);
        }
    }
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
