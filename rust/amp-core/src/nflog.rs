//! The notification log: what was last sent for each group and integration, and whether to send again.
//!
//! Upstream: nflog/nflog.go, notify/dedup.go.

mod message;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::Error;
use crate::snapshot::frame_messages;
use crate::wire::{frames, located, write_bytes, write_timestamp};
use message::{encode, read_entry, read_mesh_entry};
use sha2::{Digest, Sha256};

/// Whose entry: one integration of one receiver for one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// The group's key.
    pub group_key: &'a str,
    /// The receiver's name.
    pub receiver: &'a str,
    /// The integration's type.
    pub integration: &'a str,
    /// Its position among the receiver's integrations of that type.
    pub index: u32,
}

impl Key<'_> {
    fn text(&self) -> String {
        let Key {
            group_key,
            receiver,
            integration,
            index,
        } = self;
        format!("{group_key}:{receiver}/{integration}/{index}")
    }
}

/// A value that an integration keeps with an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
}

/// What an integration keeps with an entry, by name.
pub type ReceiverData = BTreeMap<String, Datum>;

/// One entry as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The first 16 bytes of the SHA-256 of the entry's key: short whatever the group's labels.
    pub key: [u8; 16],
    /// When it was sent, Unix nanoseconds; the newer row wins.
    pub timestamp_ns: i64,
    /// When it may be forgotten.
    pub expires_at_ns: i64,
    /// Upstream's `Entry` message.
    pub entry: Vec<u8>,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    group_key_len: u32,
    receiver_len: u32,
    index: u32,
    changed: bool,
    timestamp_ns: i64,
    expires_at_ns: i64,
    /// Sorted.
    firing: Box<[u64]>,
    /// Sorted.
    resolved: Box<[u64]>,
    data: Option<Box<ReceiverData>>,
}

/// The log in memory.
#[derive(Debug, Default)]
pub struct NotificationLog {
    entries: HashMap<Box<str>, Entry>,
    changed: VecDeque<Box<str>>,
}

/// What a stage asks before it sends.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Hashes of the flush's firing alerts.
    pub firing: &'a [u64],
    /// Hashes of the flush's resolved alerts.
    pub resolved: &'a [u64],
    /// Whether the integration wants to hear of resolved alerts.
    pub send_resolved: bool,
    /// After how long an unchanged notification is due again.
    pub repeat_interval_ns: i64,
    /// The moment of the flush.
    pub now_ns: i64,
}

