//! Scripts: how text moves a reader on, and how values are written into them.
//!
//! Upstream: Go `html/template` `js.go`, `transition.go`.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::format::own_text;
use super::super::json;
use super::super::value::Value;
use super::context::{Context, Slash, State};
use super::text::{find, find_any, find_line_end, quoted, quoted_start};
use super::transition::with_state;

/// Words after which a slash begins a regular expression.
const BEFORE_REGEXP: [&[u8]; 14] = [
    b"break",
    b"case",
    b"continue",
    b"delete",
    b"do",
    b"else",
    b"finally",
    b"in",
    b"instanceof",
    b"return",
    b"throw",
    b"try",
    b"typeof",
    b"void",
];

/// The media types whose scripts are read as such.
const SCRIPT_TYPES: [&str; 19] = [
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/x-ecmascript",
    "application/x-javascript",
    "module",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// Whether a `type` attribute names a script.
pub(super) fn is_script_type(value: &str) -> bool {
    let name = value.split(';').next().unwrap_or_default();
    let name = name.trim().to_lowercase();
    SCRIPT_TYPES.contains(&&*name)
}

pub(super) fn step(context: &Context, text: &[u8]) -> (Context, usize) {
    match context.state {
        State::JsTemplate => in_template(context, text),
        State::JsDoubleString | State::JsSingleString | State::JsRegexp => {
            in_literal(context, text)
        }
        State::JsBlockComment => match find(text, b"*/") {
            Some(at) => (with_state(context, State::Js), at + 2),
            None => (context.clone(), text.len()),
        },
        State::JsLineComment | State::JsHtmlOpenComment | State::JsHtmlCloseComment => {
            match find_line_end(text) {
                Some(at) => (with_state(context, State::Js), at),
                None => (context.clone(), text.len()),
            }
        }
        _ => in_code(context, text),
    }
}

fn in_code(context: &Context, text: &[u8]) -> (Context, usize) {
    let mut next = context.clone();
    let Some(at) = find_any(text, b"\"'`/{}<-#") else {
        next.slash = slash_after(text, context.slash);
        return (next, text.len());
    };
    next.slash = slash_after(&text[..at], context.slash);
    let mut literal = |state| {
        next.state = state;
        next.slash = Slash::Regexp;
    };
    let rest = &text[at..];
    let mut read = at + 1;
    match rest[0] {
        b'"' => literal(State::JsDoubleString),
        b'\'' => literal(State::JsSingleString),
        b'`' => literal(State::JsTemplate),
        b'/' if rest.starts_with(b"//") => {
            next.state = State::JsLineComment;
            read += 1;
        }
        b'/' if rest.starts_with(b"/*") => {
            next.state = State::JsBlockComment;
            read += 1;
        }
        b'/' => match next.slash {
            Slash::Regexp => next.state = State::JsRegexp,
            Slash::Division => next.slash = Slash::Regexp,
            Slash::Unknown => {
                let shown = quoted_start(rest);
                let message = format!("'/' could start a division or regexp: {shown}");
                return (Context::failed(None, message), text.len());
            }
        },
        b'<' if rest.starts_with(b"<!--") => {
            next.state = State::JsHtmlOpenComment;
            read += 3;
        }
        b'-' if rest.starts_with(b"-->") => {
            next.state = State::JsHtmlCloseComment;
            read += 2;
        }
        b'#' if rest.starts_with(b"#!") => {
            next.state = State::JsLineComment;
            read += 1;
        }
        b'{' => {
            if let Some(open) = next.braces.last_mut() {
                *open += 1;
            }
        }
        b'}' => {
            if let Some(open) = next.braces.last_mut() {
                *open -= 1;
                if *open < 0 {
                    next.braces.pop();
                    next.state = State::JsTemplate;
                }
            }
        }
        _ => {}
    }
    (next, read)
}

fn in_template(context: &Context, text: &[u8]) -> (Context, usize) {
    let mut from = 0;
    while let Some(found) = find_any(&text[from..], b"`\\$") {
        let at = from + found;
        from = at + 1;
        match text[at] {
            b'\\' if from == text.len() => return (unfinished(text), from),
            b'\\' => from += 1,
            b'$' if text.get(from) == Some(&b'{') => {
                let mut code = with_state(context, State::Js);
                code.braces.push(0);
                return (code, from + 1);
            }
            b'$' => {}
            _ => return (with_state(context, State::Js), from),
        }
    }
    (context.clone(), text.len())
}

fn unfinished(text: &[u8]) -> Context {
    let shown = quoted(text);
    Context::failed(
        None,
        format!("unfinished escape sequence in JS string: {shown}"),
    )
}

fn in_literal(context: &Context, text: &[u8]) -> (Context, usize) {
    let specials: &[u8] = match context.state {
        State::JsSingleString => b"\\'",
        State::JsRegexp => b"\\/[]",
        _ => b"\\\"",
    };
    let (mut from, mut in_set) = (0, false);
    while let Some(found) = text.get(from..).and_then(|rest| find_any(rest, specials)) {
        let at = from + found;
        from = at + 1;
        let ends_script = text[at] == b'/'
            && at > 0
            && text
                .get(at - 1..at + 7)
                .is_some_and(|tag| tag.eq_ignore_ascii_case(b"</script"));
        match text[at] {
            b'\\' if from == text.len() => return (unfinished(text), from),
            b'\\' => from += 1,
            b'[' => in_set = true,
            b']' => in_set = false,
            _ if ends_script => from += 1,
            _ if in_set => {}
            _ => {
                let mut code = with_state(context, State::Js);
                code.slash = Slash::Division;
                return (code, from);
            }
        }
    }
    if in_set {
        let shown = quoted(text);
        let message = format!("unfinished JS regexp charset: {shown}");
        return (Context::failed(None, message), text.len());
    }
    (context.clone(), text.len())
}

/// What a slash begins behind some code.
fn slash_after(code: &[u8], before: Slash) -> Slash {
    let mut code = code;
    while let [rest @ .., b'\t' | b'\n' | b'\x0c' | b'\r' | b' ']
    | [rest @ .., 0xe2, 0x80, 0xa8 | 0xa9] = code
    {
        code = rest;
    }
    let Some(&last) = code.last() else {
        return before;
    };
    let regexp = match last {
        b'+' | b'-' => code.iter().rev().take_while(|byte| **byte == last).count() % 2 == 1,
        b'.' => !code
            .len()
            .checked_sub(2)
            .is_some_and(|at| code[at].is_ascii_digit()),
        b',' | b'<' | b'>' | b'=' | b'*' | b'%' | b'&' | b'|' | b'^' | b'?' | b'!' | b'~'
        | b'(' | b'[' | b':' | b';' | b'{' | b'}' => true,
        _ => {
            let word = code.iter().rev().take_while(|byte| is_word(**byte)).count();
            BEFORE_REGEXP.contains(&&code[code.len() - word..])
        }
    };
    if regexp {
        Slash::Regexp
    } else {
        Slash::Division
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_')
}

/// A value as an expression.
pub(super) fn expression(value: &Value) -> String {
    let encoded = match value {
        // A time writes its own JSON; a location only has text behind a pointer.
        Value::Time(_) | Value::Location(_) => json::encode(value),
        other => match own_text(other) {
            Some(text) => json::encode(&Value::text(text)),
            None => json::encode(other),
        },
    };
    let shown = match encoded {
        Ok(shown) => shown,
        Err(message) => {
            let safe = message
                .replace("*/", "* /")
                .replace("</script", "\\x3C/script")
                .replace("<!--", "\\x3C!--");
            return format!(" /* {safe} */null ");
        }
    };
    let edges = [shown.bytes().next(), shown.bytes().last()];
    if edges.into_iter().flatten().any(is_word) {
        format!(" {shown} ")
    } else {
        shown
    }
}

/// Text inside quotes.
pub(super) fn string(text: &str) -> Cow<'_, str> {
    replaced(text, false, |c| {
        Some(match c {
            '"' => "\\u0022",
            '`' => "\\u0060",
            '&' => "\\u0026",
            '\'' => "\\u0027",
            '+' => "\\u002b",
            '/' => "\\/",
            '<' => "\\u003c",
            '>' => "\\u003e",
            '\\' => "\\\\",
            _ => return None,
        })
    })
}

/// Text inside a template literal.
pub(super) fn template(text: &str) -> Cow<'_, str> {
    replaced(text, false, |c| {
        Some(match c {
            '$' => "\\u0024",
            '{' => "\\u007b",
            '}' => "\\u007d",
            '"' => "\\u0022",
            '`' => "\\u0060",
            '&' => "\\u0026",
            '\'' => "\\u0027",
            '+' => "\\u002b",
            '/' => "\\/",
            '<' => "\\u003c",
            '>' => "\\u003e",
            '\\' => "\\\\",
            _ => return None,
        })
    })
}

