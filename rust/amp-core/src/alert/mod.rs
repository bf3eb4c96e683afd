//! Alerts as they are posted: decoding and the checks of a body.

pub mod decode;
mod scan;
pub mod uri;
