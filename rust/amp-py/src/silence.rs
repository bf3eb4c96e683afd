//! Silences as a Python object.

use std::sync::{Mutex, PoisonError};

use amp_core::silence::{SilenceIndex, Verdict};
use amp_core::time::Time;
use pyo3::prelude::*;

use crate::labels::Labels;
use crate::matcher::{PyMatcher, matchers};

/// Silences without times: what is set mutes until it is removed.
#[pyclass(name = "SilenceIndex", module = "amp._core", frozen)]
struct PySilenceIndex(Mutex<SilenceIndex>);

#[pymethods]
impl PySilenceIndex {
    #[new]
    fn new() -> Self {
        Self(Mutex::new(SilenceIndex::default()))
    }

    fn set(&self, id: &str, matcher_sets: Vec<Vec<PyMatcher>>) {
        let sets = matcher_sets.into_iter().map(matchers).collect();
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.set(
            id,
            sets,
            Time::from_unix_ns(i64::MIN),
            Time::from_unix_ns(i64::MAX),
        );
    }

    fn remove(&self, id: &str) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.remove(id);
    }

    fn silenced_by(&self, labels: Labels) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut verdict = Verdict::default();
        index.verdict(&labels.0, &mut verdict);
        index
            .active(&verdict, Time::from_unix_ns(0))
            .map(ToString::to_string)
            .collect()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySilenceIndex>()
}
