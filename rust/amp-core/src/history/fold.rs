//! From events to rows: which episodes they begin, change and end.

use std::f64::consts::LN_2;

use rustc_hash::{FxHashMap, FxHashSet};

use super::alerts::encode;
use super::identity::{note_hash, row_id};
use super::making::Making;
use super::rows::{EpisodeState, Id, NewEpisode, Rows};
use super::words::words;
use super::{EndedBy, Event, GroupOf, Note, Subject, What};
use crate::engine::Batch;
use crate::engine::batch::{Item, write_labels};
use crate::json;
use crate::labels::LabelSet;
use std::sync::Arc;

/// Series, notes, and other rows that are remembered; beyond, the store is asked again.
const MOST_KNOWN: usize = 200_000;

const HOUR_NS: f64 = 3.6e12;

/// Labels with columns of their own.
const COLUMNS: [&str; 3] = ["alertname", "severity", "namespace"];

/// Annotations that are searched.
const SEARCHED: [&str; 2] = ["summary", "description"];

/// What the store says of a series: fingerprint, id, open since, last transition, rate, ids of its three labels.
pub type KnownSeries = (u64, Id, Option<i64>, i64, f64, Id, Id, Id);

/// What must be looked up before events are folded: fingerprints and hashes of notes.
pub type Unknown = (Vec<u64>, Vec<i64>);

/// What is known of a series.
#[derive(Debug, Clone, Copy)]
struct Series {
    id: Id,
    open_at_ns: Option<i64>,
    last_at_ns: i64,
    flap: f64,
    label_ids: [Id; 3],
    /// The episode of which `told` speaks.
    told_at_ns: i64,
    /// Whether that episode's row says notified, respectively failed.
    told: [bool; 2],
}

impl Series {
    /// Counts a transition: the rate halves each hour.
    fn turn(&mut self, at_ns: i64) {
        let at_ns = at_ns.max(self.last_at_ns);
        #[allow(clippy::cast_precision_loss)]
        let hours = at_ns.saturating_sub(self.last_at_ns) as f64 / HOUR_NS;
        self.flap = self.flap * (-hours).exp2() + LN_2;
        self.last_at_ns = at_ns;
    }
}

/// Turns events into rows. What it remembers holds as long as all rows it gave are written.
#[derive(Debug)]
pub struct Fold {
    next_series: Id,
    next_note: Id,
    series: FxHashMap<u64, Series>,
    notes: FxHashMap<i64, Id>,
    /// Labels, texts and groups that the store has.
    seen: FxHashSet<Id>,
}

impl Fold {
    /// Begins with the ids that are free.
    pub fn new(next_series: Id, next_note: Id) -> Self {
        Self {
            next_series,
            next_note,
            series: FxHashMap::default(),
            notes: FxHashMap::default(),
            seen: FxHashSet::default(),
        }
    }

    /// What must be looked up and learnt before these events are folded.
    pub fn unknown(&mut self, events: &[Arc<Event>]) -> Unknown {
        if self.series.len() > MOST_KNOWN {
            self.series.clear();
        }
        if self.notes.len() > MOST_KNOWN {
            self.notes.clear();
        }
        if self.seen.len() > MOST_KNOWN {
            self.seen.clear();
        }
        let mut fingerprints: FxHashSet<u64> = FxHashSet::default();
        let mut notes: FxHashSet<i64> = FxHashSet::default();
        for event in events {
            if let Some(alert) = event.what.subject() {
                fingerprints.insert(alert.fingerprint);
                if let Some(note) = event.what.note() {
                    notes.insert(hash_of(&alert.labels, note));
                }
            }
            if let Some(batch) = event.what.batch() {
                fingerprints.extend(batch.items().iter().map(|item| item.fingerprint));
            }
            if let What::Flushed { batch, .. } = &event.what {
                notes.extend(batch.items().iter().map(hash_of_item));
            }
        }
        fingerprints.retain(|fingerprint| !self.series.contains_key(fingerprint));
        notes.retain(|hash| !self.notes.contains_key(hash));
        (
            fingerprints.into_iter().collect(),
            notes.into_iter().collect(),
        )
    }

