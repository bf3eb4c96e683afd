//! Go's quoted strings: writing (`%q`) and reading.

use std::fmt::Write as _;

use crate::quote::quote;

/// A text as Go's `%+q` shows it: only ASCII.
pub(super) fn quote_ascii(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        push_escaped(&mut quoted, c, '"', true);
    }
    quoted.push('"');
    quoted
}

/// A character as Go's `%q` shows a number.
pub(super) fn quote_char(c: char, ascii: bool) -> String {
    let mut quoted = String::from("'");
    push_escaped(&mut quoted, c, '\'', ascii);
    quoted.push('\'');
    quoted
}

fn push_escaped(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\\' => out.push_str("\\\\"),
        c if c == quote => {
            out.push('\\');
            out.push(c);
        }
        c if is_print(c) && (!ascii || c.is_ascii()) => out.push(c),
        c if (c as u32) < 0x20 || c as u32 == 0x7f => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c if (c as u32) < 0x10000 => {
            let _ = write!(out, "\\u{:04x}", c as u32);
        }
        c => {
            let _ = write!(out, "\\U{:08x}", c as u32);
        }
    }
}

/// Whether Go counts a character as printable: letters, marks, numbers, punctuation, symbols and the plain blank.
pub(super) fn is_print(c: char) -> bool {
    match c {
        ' '..='~' => true,
        c if c.is_ascii() => false,
        c => quote(c.encode_utf8(&mut [0; 4])).chars().nth(1) == Some(c),
    }
}

/// The text of a quoted or raw Go string (or character), `None` when it is not well formed.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    let mark = quoted.chars().next()?;
    let inner = quoted
        .strip_prefix(mark)
        .and_then(|rest| rest.strip_suffix(mark))?;
    if mark == '`' {
        return Some(inner.replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c == mark || c == '\n' {
            return None;
        }
        if c == '\\' {
            escape(&mut rest, mark, &mut bytes)?;
        } else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(super::value::lossy(bytes))
}

fn escape(rest: &mut std::str::Chars<'_>, mark: char, bytes: &mut Vec<u8>) -> Option<()> {
    let simple = match rest.next()? {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == mark => u8::try_from(c).ok()?,
        'x' => u8::try_from(digits(rest, 2, 16, None)?).ok()?,
        first @ '0'..='7' => u8::try_from(digits(rest, 2, 8, Some(first))?).ok()?,
        'u' => return code_point(digits(rest, 4, 16, None)?, bytes),
        'U' => return code_point(digits(rest, 8, 16, None)?, bytes),
        _ => return None,
    };
    bytes.push(simple);
    Some(())
}

fn code_point(value: u32, bytes: &mut Vec<u8>) -> Option<()> {
    let c = char::from_u32(value)?;
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn digits(
    rest: &mut std::str::Chars<'_>,
    count: usize,
    radix: u32,
    first: Option<char>,
) -> Option<u32> {
    let mut value = first.map_or(Some(0), |c| c.to_digit(radix))?;
    for _ in 0..count {
        value = value
            .checked_mul(radix)?
            .checked_add(rest.next()?.to_digit(radix)?)?;
    }
    Some(value)
}
