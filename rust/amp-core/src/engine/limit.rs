//! The limit of alerts with one name.

use rustc_hash::FxHashMap;

use crate::time::Time;

/// The alerts of one name that count.
#[derive(Debug, Default)]
struct Bucket {
    ends: FxHashMap<u64, Time>,
    /// No entry ends before this one, unless it has changed since.
    earliest: Option<(u64, Time)>,
}

impl Bucket {
    fn put(&mut self, fingerprint: u64, ends_at: Time) {
        self.ends.insert(fingerprint, ends_at);
        if self.earliest.is_none_or(|(_, earliest)| ends_at < earliest) {
            self.earliest = Some((fingerprint, ends_at));
        }
    }

    fn earliest(&mut self) -> Option<(u64, Time)> {
        if let Some((fingerprint, ends_at)) = self.earliest
            && self.ends.get(&fingerprint) == Some(&ends_at)
        {
            return self.earliest;
        }
        self.earliest = self
            .ends
            .iter()
            .map(|(fingerprint, ends_at)| (*fingerprint, *ends_at))
            .min_by_key(|(_, ends_at)| *ends_at);
        self.earliest
    }
}

/// One bucket a name. Upstream: limit/bucket.go.
#[derive(Debug, Default)]
pub(crate) struct Buckets(FxHashMap<Box<str>, Bucket>);

impl Buckets {
    /// Whether the alert may be stored; counts it.
    pub(crate) fn admit(
        &mut self,
        name: &str,
        fingerprint: u64,
        ends_at: Time,
        limit: usize,
        now: Time,
    ) -> bool {
        if !self.0.contains_key(name) {
            self.0.insert(name.into(), Bucket::default());
        }
        let Some(bucket) = self.0.get_mut(name) else {
            return true;
        };
        if bucket.ends.len() >= limit && !bucket.ends.contains_key(&fingerprint) {
            match bucket.earliest() {
                Some((oldest, end)) if end < now => {
                    bucket.ends.remove(&oldest);
                }
                _ => return false,
            }
        }
        bucket.put(fingerprint, ends_at);
        true
    }

    /// Forgets names all of whose alerts are over.
    pub(crate) fn collect_garbage(&mut self, now: Time) {
        self.0
            .retain(|_, bucket| bucket.ends.values().any(|end| *end >= now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_buckets_take_known_alerts_and_replace_ended_ones() {
        let at = |seconds| Time::new(seconds, 0);
        let mut buckets = Buckets::default();
        assert!(buckets.admit("A", 1, at(10), 2, at(0)));
        assert!(buckets.admit("A", 2, at(20), 2, at(0)));
        assert!(!buckets.admit("A", 3, at(30), 2, at(5)));
        assert!(buckets.admit("B", 3, at(30), 2, at(5)));
        assert!(buckets.admit("A", 1, at(40), 2, at(5)));
        assert!(!buckets.admit("A", 3, at(50), 2, at(15)));
        assert!(buckets.admit("A", 3, at(50), 2, at(25)));
        assert!(!buckets.admit("A", 2, at(60), 2, at(26)));
        buckets.collect_garbage(at(55));
        assert!(buckets.admit("A", 2, at(60), 2, at(56)));
    }
}
