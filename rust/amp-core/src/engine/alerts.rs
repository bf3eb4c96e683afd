//! The alerts themselves: a slab with a look-up by labels.

use std::hash::{BuildHasher, Hasher};
use std::hint::black_box;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;

use super::index::Slot;
use crate::labels::LabelSet;
use crate::silence::Verdict;
use crate::time::Time;

/// Alerts in one block of the slab: blocks never move, so that growth costs no copying.
const BLOCK: usize = 1024;

/// One alert, known by its labels.
// Independent facts, not the states of a machine.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) labels: LabelSet,
    /// A JSON object, keys sorted, escaped as the API shows it.
    pub(crate) annotations: Arc<str>,
    /// The inside of a JSON string.
    pub(crate) generator_url: Arc<str>,
    pub(crate) starts_at: Time,
    pub(crate) ends_at: Time,
    pub(crate) updated_at_ns: i64,
    pub(crate) fingerprint: u64,
    hash: u64,
    /// The end that the store knows.
    pub(crate) written_end_ns: i64,
    /// The groups the alert is a member of, in routing order.
    pub(crate) groups: SmallVec<[u64; 2]>,
    pub(crate) verdict: Verdict,
    /// Whether the provider's store holds the alert; groups may hold one that was collected.
    pub(crate) stored: bool,
    /// Whether the end was made up from the resolve timeout.
    pub(crate) timeout: bool,
    /// Whether the alert is a member of every group it belongs to.
    pub(crate) grouped: bool,
    /// Whether the alert was flushed as resolved everywhere.
    pub(crate) done: bool,
    /// Whether the alert may inhibit others.
    pub(crate) source: bool,
    /// The ticket of the row for the store that is queued, 0 for none.
    pub(crate) queued: u32,
    /// Whether the store has a row.
    pub(crate) written: bool,
    /// Whether the journal knows the alert as firing.
    pub(crate) told: bool,
    /// What the journal knows of its groups: a hash.
    pub(crate) told_groups: u64,
    /// What holds the alert back, as the journal knows it.
    pub(crate) held: Option<Box<Held>>,
}

/// Why an alert is held back: causes as events show them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) inhibition: Option<Arc<str>>,
    pub(crate) silence: Option<Arc<str>>,
}

impl Alert {
    /// Whether the alert is over. Upstream: types `Alert.ResolvedAt`.
    pub(crate) fn resolved_at(&self, now: Time) -> bool {
        self.ends_at <= now
    }

    pub(crate) fn times(&self) -> Times {
        Times {
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            updated_at_ns: self.updated_at_ns,
            timeout: self.timeout,
        }
    }
}

/// All alerts.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    blocks: Vec<Vec<Option<Alert>>>,
    free: Vec<Slot>,
    table: HashTable<Slot>,
    hasher: DefaultHashBuilder,
}

