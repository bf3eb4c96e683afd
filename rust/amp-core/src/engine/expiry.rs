//! Alerts whose end passes without anybody saying so.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Engine;
use super::index::Slot;
use crate::history::{EndedBy, What};
use crate::time::Time;

/// When to look at which alert again. An end that moved is found out only when the old one passes, so that a refresh
/// costs nothing.
#[derive(Debug, Default)]
pub(super) struct Expiry(BinaryHeap<Reverse<(i64, Slot, u64)>>);

impl Expiry {
    /// Watches an alert.
    pub(super) fn watch(&mut self, ends_at_ns: i64, slot: Slot, fingerprint: u64) {
        self.0.push(Reverse((ends_at_ns, slot, fingerprint)));
    }

    fn due(&mut self, now_ns: i64) -> Option<(i64, Slot, u64)> {
        let Reverse((ends_at_ns, ..)) = self.0.peek()?;
        if *ends_at_ns > now_ns {
            return None;
        }
        self.0.pop().map(|Reverse(watched)| watched)
    }
}

impl Engine {
    /// Tells the journal of alerts whose end has passed; how many.
    pub fn expire(&mut self, now_ns: i64) -> usize {
        let Some(journal) = self.journal.clone() else {
            return 0;
        };
        let now = Time::from_unix_ns(now_ns);
        let mut count = 0;
        while let Some((_, slot, fingerprint)) = self.expiry.due(now_ns) {
            let Some(alert) = self.alerts.get_mut(slot) else {
                continue;
            };
            if alert.fingerprint != fingerprint || !alert.told {
                continue;
            }
            let ends_at_ns = alert.ends_at.unix_ns();
            if !alert.resolved_at(now) {
                self.expiry.watch(ends_at_ns, slot, fingerprint);
                continue;
            }
            alert.told = false;
            count += 1;
            let ended = What::Resolved {
                alert: alert.subject(),
                ends_at_ns,
                by: EndedBy::Timeout,
            };
            journal.add(now_ns, ended);
        }
        count
    }
}
