//! The Python face of the core: newtypes and conversions, one file per core file.

// Arguments arrive converted: a function owns what Python gave it.
#![allow(clippy::needless_pass_by_value)]

use pyo3::prelude::*;

mod labels;
mod nflog;
mod snapshot;

/// `amp._core`: see `python/amp/_core.pyi` for types and meaning.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    labels::register(module)?;
    nflog::register(module)?;
    snapshot::register(module)?;
    Ok(())
}