impl Alerts {
    /// A hash of sorted labels, for the other calls.
    pub(crate) fn hash<'a>(&self, labels: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for (name, value) in labels {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xFF);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xFE);
        }
        hasher.finish()
    }

    /// Finds an alert by its sorted labels.
    pub(crate) fn find<'a, I>(&self, hash: u64, labels: &I) -> Option<Slot>
    where
        I: ExactSizeIterator<Item = (&'a str, &'a str)> + Clone,
    {
        self.table
            .find(hash, |slot| {
                self.get(*slot).is_some_and(|alert| {
                    alert.hash == hash
                        && alert.labels.len() == labels.len()
                        && alert
                            .labels
                            .iter()
                            .zip(labels.clone())
                            .all(|(own, (name, value))| *own.value == *value && *own.name == *name)
                })
            })
            .copied()
    }

    /// A place for a new alert; the same one until [`Alerts::insert`].
    pub(crate) fn next_slot(&self) -> Slot {
        self.free.last().copied().unwrap_or_else(|| {
            let full = self.blocks.len().saturating_sub(1) * BLOCK;
            Slot::try_from(full + self.blocks.last().map_or(0, Vec::len)).unwrap_or(Slot::MAX)
        })
    }

    /// Puts an alert where [`Alerts::next_slot`] said.
    pub(crate) fn insert(&mut self, hash: u64, mut alert: Alert) -> Slot {
        alert.hash = hash;
        let slot = self.next_slot();
        if self.free.pop().is_some() {
            let at = slot as usize;
            self.blocks[at / BLOCK][at % BLOCK] = Some(alert);
        } else {
            match self.blocks.last_mut() {
                Some(block) if block.len() < BLOCK => block.push(Some(alert)),
                _ => {
                    let mut block = Vec::with_capacity(BLOCK);
                    block.push(Some(alert));
                    self.blocks.push(block);
                }
            }
        }
        let blocks = &self.blocks;
        self.table.insert_unique(hash, slot, |slot| {
            let at = *slot as usize;
            blocks[at / BLOCK][at % BLOCK]
                .as_ref()
                .map_or(0, |alert| alert.hash)
        });
        slot
    }

    /// Takes an alert out.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Alert> {
        let at = slot as usize;
        let alert = self
            .blocks
            .get_mut(at / BLOCK)?
            .get_mut(at % BLOCK)?
            .take()?;
        if let Ok(entry) = self.table.find_entry(alert.hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(alert)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Alert> {
        let at = slot as usize;
        self.blocks.get(at / BLOCK)?.get(at % BLOCK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Alert> {
        let at = slot as usize;
        self.blocks
            .get_mut(at / BLOCK)?
            .get_mut(at % BLOCK)?
            .as_mut()
    }

    /// Reads a little of everything these alerts consist of, level by level, so that the processor waits for memory
    /// once for all of them and not for each on its own. Only worth it before all of them are written.
    pub(crate) fn warm(&self, slots: &(impl Iterator<Item = Slot> + Clone)) {
        let alerts = || slots.clone().filter_map(|slot| self.get(slot));
        let labels = || alerts().flat_map(|alert| alert.labels.iter());
        let first = |text: &str| usize::from(text.as_bytes().first().copied().unwrap_or_default());
        black_box(alerts().map(|alert| alert.labels.len()).sum::<usize>());
        black_box(
            alerts()
                .map(|alert| first(&alert.annotations))
                .sum::<usize>(),
        );
        black_box(labels().map(|label| label.value.len()).sum::<usize>());
        black_box(labels().map(|label| first(&label.value)).sum::<usize>());
    }

    /// Every alert.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Alert)> {
        (0..)
            .zip(self.blocks.iter().flatten())
            .filter_map(|(slot, alert)| Some((slot, alert.as_ref()?)))
    }
}

/// What an alert is made of, before it has a place.
pub(crate) struct Content {
    pub(crate) labels: LabelSet,
    pub(crate) annotations: Arc<str>,
    pub(crate) generator_url: Arc<str>,
    pub(crate) times: Times,
}

impl Content {
    pub(crate) fn into_alert(self) -> Alert {
        Alert {
            fingerprint: self.labels.fingerprint(),
            labels: self.labels,
            annotations: self.annotations,
            generator_url: self.generator_url,
            starts_at: self.times.starts_at,
            ends_at: self.times.ends_at,
            updated_at_ns: self.times.updated_at_ns,
            timeout: self.times.timeout,
            hash: 0,
            written_end_ns: i64::MIN,
            groups: SmallVec::new(),
            verdict: Verdict::default(),
            stored: true,
            grouped: false,
            done: false,
            source: false,
            queued: 0,
            written: false,
            told: false,
            told_groups: 0,
            held: None,
        }
    }
}

/// When an alert is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) starts_at: Time,
    pub(crate) ends_at: Time,
    pub(crate) updated_at_ns: i64,
    pub(crate) timeout: bool,
}

impl Times {
    /// What is stored once `new` was posted for an alert with these times.
    ///
    /// Upstream: provider/mem/mem.go `Put`, types `Alert.Merge`.
    pub(crate) fn merge(self, new: Self, now: Time) -> Merged {
        let overlap = (new.ends_at > self.starts_at && new.ends_at < self.ends_at)
            || (new.starts_at > self.starts_at && new.starts_at < self.ends_at);
        if !overlap {
            return Merged {
                times: new,
                newer_content: true,
            };
        }
        // A clock that was set back makes the stored alert the younger one.
        let newer_content = self.updated_at_ns <= new.updated_at_ns;
        let (older, younger) = if newer_content {
            (self, new)
        } else {
            (new, self)
        };
        let mut times = younger;
        if older.starts_at < younger.starts_at {
            times.starts_at = older.starts_at;
        }
        let later = older.ends_at > younger.ends_at;
        let keeps_older_end = if younger.ends_at <= now {
            older.ends_at <= now && later
        } else {
            later && !older.timeout
        };
        if keeps_older_end {
            times.ends_at = older.ends_at;
        }
        Merged {
            times,
            newer_content,
        }
    }
}

