//! Template sets given to Python.

use std::sync::Arc;

use amp_core::template::{Data, Templates, check};
use amp_core::time::Time;
use pyo3::prelude::*;

use crate::error::python_error;

/// `amp._core.Templates`.
#[pyclass(frozen, name = "Templates", module = "amp._core")]
pub(crate) struct PyTemplates(pub(crate) Arc<Templates>);

#[pymethods]
impl PyTemplates {
    #[new]
    #[pyo3(signature = (files = Vec::new()))]
    fn new(py: Python<'_>, files: Vec<(String, String)>) -> PyResult<Self> {
        py.detach(|| Templates::new(&files))
            .map(|templates| Self(Arc::new(templates)))
            .map_err(python_error)
    }

    #[pyo3(signature = (text, data, now_ns, *, html = false, sample = false))]
    fn render(
        &self,
        py: Python<'_>,
        text: &str,
        data: &[u8],
        now_ns: i64,
        html: bool,
        sample: bool,
    ) -> PyResult<String> {
        py.detach(|| {
            let mut data = Data::from_json(data)?;
            data.route_labels_rendered = !sample;
            data.by_value = sample;
            let (data, now) = (Arc::new(data), Time::from_unix_ns(now_ns));
            if html {
                self.0.render_html(text, &data, now)
            } else {
                self.0.render_text(text, &data, now)
            }
        })
        .map_err(python_error)
    }
}

#[pyfunction]
#[pyo3(signature = (text, builtins_only = false))]
fn check_template(text: &str, builtins_only: bool) -> PyResult<()> {
    check(text, builtins_only).map_err(python_error)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTemplates>()?;
    module.add_function(wrap_pyfunction!(check_template, module)?)
}
