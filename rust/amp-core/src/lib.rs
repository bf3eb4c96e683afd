//! The engine of Alertmanager++: pure Rust, no Python, no input or output, no clock (`now` is an argument).

pub mod error;
pub mod labels;

pub use error::Error;
