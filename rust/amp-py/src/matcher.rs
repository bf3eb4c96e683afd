//! Matchers as Python objects.

use amp_core::matcher::{self, Matcher, Op};
use pyo3::prelude::*;

use crate::error::python_error;

/// A compiled matcher.
#[pyclass(
    name = "Matcher",
    module = "amp._core",
    frozen,
    eq,
    hash,
    from_py_object
)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PyMatcher(pub(crate) Matcher);

#[pymethods]
impl PyMatcher {
    #[new]
    fn new(name: &str, op: &str, value: &str) -> PyResult<Self> {
        let op = Op::parse(op).map_err(python_error)?;
        Matcher::new(name, op, value)
            .map(Self)
            .map_err(python_error)
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn op(&self) -> &'static str {
        self.0.op().as_str()
    }

    #[getter]
    fn value(&self) -> &str {
        self.0.value()
    }

    fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Matcher {}>", self.0)
    }
}

/// Takes Python's matchers over.
pub(crate) fn matchers(given: Vec<PyMatcher>) -> Vec<Matcher> {
    given.into_iter().map(|matcher| matcher.0).collect()
}

#[pyfunction]
fn format_matchers(matchers: Vec<PyMatcher>) -> String {
    matcher::format_matchers(&self::matchers(matchers))
}

#[pyfunction]
fn compile_regex(pattern: &str) -> PyResult<()> {
    amp_core::regex::compile(pattern)
        .map(drop)
        .map_err(python_error)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMatcher>()?;
    module.add_function(wrap_pyfunction!(format_matchers, module)?)?;
    module.add_function(wrap_pyfunction!(compile_regex, module)?)
}
