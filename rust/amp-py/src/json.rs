//! Writing Python values as JSON the way Go does.

use amp_core::json::write_str;
use pyo3::exceptions::{PyRecursionError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

const DEPTH: u16 = 500;

/// Compact JSON with a final newline; keys keep their order. `other` gives the JSON of any other object.
#[pyfunction]
fn encode_json<'py>(
    value: &Bound<'py, PyAny>,
    other: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = String::with_capacity(1024);
    write(&mut out, value, other, 0)?;
    out.push('\n');
    Ok(PyBytes::new(value.py(), out.as_bytes()))
}

fn write(
    out: &mut String,
    value: &Bound<'_, PyAny>,
    other: &Bound<'_, PyAny>,
    depth: u16,
) -> PyResult<()> {
    if depth > DEPTH {
        return Err(PyRecursionError::new_err("a value that is nested too deep"));
    }
    if let Ok(text) = value.cast::<PyString>() {
        write_str(out, &text.to_cow()?);
    } else if let Ok(map) = value.cast::<PyDict>() {
        out.push('{');
        for (index, (key, item)) in map.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let key = key
                .cast::<PyString>()
                .map_err(|_| PyTypeError::new_err("a key that is no text"))?;
            write_str(out, &key.to_cow()?);
            out.push(':');
            write(out, &item, other, depth + 1)?;
        }
        out.push('}');
    } else if let Ok(list) = value.cast::<PyList>() {
        write_items(out, list.iter(), other, depth)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_items(out, tuple.iter(), other, depth)?;
    } else if let Ok(flag) = value.cast::<PyBool>() {
        out.push_str(if flag.is_true() { "true" } else { "false" });
    } else if value.is_none() {
        out.push_str("null");
    } else if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        out.push_str(&value.repr()?.to_cow()?);
    } else {
        out.push_str(&other.call1((value,))?.cast::<PyString>()?.to_cow()?);
    }
    Ok(())
}

fn write_items<'py>(
    out: &mut String,
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    other: &Bound<'py, PyAny>,
    depth: u16,
) -> PyResult<()> {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, &item, other, depth + 1)?;
    }
    out.push(']');
    Ok(())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_json, module)?)
}
