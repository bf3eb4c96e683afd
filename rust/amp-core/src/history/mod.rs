//! What happened: events in order, the ring they wait in, and the rows of the history that are made of them.

mod alerts;
mod fold;
mod identity;
mod journal;
mod known;
mod line;
mod making;
mod rows;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

pub use alerts::{TellAlert, decode as decode_alerts, encode as encode_alerts};
pub use fold::Fold;
pub use identity::{note_hash, row_id};
pub use journal::{Journal, Page};
pub use known::{KnownSeries, Unknown};
pub use rows::{
    ChangedEpisode, EpisodeState, EventRow, Id, NewEpisode, NewNote, NewSeries, Rows, SeriesChange,
};
pub use shown::{StoredEpisode, shown};
pub use words::words;

use crate::engine::Batch;
use crate::labels::LabelSet;

/// The kinds of events, in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An alert began to fire.
    Received = 1,
    /// Annotations, generator URL or start of a firing alert changed.
    Changed = 2,
    /// An alert ended.
    Resolved = 3,
    /// A silence, another alert or an interval began to hold back.
    Suppressed = 4,
    /// What held back does so no more.
    Released = 5,
    /// An alert went into a group.
    Grouped = 6,
    /// A group was due and somebody had to be told.
    Flushed = 7,
    /// An integration took a notification.
    Notified = 8,
    /// An attempt to deliver failed.
    Failed = 9,
    /// A silence was made.
    SilenceCreated = 10,
    /// A silence was changed.
    SilenceChanged = 11,
    /// A silence ended.
    SilenceExpired = 12,
    /// The configuration was loaded again, or could not be.
    ConfigReloaded = 13,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::Changed,
        Self::Resolved,
        Self::Suppressed,
        Self::Released,
        Self::Grouped,
        Self::Flushed,
        Self::Notified,
        Self::Failed,
        Self::SilenceCreated,
        Self::SilenceChanged,
        Self::SilenceExpired,
        Self::ConfigReloaded,
    ];

    /// The name that streams and answers show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Changed => "changed",
            Self::Resolved => "resolved",
            Self::Suppressed => "suppressed",
            Self::Released => "released",
            Self::Grouped => "grouped",
            Self::Flushed => "flushed",
            Self::Notified => "notified",
            Self::Failed => "failed",
            Self::SilenceCreated => "silence_created",
            Self::SilenceChanged => "silence_changed",
            Self::SilenceExpired => "silence_expired",
            Self::ConfigReloaded => "config_reloaded",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The sender said so.
    Sender = 1,
    /// Its end passed and nobody repeated it.
    Timeout = 2,
    /// Unknown: events were lost.
    Lost = 3,
}

/// An alert in one of its firings.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The public identity.
    pub fingerprint: u64,
    /// The labels.
    pub labels: LabelSet,
    /// When it began; with the labels the identity of the episode.
    pub starts_at_ns: i64,
}

/// What people read of an alert.
#[derive(Debug, Clone)]
pub struct Note {
    /// A JSON object that this crate wrote.
    pub annotations: Arc<str>,
    /// The generator URL, the inside of a JSON string.
    pub generator_url: Arc<str>,
}

/// A group and whom it tells.
#[derive(Debug, Clone)]
pub struct GroupOf {
    /// The public key.
    pub key: Arc<str>,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// The labels that make the group.
    pub labels: LabelSet,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The flush it belongs to.
    pub flush_id: i64,
    /// The integration's type.
    pub integration: String,
    /// Its position among those of its type.
    pub position: u32,
    /// Why somebody had to be told.
    pub reason: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Whether it succeeded.
    pub delivered: bool,
    /// Whether another attempt may help.
    pub retryable: bool,
    /// The kind of failure; empty when delivered.
    pub failure: String,
    /// The answer's status.
    pub status_code: Option<i32>,
    /// How long it took.
    pub latency_us: i64,
    /// What went wrong.
    pub error: String,
    /// Scheme, host and port.
    pub target: String,
    /// The beginning of the request, without secrets.
    pub request: String,
    /// The beginning of the answer, without secrets.
    pub answer: String,
}