    /// Takes what the store knows.
    pub fn learn(&mut self, series: &[KnownSeries], notes: &[(i64, Id)]) {
        for &(fingerprint, id, open_at_ns, last_at_ns, flap, name, severity, namespace) in series {
            self.series.insert(
                fingerprint,
                Series {
                    id,
                    open_at_ns,
                    last_at_ns,
                    flap,
                    label_ids: [name, severity, namespace],
                    told_at_ns: 0,
                    told: [false; 2],
                },
            );
        }
        self.notes.extend(notes.iter().copied());
    }

    /// Forgets everything but the free ids: rows were not written, or the store dropped some.
    pub fn forget(&mut self) {
        self.series.clear();
        self.notes.clear();
        self.seen.clear();
    }

    /// The rows of events whose unknowns were learnt.
    pub fn rows(&mut self, events: &[Arc<Event>]) -> Rows {
        let mut making = Making::default();
        for event in events {
            self.fold(event, &mut making);
        }
        self.finished(making)
    }

    /// Ends episodes that are open in the store and not firing in the engine: both as fingerprint and start.
    pub fn lost(&mut self, open: &[(u64, i64)], firing: &[(u64, i64)], now_ns: i64) -> Rows {
        let firing: FxHashSet<u64> = firing.iter().map(|(fingerprint, _)| *fingerprint).collect();
        let mut making = Making::default();
        for &(fingerprint, starts_at_ns) in open {
            if firing.contains(&fingerprint) {
                continue;
            }
            let ends_at_ns = now_ns.max(starts_at_ns);
            self.end(
                fingerprint,
                starts_at_ns,
                ends_at_ns,
                EndedBy::Lost,
                &mut making,
            );
        }
        self.finished(making)
    }

    fn fold(&mut self, event: &Event, making: &mut Making) {
        let refers = match &event.what {
            What::Received { alert, note, again } => {
                let Some(refers) = self.received(alert, note, *again, making) else {
                    return;
                };
                refers
            }
            What::Announced {
                alert,
                note,
                groups,
            } => {
                self.received(alert, note, false, making);
                for group in groups {
                    self.grouped(alert, group, making);
                }
                return;
            }
            What::Changed {
                alert,
                note,
                moved_from_ns,
            } => {
                if let Some(from_ns) = moved_from_ns {
                    self.moved(alert, *from_ns, making);
                }
                let id = self.note(&alert.labels, note, making);
                let series = self.open_series(alert, making);
                making.annotate(series.id, alert.starts_at_ns, id);
                Refers::series(series.id, Some(id))
            }
            What::Resolved {
                alert,
                ends_at_ns,
                by,
            } => {
                let series = self.open_series(alert, making);
                self.end(
                    alert.fingerprint,
                    alert.starts_at_ns,
                    *ends_at_ns,
                    *by,
                    making,
                );
                Refers::series(series.id, Some(*by as i64))
            }
            What::Suppressed {
                alert,
                cause,
                silences,
            } => {
                let series = self.open_series(alert, making);
                let state = making.change(series.id, alert.starts_at_ns);
                if silences.is_empty() {
                    state.inhibited = true;
                } else {
                    state.silenced = true;
                }
                for id in silences {
                    let id = self.text(id, making);
                    let link = (id, alert.starts_at_ns, series.id);
                    making.rows.episode_silences.push(link);
                }
                Refers::series(series.id, Some(self.text(cause, making)))
            }
            What::Released { alert, cause } => {
                let series = self.open_series(alert, making);
                Refers::series(series.id, Some(self.text(cause, making)))
            }
            What::Grouped { alert, group } => {
                let (series_id, group_id) = self.grouped(alert, group, making);
                Refers {
                    series: Some(series_id),
                    group: Some(group_id),
                    other: None,
                }
            }
            What::Held { group, cause, .. } => {
                let group = self.group(group, making);
                Refers::group(group, Some(self.text(cause, making)))
            }
            What::Flushed { batch, reason } => {
                let group = self.flushed(event.seq, batch, making);
                Refers::group(group, Some(self.text(reason, making)))
            }
            What::Delivery {
                batch,
                receiver,
                attempt,
            } => {
                let group = self.group(&group_of(batch), making);
                let receiver = self.text(receiver, making);
                self.told(batch, attempt.delivered, making);
                let row = (event.seq, group, receiver, (**attempt).clone());
                making.rows.deliveries.push(row);
                Refers::group(group, None)
            }
            What::Silence { body, .. } | What::Reloaded { body } => Refers {
                series: None,
                group: None,
                other: Some(self.text(body, making)),
            },
        };
        let kind = event.what.kind().map_or(0, |kind| kind as i32);
        let row = (
            event.seq,
            event.at_ns,
            kind,
            refers.series,
            refers.group,
            refers.other,
        );
        making.rows.events.push(row);
    }

