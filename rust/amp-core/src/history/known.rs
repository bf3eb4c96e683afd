//! What the fold remembers of the store, and the rows that names come to.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::fold::{Fold, Series};
use super::identity::{note_hash, row_id};
use super::making::Making;
use super::rows::Id;
use super::words::words;
use super::{Event, GroupOf, Note, Subject, What};
use crate::engine::batch::{Item, write_labels};
use crate::json;
use crate::labels::LabelSet;

/// Series, notes, and other rows that are remembered; beyond, the store is asked again.
const MOST_KNOWN: usize = 200_000;

/// Labels with columns of their own.
const COLUMNS: [&str; 3] = ["alertname", "severity", "namespace"];

/// Annotations that are searched.
const SEARCHED: [&str; 2] = ["summary", "description"];

/// What the store says of a series: fingerprint, id, open since, last transition, rate, ids of its three labels.
pub type KnownSeries = (u64, Id, Option<i64>, i64, f64, Id, Id, Id);

/// What must be looked up before events are folded: fingerprints and hashes of notes.
pub type Unknown = (Vec<u64>, Vec<i64>);

impl Fold {
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

    /// The series of an alert, new if it must be.
    pub(super) fn ensure(&mut self, alert: &Subject, making: &mut Making) -> Series {
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

    pub(super) fn note(&mut self, labels: &LabelSet, note: &Note, making: &mut Making) -> Id {
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

    pub(super) fn text(&mut self, body: &str, making: &mut Making) -> Id {
        let id = row_id(&["text", body]);
        if self.seen.insert(id) {
            making.rows.texts.push((id, body.to_owned()));
        }
        id
    }

    pub(super) fn group(&mut self, group: &GroupOf, making: &mut Making) -> Id {
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
}

fn hash_of(labels: &LabelSet, note: &Note) -> i64 {
    let name = labels.get("alertname").unwrap_or_default();
    note_hash(name, &note.annotations, &note.generator_url)
}

fn hash_of_item(item: &Item) -> i64 {
    let name = item.labels.get("alertname").unwrap_or_default();
    note_hash(name, &item.annotations, &item.generator_url)
}
