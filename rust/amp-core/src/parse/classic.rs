//! The classic grammar.

use crate::error::Error;
use crate::matcher::{Matcher, Op};

/// White space as Go's `\s`.
const BLANKS: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

/// Upstream: pkg/labels/parse.go `ParseMatchers`.
pub(super) fn matchers(text: &str) -> Result<Vec<Matcher>, Error> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    split(text).into_iter().map(matcher).collect()
}

/// Splits at commas outside quotes. What follows the last comma counts unless blank.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

/// Upstream: pkg/labels/parse.go `ParseMatcher`.
pub(super) fn matcher(text: &str) -> Result<Matcher, Error> {
    let bad = || Error::Matcher(format!("bad matcher format: {text}"));
    let rest = text.trim_start_matches(BLANKS);
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .ok_or_else(bad)?;
    let (name, rest) = rest.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(bad());
    }
    let rest = rest.trim_start_matches(BLANKS);
    let op = ["=~", "!=", "!~", "="]
        .into_iter()
        .find(|op| rest.starts_with(op))
        .ok_or_else(bad)?;
    let raw = rest[op.len()..].trim_matches(BLANKS);
    Matcher::new(name, Op::parse(op)?, &value(raw)?)
}

/// Takes quotes and escapes away; backslashes before anything but `n`, `"` and `\` stay.
fn value(raw: &str) -> Result<String, Error> {
    let stray = || {
        Error::Matcher(format!(
            "matcher value contains unescaped double quote: {raw}"
        ))
    };
    let quoted = raw.starts_with('"');
    let inner = if quoted { &raw[1..] } else { raw };
    let mut value = String::with_capacity(inner.len());
    let mut closed = false;
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                None => value.push('\\'),
                Some('n') => value.push('\n'),
                Some(escaped @ ('"' | '\\')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
            },
            '"' if quoted && rest.as_str().is_empty() => closed = true,
            '"' => return Err(stray()),
            _ => value.push(character),
        }
    }
    if quoted && !closed {
        return Err(stray());
    }
    Ok(value)
}