/// The outcome of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) times: Times,
    /// Whether annotations and generator URL come from the posted alert.
    pub(crate) newer_content: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn times(start: i64, end: i64, updated: i64, timeout: bool) -> Times {
        Times {
            starts_at: Time::new(NOW + start, 0),
            ends_at: Time::new(NOW + end, 0),
            updated_at_ns: updated,
            timeout,
        }
    }

    /// Start and end relative to now after a merge, and whether the content is the posted one.
    fn merged(old: Times, new: Times) -> (i64, i64, bool) {
        let merged = old.merge(new, Time::new(NOW, 0));
        (
            merged.times.starts_at.unix_secs() - NOW,
            merged.times.ends_at.unix_secs() - NOW,
            merged.newer_content,
        )
    }

    /// The table of verified cases; a timeout makes up an end of +60.
    #[test]
    fn merges_as_upstream() {
        for (old, new, expected) in [
            ((-100, 600, false), (-50, 60, true), (-100, 600)),
            ((-100, 600, false), (-200, 700, false), (-200, 700)),
            ((-200, 700, false), (-300, -250, false), (-300, -250)),
            ((-100, 600, false), (-100, -10, false), (-100, -10)),
            ((-100, -50, false), (-5, 600, false), (-5, 600)),
            ((-100, 600, false), (-90, 300, false), (-100, 600)),
            ((-100, 60, true), (-90, 300, false), (-100, 300)),
            ((-100, 60, true), (-90, 20, false), (-100, 20)),
            ((-100, 300, false), (-90, 20, false), (-100, 300)),
            // Both over: the later end stays.
            ((-100, -20, false), (-90, -50, false), (-100, -20)),
            ((-100, -50, false), (-90, -20, false), (-100, -20)),
            // An end at this moment is over.
            ((-100, 600, false), (-50, 0, false), (-100, 0)),
            ((-100, 0, false), (-50, -10, false), (-100, 0)),
            // Touching is no overlap.
            ((-100, 50, false), (-200, -100, false), (-200, -100)),
            ((-100, 50, false), (50, 90, false), (50, 90)),
            ((-100, 50, false), (-100, 50, false), (-100, 50)),
            ((-100, 50, false), (-200, 50, false), (-200, 50)),
            ((-100, 50, false), (-100, 90, false), (-100, 90)),
            ((100, 600, false), (50, 100, false), (50, 100)),
            ((-50, -10, false), (-100, -50, false), (-100, -50)),
        ] {
            let old_times = times(old.0, old.1, 1, old.2);
            let new_times = times(new.0, new.1, 2, new.2);
            let (start, end, newer) = merged(old_times, new_times);
            assert_eq!(
                (start, end, newer),
                (expected.0, expected.1, true),
                "{old:?} {new:?}"
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_the_stored_alert_the_younger_one() {
        let merged_times = merged(times(-100, 600, 5, false), times(-200, 300, 4, false));
        assert_eq!(merged_times, (-200, 600, false));
        let same_moment = merged(times(-100, 600, 5, true), times(-50, 300, 5, false));
        assert_eq!(same_moment, (-100, 300, true));
    }

    #[test]
    fn places_are_used_again() {
        let mut alerts = Alerts::default();
        let add = |alerts: &mut Alerts, value: &str| {
            let labels = LabelSet::from_pairs([("a", value)]);
            let hash = alerts.hash([("a", value)].into_iter());
            let content = Content {
                labels,
                annotations: "{}".into(),
                generator_url: "".into(),
                times: times(0, 1, 0, false),
            };
            alerts.insert(hash, content.into_alert())
        };
        let slots: Vec<Slot> = (0..3_000)
            .map(|at| add(&mut alerts, &at.to_string()))
            .collect();
        assert_eq!(slots.last(), Some(&2_999));
        for value in ["7", "2999"] {
            let hash = alerts.hash([("a", value)].into_iter());
            let found = alerts.find(hash, &[("a", value)].into_iter()).unwrap();
            assert_eq!(alerts.get(found).unwrap().labels.get("a"), Some(value));
        }
        assert!(alerts.remove(7).is_some());
        assert!(alerts.remove(7).is_none());
        let hash = alerts.hash([("a", "7")].into_iter());
        assert_eq!(alerts.find(hash, &[("a", "7")].into_iter()), None);
        assert_eq!(add(&mut alerts, "again"), 7);
        assert_eq!(add(&mut alerts, "more"), 3_000);
        assert_eq!(alerts.iter().count(), 3_001);
    }
}