    /// Begins an episode, unless it is open; what its event refers to.
    fn received(
        &mut self,
        alert: &Subject,
        note: &Note,
        again: bool,
        making: &mut Making,
    ) -> Option<Refers> {
        let before = self.ensure(alert, making);
        let starts_at_ns = alert.starts_at_ns;
        if before.open_at_ns == Some(starts_at_ns) {
            return None;
        }
        if let Some(open_at_ns) = before.open_at_ns {
            // Its end was lost.
            let ends_at_ns = starts_at_ns.max(open_at_ns);
            self.end(
                alert.fingerprint,
                open_at_ns,
                ends_at_ns,
                EndedBy::Lost,
                making,
            );
        }
        let note_id = self.note(&alert.labels, note, making);
        let series = self.begin(alert, !again, making)?;
        let state = EpisodeState {
            flap: series.flap,
            ..EpisodeState::default()
        };
        making.begin(NewEpisode {
            starts_at_ns,
            series_id: series.id,
            label_ids: series.label_ids,
            note_id,
            state,
        });
        Some(Refers::series(series.id, Some(note_id)))
    }

    /// Opens a series.
    fn begin(&mut self, alert: &Subject, counts: bool, making: &mut Making) -> Option<Series> {
        let series = self.series.get_mut(&alert.fingerprint)?;
        series.turn(alert.starts_at_ns);
        series.open_at_ns = Some(alert.starts_at_ns);
        series.told_at_ns = alert.starts_at_ns;
        series.told = [false; 2];
        *making.changed.entry(alert.fingerprint).or_default() += i64::from(counts);
        Some(*series)
    }

    /// Ends an episode.
    fn end(
        &mut self,
        fingerprint: u64,
        starts_at_ns: i64,
        ends_at_ns: i64,
        by: EndedBy,
        making: &mut Making,
    ) {
        let Some(series) = self.series.get_mut(&fingerprint) else {
            return;
        };
        series.turn(ends_at_ns);
        if series.open_at_ns == Some(starts_at_ns) {
            series.open_at_ns = None;
        }
        let (id, flap) = (series.id, series.flap);
        making.changed.entry(fingerprint).or_default();
        let state = making.change(id, starts_at_ns);
        state.ends_at_ns = Some(ends_at_ns.max(starts_at_ns));
        state.ended_by = by as i32;
        state.flap = state.flap.max(flap);
    }

    /// The series of an alert, with the episode that the event speaks of: made up when its beginning was lost.
    fn open_series(&mut self, alert: &Subject, making: &mut Making) -> Series {
        let series = self.ensure(alert, making);
        if series.last_at_ns == i64::MIN {
            let empty = Note {
                annotations: "{}".into(),
                generator_url: "".into(),
            };
            self.received(alert, &empty, false, making);
            return self.ensure(alert, making);
        }
        series
    }

