//! Inhibition as a Python object.

use std::sync::{Mutex, PoisonError};

use amp_core::inhibit::InhibitIndex;
use amp_core::time::Time;
use pyo3::prelude::*;

use crate::error::python_error;
use crate::labels::Labels;
use crate::route::plan;

#[pyclass(name = "InhibitIndex", module = "amp._core", frozen)]
struct PyInhibitIndex(Mutex<InhibitIndex>);

#[pymethods]
impl PyInhibitIndex {
    #[new]
    fn new(plan: &[u8]) -> PyResult<Self> {
        InhibitIndex::compile(&self::plan(plan)?)
            .map(|index| Self(Mutex::new(index)))
            .map_err(python_error)
    }

    /// A source with its start in the future inhibits already, so that the start plays no part.
    fn update(&self, labels: Labels, starts_at_ns: i64, ends_at_ns: i64) {
        let _ = starts_at_ns;
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.update(
            labels.0.fingerprint(),
            &labels.0,
            Time::from_unix_ns(ends_at_ns),
        );
    }

    fn inhibited_by(&self, labels: Labels, now_ns: i64) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index
            .all(
                labels.0.fingerprint(),
                &labels.0,
                Time::from_unix_ns(now_ns),
            )
            .into_iter()
            .map(|fingerprint| format!("{fingerprint:016x}"))
            .collect()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyInhibitIndex>()
}
