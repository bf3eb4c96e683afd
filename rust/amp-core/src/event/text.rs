//! Pieces of protobuf's JSON: numbers of 64 bits are texts, what is zero or empty is left out.

use std::fmt::Write as _;

use crate::time::Time;

/// Appends a string literal; unlike Go's other encoder this one leaves `<`, `>`, `&` and line separators as they are.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            9 => out.push_str("\\t"),
            10 => out.push_str("\\n"),
            12 => out.push_str("\\f"),
            13 => out.push_str("\\r"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Appends an instant in UTC with 0, 3, 6 or 9 decimals.
pub(super) fn write_time(out: &mut String, at: Time) {
    let whole = Time::new(at.unix_secs(), 0);
    out.push('"');
    whole.write_rfc3339_nano(out);
    if out.ends_with('Z') {
        out.pop();
    }
    write_decimals(out, at.subsec_nanos());
    out.push_str("Z\"");
}

/// Appends a duration in seconds with 0, 3, 6 or 9 decimals.
pub(super) fn write_duration(out: &mut String, ns: i64) {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let _ = write!(out, "\"{sign}{}", ns / 1_000_000_000);
    write_decimals(out, u32::try_from(ns % 1_000_000_000).unwrap_or_default());
    out.push_str("s\"");
}

fn write_decimals(out: &mut String, nanos: u32) {
    let _ = if nanos == 0 {
        Ok(())
    } else if nanos.is_multiple_of(1_000_000) {
        write!(out, ".{:03}", nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        write!(out, ".{:06}", nanos / 1_000)
    } else {
        write!(out, ".{nanos:09}")
    };
}

/// The entries of one object, in the order of the message's numbers.
pub(super) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Begins an entry; its value is written to what this gives.
    pub(super) fn entry(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        let _ = write!(self.out, "\"{key}\":");
        self.out
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            write_text(self.entry(key), value);
        }
    }

    /// A number of 64 bits.
    pub(super) fn number(&mut self, key: &str, value: u64) {
        if value != 0 {
            let _ = write!(self.entry(key), "\"{value}\"");
        }
    }

    pub(super) fn time(&mut self, key: &str, at: Time) {
        write_time(self.entry(key), at);
    }

    /// A list of what `write` writes; nothing when it is empty.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return;
        }
        let out = self.entry(key);
        let mut before = '[';
        for item in items {
            out.push(before);
            write(out, item);
            before = ',';
        }
        out.push(']');
    }

    pub(super) fn close(self) {
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn texts_as_protobuf_writes_them() {
        let text = written(|out| write_text(out, "a\"\\<>&\n\r\t\u{8}\u{c}\u{1}\u{2028}é\u{7f}"));
        assert_eq!(
            text,
            "\"a\\\"\\\\<>&\\n\\r\\t\\b\\f\\u0001\u{2028}é\u{7f}\""
        );
    }

    #[test]
    fn decimals_come_in_threes() {
        for (nanos, decimals) in [
            (0, ""),
            (500_000_000, ".500"),
            (1_000, ".000001"),
            (10, ".000000010"),
        ] {
            let at = written(|out| write_time(out, Time::new(1, nanos)));
            assert_eq!(at, format!("\"1970-01-01T00:00:01{decimals}Z\""));
        }
        assert_eq!(
            written(|out| write_duration(out, 1_500_000_000)),
            "\"1.500s\""
        );
        assert_eq!(written(|out| write_duration(out, 0)), "\"0s\"");
        let other = Time::new(0, 0).with_offset_minutes(90);
        assert_eq!(
            written(|out| write_time(out, other)),
            "\"1970-01-01T00:00:00Z\""
        );
        assert_eq!(
            written(|out| write_time(out, Time::ZERO)),
            "\"0001-01-01T00:00:00Z\""
        );
    }
}
