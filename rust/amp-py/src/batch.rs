//! The alerts of one flush.

use std::sync::Arc;

use amp_core::engine::{self, StoredAlert};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::template::PyTemplateData;

/// Frozen alerts of one group.
#[pyclass(name = "Batch", module = "amp._core", frozen)]
pub(crate) struct PyBatch(pub(crate) engine::Batch);

#[pymethods]
impl PyBatch {
    #[getter]
    fn group_id(&self) -> u64 {
        self.0.head.group_id
    }

    #[getter]
    fn route_index(&self) -> u32 {
        self.0.head.route_index
    }

    #[getter]
    fn group_key(&self) -> &str {
        &self.0.head.group_key
    }

    #[getter]
    fn receiver(&self) -> &str {
        &self.0.head.receiver
    }

    #[getter]
    fn count(&self) -> usize {
        self.0.items().len()
    }

    #[getter]
    fn firing_count(&self) -> usize {
        self.0.firing_hashes().len()
    }

    #[getter]
    fn route_label_errors(&self) -> Vec<(String, String)> {
        self.0.head.route_label_errors.clone()
    }

    fn firing_only(&self) -> Self {
        Self(self.0.firing_only())
    }

    #[allow(clippy::needless_pass_by_value)]
    fn without(&self, fingerprints: Vec<String>) -> Self {
        let left_out: Vec<u64> = fingerprints
            .iter()
            .filter_map(|text| u64::from_str_radix(text, 16).ok())
            .collect();
        Self(self.0.without(&left_out))
    }

    fn webhook_json<'py>(
        &self,
        py: Python<'py>,
        reason: &str,
        external_url: &str,
        max_alerts: usize,
    ) -> Bound<'py, PyBytes> {
        let body = py.detach(|| self.0.webhook_json(reason, external_url, max_alerts));
        PyBytes::new(py, body.as_bytes())
    }

    fn template_data(&self, py: Python<'_>, reason: &str, external_url: &str) -> PyTemplateData {
        let data = py.detach(|| self.0.template_data(reason, external_url));
        PyTemplateData(Arc::new(data))
    }

    fn labels_text(&self) -> String {
        self.0.labels_text()
    }

    fn alert_rows(&self) -> Vec<(String, bool)> {
        let items = self.0.items().iter();
        items
            .map(|item| (hex(item.fingerprint), item.firing))
            .collect()
    }
}

/// A fingerprint as people read it.
pub(crate) fn hex(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

#[pyfunction]
fn stored_batch(
    receiver: &str,
    group_key: &str,
    group_labels: &str,
    alerts: Vec<StoredAlert>,
) -> PyBatch {
    PyBatch(engine::stored_batch(
        receiver,
        group_key,
        group_labels,
        &alerts,
    ))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBatch>()?;
    module.add_function(wrap_pyfunction!(stored_batch, module)?)
}
