//! Where events wait for whoever writes them out.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Kind;
use super::text::{write_text, write_time};
use crate::time::Time;

/// One event: its kind and its line of JSON without the line's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What happened.
    pub kind: Kind,
    /// When, Unix nanoseconds.
    pub at_ns: i64,
    /// The whole event.
    pub line: Box<str>,
}

/// Events in the order they happened, bounded by their bytes: what does not fit is dropped and counted.
#[derive(Debug)]
pub struct EventQueue {
    /// A JSON string.
    instance: Box<str>,
    seed: [u8; 16],
    max_bytes: usize,
    waiting: Mutex<Waiting>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Recorded>,
    bytes: usize,
    drops: [u64; Kind::ALL.len()],
    wake: bool,
}

impl EventQueue {
    /// An empty queue of a process. Names of groups are made from the seed, so it must be random.
    pub fn new(instance: &str, seed: [u8; 16], max_bytes: usize) -> Self {
        let mut quoted = String::new();
        write_text(&mut quoted, instance);
        Self {
            instance: quoted.into(),
            seed,
            max_bytes,
            waiting: Mutex::default(),
            woken: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event whose payload is a JSON object; never waits.
    pub fn record(&self, kind: Kind, at: Time, payload: &str) {
        let mut line = String::with_capacity(payload.len() + self.instance.len() + 112);
        line.push_str("{\"@timestamp\":");
        write_time(&mut line, at);
        line.push_str(",\"instance\":");
        line.push_str(&self.instance);
        line.push_str(",\"data\":{\"");
        line.push_str(kind.key());
        line.push_str("\":");
        line.push_str(payload);
        line.push_str("}}");
        let mut waiting = self.lock();
        if waiting.bytes + line.len() > self.max_bytes {
            waiting.drops[kind as usize] += 1;
            return;
        }
        waiting.bytes += line.len();
        waiting.events.push_back(Recorded {
            kind,
            at_ns: at.unix_ns(),
            line: line.into(),
        });
        if waiting.events.len() == 1 {
            self.woken.notify_all();
        }
    }

    /// Takes the oldest events; when there are none, waits for the first, for the end of the time, or to be woken.
    pub fn take(&self, limit: usize, patience: Duration) -> Vec<Recorded> {
        let (mut waiting, _) = self
            .woken
            .wait_timeout_while(self.lock(), patience, |waiting| {
                waiting.events.is_empty() && !waiting.wake
            })
            .unwrap_or_else(PoisonError::into_inner);
        waiting.wake = false;
        let count = waiting.events.len().min(limit);
        let taken: Vec<Recorded> = waiting.events.drain(..count).collect();
        waiting.bytes -= taken.iter().map(|event| event.line.len()).sum::<usize>();
        taken
    }

    /// Ends the wait of whoever takes.
    pub fn wake(&self) {
        self.lock().wake = true;
        self.woken.notify_all();
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events of each kind were dropped since this was last asked.
    pub fn take_drops(&self) -> Vec<(Kind, u64)> {
        let drops = std::mem::take(&mut self.lock().drops);
        let counted = Kind::ALL.into_iter().zip(drops);
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// A UUID for a group of this process.
    pub(crate) fn group_uuid(&self, group_id: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(group_id.to_be_bytes());
        let digest = hash.finalize();
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        let number = u128::from_be_bytes(bytes);
        // The version and variant of a random UUID.
        let number = number & !(0xF << 76) | (0x4 << 76);
        let number = number & !(0x3 << 62) | (0x2 << 62);
        let hex = format!("{number:032x}");
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        parts.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn queue(max_bytes: usize) -> EventQueue {
        EventQueue::new("host \"a\"", [7; 16], max_bytes)
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        let queue = queue(1 << 20);
        queue.record(Kind::Shutdown, Time::new(0, 5), "{}");
        queue.record(Kind::AlertCreated, Time::new(1, 0), "{\"a\":1}");
        assert_eq!(queue.len(), 2);
        let first = queue.take(1, NOW);
        assert_eq!(
            &*first[0].line,
            "{\"@timestamp\":\"1970-01-01T00:00:00.000000005Z\",\"instance\":\"host \\\"a\\\"\",\
             \"data\":{\"alertmanagerShutdownEvent\":{}}}"
        );
        assert_eq!(first[0].at_ns, 5);
        assert_eq!(queue.take(9, NOW)[0].kind, Kind::AlertCreated);
        assert!(queue.is_empty() && queue.take(9, NOW).is_empty());
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let queue = queue(150);
        queue.record(Kind::Shutdown, Time::new(0, 0), "{}");
        queue.record(Kind::Notification, Time::new(0, 0), "{}");
        assert_eq!(queue.take_drops(), [(Kind::Notification, 1)]);
        assert!(queue.take_drops().is_empty());
        queue.take(1, NOW);
        queue.record(Kind::Notification, Time::new(0, 0), "{}");
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn whoever_waits_can_be_woken() {
        let queue = queue(0);
        queue.wake();
        assert!(queue.take(1, Duration::from_hours(1)).is_empty());
    }

    #[test]
    fn groups_have_random_looking_names() {
        let name = queue(0).group_uuid(1);
        assert_eq!(name.len(), 36);
        assert_eq!(&name[14..15], "4");
        assert!("89ab".contains(&name[19..20]));
        assert_ne!(name, queue(0).group_uuid(2));
        assert_ne!(name, EventQueue::new("", [8; 16], 0).group_uuid(1));
    }

    #[test]
    fn kinds_are_found_by_name() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(kind as usize, at);
        }
        assert_eq!(Kind::parse("x"), None);
    }
}
