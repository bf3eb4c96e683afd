//! Time intervals as Python objects.

use amp_core::interval::TimeInterval;
use amp_core::time::Time;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyMapping, PyTuple};
use serde_json::{Map, Value};

use crate::error::{ConfigError, python_error};

/// So deep may an interval's mapping be; a list of ranges of texts needs three levels.
const MAX_DEPTH: usize = 8;

#[pyclass(name = "TimeInterval", module = "amp._core", frozen)]
struct PyTimeInterval(TimeInterval);

#[pymethods]
impl PyTimeInterval {
    #[new]
    fn new(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        TimeInterval::parse(&value(spec, MAX_DEPTH)?)
            .map(Self)
            .map_err(python_error)
    }

    fn contains_ns(&self, at_ns: i64) -> bool {
        self.0.contains(Time::from_unix_ns(at_ns))
    }
}

/// What a YAML file gives, as JSON; scalars of other types as their text.
fn value(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth == 0 {
        return Err(ConfigError::new_err("the time interval is nested too deep"));
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return object
            .try_iter()?
            .map(|item| value(&item?, depth - 1))
            .collect::<PyResult<_>>()
            .map(Value::Array);
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let mut fields = Map::new();
        for item in mapping.items()? {
            let (key, item): (String, Bound<'_, PyAny>) = item.extract()?;
            fields.insert(key, value(&item, depth - 1)?);
        }
        return Ok(Value::Object(fields));
    }
    Ok(Value::String(object.str()?.to_str()?.to_owned()))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTimeInterval>()
}