    /// The series of an alert, new if it must be.
    fn ensure(&mut self, alert: &Subject, making: &mut Making) -> Series {
        if let Some(series) = self.series.get(&alert.fingerprint) {
            return *series;
        }
        let id = self.next_series;
        self.next_series += 1;
        let label_ids = COLUMNS.map(|name| {
            alert
                .labels
                .get(name)
                .map_or(0, |value| row_id(&["label", name, value]))
        });
        let series = Series {
            id,
            open_at_ns: None,
            last_at_ns: i64::MIN,
            flap: 0.0,
            label_ids,
            told_at_ns: 0,
            told: [false; 2],
        };
        self.series.insert(alert.fingerprint, series);
        making
            .new
            .insert(alert.fingerprint, making.rows.series_new.len());
        for label in &alert.labels {
            let label_id = row_id(&["label", &label.name, &label.value]);
            making.rows.series_labels.push((label_id, id));
            if self.seen.insert(label_id) {
                let row = (label_id, label.name.to_string(), label.value.to_string());
                making.rows.labels.push(row);
            }
        }
        let mut labels = String::with_capacity(256);
        write_labels(&mut labels, &alert.labels);
        let fingerprint = alert.fingerprint.cast_signed();
        let [name, severity, namespace] = label_ids;
        let row = (
            id,
            fingerprint,
            labels,
            name,
            severity,
            namespace,
            None,
            0,
            0.0,
            0,
        );
        making.rows.series_new.push(row);
        series
    }

    /// The start of an open episode moved.
    fn moved(&mut self, alert: &Subject, from_ns: i64, making: &mut Making) {
        let to_ns = alert.starts_at_ns;
        let Some(series) = self.series.get_mut(&alert.fingerprint) else {
            return;
        };
        if series.open_at_ns != Some(from_ns) {
            return;
        }
        series.open_at_ns = Some(to_ns);
        series.told_at_ns = to_ns;
        making.changed.entry(alert.fingerprint).or_default();
        let id = series.id;
        making.move_episode(id, from_ns, to_ns);
    }

    fn grouped(&mut self, alert: &Subject, group: &GroupOf, making: &mut Making) -> (Id, Id) {
        let series = self.open_series(alert, making);
        let group_id = self.group(group, making);
        let receiver = self.text(&group.receiver, making);
        let (starts, id) = (alert.starts_at_ns, series.id);
        making.rows.episode_groups.push((group_id, starts, id));
        making.rows.episode_receivers.push((receiver, starts, id));
        (id, group_id)
    }

    fn flushed(&mut self, seq: i64, batch: &Batch, making: &mut Making) -> Id {
        let group = self.group(&group_of(batch), making);
        let mut alerts = Vec::with_capacity(batch.items().len());
        for item in batch.items() {
            let note = Note {
                annotations: Arc::clone(&item.annotations),
                generator_url: Arc::clone(&item.generator_url),
            };
            let alert = subject(item);
            let series = self.open_series(&alert, making);
            let note_id = self.note(&item.labels, &note, making);
            let ends_at_ns = if item.firing {
                0
            } else {
                item.ends_at.unix_ns()
            };
            alerts.push((series.id, alert.starts_at_ns, ends_at_ns, note_id));
        }
        let count = |hashes: &[u64]| i64::try_from(hashes.len()).unwrap_or(i64::MAX);
        let (firing, resolved) = (count(batch.firing_hashes()), count(batch.resolved_hashes()));
        making
            .rows
            .flushes
            .push((seq, group, firing, resolved, encode(&alerts)));
        group
    }

