//! The journal.

use std::sync::Arc;
use std::time::Duration;

use amp_core::history::{Attempt, Event, Journal, Kind, What};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::PyBatch;
use crate::matcher::{PyMatcher, matchers};

/// The longest wait; a thread that waits wakes from time to time anyway.
const MAX_WAIT_SECONDS: f64 = 3600.0;

#[pyclass(name = "Journal", module = "amp._core", frozen)]
pub(crate) struct PyJournal(pub(crate) Arc<Journal>);

fn kind(name: &str) -> PyResult<Kind> {
    Kind::parse(name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown kind of event {name:?}")))
}

#[pymethods]
impl PyJournal {
    #[new]
    fn new(max_bytes: usize, kept_bytes: usize) -> Self {
        Self(Arc::new(Journal::new(max_bytes, kept_bytes)))
    }

    fn take(&self, py: Python<'_>, limit: usize, wait_seconds: f64) -> PyDrained {
        let wait = Duration::from_secs_f64(wait_seconds.clamp(0.0, MAX_WAIT_SECONDS));
        PyDrained(py.detach(|| self.0.take(limit, wait)))
    }

    fn missed(&self) -> u64 {
        self.0.missed()
    }

    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn size_bytes(&self) -> usize {
        self.0.bytes()
    }

    fn wake(&self) {
        self.0.wake();
    }

    fn last_seq(&self) -> i64 {
        self.0.last_seq()
    }

    fn write_to_history(&self, wanted: bool) {
        self.0.write_to_history(wanted);
    }

    #[allow(clippy::type_complexity)]
    fn read<'py>(
        &self,
        py: Python<'py>,
        after_seq: i64,
        limit: usize,
        kinds: Option<Vec<String>>,
        matchers: Vec<PyMatcher>,
    ) -> PyResult<(Vec<(i64, Bound<'py, PyBytes>)>, i64, bool)> {
        let kinds = kinds.unwrap_or_default();
        let kinds: Vec<Kind> = kinds
            .iter()
            .map(|name| kind(name))
            .collect::<PyResult<_>>()?;
        let matchers = self::matchers(matchers);
        let page = py.detach(|| self.0.read(after_seq, limit, &kinds, &matchers));
        let frames = page
            .frames
            .into_iter()
            .map(|(seq, line)| (seq, PyBytes::new(py, line.as_bytes())))
            .collect();
        Ok((frames, page.cursor, page.gap))
    }

    /// The body is the silence as the API shows it; it has the id.
    #[allow(unused_variables)]
    fn silence(&self, kind: &str, id: &str, body: &str, now_ns: i64) -> PyResult<i64> {
        let kind = self::kind(kind)?;
        let body = body.into();
        Ok(self.0.add(now_ns, What::Silence { kind, body }))
    }

    fn reloaded(&self, body: &str, now_ns: i64) -> i64 {
        self.0.add(now_ns, What::Reloaded { body: body.into() })
    }

    fn held(&self, batch: &PyBatch, by: &str, names: Vec<String>, now_ns: i64) {
        self.0
            .held(batch.0.head.group_id, batch.0.group(), by, &names, now_ns);
    }

    fn flushed(&self, batch: &PyBatch, reason: &str, now_ns: i64) -> i64 {
        let flushed = What::Flushed {
            batch: batch.0.clone(),
            reason: reason.into(),
        };
        self.0.add(now_ns, flushed)
    }

    #[pyo3(signature = (batch, *, flush_id, receiver, integration, position, reason, attempt, delivered,
        retryable, failure, status_code, latency_seconds, error, target, request, answer, now_ns))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)]
    fn delivered(
        &self,
        batch: &PyBatch,
        flush_id: i64,
        receiver: &str,
        integration: String,
        position: u32,
        reason: String,
        attempt: u32,
        delivered: bool,
        retryable: bool,
        failure: String,
        status_code: Option<i32>,
        latency_seconds: f64,
        error: String,
        target: String,
        request: String,
        answer: String,
        now_ns: i64,
    ) -> i64 {
        let latency = Duration::try_from_secs_f64(latency_seconds).unwrap_or_default();
        let attempt = Attempt {
            flush_id,
            integration,
            position,
            reason,
            attempt,
            delivered,
            retryable,
            failure,
            status_code,
            latency_us: i64::try_from(latency.as_micros()).unwrap_or(i64::MAX),
            error,
            target,
            request,
            answer,
        };
        let delivery = What::Delivery {
            batch: batch.0.clone(),
            receiver: receiver.into(),
            attempt: Box::new(attempt),
        };
        self.0.add(now_ns, delivery)
    }
}

#[pyclass(name = "Drained", module = "amp._core", frozen)]
pub(crate) struct PyDrained(pub(crate) Vec<Arc<Event>>);

#[pymethods]
impl PyDrained {
    #[getter]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn last_seq(&self) -> i64 {
        self.0.last().map_or(0, |event| event.seq)
    }

    #[getter]
    fn first_at_ns(&self) -> i64 {
        self.0.first().map_or(0, |event| event.at_ns)
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyJournal>()?;
    module.add_class::<PyDrained>()
}
