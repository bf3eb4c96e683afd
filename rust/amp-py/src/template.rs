//! Template sets given to Python.

use std::sync::Arc;

use amp_core::template::{Data, Templates, check};
use amp_core::time::Time;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::python_error;

/// `amp._core.TemplateData`.
#[pyclass(frozen, name = "TemplateData", module = "amp._core")]
pub(crate) struct PyTemplateData(pub(crate) Arc<Data>);

#[pymethods]
impl PyTemplateData {
    #[new]
    #[pyo3(signature = (json, *, sample = false))]
    fn new(py: Python<'_>, json: &[u8], sample: bool) -> PyResult<Self> {
        py.detach(|| read(json, sample))
            .map(Self)
            .map_err(python_error)
    }
}

fn read(json: &[u8], sample: bool) -> Result<Arc<Data>, amp_core::Error> {
    let mut data = Data::from_json(json)?;
    data.route_labels_rendered = !sample;
    data.by_value = sample;
    Ok(Arc::new(data))
}

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
        data: &Bound<'_, PyAny>,
        now_ns: i64,
        html: bool,
        sample: bool,
    ) -> PyResult<String> {
        let now = Time::from_unix_ns(now_ns);
        let rendered = if let Ok(data) = data.cast::<PyTemplateData>() {
            let data = &data.get().0;
            py.detach(|| self.0.render(text, data, now, html))
        } else {
            let json = data.cast::<PyBytes>()?.as_bytes();
            py.detach(|| self.0.render(text, &read(json, sample)?, now, html))
        };
        rendered.map_err(python_error)
    }

    fn render_many(
        &self,
        py: Python<'_>,
        texts: Vec<(String, bool)>,
        data: &PyTemplateData,
        now_ns: i64,
    ) -> PyResult<Vec<String>> {
        let now = Time::from_unix_ns(now_ns);
        let render = |(index, (text, html)): (usize, &(String, bool))| {
            let rendered = self.0.render(text, &data.0, now, *html);
            rendered.map_err(|error| (index, error))
        };
        py.detach(|| {
            texts
                .iter()
                .enumerate()
                .map(render)
                .collect::<Result<_, _>>()
        })
        .map_err(|(index, error)| {
            let error = python_error(error);
            match error.value(py).setattr("index", index) {
                Ok(()) => error,
                Err(other) => other,
            }
        })
    }
}

#[pyfunction]
#[pyo3(signature = (text, builtins_only = false))]
fn check_template(text: &str, builtins_only: bool) -> PyResult<()> {
    check(text, builtins_only).map_err(python_error)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTemplateData>()?;
    module.add_class::<PyTemplates>()?;
    module.add_function(wrap_pyfunction!(check_template, module)?)
}
