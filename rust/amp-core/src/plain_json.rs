//! JSON texts that mean the same when they are read as YAML 1.1.

use crate::json::{unescape, write_str};

/// Deeper texts are left to whoever reads YAML.
const DEPTH: u8 = 60;
/// YAML gives up a key after 1,024 characters, in which an escape counts six.
const LONGEST_KEY: usize = 160;
const SHORT_DIGITS: usize = 18;

/// The text as Go's encoder writes it: compact, keys in order, the last of several equal keys.
///
/// `None` where it is no JSON, or where YAML may read something else: other escapes, room before a colon, floats and
/// long numbers, characters that YAML takes for breaks or refuses, long keys.
pub fn plain_json(text: &str) -> Option<String> {
    if text.contains(" :") || text.contains("\n:") {
        return None;
    }
    let mut reader = Reader {
        text,
        at: 0,
        out: String::with_capacity(text.len() + text.len() / 8),
    };
    reader.value(0)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(reader.out)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n')) {
            self.at += 1;
        }
    }

    /// Steps over one byte if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: u8) -> Option<()> {
        self.skip_space();
        match self.peek()? {
            b'{' if depth < DEPTH => self.map(depth),
            b'[' if depth < DEPTH => self.list(depth),
            b'"' => {
                let text = self.string()?;
                write_str(&mut self.out, &text);
                Some(())
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.strip_prefix(word)?;
        self.at += word.len();
        self.out.push_str(word);
        Some(())
    }

    fn list(&mut self, depth: u8) -> Option<()> {
        self.at += 1;
        self.out.push('[');
        self.skip_space();
        if !self.take(b']') {
            loop {
                self.value(depth + 1)?;
                self.skip_space();
                if self.take(b']') {
                    break;
                }
                self.take(b',').then_some(())?;
                self.out.push(',');
            }
        }
        self.out.push(']');
        Some(())
    }

    fn map(&mut self, depth: u8) -> Option<()> {
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            self.out.push_str("{}");
            return Some(());
        }
        let begin = self.out.len();
        // Each key with where its value stands, which is written behind `begin` first.
        let mut entries: Vec<(String, usize, usize)> = Vec::new();
        loop {
            self.skip_space();
            let key = self.string()?;
            if key.chars().count() > LONGEST_KEY {
                return None;
            }
            self.take(b':').then_some(())?;
            let from = self.out.len();
            self.value(depth + 1)?;
            entries.push((key, from, self.out.len()));
            self.skip_space();
            if self.take(b'}') {
                break;
            }
            self.take(b',').then_some(())?;
        }
        let values = self.out.split_off(begin);
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        self.out.push('{');
        for (index, (key, from, to)) in entries.iter().enumerate() {
            if entries.get(index + 1).is_some_and(|next| next.0 == *key) {
                continue;
            }
            if !self.out.ends_with('{') || self.out.len() > begin + 1 {
                self.out.push(',');
            }
            write_str(&mut self.out, key);
            self.out.push(':');
            self.out.push_str(&values[from - begin..to - begin]);
        }
        self.out.push('}');
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"').then_some(())?;
        let begin = self.at;
        let mut escaped = false;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..=0x1F | 0x7F => return None,
                byte if byte < 0x80 => self.at += 1,
                _ => {
                    let character = self.text.get(self.at..)?.chars().next()?;
                    if is_refused(character) {
                        return None;
                    }
                    self.at += character.len_utf8();
                }
            }
        }
        let raw = self.text.get(begin..self.at)?;
        self.at += 1;
        Some(if escaped {
            unescape(raw)
        } else {
            raw.to_owned()
        })
    }

    /// Steps over an escape that both languages have.
    fn escape(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at + 1..)?;
        match rest.first()? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = rest.get(1..5)?;
                let half = digits[0].eq_ignore_ascii_case(&b'd');
                if half || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    /// A whole number of few digits; others are written in their own ways.
    fn number(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '-'))
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        let plain = digits.strip_prefix('-').unwrap_or(digits);
        let zeros = plain.len() > 1 && plain.starts_with('0');
        let further = matches!(rest.as_bytes().get(end), Some(b'.' | b'e' | b'E' | b'+'));
        if digits.len() > SHORT_DIGITS || zeros || further {
            return None;
        }
        let value: i64 = digits.parse().ok()?;
        self.out.push_str(&value.to_string());
        self.at += end;
        Some(())
    }
}

/// Characters that YAML takes for breaks of lines or refuses.
const fn is_refused(character: char) -> bool {
    matches!(
        character,
        '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order_and_the_last_of_equal_ones_counts() {
        let text = r#" {"b": [1, -2, 0],"a":{"z":null,"y":true}, "b":{}, "":false} "#;
        let expected = r#"{"":false,"a":{"y":true,"z":null},"b":{}}"#;
        assert_eq!(plain_json(text).as_deref(), Some(expected));
        assert_eq!(plain_json("[]").as_deref(), Some("[]"));
        assert_eq!(plain_json("[{},[{}]]").as_deref(), Some("[{},[{}]]"));
    }

    #[test]
    fn texts_are_written_as_go_does() {
        let text = r#"["<a> & \u0041\n\t\"\\","\u2028é🔥"]"#;
        let expected = r#"["\u003ca\u003e \u0026 A\n\t\"\\","\u2028é🔥"]"#;
        assert_eq!(plain_json(text).as_deref(), Some(expected));
    }

    #[test]
    fn what_yaml_may_read_differently_is_left() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        let long = format!("{{\"{}\":1}}", "k".repeat(161));
        for text in [
            "",
            "{",
            "[1,]",
            "[1] x",
            "[01]",
            "[1.5]",
            "[1e3]",
            "[--1]",
            "[-]",
            "[1-2]",
            "[+1]",
            "[NaN]",
            "[1234567890123456789]",
            r#"{"a" :1}"#,
            "{\"a\"\n:1}",
            r#"["\/"]"#,
            r#"["\ud83d\ude00"]"#,
            "[\"\u{2028}\"]",
            "[\"\u{85}\"]",
            "[\"\t\"]",
            "[\t1]",
            "[truex]",
            "{a:1}",
            r#"{"a":1,}"#,
            "[\"a]",
            &deep,
            &long,
        ] {
            assert_eq!(plain_json(text), None, "{text}");
        }
    }
}