/// What happened, with all that belongs to it.
#[derive(Debug, Clone)]
pub enum What {
    /// An alert began to fire; `again` when the same firing ended and goes on.
    Received {
        /// The alert.
        alert: Subject,
        /// What people read of it.
        note: Note,
        /// Whether the same episode had ended before.
        again: bool,
    },
    /// An alert that fires since before: told for whom missed it. No event by itself.
    Announced {
        /// The alert.
        alert: Subject,
        /// What people read of it.
        note: Note,
        /// Its groups.
        groups: Vec<GroupOf>,
    },
    /// A firing alert looks different; `moved_from_ns` when its start moved.
    Changed {
        /// The alert.
        alert: Subject,
        /// What people read of it now.
        note: Note,
        /// Where its start was.
        moved_from_ns: Option<i64>,
    },
    /// An alert ended.
    Resolved {
        /// The alert.
        alert: Subject,
        /// When it ended.
        ends_at_ns: i64,
        /// Why.
        by: EndedBy,
    },
    /// Silences or another alert hold an alert back.
    Suppressed {
        /// The alert.
        alert: Subject,
        /// The cause, a JSON object.
        cause: Arc<str>,
        /// The silences among the causes.
        silences: Vec<Arc<str>>,
    },
    /// What held an alert back does so no more.
    Released {
        /// The alert.
        alert: Subject,
        /// The cause that ended, a JSON object.
        cause: Arc<str>,
    },
    /// An alert went into a group.
    Grouped {
        /// The alert.
        alert: Subject,
        /// The group.
        group: GroupOf,
    },
    /// An interval holds a whole group back, or does so no more.
    Held {
        /// The group.
        group: GroupOf,
        /// The cause, a JSON object.
        cause: Arc<str>,
        /// Whether it ended.
        released: bool,
    },
    /// A group was due and somebody had to be told.
    Flushed {
        /// Its alerts.
        batch: Batch,
        /// Why.
        reason: Arc<str>,
    },
    /// An attempt to deliver.
    Delivery {
        /// The alerts that were told.
        batch: Batch,
        /// The receiver's name.
        receiver: Arc<str>,
        /// Everything else.
        attempt: Box<Attempt>,
    },
    /// A silence was made or changed, or ended.
    Silence {
        /// Which of the three.
        kind: Kind,
        /// The silence as the API shows it.
        body: Arc<str>,
    },
    /// The configuration was loaded again.
    Reloaded {
        /// How it went, a JSON object.
        body: Arc<str>,
    },
}

impl What {
    /// The kind; `None` for what is no event by itself.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Received { .. } => Kind::Received,
            Self::Announced { .. } => return None,
            Self::Changed { .. } => Kind::Changed,
            Self::Resolved { .. } => Kind::Resolved,
            Self::Suppressed { .. }
            | Self::Held {
                released: false, ..
            } => Kind::Suppressed,
            Self::Released { .. } | Self::Held { released: true, .. } => Kind::Released,
            Self::Grouped { .. } => Kind::Grouped,
            Self::Flushed { .. } => Kind::Flushed,
            Self::Delivery { attempt, .. } if attempt.delivered => Kind::Notified,
            Self::Delivery { .. } => Kind::Failed,
            Self::Silence { kind, .. } => *kind,
            Self::Reloaded { .. } => Kind::ConfigReloaded,
        })
    }

    /// The alert it is about, if it is about one.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Received { alert, .. }
            | Self::Announced { alert, .. }
            | Self::Changed { alert, .. }
            | Self::Resolved { alert, .. }
            | Self::Suppressed { alert, .. }
            | Self::Released { alert, .. }
            | Self::Grouped { alert, .. } => Some(alert),
            _ => None,
        }
    }

    /// The alerts of the group it is about, if it is about one.
    pub fn batch(&self) -> Option<&Batch> {
        match self {
            Self::Flushed { batch, .. } | Self::Delivery { batch, .. } => Some(batch),
            _ => None,
        }
    }

    fn note(&self) -> Option<&Note> {
        match self {
            Self::Received { note, .. }
            | Self::Announced { note, .. }
            | Self::Changed { note, .. } => Some(note),
            _ => None,
        }
    }

    /// About how much memory the event holds.
    fn bytes(&self) -> usize {
        let own = match self {
            Self::Received { note, .. }
            | Self::Announced { note, .. }
            | Self::Changed { note, .. } => note.annotations.len() + 128,
            Self::Suppressed { cause, .. } | Self::Released { cause, .. } => cause.len(),
            Self::Flushed { batch, .. } => batch.items().len() * 128,
            Self::Delivery { batch, attempt, .. } => {
                batch.items().len() * 128
                    + attempt.request.len()
                    + attempt.answer.len()
                    + attempt.error.len()
            }
            Self::Silence { body, .. } | Self::Reloaded { body } => body.len(),
            Self::Resolved { .. } | Self::Grouped { .. } | Self::Held { .. } => 0,
        };
        own + 256
    }
}

/// One event.
#[derive(Debug)]
pub struct Event {
    /// Its place: Unix microseconds, made unique and increasing.
    pub seq: i64,
    /// When, Unix nanoseconds.
    pub at_ns: i64,
    /// What.
    pub what: What,
}