/// Text inside a regular expression, where it stands for itself.
pub(super) fn regexp(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        // Nothing between two slashes would be a comment.
        return Cow::Borrowed("(?:)");
    }
    replaced(text, true, |c| {
        Some(match c {
            '"' => "\\u0022",
            '&' => "\\u0026",
            '\'' => "\\u0027",
            '+' => "\\u002b",
            '<' => "\\u003c",
            '>' => "\\u003e",
            _ => return None,
        })
    })
}

fn replaced(text: &str, regexp: bool, special: fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let plain = !matches!(c, '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}');
        let backslashed = regexp && r"$()*-./?[\]^{|}".contains(c);
        let replacement = special(c);
        if plain && !backslashed && replacement.is_none() {
            continue;
        }
        out.push_str(&text[from..at]);
        from = at + c.len_utf8();
        match c {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\x0c' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if backslashed => out.extend(['\\', c]),
            c => match replacement {
                Some(replacement) => out.push_str(replacement),
                None => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
            },
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Literals with tags in them that would end or reopen the script's element.
pub(super) fn without_tags(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices('<') {
        let rest = &text.as_bytes()[at + 1..];
        let starts = |tag: &[u8]| {
            rest.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        };
        if starts(b"script") || starts(b"/script") || starts(b"!--") {
            out.push_str(&text[from..at]);
            out.push_str("\\x3C");
            from = at + 1;
        }
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}