    /// Marks the episodes of a batch, each once.
    fn told(&mut self, batch: &Batch, delivered: bool, making: &mut Making) {
        for item in batch.items() {
            let starts_at_ns = item.starts_at.unix_ns();
            let Some(series) = self.series.get_mut(&item.fingerprint) else {
                continue;
            };
            if series.told_at_ns != starts_at_ns {
                series.told_at_ns = starts_at_ns;
                series.told = [false; 2];
            }
            let which = usize::from(!delivered);
            if std::mem::replace(&mut series.told[which], true) {
                continue;
            }
            let id = series.id;
            let state = making.change(id, starts_at_ns);
            if delivered {
                state.notified = true;
            } else {
                state.failed = true;
            }
        }
    }

    fn note(&mut self, labels: &LabelSet, note: &Note, making: &mut Making) -> Id {
        let hash = hash_of(labels, note);
        if let Some(id) = self.notes.get(&hash) {
            return *id;
        }
        let id = self.next_note;
        self.next_note += 1;
        self.notes.insert(hash, id);
        let name = labels.get("alertname").unwrap_or_default();
        let url = json::unescape(&note.generator_url);
        let mut text = name.to_owned();
        for (key, value) in json::read_object(&note.annotations) {
            if SEARCHED.contains(&&*key) {
                text.push(' ');
                text.push_str(&value);
            }
        }
        let row = (
            id,
            hash,
            name.to_owned(),
            note.annotations.to_string(),
            url.clone(),
            row_id(&["url", &url]),
            words(&text).join(" "),
        );
        making.rows.notes.push(row);
        id
    }

    fn text(&mut self, body: &str, making: &mut Making) -> Id {
        let id = row_id(&["text", body]);
        if self.seen.insert(id) {
            making.rows.texts.push((id, body.to_owned()));
        }
        id
    }

    fn group(&mut self, group: &GroupOf, making: &mut Making) -> Id {
        let id = row_id(&["group", &group.key, &group.receiver]);
        if self.seen.insert(id) {
            let mut labels = String::new();
            write_labels(&mut labels, &group.labels);
            let row = (
                id,
                group.key.to_string(),
                group.receiver.to_string(),
                labels,
            );
            making.rows.groups.push(row);
        }
        id
    }

    /// Fills in what series came to.
    fn finished(&self, making: Making) -> Rows {
        let Making {
            mut rows,
            changed,
            new,
            ..
        } = making;
        for (fingerprint, fires) in changed {
            let Some(series) = self.series.get(&fingerprint) else {
                continue;
            };
            if let Some(row) = new
                .get(&fingerprint)
                .and_then(|at| rows.series_new.get_mut(*at))
            {
                (row.6, row.7, row.8, row.9) =
                    (series.open_at_ns, series.last_at_ns, series.flap, fires);
            } else {
                let row = (
                    series.open_at_ns,
                    series.last_at_ns,
                    series.flap,
                    fires,
                    series.id,
                );
                rows.series_changed.push(row);
            }
        }
        rows
    }
}

/// What the row of an event refers to.
struct Refers {
    series: Option<Id>,
    group: Option<Id>,
    other: Option<i64>,
}

impl Refers {
    fn series(id: Id, other: Option<i64>) -> Self {
        Self {
            series: Some(id),
            group: None,
            other,
        }
    }

    fn group(id: Id, other: Option<i64>) -> Self {
        Self {
            series: None,
            group: Some(id),
            other,
        }
    }
}

fn hash_of(labels: &LabelSet, note: &Note) -> i64 {
    let name = labels.get("alertname").unwrap_or_default();
    note_hash(name, &note.annotations, &note.generator_url)
}

fn hash_of_item(item: &Item) -> i64 {
    let name = item.labels.get("alertname").unwrap_or_default();
    note_hash(name, &item.annotations, &item.generator_url)
}

fn subject(item: &Item) -> Subject {
    Subject {
        fingerprint: item.fingerprint,
        labels: item.labels.clone(),
        starts_at_ns: item.starts_at.unix_ns(),
    }
}

fn group_of(batch: &Batch) -> GroupOf {
    GroupOf {
        key: Arc::clone(&batch.head.group_key),
        receiver: Arc::clone(&batch.head.receiver),
        labels: batch.head.group_labels.clone(),
    }
}
