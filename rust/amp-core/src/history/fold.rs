//! From events to rows: which episodes they begin, change and end.

use std::f64::consts::LN_2;

use rustc_hash::{FxHashMap, FxHashSet};

use super::alerts::encode;
use super::making::Making;
use super::rows::{EpisodeState, Id, NewEpisode, Rows};
use super::{EndedBy, Event, GroupOf, Note, Subject, What};
use crate::engine::Batch;
use crate::engine::batch::Item;
use std::sync::Arc;

const HOUR_NS: f64 = 3.6e12;

/// What is known of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    pub(super) id: Id,
    pub(super) open_at_ns: Option<i64>,
    pub(super) last_at_ns: i64,
    pub(super) flap: f64,
    pub(super) label_ids: [Id; 3],
    /// The episode of which `told` speaks.
    pub(super) told_at_ns: i64,
    /// Whether that episode's row says notified, respectively failed.
    pub(super) told: [bool; 2],
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
    pub(super) next_series: Id,
    pub(super) next_note: Id,
    pub(super) series: FxHashMap<u64, Series>,
    pub(super) notes: FxHashMap<i64, Id>,
    /// Labels, texts and groups that the store has.
    pub(super) seen: FxHashSet<Id>,
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
            } => self.changed(alert, note, *moved_from_ns, making),
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
            } => self.suppressed(alert, cause, silences, making),
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

    fn changed(
        &mut self,
        alert: &Subject,
        note: &Note,
        moved_from_ns: Option<i64>,
        making: &mut Making,
    ) -> Refers {
        if let Some(from_ns) = moved_from_ns {
            self.moved(alert, from_ns, making);
        }
        let id = self.note(&alert.labels, note, making);
        let series = self.open_series(alert, making);
        making.annotate(series.id, alert.starts_at_ns, id);
        Refers::series(series.id, Some(id))
    }

    fn suppressed(
        &mut self,
        alert: &Subject,
        cause: &str,
        silences: &[Arc<str>],
        making: &mut Making,
    ) -> Refers {
        let series = self.open_series(alert, making);
        let state = making.change(series.id, alert.starts_at_ns);
        if silences.is_empty() {
            state.inhibited = true;
        } else {
            state.silenced = true;
        }
        for id in silences {
            let link = (self.text(id, making), alert.starts_at_ns, series.id);
            making.rows.episode_silences.push(link);
        }
        Refers::series(series.id, Some(self.text(cause, making)))
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
        // In the order of their keys they touch each page of the store once.
        rows.labels
            .sort_unstable_by(|a, b| (&a.1, &a.2).cmp(&(&b.1, &b.2)));
        rows.series_labels.sort_unstable();
        rows.episode_groups.sort_unstable();
        rows.episode_receivers.sort_unstable();
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
