//! The core's errors as Python exceptions.

use amp_core::Error;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    amp._core,
    MatcherError,
    PyValueError,
    "A matcher, operator or regular expression that is refused."
);
create_exception!(
    amp._core,
    ConfigError,
    PyValueError,
    "A route tree, inhibit rule or time interval that is refused."
);
create_exception!(
    amp._core,
    TemplateError,
    PyValueError,
    "A template that does not parse or fails while it runs."
);

/// The Python exception of a core error.
pub(crate) fn python_error(error: Error) -> PyErr {
    match error {
        Error::Matcher(text) => MatcherError::new_err(text),
        Error::Config(text) => ConfigError::new_err(text),
        Error::Template(text) => TemplateError::new_err(text),
        Error::Decode(text) => PyValueError::new_err(text),
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("MatcherError", py.get_type::<MatcherError>())?;
    module.add("ConfigError", py.get_type::<ConfigError>())?;
    module.add("TemplateError", py.get_type::<TemplateError>())
}
