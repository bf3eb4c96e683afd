//! Text in double quotes as Go writes and reads it.

use std::fmt::Write as _;

/// Writes a text in double quotes, escaped as Go's `strconv.Quote`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    quoted
}

/// Appends a text in double quotes, escaped as Go's `strconv.Quote`.
pub fn push_quoted(target: &mut String, text: &str) {
    target.push('"');
    for character in text.chars() {
        match character {
            '"' => target.push_str("\\\""),
            '\\' => target.push_str("\\\\"),
            ' '..='~' => target.push(character),
            '\x07' => target.push_str("\\a"),
            '\x08' => target.push_str("\\b"),
            '\x0c' => target.push_str("\\f"),
            '\n' => target.push_str("\\n"),
            '\r' => target.push_str("\\r"),
            '\t' => target.push_str("\\t"),
            '\x0b' => target.push_str("\\v"),
            _ if is_printable(character) => target.push(character),
            _ => {
                let code = character as u32;
                let _ = match code {
                    0..=0x7f => write!(target, "\\x{code:02x}"),
                    0x80..=0xffff => write!(target, "\\u{code:04x}"),
                    _ => write!(target, "\\U{code:08x}"),
                };
            }
        }
    }
    target.push('"');
}

/// Whether Go prints a character beyond ASCII as itself: letters, marks, numbers, punctuation, symbols.
fn is_printable(character: char) -> bool {
    // The standard library's debug form escapes exactly what does not print, from the second character on.
    let mut text = String::with_capacity(8);
    text.push('x');
    text.push(character);
    text.escape_debug().nth(1) == Some(character)
}

/// Reads the inside of a double-quoted Go string; `None` when an escape is wrong or the result is not UTF-8.
pub fn unquote_inner(inner: &str) -> Option<String> {
    if !inner.contains(['\\', '\n', '"']) {
        return Some(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '"' => return None,
            '\\' => push_escape(&mut bytes, &mut rest)?,
            _ => push_char(&mut bytes, character),
        }
    }
    String::from_utf8(bytes).ok()
}

fn push_char(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Reads what follows a backslash. `\x` and octal escapes give bytes, `\u` and `\U` characters.
fn push_escape(bytes: &mut Vec<u8>, rest: &mut std::str::Chars<'_>) -> Option<()> {
    match rest.next()? {
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        '\\' => bytes.push(b'\\'),
        '"' => bytes.push(b'"'),
        'x' => bytes.push(u8::try_from(digits(rest, 2, 16, 0)?).ok()?),
        'u' => push_char(bytes, char::from_u32(digits(rest, 4, 16, 0)?)?),
        'U' => push_char(bytes, char::from_u32(digits(rest, 8, 16, 0)?)?),
        first => {
            let value = digits(rest, 2, 8, first.to_digit(8)?)?;
            bytes.push(u8::try_from(value).ok()?);
        }
    }
    Some(())
}

fn digits(rest: &mut std::str::Chars<'_>, count: usize, radix: u32, start: u32) -> Option<u32> {
    let mut value = start;
    for _ in 0..count {
        value = value
            .checked_mul(radix)?
            .checked_add(rest.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        assert_eq!(
            quote("a\"b\\c\nd\t\x01é\u{200b}🙂\u{e000}"),
            "\"a\\\"b\\\\c\\nd\\t\\x01é\\u200b🙂\\ue000\""
        );
        assert_eq!(quote("\u{a0}\u{301}"), "\"\\u00a0\u{301}\"");
    }

    #[test]
    fn unquotes_as_go() {
        assert_eq!(
            unquote_inner("a\\tb\\u00e9\\x41\\101").as_deref(),
            Some("a\tbéAA")
        );
        for bad in [
            "\\d", "\\xff", "\\'", "\\u12", "\\400", "\n", "\\", "\\ud800",
        ] {
            assert_eq!(unquote_inner(bad), None, "{bad}");
        }
    }
}
