//! Who inhibits whom, for people who ask.

use super::Engine;
use crate::labels::LabelSet;
use crate::time::Time;

impl Engine {
    /// Every stored firing alert that is inhibited, each with its rules and sources.
    pub fn inhibition(&self, now_ns: i64) -> Vec<(u64, Vec<(u32, u64)>)> {
        let now = Time::from_unix_ns(now_ns);
        self.alerts
            .iter()
            .filter(|(_, alert)| alert.stored && !alert.resolved_at(now))
            .filter_map(|(_, alert)| {
                let by = self.inhibit.rules_of(&alert.labels, now);
                (!by.is_empty()).then_some((alert.fingerprint, by))
            })
            .collect()
    }

    /// The rules and sources that inhibit an alert with these labels.
    pub fn inhibited_by(&self, labels: &LabelSet, now_ns: i64) -> Vec<(u32, u64, LabelSet)> {
        let now = Time::from_unix_ns(now_ns);
        let by = self.inhibit.rules_of(labels, now);
        by.into_iter()
            .map(|(rule, source)| {
                let labels = self.inhibit.source_labels(source).unwrap_or_default();
                (rule, source, labels)
            })
            .collect()
    }

    /// By rule: how many firing alerts match its source side.
    pub fn inhibition_sources(&self, now_ns: i64) -> Vec<usize> {
        self.inhibit.sources_by_rule(Time::from_unix_ns(now_ns))
    }
}