impl NotificationLog {
    /// The reason to notify, `None` when there is none.
    ///
    /// Upstream: notify/dedup.go `DedupStage.needsUpdate`.
    pub fn decide(&self, key: &Key<'_>, ask: &Question<'_>) -> Option<&'static str> {
        let Some(entry) = self.entries.get(&*key.text()) else {
            return (!ask.firing.is_empty()).then_some("first notification");
        };
        if !is_subset(ask.firing, &entry.firing) {
            return Some(if entry.firing.is_empty() {
                "first notification"
            } else {
                "new alerts added"
            });
        }
        if ask.firing.is_empty() {
            return (!entry.firing.is_empty()).then_some("all alerts resolved");
        }
        if ask.send_resolved && !is_subset(ask.resolved, &entry.resolved) {
            return Some("some alerts resolved");
        }
        (entry.timestamp_ns < ask.now_ns.saturating_sub(ask.repeat_interval_ns))
            .then_some("repeat interval elapsed")
    }

    /// Whether there is an entry (upstream counts a look-up without one as an error).
    pub fn contains(&self, key: &Key<'_>) -> bool {
        self.entries.contains_key(&*key.text())
    }

    /// Writes an entry unless a newer one is there; whether it was written.
    ///
    /// Upstream: nflog/nflog.go `Log.Log`.
    pub fn record(
        &mut self,
        key: &Key<'_>,
        firing: &[u64],
        resolved: &[u64],
        now_ns: i64,
        expires_at_ns: i64,
        data: ReceiverData,
    ) -> bool {
        let text = key.text();
        if self.timestamp(&text).is_some_and(|at| at > now_ns) {
            return false;
        }
        let entry = Entry {
            group_key_len: length(key.group_key),
            receiver_len: length(key.receiver),
            index: key.index,
            changed: false,
            timestamp_ns: now_ns,
            expires_at_ns,
            firing: sorted(firing.to_vec()),
            resolved: sorted(resolved.to_vec()),
            data: (!data.is_empty()).then(|| Box::new(data)),
        };
        self.put(text.into(), entry, true);
        true
    }

    /// What the integration kept with its entry.
    pub fn data(&self, key: &Key<'_>) -> Option<&ReceiverData> {
        self.entries.get(&*key.text())?.data.as_deref()
    }

    /// Entries that the store must learn, oldest change first, each once with its newest state.
    pub fn drain(&mut self, limit: usize) -> Vec<Row> {
        let mut rows = Vec::with_capacity(limit.min(self.changed.len()));
        while rows.len() < limit
            && let Some(text) = self.changed.pop_front()
        {
            if let Some(entry) = self.entries.get_mut(&text) {
                entry.changed = false;
                rows.push(row(&text, entry));
            }
        }
        rows
    }

    /// How many entries the store must learn.
    pub fn pending(&self) -> usize {
        self.changed.len()
    }

    /// Tells the store everything again: it lost what it had.
    pub fn mark_all(&mut self) {
        self.changed.clear();
        for (text, entry) in &mut self.entries {
            entry.changed = true;
            self.changed.push_back(text.clone());
        }
    }

    /// Takes an `Entry` message of the store; whether it was news (newer wins, expired is ignored).
    pub fn merge(&mut self, entry: &[u8], expires_at_ns: i64, now_ns: i64) -> Result<bool, Error> {
        let (text, entry) = read_entry(entry, expires_at_ns)?;
        Ok(self.merge_entry(text, entry, now_ns, false))
    }

    /// Takes upstream's file: all of it, or nothing when it is corrupt; how many entries were news.
    ///
    /// Upstream: nflog/nflog.go `loadSnapshot`, `state.merge`.
    pub fn load_snapshot(&mut self, input: &[u8], now_ns: i64) -> Result<usize, Error> {
        let start = input.as_ptr().addr();
        let read: Result<Vec<_>, Error> = frames(input)
            .map(|frame| {
                let frame = frame?;
                read_mesh_entry(frame).map_err(|e| located(&e, frame.as_ptr().addr() - start))
            })
            .collect();
        let mut news = 0;
        for (text, entry) in read? {
            news += usize::from(self.merge_entry(text, entry, now_ns, true));
        }
        Ok(news)
    }

    /// Upstream's file.
    pub fn snapshot(&self) -> Vec<u8> {
        let messages: Vec<Vec<u8>> = self
            .entries
            .iter()
            .map(|(text, entry)| {
                let mut out = Vec::with_capacity(128);
                write_bytes(&mut out, 1, &encode(text, entry));
                write_timestamp(&mut out, 2, entry.expires_at_ns.into());
                out
            })
            .collect();
        frame_messages(messages.iter().map(Vec::as_slice))
    }

    /// Forgets what expired; how many entries.
    ///
    /// Upstream: nflog/nflog.go `Log.GC`.
    pub fn collect_garbage(&mut self, now_ns: i64) -> usize {
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.expires_at_ns > now_ns);
        self.changed.retain(|text| self.entries.contains_key(text));
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to_fit();
        }
        before - self.entries.len()
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn timestamp(&self, text: &str) -> Option<i64> {
        self.entries.get(text).map(|entry| entry.timestamp_ns)
    }

    fn merge_entry(&mut self, text: Box<str>, entry: Entry, now_ns: i64, changed: bool) -> bool {
        let known = self.timestamp(&text);
        if entry.expires_at_ns <= now_ns || known.is_some_and(|at| at >= entry.timestamp_ns) {
            return false;
        }
        self.put(text, entry, changed);
        true
    }

    fn put(&mut self, text: Box<str>, mut entry: Entry, changed: bool) {
        let waiting = self.entries.get(&text).is_some_and(|old| old.changed);
        entry.changed = changed || waiting;
        if changed && !waiting {
            self.changed.push_back(text.clone());
        }
        self.entries.insert(text, entry);
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn sorted(mut hashes: Vec<u64>) -> Box<[u64]> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into_boxed_slice()
}

