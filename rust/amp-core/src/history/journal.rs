//! The ring in which events wait for the history's writer and for streams.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::line::write_line;
use super::{Event, GroupOf, Kind, What};
use crate::json;
use crate::matcher::{self, Matcher};

/// Groups whose intervals are remembered.
const MAX_HELD: usize = 100_000;

/// Events in their order, bounded by their bytes. Whoever adds one never waits; who reads too late misses the oldest.
#[derive(Debug)]
pub struct Journal {
    max_bytes: usize,
    kept_bytes: usize,
    ring: Mutex<Ring>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Bytes of events that the writer has taken.
    taken_bytes: usize,
    last_seq: i64,
    /// The last event that the writer took.
    taken_seq: i64,
    /// The last event that fell out of the ring.
    gone_seq: i64,
    missed: u64,
    /// Whether somebody takes.
    wanted: bool,
    wake: bool,
    held: FxHashMap<u64, Arc<str>>,
}

/// What a stream reads at once.
#[derive(Debug, Default)]
pub struct Page {
    /// Sequence number and line of JSON of the events that pass.
    pub frames: Vec<(i64, String)>,
    /// Where to go on from.
    pub cursor: i64,
    /// Whether events between the given cursor and the first one looked at are gone.
    pub gap: bool,
}

impl Journal {
    /// An empty journal.
    ///
    /// `max_bytes` bounds all events, `kept_bytes` those that the writer has taken and streams may still want.
    pub fn new(max_bytes: usize, kept_bytes: usize) -> Self {
        Self {
            max_bytes,
            kept_bytes: kept_bytes.min(max_bytes),
            ring: Mutex::new(Ring {
                wanted: true,
                ..Ring::default()
            }),
            woken: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event; its sequence number.
    pub fn add(&self, at_ns: i64, what: What) -> i64 {
        let bytes = what.bytes();
        let mut ring = self.lock();
        let seq = (ring.last_seq + 1).max(at_ns / 1_000);
        ring.last_seq = seq;
        ring.bytes += bytes;
        if !ring.wanted {
            ring.taken_seq = seq;
            ring.taken_bytes += bytes;
        }
        ring.events.push_back(Arc::new(Event { seq, at_ns, what }));
        self.trim(&mut ring);
        if ring.wanted && ring.events.len() > 1 {
            // A writer that waits waits for the first event it has not taken.
            let before = ring.events.len() - 2;
            if ring.events[before].seq <= ring.taken_seq {
                self.woken.notify_all();
            }
        } else {
            self.woken.notify_all();
        }
        seq
    }

    fn trim(&self, ring: &mut Ring) {
        while let Some(first) = ring.events.front() {
            let taken = first.seq <= ring.taken_seq;
            let over = ring.bytes > self.max_bytes || (taken && ring.taken_bytes > self.kept_bytes);
            if !over {
                return;
            }
            let bytes = first.what.bytes();
            ring.gone_seq = first.seq;
            ring.bytes -= bytes;
            if taken {
                ring.taken_bytes -= bytes;
            } else if first.what.kind().is_some() {
                ring.missed += 1;
            }
            ring.events.pop_front();
        }
    }

    /// The next events for the writer; when there are none, waits for the first, for the end of the time, or to be
    /// woken.
    pub fn take(&self, limit: usize, patience: Duration) -> Vec<Arc<Event>> {
        let (mut ring, _) = self
            .woken
            .wait_timeout_while(self.lock(), patience, |ring| {
                !ring.wake
                    && ring
                        .events
                        .back()
                        .is_none_or(|last| last.seq <= ring.taken_seq)
            })
            .unwrap_or_else(PoisonError::into_inner);
        ring.wake = false;
        let from = ring.after(ring.taken_seq);
        let events: Vec<Arc<Event>> = ring
            .events
            .range(from..)
            .take(limit)
            .map(Arc::clone)
            .collect();
        if let Some(last) = events.last() {
            ring.taken_seq = last.seq;
            ring.taken_bytes += events.iter().map(|event| event.what.bytes()).sum::<usize>();
            self.trim(&mut ring);
        }
        events
    }

    /// How many events fell out of the ring before the writer took them, since this was last asked.
    pub fn missed(&self) -> u64 {
        std::mem::take(&mut self.lock().missed)
    }

    /// How many events the writer has not taken.
    pub fn pending(&self) -> usize {
        let ring = self.lock();
        ring.events.len() - ring.after(ring.taken_seq)
    }

    /// Whether what the writer has not taken fills half of the ring.
    pub fn is_crowded(&self) -> bool {
        let ring = self.lock();
        ring.bytes - ring.taken_bytes > self.max_bytes / 2
    }

    /// Bytes of all events in the ring.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// The last sequence number given, 0 before the first.
    pub fn last_seq(&self) -> i64 {
        self.lock().last_seq
    }

    /// Ends the wait of the writer.
    pub fn wake(&self) {
        self.lock().wake = true;
        self.woken.notify_all();
    }

    /// Whether somebody takes; otherwise events are only kept for streams.
    pub fn write_to_history(&self, wanted: bool) {
        let mut ring = self.lock();
        ring.wanted = wanted;
        if !wanted {
            ring.taken_seq = ring.last_seq;
            ring.taken_bytes = ring.bytes;
            self.trim(&mut ring);
        }
    }

    /// Events after a sequence number that are of these kinds (all, when none is named) and whose alerts match.
    pub fn read(&self, after: i64, limit: usize, kinds: &[Kind], matchers: &[Matcher]) -> Page {
        let (events, gap) = {
            let ring = self.lock();
            let from = ring.after(after);
            let events: Vec<Arc<Event>> = ring
                .events
                .range(from..)
                .take(limit)
                .map(Arc::clone)
                .collect();
            (events, ring.gone_seq > after)
        };
        let mut page = Page {
            cursor: events.last().map_or(after, |last| last.seq),
            gap,
            ..Page::default()
        };
        for event in events {
            let wanted = event
                .what
                .kind()
                .is_some_and(|kind| kinds.is_empty() || kinds.contains(&kind));
            if wanted && passes(&event.what, matchers) {
                page.frames.push((event.seq, write_line(&event)));
            }
        }
        page
    }

    /// Tells what intervals do to a group at a flush; only a change is an event. No names: nothing holds it back.
    pub fn held(&self, group_id: u64, group: GroupOf, by: &str, names: &[String], at_ns: i64) {
        let cause = (!names.is_empty()).then(|| interval_cause(by, names));
        let before = {
            let mut ring = self.lock();
            if ring.held.len() >= MAX_HELD {
                ring.held.clear();
            }
            let before = match &cause {
                Some(cause) => ring.held.insert(group_id, Arc::clone(cause)),
                None => ring.held.remove(&group_id),
            };
            if before == cause {
                return;
            }
            before
        };
        if let Some(cause) = before {
            let group = group.clone();
            let released = true;
            self.add(
                at_ns,
                What::Held {
                    group,
                    cause,
                    released,
                },
            );
        }
        if let Some(cause) = cause {
            let released = false;
            self.add(
                at_ns,
                What::Held {
                    group,
                    cause,
                    released,
                },
            );
        }
    }
}

impl Ring {
    /// Where the first event after a sequence number stands.
    fn after(&self, seq: i64) -> usize {
        self.events.partition_point(|event| event.seq <= seq)
    }
}

fn passes(what: &What, matchers: &[Matcher]) -> bool {
    if matchers.is_empty() {
        return true;
    }
    if let Some(alert) = what.subject() {
        return matcher::all_match(matchers, &alert.labels);
    }
    if let Some(batch) = what.batch() {
        let mut items = batch.items().iter();
        return items.any(|item| matcher::all_match(matchers, &item.labels));
    }
    match what {
        What::Held { group, .. } => matcher::all_match(matchers, &group.labels),
        _ => false,
    }
}

fn interval_cause(by: &str, names: &[String]) -> Arc<str> {
    let mut out = String::from("{\"by\":");
    json::write_str(&mut out, by);
    out.push_str(",\"intervals\":[");
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(&mut out, name);
    }
    out.push_str("]}");
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Subject;
    use crate::labels::LabelSet;
    use crate::matcher::Op;

    const NOW: Duration = Duration::ZERO;

    fn reloaded(text: &str) -> What {
        What::Reloaded { body: text.into() }
    }

    fn ended(name: &str) -> What {
        let labels = LabelSet::from_pairs([("alertname", name)]);
        What::Resolved {
            alert: Subject {
                fingerprint: labels.fingerprint(),
                labels,
                starts_at_ns: 1,
            },
            ends_at_ns: 2,
            by: super::super::EndedBy::Sender,
        }
    }

    #[test]
    fn numbers_are_microseconds_and_grow() {
        let journal = Journal::new(1 << 20, 1 << 10);
        assert_eq!(journal.add(5_000_000, reloaded("a")), 5_000);
        assert_eq!(journal.add(5_000_100, reloaded("b")), 5_001);
        assert_eq!(journal.add(1, reloaded("c")), 5_002);
        assert_eq!(journal.last_seq(), 5_002);
    }

    #[test]
    fn the_writer_takes_each_event_once() {
        let journal = Journal::new(1 << 20, 1 << 20);
        for text in ["a", "b", "c"] {
            journal.add(0, reloaded(text));
        }
        assert_eq!(journal.pending(), 3);
        assert_eq!(journal.take(2, NOW).len(), 2);
        assert_eq!(journal.pending(), 1);
        assert_eq!(journal.take(9, NOW).len(), 1);
        assert!(journal.take(9, NOW).is_empty());
        assert_eq!(journal.missed(), 0);
        assert_eq!(journal.read(0, 9, &[], &[]).frames.len(), 3);
    }

    #[test]
    fn what_does_not_fit_is_missed_by_the_writer() {
        let journal = Journal::new(1_200, 0);
        for _ in 0..6 {
            journal.add(0, reloaded("text"));
        }
        assert_eq!(journal.pending(), 4);
        assert_eq!(journal.missed(), 2);
        assert_eq!(journal.missed(), 0);
        assert_eq!(journal.take(9, NOW).len(), 4);
        let page = journal.read(1, 9, &[], &[]);
        assert!(page.gap && page.frames.is_empty());
    }

    #[test]
    fn without_a_writer_only_the_newest_are_kept() {
        let journal = Journal::new(1 << 20, 600);
        journal.write_to_history(false);
        for _ in 0..6 {
            journal.add(0, reloaded("text"));
        }
        assert_eq!(journal.read(0, 9, &[], &[]).frames.len(), 2);
        assert_eq!(journal.missed(), 0);
    }

    #[test]
    fn streams_filter_by_kind_and_labels() {
        let journal = Journal::new(1 << 20, 1 << 20);
        journal.add(0, ended("A"));
        journal.add(0, ended("B"));
        journal.add(0, reloaded("{}"));
        let of =
            |kinds: &[Kind], matchers: &[Matcher]| journal.read(0, 9, kinds, matchers).frames.len();
        let only_b = [Matcher::new("alertname", Op::Equal, "B").unwrap()];
        assert_eq!(of(&[], &[]), 3);
        assert_eq!(of(&[Kind::Resolved], &[]), 2);
        assert_eq!(of(&[], &only_b), 1);
        assert_eq!(of(&[Kind::ConfigReloaded], &only_b), 0);
        let page = journal.read(1, 1, &[], &only_b);
        assert_eq!((page.cursor, page.gap), (2, false));
    }

    #[test]
    fn intervals_are_told_when_they_change() {
        let journal = Journal::new(1 << 20, 1 << 20);
        let group = || GroupOf {
            key: "{}:{}".into(),
            receiver: "r".into(),
            labels: LabelSet::default(),
        };
        let night = ["night".to_owned()];
        journal.held(1, group(), "mute_time_interval", &[], 0);
        journal.held(1, group(), "mute_time_interval", &night, 0);
        journal.held(1, group(), "mute_time_interval", &night, 0);
        journal.held(1, group(), "mute_time_interval", &[], 0);
        let lines = journal.read(0, 9, &[], &[]).frames;
        let kinds: Vec<bool> = lines
            .iter()
            .map(|(_, line)| line.contains("released"))
            .collect();
        assert_eq!(kinds, [false, true]);
    }

    #[test]
    fn whoever_waits_can_be_woken() {
        let journal = Journal::new(0, 0);
        journal.wake();
        assert!(journal.take(1, Duration::from_hours(1)).is_empty());
    }
}
