//! Events and the queue they wait in.

use std::sync::Arc;
use std::time::Duration;

use amp_core::event::{self, Kind};
use amp_core::time::Time;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::PyBatch;
use crate::snapshot::{Record, from_python};

/// The longest wait; a thread that waits wakes from time to time anyway.
const MAX_WAIT_SECONDS: f64 = 3600.0;

#[pyclass(name = "EventQueue", module = "amp._core", frozen)]
pub(crate) struct PyEventQueue(pub(crate) Arc<event::EventQueue>);

fn kind(name: &str) -> PyResult<Kind> {
    Kind::parse(name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown kind of event {name:?}")))
}

#[pymethods]
impl PyEventQueue {
    #[new]
    fn new(instance: &str, seed: [u8; 16], max_bytes: usize) -> Self {
        Self(Arc::new(event::EventQueue::new(instance, seed, max_bytes)))
    }

    fn record(&self, name: &str, payload: &str, now_ns: i64) -> PyResult<()> {
        self.0
            .record(kind(name)?, Time::from_unix_ns(now_ns), payload);
        Ok(())
    }

    #[pyo3(signature = (batch, flushed, *, reason, repeat_interval_ns, integration, index, now_ns))]
    #[allow(clippy::too_many_arguments)]
    fn record_notification(
        &self,
        py: Python<'_>,
        batch: &PyBatch,
        flushed: &PyBatch,
        reason: &str,
        repeat_interval_ns: i64,
        integration: &str,
        index: u64,
        now_ns: i64,
    ) {
        py.detach(|| {
            let payload = batch.0.notification_event(
                &flushed.0,
                reason,
                repeat_interval_ns,
                integration,
                index,
            );
            let now = Time::from_unix_ns(now_ns);
            self.0.record(Kind::Notification, now, &payload);
        });
    }

    fn take<'py>(
        &self,
        py: Python<'py>,
        limit: usize,
        wait_seconds: f64,
    ) -> Vec<(&'static str, i64, Bound<'py, PyBytes>)> {
        let wait = Duration::from_secs_f64(wait_seconds.clamp(0.0, MAX_WAIT_SECONDS));
        let taken = py.detach(|| self.0.take(limit, wait));
        taken
            .into_iter()
            .map(|event| {
                let line = PyBytes::new(py, event.line.as_bytes());
                (event.kind.name(), event.at_ns, line)
            })
            .collect()
    }

    fn wake(&self) {
        self.0.wake();
    }

    fn take_drops(&self) -> Vec<(&'static str, u64)> {
        let drops = self.0.take_drops();
        drops
            .into_iter()
            .map(|(kind, count)| (kind.name(), count))
            .collect()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

#[pyfunction]
fn silence_event(record: Record) -> PyResult<String> {
    let mut out = String::new();
    event::write_silence(&mut out, &from_python(record)?);
    Ok(out)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEventQueue>()?;
    module.add_function(wrap_pyfunction!(silence_event, module)?)
}
