//! Label sets: sorted, shared, with the public identities that upstream prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use smol_str::SmolStr;

/// One name and value. Label sets hold it behind an `Arc`, so that equal labels of many alerts are stored once.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The label's name, shared by all values of the name.
    pub name: Arc<str>,
    /// The label's value; up to 23 bytes stand in the label itself.
    pub value: SmolStr,
}

/// A set of labels, sorted by name in byte order, one value a name. A clone shares the labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelSet(Arc<[Arc<Label>]>);

impl LabelSet {
    /// Builds a set from labels in any order; of several with one name the last stays.
    pub fn new(mut labels: Vec<Arc<Label>>) -> Self {
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        labels.reverse();
        labels.dedup_by(|a, b| a.name == b.name);
        labels.reverse();
        Self(labels.into())
    }

    /// Wraps labels that are already sorted by name and distinct.
    pub fn from_sorted(labels: Vec<Arc<Label>>) -> Self {
        debug_assert!(labels.windows(2).all(|w| w[0].name < w[1].name));
        Self(labels.into())
    }

    /// Builds a set from name and value pairs.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let map: BTreeMap<&str, &str> = pairs.into_iter().collect();
        Self(
            map.into_iter()
                .map(|(name, value)| {
                    Arc::new(Label {
                        name: name.into(),
                        value: value.into(),
                    })
                })
                .collect(),
        )
    }

    /// The value of a label, `None` when the set lacks it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .binary_search_by(|label| (*label.name).cmp(name))
            .ok()
            .map(|at| &*self.0[at].value)
    }

    /// The shared label of a name.
    pub fn label(&self, name: &str) -> Option<&Arc<Label>> {
        self.0
            .binary_search_by(|label| (*label.name).cmp(name))
            .ok()
            .map(|at| &self.0[at])
    }

    /// The labels in name order.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Label>> {
        self.0.iter()
    }

    /// How many labels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The public 64 bit identity: FNV-1a over `name 0xFF value 0xFF` of each label in name order.
    ///
    /// Upstream: common model `LabelsToSignature`.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(self.iter().map(|label| (&*label.name, &*label.value)))
    }

    /// The identity used by the notification log: xxHash64 over the same bytes as the fingerprint.
    ///
    /// Upstream: notify `hashAlert`.
    pub fn log_hash(&self) -> u64 {
        xxhash_rust::xxh64::xxh64(&self.canonical_bytes(), 0)
    }

    /// SHA-256 (64 hex digits) over the same bytes as the fingerprint: for content addressing across systems.
    pub fn content_id(&self) -> String {
        sha256_hex(&self.canonical_bytes())
    }

    fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(self.iter().map(|l| l.name.len() + l.value.len() + 2).sum());
        for label in self {
            bytes.extend_from_slice(label.name.as_bytes());
            bytes.push(0xFF);
            bytes.extend_from_slice(label.value.as_bytes());
            bytes.push(0xFF);
        }
        bytes
    }
}

impl<'a> IntoIterator for &'a LabelSet {
    type Item = &'a Arc<Label>;
    type IntoIter = std::slice::Iter<'a, Arc<Label>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// SHA-256 as 64 hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The fingerprint of pairs that are sorted by name and distinct.
pub fn fingerprint<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut hash = Fnv::default();
    for (name, value) in pairs {
        hash.write(name.as_bytes());
        hash.write(&[0xFF]);
        hash.write(value.as_bytes());
        hash.write(&[0xFF]);
    }
    hash.0
}

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Feeds bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_equal_upstreams() {
        let hex = |pairs: &[(&str, &str)]| {
            format!(
                "{:016x}",
                LabelSet::from_pairs(pairs.iter().copied()).fingerprint()
            )
        };
        assert_eq!(hex(&[]), "cbf29ce484222325");
        assert_eq!(hex(&[("alertname", "A")]), "d2c6efc389df0927");
        assert_eq!(hex(&[("alertname", "X"), ("g", "1")]), "a4d780eda4348dd0");
        assert_eq!(hex(&[("a b", "v"), ("é", "1")]), "9e5f6a8957abbe1d");
    }

    #[test]
    fn log_hashes_equal_upstreams() {
        let set = LabelSet::from_pairs([("alertname", "X"), ("g", "1")]);
        assert_eq!(set.log_hash(), 5_172_332_233_557_906_723);
    }

    #[test]
    fn the_last_of_equal_names_stays() {
        let label = |name: &str, value: &str| {
            Arc::new(Label {
                name: name.into(),
                value: value.into(),
            })
        };
        let set = LabelSet::new(vec![label("b", "1"), label("a", "1"), label("b", "2")]);
        assert_eq!(set.get("b"), Some("2"));
        assert_eq!(set.len(), 2);
    }
}
