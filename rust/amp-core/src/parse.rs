//! Matchers as text, in the classic and the UTF-8 grammar.

use crate::error::Error;
use crate::matcher::{Matcher, Mode};

mod classic;
mod fallback;
mod utf8;

pub use fallback::{Parsed, Warning};

/// Reads a list of matchers, braces optional.
///
/// Upstream: matcher/compat/parse.go `Matchers`.
pub fn matchers(text: &str, mode: Mode) -> Result<Parsed, Error> {
    match mode {
        Mode::Classic => classic::matchers(text).map(Parsed::quiet),
        Mode::Utf8 => utf8::matchers(text).map(Parsed::quiet),
        Mode::Fallback => fallback::both(utf8::matchers(text), classic::matchers(text)),
    }
}

/// Reads exactly one matcher, without braces but in classic mode, where they belong to the value.
///
/// Upstream: matcher/compat/parse.go `Matcher`.
pub fn matcher(text: &str, mode: Mode) -> Result<Parsed, Error> {
    match mode {
        Mode::Classic => Ok(Parsed::quiet(vec![classic::matcher(text)?])),
        Mode::Utf8 => {
            refuse_braces(text)?;
            Ok(Parsed::quiet(vec![utf8::matcher(text)?]))
        }
        Mode::Fallback => {
            refuse_braces(text)?;
            let one = |matcher: Matcher| vec![matcher];
            fallback::both(
                utf8::matcher(text).map(one),
                classic::matcher(text).map(one),
            )
        }
    }
}

fn refuse_braces(text: &str) -> Result<(), Error> {
    if text.starts_with('{') || text.ends_with('}') {
        return Err(Error::Matcher(format!(
            "unexpected open or close brace: {text}"
        )));
    }
    Ok(())
}
