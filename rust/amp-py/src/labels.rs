//! Label sets given as Python mappings.

use std::collections::BTreeMap;

use amp_core::labels::LabelSet;
use pyo3::prelude::*;

/// Turns a Python mapping into a label set.
pub(crate) fn label_set(labels: &BTreeMap<String, String>) -> LabelSet {
    LabelSet::from_pairs(labels.iter().map(|(name, value)| (&**name, &**value)))
}

#[pyfunction]
fn fingerprint(labels: BTreeMap<String, String>) -> String {
    format!("{:016x}", label_set(&labels).fingerprint())
}

#[pyfunction]
fn content_id(labels: BTreeMap<String, String>) -> String {
    label_set(&labels).content_id()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fingerprint, module)?)?;
    module.add_function(wrap_pyfunction!(content_id, module)?)
}
