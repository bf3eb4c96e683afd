//! The engine of Alertmanager++: pure Rust, no Python, no input or output, no clock (`now` is an argument).

pub mod error;
pub mod index;
pub mod inhibit;
pub mod labels;
pub mod matcher;
pub mod parse;
pub mod quote;
pub mod regex;
pub mod route;
pub mod silence;
pub mod time;

pub use error::Error;
