//! JSON texts that mean the same as YAML.

use pyo3::prelude::*;

/// The text as Go's encoder writes it, None where YAML may read something else.
#[pyfunction]
fn plain_json(text: &str) -> Option<String> {
    amp_core::plain_json::plain_json(text)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(plain_json, module)?)
}
