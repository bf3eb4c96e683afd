//! Matchers read from text.

use amp_core::matcher::{Matcher, Mode};
use amp_core::parse::{self, Parsed, Warning};
use pyo3::prelude::*;

use crate::error::{MatcherError, python_error};
use crate::matcher::PyMatcher;

/// What upstream would log about a text of matchers.
#[pyclass(name = "MatcherWarning", module = "amp._core", frozen, get_all)]
struct PyWarning {
    message: String,
    error: Option<String>,
    suggestion: Option<String>,
}

impl From<Warning> for PyWarning {
    fn from(warning: Warning) -> Self {
        let message = warning.message().to_owned();
        let (error, suggestion) = match warning {
            Warning::Incompatible { error, suggestion } => (Some(error), Some(suggestion)),
            Warning::Disagreement => (None, None),
        };
        Self {
            message,
            error,
            suggestion,
        }
    }
}

fn parsed(text: &str, mode: &str, single: bool) -> PyResult<Parsed> {
    let read = if single {
        parse::matcher
    } else {
        parse::matchers
    };
    Mode::parse(mode)
        .and_then(|mode| read(text, mode))
        .map_err(python_error)
}

fn newtypes(matchers: Vec<Matcher>) -> Vec<PyMatcher> {
    matchers.into_iter().map(PyMatcher).collect()
}

#[pyfunction]
#[pyo3(signature = (text, mode = "fallback"))]
fn parse_matchers(text: &str, mode: &str) -> PyResult<Vec<PyMatcher>> {
    Ok(newtypes(parsed(text, mode, false)?.matchers))
}

#[pyfunction]
#[pyo3(signature = (text, mode = "fallback"))]
fn parse_matcher(text: &str, mode: &str) -> PyResult<PyMatcher> {
    let one = parsed(text, mode, true)?.matchers.pop();
    one.map(PyMatcher)
        .ok_or_else(|| MatcherError::new_err("no matchers"))
}

#[pyfunction]
fn parse_matchers_noting(
    text: &str,
    mode: &str,
    single: bool,
) -> PyResult<(Vec<PyMatcher>, Option<PyWarning>)> {
    let parsed = parsed(text, mode, single)?;
    Ok((
        newtypes(parsed.matchers),
        parsed.warning.map(PyWarning::from),
    ))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyWarning>()?;
    module.add_function(wrap_pyfunction!(parse_matchers, module)?)?;
    module.add_function(wrap_pyfunction!(parse_matcher, module)?)?;
    module.add_function(wrap_pyfunction!(parse_matchers_noting, module)?)
}
