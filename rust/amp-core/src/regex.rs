//! Regular expressions in Go's RE2 dialect.

use crate::error::Error;

/// A compiled regular expression that must match a whole value.
#[derive(Debug, Clone)]
pub struct Pattern(Test);

#[derive(Debug, Clone)]
enum Test {
    /// One of some literal texts.
    Literals(Box<[Box<str>]>),
    /// `.*` (0) or `.+` (1): at least so many bytes, no newline.
    AnyOnOneLine(usize),
    Regex(regex::Regex),
}

impl Pattern {
    /// Compiles a matcher's pattern, anchored at both ends.
    pub fn anchored(pattern: &str) -> Result<Self, Error> {
        Ok(Self(match pattern {
            ".*" => Test::AnyOnOneLine(0),
            ".+" => Test::AnyOnOneLine(1),
            _ if !pattern.contains([
                '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$',
            ]) =>
            {
                Test::Literals(pattern.split('|').map(Into::into).collect())
            }
            _ => Test::Regex(compile(&format!("^(?:{pattern})$"))?),
        }))
    }

    /// Whether the pattern matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Test::Literals(literals) => literals.iter().any(|literal| **literal == *text),
            Test::AnyOnOneLine(least) => {
                text.len() >= *least && memchr::memchr(b'\n', text.as_bytes()).is_none()
            }
            Test::Regex(regex) => regex.is_match(text),
        }
    }

    /// The texts a pattern of plain alternatives matches.
    pub(crate) fn literals(&self) -> Option<Vec<&str>> {
        match &self.0 {
            Test::Literals(literals) => Some(literals.iter().map(AsRef::as_ref).collect()),
            _ => None,
        }
    }
}

/// Compiles a pattern of Go's dialect; errors have Go's text.
pub fn compile(pattern: &str) -> Result<regex::Regex, Error> {
    regex::Regex::new(pattern)
        .map_err(|error| Error::Matcher(format!("error parsing regexp: {error}")))
}
