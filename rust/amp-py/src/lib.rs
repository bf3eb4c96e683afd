//! The Python face of the core: newtypes and conversions, one file per core file.

// Arguments arrive converted: a function owns what Python gave it.
#![allow(clippy::needless_pass_by_value)]

use pyo3::prelude::*;

mod batch;
mod engine;
mod error;
mod event;
mod history;
mod inhibit;
mod interval;
mod journal;
mod json;
mod labels;
mod matcher;
mod nflog;
mod parse;
mod plain_json;
mod route;
mod silence;
mod snapshot;
mod template;

/// `amp._core`: see `python/amp/_core.pyi` for types and meaning.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(module)?;
    batch::register(module)?;
    engine::register(module)?;
    event::register(module)?;
    history::register(module)?;
    journal::register(module)?;
    json::register(module)?;
    labels::register(module)?;
    nflog::register(module)?;
    snapshot::register(module)?;
    matcher::register(module)?;
    parse::register(module)?;
    plain_json::register(module)?;
    route::register(module)?;
    inhibit::register(module)?;
    interval::register(module)?;
    silence::register(module)?;
    template::register(module)?;
    Ok(())
}
