//! The one error type of the crate.

/// Everything that can go wrong in the core. Texts that users or programs compare equal upstream's.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Error {
    /// A matcher text, operator or regular expression that is refused.
    #[error("{0}")]
    Matcher(String),
    /// A route tree, inhibit rule or time interval that is refused.
    #[error("{0}")]
    Config(String),
    /// A template that does not parse or fails while it runs.
    #[error("{0}")]
    Template(String),
    /// Bytes that are not what they claim to be (snapshot files, JSON documents).
    #[error("{0}")]
    Decode(String),
}