fn is_subset(some: &[u64], sorted: &[u64]) -> bool {
    some.iter().all(|hash| sorted.binary_search(hash).is_ok())
}

fn row(text: &str, entry: &Entry) -> Row {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    Row {
        key,
        timestamp_ns: entry.timestamp_ns,
        expires_at_ns: entry.expires_at_ns,
        entry: encode(text, entry),
    }
}

/// The parts of a key's text, which the entry knows the lengths of.
fn parts<'a>(text: &'a str, entry: &Entry) -> Key<'a> {
    let (group_key, rest) = split(text, entry.group_key_len);
    let (receiver, rest) = split(rest, entry.receiver_len);
    let integration = rest.rsplit_once('/').map_or(rest, |(name, _)| name);
    Key {
        group_key,
        receiver,
        integration,
        index: entry.index,
    }
}

/// The text before and after the separator that stands at `at`.
fn split(text: &str, at: u32) -> (&str, &str) {
    let at = at as usize;
    let rest = text.get(at + 1..).unwrap_or_default();
    (text.get(..at).unwrap_or(text), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORDED: &[u8] = include_bytes!("../../../tests/vectors/snapshots/nflog");
    const NOW: i64 = 1_000_000;
    const KEY: Key<'_> = Key {
        group_key: "{}:{a=\"b:c/d\"}",
        receiver: "team/x",
        integration: "webhook",
        index: 3,
    };

    fn with(firing: &[u64], resolved: &[u64]) -> NotificationLog {
        let mut log = NotificationLog::default();
        log.record(&KEY, firing, resolved, NOW, i64::MAX, ReceiverData::new());
        log
    }

    fn decide(log: &NotificationLog, ask: (&[u64], &[u64]), send_resolved: bool) -> &'static str {
        let ask = Question {
            firing: ask.0,
            resolved: ask.1,
            send_resolved,
            repeat_interval_ns: 100,
            now_ns: NOW + 100,
        };
        log.decide(&KEY, &ask).unwrap_or("none")
    }

    #[test]
    fn without_an_entry_only_firing_alerts_are_told() {
        let log = NotificationLog::default();
        assert_eq!(decide(&log, (&[1], &[]), true), "first notification");
        assert_eq!(decide(&log, (&[], &[1]), true), "none");
    }

    #[test]
    fn the_first_rule_that_applies_decides() {
        let firing = with(&[1, 2], &[3]);
        let quiet = with(&[], &[1]);
        assert_eq!(decide(&quiet, (&[1], &[]), true), "first notification");
        assert_eq!(decide(&quiet, (&[], &[2]), true), "none");
        assert_eq!(decide(&firing, (&[2, 4], &[9]), true), "new alerts added");
        assert_eq!(decide(&firing, (&[], &[1, 2]), true), "all alerts resolved");
        assert_eq!(
            decide(&firing, (&[], &[1, 2]), false),
            "all alerts resolved"
        );
        assert_eq!(decide(&firing, (&[2], &[1]), true), "some alerts resolved");
        assert_eq!(decide(&firing, (&[2], &[1]), false), "none");
        assert_eq!(decide(&firing, (&[2, 1], &[3]), true), "none");
    }

    #[test]
    fn a_repeat_is_due_when_the_interval_is_over_entirely() {
        let log = with(&[1], &[]);
        let at = |now_ns| Question {
            firing: &[1],
            resolved: &[],
            send_resolved: true,
            repeat_interval_ns: 100,
            now_ns,
        };
        assert_eq!(log.decide(&KEY, &at(NOW + 100)), None);
        assert_eq!(
            log.decide(&KEY, &at(NOW + 101)),
            Some("repeat interval elapsed")
        );
        assert_eq!(log.decide(&KEY, &at(i64::MIN)), None);
    }

    #[test]
    fn an_older_record_is_left_out() {
        let mut log = with(&[1], &[]);
        assert!(!log.record(&KEY, &[2], &[], NOW - 1, i64::MAX, ReceiverData::new()));
        assert!(log.record(&KEY, &[2], &[], NOW, i64::MAX, ReceiverData::new()));
        assert_eq!(decide(&log, (&[2], &[]), true), "none");
    }

    #[test]
    fn a_drained_row_holds_the_newest_state_once() {
        let mut log = with(&[1], &[]);
        log.record(&KEY, &[2], &[], NOW + 1, NOW + 5, ReceiverData::new());
        assert_eq!(log.pending(), 1);
        let rows = log.drain(10);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].timestamp_ns, rows[0].expires_at_ns),
            (NOW + 1, NOW + 5)
        );
        assert!(log.drain(10).is_empty());
        log.mark_all();
        assert_eq!(log.drain(10), rows);
    }

    #[test]
    fn merging_keeps_the_newer_and_ignores_the_expired() {
        let row = with(&[1], &[2]).drain(1).remove(0);
        let mut log = NotificationLog::default();
        assert_eq!(log.merge(&row.entry, NOW, NOW), Ok(false));
        assert_eq!(log.merge(&row.entry, NOW + 1, NOW), Ok(true));
        assert_eq!(log.merge(&row.entry, NOW + 9, NOW), Ok(false));
        assert_eq!(decide(&log, (&[1], &[2]), true), "none");
        assert_eq!(log.pending(), 0, "the store knows its own rows");
        assert_eq!(log.collect_garbage(NOW), 0);
        assert_eq!(log.collect_garbage(NOW + 1), 1);
        assert!(log.is_empty());
    }

    #[test]
    fn receiver_data_comes_back() {
        let mut log = NotificationLog::default();
        let data = ReceiverData::from([
            ("f".to_owned(), Datum::Float(0.0)),
            ("i".to_owned(), Datum::Integer(-1)),
            ("t".to_owned(), Datum::Text(String::new())),
        ]);
        log.record(&KEY, &[1], &[], NOW, i64::MAX, data.clone());
        let mut read = NotificationLog::default();
        assert_eq!(read.load_snapshot(&log.snapshot(), NOW), Ok(1));
        assert_eq!(read.data(&KEY), Some(&data));
        assert!(read.contains(&KEY));
        assert_eq!(read.pending(), 1, "the store must learn what the file knew");
    }

    #[test]
    fn a_recorded_file_comes_back_with_every_byte() {
        let mut log = NotificationLog::default();
        assert_eq!(log.load_snapshot(RECORDED, NOW), Ok(3));
        let mut rows = log.drain(9);
        rows.sort_by_key(|row| row.timestamp_ns);
        let written = log.snapshot();
        assert_eq!(written.len(), RECORDED.len());
        for row in rows {
            let found = RECORDED
                .windows(row.entry.len())
                .any(|part| part == row.entry);
            assert!(found, "an entry differs from the recorded one");
        }
    }

    #[test]
    fn a_corrupt_file_changes_nothing() {
        let mut log = NotificationLog::default();
        let cut = &RECORDED[..RECORDED.len() - 1];
        assert!(log.load_snapshot(cut, NOW).is_err());
        assert!(log.load_snapshot(b"\x02\x12\x00", NOW).is_err());
        assert!(log.is_empty());
    }

    proptest! {
        #[test]
        fn any_entry_comes_back(
            group_key: String, receiver: String, integration: String, index: u32,
            firing: Vec<u64>, resolved: Vec<u64>, now in 0..i64::MAX,
        ) {
            let key = Key { group_key: &group_key, receiver: &receiver, integration: &integration, index };
            let mut log = NotificationLog::default();
            log.record(&key, &firing, &resolved, now, i64::MAX, ReceiverData::new());
            let row = log.drain(1).remove(0);
            let mut read = NotificationLog::default();
            prop_assert_eq!(read.merge(&row.entry, row.expires_at_ns, now), Ok(true));
            prop_assert!(read.contains(&key));
            read.mark_all();
            prop_assert_eq!(read.drain(1), vec![row]);
        }

        #[test]
        fn any_bytes_are_decided(bytes: Vec<u8>) {
            let _ = NotificationLog::default().load_snapshot(&bytes, NOW);
        }

        #[test]
        fn a_flipped_byte_is_decided(at in 0..RECORDED.len(), byte: u8) {
            let mut bytes = RECORDED.to_vec();
            bytes[at] = byte;
            let _ = NotificationLog::default().load_snapshot(&bytes, NOW);
        }
    }
}
