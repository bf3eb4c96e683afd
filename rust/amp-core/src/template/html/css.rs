//! Styles: how text moves a reader on, and how values are written into them.
//!
//! Upstream: Go `html/template` `css.go`, `transition.go`.

use std::borrow::Cow;

use super::UNSAFE;
use super::context::{Context, State};
use super::text::{find, find_any, is_space, leading_space, quoted};
use super::transition::{in_url, with_state};

pub(super) fn step(context: &Context, text: &[u8]) -> (Context, usize) {
    match context.state {
        State::Css => in_rules(context, text),
        State::CssBlockComment => match find(text, b"*/") {
            Some(at) => (with_state(context, State::Css), at + 2),
            None => (context.clone(), text.len()),
        },
        State::CssLineComment => match find_any(text, b"\n\x0c\r") {
            Some(at) => (with_state(context, State::Css), at),
            None => (context.clone(), text.len()),
        },
        _ => in_string(context, text),
    }
}

fn in_rules(context: &Context, text: &[u8]) -> (Context, usize) {
    let mut from = 0;
    while let Some(found) = find_any(&text[from..], b"(\"'/") {
        let at = from + found;
        from = at + 1;
        let opened = match (text[at], text.get(from)) {
            (b'"', _) => (State::CssDoubleString, from),
            (b'\'', _) => (State::CssSingleString, from),
            (b'/', Some(b'/')) => (State::CssLineComment, from + 1),
            (b'/', Some(b'*')) => (State::CssBlockComment, from + 1),
            (b'(', _) if ends_with_url(&text[..at]) => {
                let start = from + leading_space(&text[from..]);
                match text.get(start) {
                    Some(b'"') => (State::CssDoubleUrl, start + 1),
                    Some(b'\'') => (State::CssSingleUrl, start + 1),
                    _ => (State::CssUrl, start),
                }
            }
            _ => continue,
        };
        return (with_state(context, opened.0), opened.1);
    }
    (context.clone(), text.len())
}

/// Whether a text ends with the word `url` and blanks.
fn ends_with_url(text: &[u8]) -> bool {
    let blanks = text
        .iter()
        .rev()
        .take_while(|byte| is_space(**byte))
        .count();
    let text = &text[..text.len() - blanks];
    let Some(start) = text.len().checked_sub(3) else {
        return false;
    };
    let joined = String::from_utf8_lossy(&text[..start])
        .chars()
        .next_back()
        .is_some_and(is_name);
    text[start..].eq_ignore_ascii_case(b"url") && !joined
}

/// A character of a name.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '-' | '_' | '\u{80}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'
        )
}

fn in_string(context: &Context, text: &[u8]) -> (Context, usize) {
    let specials: &[u8] = match context.state {
        State::CssDoubleString | State::CssDoubleUrl => b"\\\"",
        State::CssSingleString | State::CssSingleUrl => b"\\'",
        _ => b"\\\t\n\x0c\r )",
    };
    let mut context = context.clone();
    let mut from = 0;
    loop {
        let Some(found) = text.get(from..).and_then(|rest| find_any(rest, specials)) else {
            let rest = text.get(from..).unwrap_or_default();
            return (in_url(&context, &decoded(rest)), text.len());
        };
        let at = from + found;
        if text[at] != b'\\' {
            return (with_state(&context, State::Css), at + 1);
        }
        if at + 1 == text.len() {
            let shown = quoted(text);
            let message = format!("unfinished escape sequence in CSS string: {shown}");
            return (Context::failed(None, message), text.len());
        }
        context = in_url(&context, &decoded(&text[..at + 2]));
        from = at + 2;
    }
}

/// A text with its escapes resolved.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if rest.is_empty() {
            return Cow::Owned(out);
        }
        let digits = rest
            .iter()
            .take(6)
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        if digits == 0 {
            let length = match rest[0] {
                0..0x80 => 1,
                0x80..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
            let length = length.min(rest.len());
            out.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let hex = |digits: usize| {
            let text = str::from_utf8(&rest[..digits]).unwrap_or_default();
            u32::from_str_radix(text, 16).unwrap_or(0)
        };
        let (value, digits) = match hex(digits) {
            value if value > 0x10_ffff => (value / 16, digits - 1),
            value => (value, digits),
        };
        let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[digits..];
        rest = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [byte, rest @ ..] if is_space(*byte) => rest,
            rest => rest,
        };
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Text inside a style's quotes.
pub(super) fn string(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let replacement = match c {
            '\0' => "\\0",
            '\t' => "\\9",
            '\n' => "\\a",
            '\x0c' => "\\c",
            '\r' => "\\d",
            '"' => "\\22",
            '&' => "\\26",
            '\'' => "\\27",
            '(' => "\\28",
            ')' => "\\29",
            '+' => "\\2b",
            '/' => "\\2f",
            ':' => "\\3a",
            ';' => "\\3b",
            '<' => "\\3c",
            '>' => "\\3e",
            '\\' => "\\\\",
            '{' => "\\7b",
            '}' => "\\7d",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(replacement);
        from = at + 1;
        let next = text.as_bytes().get(from);
        let runs_on = next.is_none_or(|byte| byte.is_ascii_hexdigit() || is_space(*byte));
        if c != '\\' && runs_on {
            out.push(' ');
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// A value of a style when it is harmless.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    let decoded = match decoded(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(super::super::value::lossy(bytes)),
    };
    let bytes = decoded.as_bytes();
    let dangerous = |byte: &u8| b"\0\"'()/;@[\\]`{}<>".contains(byte);
    if bytes.iter().any(dangerous) || decoded.contains("--") {
        return Cow::Borrowed(UNSAFE);
    }
    let name: String = decoded
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if name.contains("expression") || name.contains("mozbinding") {
        return Cow::Borrowed(UNSAFE);
    }
    decoded
}
