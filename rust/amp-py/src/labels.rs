//! Label sets given as Python mappings.

use std::collections::BTreeMap;

use amp_core::labels::LabelSet;
use amp_core::matcher::{self, Mode};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::error::python_error;

/// A mapping of texts, taken over as a label set.
pub(crate) struct Labels(pub(crate) LabelSet);

impl<'py> FromPyObject<'_, 'py> for Labels {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(labels) = object.cast::<PyDict>() {
            let mut pairs = Vec::with_capacity(labels.len());
            for (name, value) in labels.iter() {
                pairs.push((
                    name.cast_into::<PyString>()?,
                    value.cast_into::<PyString>()?,
                ));
            }
            let mut texts = Vec::with_capacity(pairs.len());
            for (name, value) in &pairs {
                texts.push((name.to_str()?, value.to_str()?));
            }
            return Ok(Self(LabelSet::from_pairs(texts)));
        }
        let mut labels = BTreeMap::new();
        for item in object.cast::<PyMapping>()?.items()? {
            let (name, value): (String, String) = item.extract()?;
            labels.insert(name, value);
        }
        Ok(Self(LabelSet::from_pairs(
            labels.iter().map(|(name, value)| (&**name, &**value)),
        )))
    }
}

#[pyfunction]
fn fingerprint(labels: Labels) -> String {
    format!("{:016x}", labels.0.fingerprint())
}

#[pyfunction]
fn content_id(labels: Labels) -> String {
    labels.0.content_id()
}

#[pyfunction]
fn format_labels(labels: Labels) -> String {
    matcher::format_labels(&labels.0)
}

#[pyfunction]
#[pyo3(signature = (name, mode = "utf8"))]
fn valid_label_name(name: &str, mode: &str) -> PyResult<bool> {
    let mode = Mode::parse(mode).map_err(python_error)?;
    Ok(matcher::valid_label_name(name, mode))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fingerprint, module)?)?;
    module.add_function(wrap_pyfunction!(content_id, module)?)?;
    module.add_function(wrap_pyfunction!(format_labels, module)?)?;
    module.add_function(wrap_pyfunction!(valid_label_name, module)?)
}
