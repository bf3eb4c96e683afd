//! The engine of Alertmanager++: pure Rust, no Python, no input or output, no clock (`now` is an argument).

pub mod alert;
pub mod engine;
pub mod error;
pub mod event;
pub mod history;
pub mod index;
pub mod inhibit;
pub mod interval;
pub mod json;
pub mod labels;
pub mod matcher;
pub mod nflog;
pub mod parse;
pub mod plain_json;
pub mod plan;
pub mod quote;
pub mod regex;
pub mod route;
pub mod silence;
pub mod snapshot;
pub mod template;
pub mod time;
mod time_error;
mod wire;

pub use error::Error;
