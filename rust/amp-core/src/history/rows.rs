//! Rows of the history, one list a table.

/// The id of a row.
pub type Id = i64;

/// A new series: id, fingerprint, labels, ids of name, severity and namespace, open since, last transition, rate, fires.
pub type NewSeries = (Id, i64, String, Id, Id, Id, Option<i64>, i64, f64, i64);

/// A series as it is now: open since, last transition, rate, fires added, id.
pub type SeriesChange = (Option<i64>, i64, f64, i64, Id);

/// A note: id, hash, alert name, annotations, URL, the URL's hash, words.
pub type NewNote = (Id, i64, String, String, String, Id, String);

/// An event: number, when, kind, series, group, what else it refers to.
pub type EventRow = (i64, i64, i32, Option<Id>, Option<Id>, Option<Id>);

/// An episode that the store may not have.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEpisode {
    /// When it began.
    pub starts_at_ns: i64,
    /// Of which series.
    pub series_id: Id,
    /// The ids of the labels alertname, severity and namespace.
    pub label_ids: [Id; 3],
    /// Its annotations.
    pub note_id: Id,
    /// Everything that moves.
    pub state: EpisodeState,
}

/// What changes in an episode.
// Independent facts, not the states of a machine.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EpisodeState {
    /// When it ended.
    pub ends_at_ns: Option<i64>,
    /// Why it ended, 0 while it is open.
    pub ended_by: i32,
    /// Whether a silence held it back.
    pub silenced: bool,
    /// Whether another alert held it back.
    pub inhibited: bool,
    /// Whether a receiver was told of it.
    pub notified: bool,
    /// Whether an attempt to tell of it failed.
    pub failed: bool,
    /// The highest rate at its transitions.
    pub flap: f64,
}

/// A change of an episode that the store has.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedEpisode {
    /// When it began.
    pub starts_at_ns: i64,
    /// Of which series.
    pub series_id: Id,
    /// Other annotations.
    pub note_id: Option<Id>,
    /// What is set is merged into the row.
    pub state: EpisodeState,
}

/// Everything that some events come to, in the order of writing.
#[derive(Debug, Default, PartialEq)]
pub struct Rows {
    /// Id, name, value.
    pub labels: Vec<(Id, String, String)>,
    /// Id, text.
    pub texts: Vec<(Id, String)>,
    /// Notes that are new.
    pub notes: Vec<NewNote>,
    /// Id, key, receiver, labels.
    pub groups: Vec<(Id, String, String, String)>,
    /// Series that are new.
    pub series_new: Vec<NewSeries>,
    /// Series that changed.
    pub series_changed: Vec<SeriesChange>,
    /// Label, series.
    pub series_labels: Vec<(Id, Id)>,
    /// New start, old start, series.
    pub episodes_moved: Vec<(i64, i64, Id)>,
    /// Episodes that began.
    pub episodes_new: Vec<NewEpisode>,
    /// Episodes that changed.
    pub episodes_changed: Vec<ChangedEpisode>,
    /// Group, start, series.
    pub episode_groups: Vec<(Id, i64, Id)>,
    /// Receiver, start, series.
    pub episode_receivers: Vec<(Id, i64, Id)>,
    /// Silence, start, series.
    pub episode_silences: Vec<(Id, i64, Id)>,
    /// Events.
    pub events: Vec<EventRow>,
    /// Id, group, firing, resolved, alerts.
    pub flushes: Vec<(i64, Id, i64, i64, Vec<u8>)>,
    /// Attempts to deliver: id, group, receiver, and the attempt.
    pub deliveries: Vec<(i64, Id, Id, super::Attempt)>,
}

impl Rows {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.labels.len()
            + self.texts.len()
            + self.notes.len()
            + self.groups.len()
            + self.series_new.len()
            + self.series_changed.len()
            + self.series_labels.len()
            + self.episodes_moved.len()
            + self.episodes_new.len()
            + self.episodes_changed.len()
            + self.episode_groups.len()
            + self.episode_receivers.len()
            + self.episode_silences.len()
            + self.events.len()
            + self.flushes.len()
            + self.deliveries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
