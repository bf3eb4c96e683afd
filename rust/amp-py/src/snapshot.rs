//! Upstream's `silences` file.

use std::collections::BTreeMap;

use crate::error::python_error;
use amp_core::snapshot::{self, MatcherText, SilenceRecord};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

type MatcherTuple = (String, String, String);

/// id, matcher sets, starts, ends, updated, expires (Unix nanoseconds), created by, comment, annotations.
pub(crate) type Record = (
    String,
    Vec<Vec<MatcherTuple>>,
    i128,
    i128,
    i128,
    i128,
    String,
    String,
    BTreeMap<String, String>,
);

fn to_python(record: SilenceRecord) -> Record {
    let sets = record.matcher_sets.into_iter().map(|set| {
        set.into_iter()
            .map(|matcher| (matcher.name, matcher.op.to_owned(), matcher.value))
            .collect()
    });
    (
        record.id,
        sets.collect(),
        record.starts_at_ns,
        record.ends_at_ns,
        record.updated_at_ns,
        record.expires_at_ns,
        record.created_by,
        record.comment,
        record.annotations,
    )
}

fn matcher((name, op, value): MatcherTuple) -> PyResult<MatcherText> {
    MatcherText::new(name, &op, value)
        .ok_or_else(|| PyValueError::new_err(format!("unknown operator {op:?}")))
}

pub(crate) fn from_python(record: Record) -> PyResult<SilenceRecord> {
    let sets = record
        .1
        .into_iter()
        .map(|set| set.into_iter().map(matcher).collect());
    Ok(SilenceRecord {
        id: record.0,
        matcher_sets: sets.collect::<PyResult<_>>()?,
        starts_at_ns: record.2,
        ends_at_ns: record.3,
        updated_at_ns: record.4,
        expires_at_ns: record.5,
        created_by: record.6,
        comment: record.7,
        annotations: record.8,
    })
}

#[pyfunction]
fn decode_silences(py: Python<'_>, data: &[u8]) -> PyResult<Vec<Record>> {
    let records = py
        .detach(|| snapshot::decode_silences(data))
        .map_err(python_error)?;
    Ok(records.into_iter().map(to_python).collect())
}

#[pyfunction]
fn decode_silence(data: &[u8]) -> PyResult<Record> {
    snapshot::decode_silence(data)
        .map(to_python)
        .map_err(python_error)
}

#[pyfunction]
fn encode_silence(py: Python<'_>, record: Record) -> PyResult<Bound<'_, PyBytes>> {
    let message = snapshot::encode_silence(&from_python(record)?);
    Ok(PyBytes::new(py, &message))
}

#[pyfunction]
fn frame_silences<'py>(py: Python<'py>, records: Vec<Bound<'py, PyBytes>>) -> Bound<'py, PyBytes> {
    let framed = snapshot::frame_messages(records.iter().map(PyBytesMethods::as_bytes));
    PyBytes::new(py, &framed)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode_silences, module)?)?;
    module.add_function(wrap_pyfunction!(decode_silence, module)?)?;
    module.add_function(wrap_pyfunction!(encode_silence, module)?)?;
    module.add_function(wrap_pyfunction!(frame_silences, module)?)
}
