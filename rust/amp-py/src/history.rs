//! The rows that the history is made of.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use amp_core::history::{
    self, Attempt, ChangedEpisode, Fold, Id, KnownSeries, NewEpisode, Rows, SeriesChange,
    StoredEpisode, TellAlert,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::error::python_error;
use crate::journal::PyDrained;

/// A signed fingerprint as the core has it.
fn unsigned(fingerprint: i64) -> u64 {
    fingerprint.cast_unsigned()
}

/// A series as Python looked it up; its fingerprint is signed.
type Series = (i64, Id, Option<i64>, i64, f64, Id, Id, Id);

fn known(row: Series) -> KnownSeries {
    (
        unsigned(row.0),
        row.1,
        row.2,
        row.3,
        row.4,
        row.5,
        row.6,
        row.7,
    )
}

#[pyclass(name = "Fold", module = "amp._core", frozen)]
struct PyFold(Mutex<Fold>);

impl PyFold {
    fn with<T: Send>(&self, py: Python<'_>, run: impl FnOnce(&mut Fold) -> T + Send) -> T {
        py.detach(|| run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl PyFold {
    #[new]
    fn new(next_series_id: Id, next_note_id: Id) -> Self {
        Self(Mutex::new(Fold::new(next_series_id, next_note_id)))
    }

    fn unknown(&self, py: Python<'_>, drained: &PyDrained) -> (Vec<i64>, Vec<i64>) {
        self.with(py, |fold| {
            let (fingerprints, notes) = fold.unknown(&drained.0);
            let signed = fingerprints.into_iter().map(u64::cast_signed).collect();
            (signed, notes)
        })
    }

    fn learn(&self, py: Python<'_>, series: Vec<Series>, notes: Vec<(i64, Id)>) {
        let series: Vec<KnownSeries> = series.into_iter().map(known).collect();
        self.with(py, |fold| fold.learn(&series, &notes));
    }

    fn rows(&self, py: Python<'_>, drained: &PyDrained) -> PyRows {
        PyRows(self.with(py, |fold| fold.rows(&drained.0)))
    }

    fn lost(
        &self,
        py: Python<'_>,
        open_rows: Vec<(i64, i64)>,
        firing: Vec<(i64, i64)>,
        now_ns: i64,
    ) -> PyRows {
        let core = |rows: Vec<(i64, i64)>| -> Vec<(u64, i64)> {
            rows.into_iter()
                .map(|(fingerprint, at_ns)| (unsigned(fingerprint), at_ns))
                .collect()
        };
        let (open, firing) = (core(open_rows), core(firing));
        PyRows(self.with(py, |fold| fold.lost(&open, &firing, now_ns)))
    }

    fn forget(&self, py: Python<'_>) {
        self.with(py, Fold::forget);
    }
}

#[pyclass(name = "HistoryRows", module = "amp._core", frozen)]
struct PyRows(Rows);

#[derive(IntoPyObject)]
struct EpisodeTuple(
    i64,
    Id,
    Option<i64>,
    i32,
    Id,
    i32,
    i32,
    i32,
    i32,
    f64,
    Id,
    Id,
    Id,
);
type EpisodeChange = (
    Option<i64>,
    i32,
    Option<Id>,
    i32,
    i32,
    i32,
    i32,
    f64,
    i64,
    Id,
);
#[derive(IntoPyObject)]
struct DeliveryTuple(
    i64,
    i64,
    Id,
    Id,
    String,
    u32,
    String,
    u32,
    i32,
    i32,
    String,
    Option<i32>,
    i64,
    String,
    String,
    String,
    String,
);

fn episode(row: &NewEpisode) -> EpisodeTuple {
    let (state, [name, severity, namespace]) = (&row.state, row.label_ids);
    EpisodeTuple(
        row.starts_at_ns,
        row.series_id,
        state.ends_at_ns,
        state.ended_by,
        row.note_id,
        i32::from(state.silenced),
        i32::from(state.inhibited),
        i32::from(state.notified),
        i32::from(state.failed),
        state.flap,
        name,
        severity,
        namespace,
    )
}

fn change(row: &ChangedEpisode) -> EpisodeChange {
    let state = &row.state;
    (
        state.ends_at_ns,
        state.ended_by,
        row.note_id,
        i32::from(state.silenced),
        i32::from(state.inhibited),
        i32::from(state.notified),
        i32::from(state.failed),
        state.flap,
        row.starts_at_ns,
        row.series_id,
    )
}

fn delivery((id, group, receiver, attempt): &(i64, Id, Id, Attempt)) -> DeliveryTuple {
    let attempt = attempt.clone();
    DeliveryTuple(
        *id,
        attempt.flush_id,
        *group,
        *receiver,
        attempt.integration,
        attempt.position,
        attempt.reason,
        attempt.attempt,
        i32::from(attempt.delivered),
        i32::from(attempt.retryable),
        attempt.failure,
        attempt.status_code,
        attempt.latency_us,
        attempt.error,
        attempt.target,
        attempt.request,
        attempt.answer,
    )
}

#[pymethods]
impl PyRows {
    #[getter]
    fn labels(&self) -> Vec<(Id, &str, &str)> {
        let rows = self.0.labels.iter();
        rows.map(|(id, name, value)| (*id, &**name, &**value))
            .collect()
    }

    #[getter]
    fn texts(&self) -> Vec<(Id, &str)> {
        self.0
            .texts
            .iter()
            .map(|(id, body)| (*id, &**body))
            .collect()
    }

    #[getter]
    fn notes(&self) -> Vec<(Id, i64, &str, &str, &str, Id, &str)> {
        let rows = self.0.notes.iter();
        rows.map(|row| (row.0, row.1, &*row.2, &*row.3, &*row.4, row.5, &*row.6))
            .collect()
    }

    #[getter]
    fn groups(&self) -> Vec<(Id, &str, &str, &str)> {
        let rows = self.0.groups.iter();
        rows.map(|(id, key, receiver, labels)| (*id, &**key, &**receiver, &**labels))
            .collect()
    }

    #[getter]
    #[allow(clippy::type_complexity)]
    fn series_new(&self) -> Vec<(Id, i64, &str, Id, Id, Id, Option<i64>, i64, f64, i64)> {
        let rows = self.0.series_new.iter();
        rows.map(|row| {
            (
                row.0, row.1, &*row.2, row.3, row.4, row.5, row.6, row.7, row.8, row.9,
            )
        })
        .collect()
    }

    #[getter]
    fn series_changed(&self) -> Vec<SeriesChange> {
        self.0.series_changed.clone()
    }

    #[getter]
    fn series_labels(&self) -> Vec<(Id, Id)> {
        self.0.series_labels.clone()
    }

    #[getter]
    fn episodes_moved(&self) -> Vec<(i64, i64, Id)> {
        self.0.episodes_moved.clone()
    }

    #[getter]
    fn episodes_new(&self) -> Vec<EpisodeTuple> {
        self.0.episodes_new.iter().map(episode).collect()
    }

    #[getter]
    fn episodes_changed(&self) -> Vec<EpisodeChange> {
        self.0.episodes_changed.iter().map(change).collect()
    }

    #[getter]
    fn episode_groups(&self) -> Vec<(Id, i64, Id)> {
        self.0.episode_groups.clone()
    }

    #[getter]
    fn episode_receivers(&self) -> Vec<(Id, i64, Id)> {
        self.0.episode_receivers.clone()
    }

    #[getter]
    fn episode_silences(&self) -> Vec<(Id, i64, Id)> {
        self.0.episode_silences.clone()
    }

    #[getter]
    #[allow(clippy::type_complexity)]
    fn events(&self) -> Vec<(i64, i64, i32, Option<Id>, Option<Id>, Option<i64>)> {
        self.0.events.clone()
    }

    #[getter]
    fn flushes<'py>(&self, py: Python<'py>) -> Vec<(i64, Id, i64, i64, Bound<'py, PyBytes>)> {
        let rows = self.0.flushes.iter();
        rows.map(|(id, group, firing, resolved, alerts)| {
            (*id, *group, *firing, *resolved, PyBytes::new(py, alerts))
        })
        .collect()
    }

    #[getter]
    fn deliveries(&self) -> Vec<DeliveryTuple> {
        self.0.deliveries.iter().map(delivery).collect()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

#[pyfunction]
#[pyo3(signature = (*parts))]
fn history_id(parts: Vec<String>) -> Id {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    history::row_id(&parts)
}

/// An episode as a question's row has it.
struct EpisodeRow(StoredEpisode);

impl<'py> FromPyObject<'_, 'py> for EpisodeRow {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let row = object.cast::<PyTuple>()?;
        let flag = |at: usize| -> PyResult<bool> { Ok(row.get_item(at)?.extract::<i64>()? != 0) };
        Ok(Self(StoredEpisode {
            starts_at_ns: row.get_item(0)?.extract()?,
            series_id: row.get_item(1)?.extract()?,
            ends_at_ns: row.get_item(2)?.extract()?,
            ended_by: row.get_item(3)?.extract()?,
            silenced: flag(4)?,
            inhibited: flag(5)?,
            notified: flag(6)?,
            failed: flag(7)?,
            flap: row.get_item(8)?.extract()?,
            fingerprint: unsigned(row.get_item(9)?.extract()?),
            labels: row.get_item(10)?.extract()?,
            fires: row.get_item(11)?.extract()?,
            annotations: row.get_item(12)?.extract()?,
            generator_url: row.get_item(13)?.extract()?,
            receivers: row.get_item(14)?.extract()?,
        }))
    }
}

#[pyfunction]
fn episodes_json(
    py: Python<'_>,
    rows: Vec<EpisodeRow>,
    fires: Option<HashMap<Id, i64>>,
    now_ns: i64,
) -> PyResult<Vec<Bound<'_, PyBytes>>> {
    let texts = py.detach(|| {
        rows.into_iter()
            .map(|EpisodeRow(mut episode)| {
                if let Some(fires) = &fires {
                    episode.fires = fires.get(&episode.series_id).copied().unwrap_or_default();
                }
                history::shown(&episode, now_ns)
            })
            .collect::<Result<Vec<String>, _>>()
    });
    let texts = texts.map_err(python_error)?;
    Ok(texts
        .iter()
        .map(|text| PyBytes::new(py, text.as_bytes()))
        .collect())
}

#[pyfunction]
fn history_words(text: &str) -> Vec<String> {
    history::words(text)
}

#[pyfunction]
fn history_note_hash(alert_name: &str, annotations: &str, generator_url: &str) -> i64 {
    let mut url = String::new();
    amp_core::json::write_escaped(&mut url, generator_url);
    history::note_hash(alert_name, annotations, &url)
}

#[pyfunction]
fn flush_alerts(blob: &[u8]) -> PyResult<Vec<TellAlert>> {
    history::decode_alerts(blob).map_err(python_error)
}

#[pyfunction]
fn flush_alerts_blob(py: Python<'_>, alerts: Vec<TellAlert>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &history::encode_alerts(&alerts))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFold>()?;
    module.add_class::<PyRows>()?;
    module.add_function(wrap_pyfunction!(history_id, module)?)?;
    module.add_function(wrap_pyfunction!(history_words, module)?)?;
    module.add_function(wrap_pyfunction!(episodes_json, module)?)?;
    module.add_function(wrap_pyfunction!(history_note_hash, module)?)?;
    module.add_function(wrap_pyfunction!(flush_alerts, module)?)?;
    module.add_function(wrap_pyfunction!(flush_alerts_blob, module)?)
}
