//! Writing JSON text as Go does: HTML characters and the line separators escaped, keys in byte order.

/// Appends a string literal with its quotes.
///
/// Upstream's programs use Go's encoder: `<`, `>`, `&`, U+2028 and U+2029 become `\u` escapes, control characters
/// too, but for `\b`, `\f`, `\n`, `\r` and `\t`.
pub fn write_str(out: &mut String, text: &str) {
    out.push('"');
    write_escaped(out, text);
    out.push('"');
}

/// Appends the inside of a string literal, without quotes.
pub fn write_escaped(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    loop {
        at = special(bytes, at);
        if at == bytes.len() {
            break;
        }
        let (escape, width) = match bytes[at] {
            0xE2 => match bytes.get(at + 1..at + 3) {
                Some([0x80, 0xA8]) => ("\\u2028", 3),
                Some([0x80, 0xA9]) => ("\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            },
            b'"' => ("\\\"", 1),
            b'\\' => ("\\\\", 1),
            b'\n' => ("\\n", 1),
            b'\r' => ("\\r", 1),
            b'\t' => ("\\t", 1),
            0x08 => ("\\b", 1),
            0x0C => ("\\f", 1),
            _ => ("\\u00", 1),
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if escape == "\\u00" {
            for digit in [bytes[at] >> 4, bytes[at] & 15] {
                out.extend(char::from_digit(digit.into(), 16));
            }
        }
        at += width;
        from = at;
    }
    out.push_str(&text[from..]);
}

/// The offset of the first byte that may need an escape; the length when there is none.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const fn is(word: u64, byte: u64) -> u64 {
        let word = word ^ (ONES * byte);
        word.wrapping_sub(ONES) & !word
    }
    while let Some(chunk) = bytes.get(at..at + 8) {
        let Ok(chunk) = <[u8; 8]>::try_from(chunk) else {
            break;
        };
        let word = u64::from_le_bytes(chunk);
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        // `"` and `&`, `<` and `>` differ in one bit each; the separators begin with 0xE2.
        let found = below_space
            | is(word | (ONES * 4), 0x26)
            | is(word | (ONES * 2), 0x3E)
            | is(word, 0x5C)
            | is(word, 0xE2);
        if found & HIGH != 0 {
            return at + ((found & HIGH).trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x20 || matches!(byte, b'"' | b'&' | b'<' | b'>' | b'\\' | 0xE2) {
            break;
        }
        at += 1;
    }
    at
}

/// A string literal with its quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_str(&mut out, text);
    out
}

/// Undoes the escapes of the inside of a valid string literal.
///
/// As Go: a surrogate without its other half becomes U+FFFD.
pub fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let Some(code) = rest.as_bytes().get(at + 1) else {
            return out;
        };
        rest = rest.get(at + 2..).unwrap_or("");
        match code {
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let first = hex4(rest);
                rest = rest.get(4..).unwrap_or("");
                match char::from_u32(first) {
                    Some(letter) => out.push(letter),
                    None => rest = surrogate(&mut out, first, rest),
                }
            }
            other => out.push(char::from(*other)),
        }
    }
    out.push_str(rest);
    out
}

/// Writes the character of a surrogate pair whose first half was read; gives what is left of the text.
fn surrogate<'a>(out: &mut String, first: u32, rest: &'a str) -> &'a str {
    if first < 0xDC00
        && let Some(tail) = rest.strip_prefix("\\u")
    {
        let second = hex4(tail);
        if (0xDC00..0xE000).contains(&second) {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
            return tail.get(4..).unwrap_or("");
        }
    }
    out.push('\u{FFFD}');
    rest
}

fn hex4(text: &str) -> u32 {
    text.get(..4)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or(0xFFFD)
}

/// Invalid bytes replaced one by one with U+FFFD, as Go's decoder does.
pub fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for _ in chunk.invalid() {
            out.push('\u{FFFD}');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_as_go() {
        assert_eq!(
            quoted("a\"\\<>&\n\r\t\u{8}\u{c}\u{1}\u{2028}\u{2029}é\u{201c}\u{7f}"),
            r#""a\"\\\u003c\u003e\u0026\n\r\t\b\f\u0001\u2028\u2029é“"#.to_owned() + "\u{7f}\""
        );
    }

    #[test]
    fn surrogates_as_go() {
        assert_eq!(
            unescape(r"\ud83d\ude00\ud83d\u0041x\udc00"),
            "😀\u{FFFD}Ax\u{FFFD}"
        );
        assert_eq!(unescape(r"\ud800\ud83d\ude00"), "\u{FFFD}😀");
    }

    #[test]
    fn every_invalid_byte_is_replaced() {
        assert_eq!(lossy(b"\xe2\x82x\xff"), "\u{FFFD}\u{FFFD}x\u{FFFD}");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in ".*") {
            let literal = quoted(&text);
            prop_assert_eq!(unescape(&literal[1..literal.len() - 1]), text.clone());
            prop_assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), text);
        }
    }
}
