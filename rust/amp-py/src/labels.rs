//! Label sets given as Python mappings.

use amp_core::labels::{self, LabelSet};
use amp_core::matcher::{self, Mode};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::error::python_error;

/// The names and values of a mapping, in its order.
struct Pairs<'py>(Vec<(Bound<'py, PyString>, Bound<'py, PyString>)>);

impl<'py> FromPyObject<'_, 'py> for Pairs<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut pairs;
        if let Ok(labels) = object.cast::<PyDict>() {
            pairs = Vec::with_capacity(labels.len());
            for (name, value) in labels.iter() {
                pairs.push((name.cast_into()?, value.cast_into()?));
            }
        } else {
            pairs = Vec::new();
            for item in object.cast::<PyMapping>()?.items()? {
                pairs.push(item.extract()?);
            }
        }
        Ok(Self(pairs))
    }
}

impl Pairs<'_> {
    /// As texts, sorted by name.
    fn sorted(&self) -> PyResult<Vec<(&str, &str)>> {
        let mut texts = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            texts.push((name.to_str()?, value.to_str()?));
        }
        texts.sort_unstable_by_key(|(name, _)| *name);
        Ok(texts)
    }
}

/// A mapping of texts, taken over as a label set.
pub(crate) struct Labels(pub(crate) LabelSet);

impl<'py> FromPyObject<'_, 'py> for Labels {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let pairs = Pairs::extract(object)?;
        Ok(Self(LabelSet::from_pairs(pairs.sorted()?)))
    }
}

#[pyfunction]
fn fingerprint(labels: Pairs<'_>) -> PyResult<String> {
    let fingerprint = labels::fingerprint(labels.sorted()?);
    Ok(format!("{fingerprint:016x}"))
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
