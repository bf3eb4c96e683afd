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
    let mut rest = text;
    loop {
        let (plain, escape, width) = next_escape(rest);
        out.push_str(&rest[..plain]);
        out.push_str(escape);
        if plain + width == rest.len() {
            return;
        }
        rest = &rest[plain + width..];
    }
}

/// Where the inside of a literal that this module wrote ends in `written`, if the literal stands at `at` and means
/// the text.
pub fn literal_end(text: &str, written: &str, mut at: usize) -> Option<usize> {
    let mut rest = text;
    loop {
        let (plain, escape, width) = next_escape(rest);
        for piece in [&rest[..plain], escape] {
            if !written.as_bytes().get(at..)?.starts_with(piece.as_bytes()) {
                return None;
            }
            at += piece.len();
        }
        if plain + width == rest.len() {
            return Some(at);
        }
        rest = &rest[plain + width..];
    }
}

/// How many bytes stand for themselves, the escape of what follows, and how many bytes that is; nothing at the end.
#[inline]
fn next_escape(text: &str) -> (usize, &'static str, usize) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at = special(bytes, at);
        let (escape, width) = match bytes.get(at) {
            None => ("", 0),
            Some(0xE2) => match bytes.get(at + 1..at + 3) {
                Some([0x80, 0xA8]) => ("\\u2028", 3),
                Some([0x80, 0xA9]) => ("\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            },
            Some(b'"') => ("\\\"", 1),
            Some(b'\\') => ("\\\\", 1),
            Some(b'<') => ("\\u003c", 1),
            Some(b'>') => ("\\u003e", 1),
            Some(b'&') => ("\\u0026", 1),
            Some(control) => (CONTROLS[usize::from(*control & 31)], 1),
        };
        return (at, escape, width);
    }
}

/// The escapes of the control characters.
static CONTROLS: [&str; 32] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007", "\\b",
    "\\t", "\\n", "\\u000b", "\\f", "\\r", "\\u000e", "\\u000f", "\\u0010", "\\u0011", "\\u0012",
    "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018", "\\u0019", "\\u001a",
    "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
];

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

/// The name and value literals of an object of strings that this crate wrote.
pub fn string_pairs(object: &str) -> Vec<(&str, &str)> {
    let mut literals = Vec::new();
    let bytes = object.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let from = at + found;
        at = from + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        at += 1;
        literals.push(object.get(from..at).unwrap_or_default());
    }
    literals
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

/// The names and values of an object of strings that this crate wrote.
pub fn read_object(object: &str) -> Vec<(String, String)> {
    let inside = |literal: &str| {
        let text = literal
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        unescape(text.unwrap_or_default())
    };
    string_pairs(object)
        .into_iter()
        .map(|(name, value)| (inside(name), inside(value)))
        .collect()
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

    #[test]
    fn literals_are_compared_by_meaning() {
        let written = format!("{{{}:", quoted("a&\u{2028}é\n\u{201c}"));
        let end = written.len() - 2;
        assert_eq!(literal_end("a&\u{2028}é\n\u{201c}", &written, 2), Some(end));
        assert_eq!(
            literal_end("a&\u{2028}é\n", &written, 2).map(|at| at < end),
            Some(true)
        );
        assert_eq!(literal_end("a&\u{2028}é\n\u{201c}x", &written, 2), None);
        assert_eq!(literal_end("a", "", 5), None);
    }

    #[test]
    fn literals_with_escaped_quotes_are_whole() {
        assert_eq!(
            string_pairs(r#"{"a\"":"b\\","c":""}"#),
            [(r#""a\"""#, r#""b\\""#), (r#""c""#, r#""""#)]
        );
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
