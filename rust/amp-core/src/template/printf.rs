//! Go's `printf`: reading a format and its verbs.
//!
//! Upstream: Go `fmt` `print.go`.

use std::fmt::Write as _;

use super::format::{Flags, argument};
use super::value::Value;

/// Width and precision above this are not taken, as in Go.
const MAX_NUMBER: usize = 1_000_000;

/// `fmt.Sprintf`.
pub(super) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut printer = Printf {
        rest: format,
        values,
        next: 0,
        reordered: false,
        good_index: true,
    };
    let mut out = String::with_capacity(format.len() + 16);
    while let Some(at) = printer.rest.find('%') {
        out.push_str(&printer.rest[..at]);
        printer.rest = &printer.rest[at + 1..];
        if !printer.verb(&mut out) {
            break;
        }
    }
    if printer.rest.find('%').is_none() {
        out.push_str(printer.rest);
    }
    printer.extra(&mut out);
    out
}

struct Printf<'a> {
    rest: &'a str,
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
}

impl Printf<'_> {
    /// Writes one verb; false when the format ends before it.
    fn verb(&mut self, out: &mut String) -> bool {
        self.good_index = true;
        let mut flags = Flags::default();
        while let Some(c) = self.rest.chars().next() {
            match c {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        let mut after_index = self.index();
        after_index = self.width(out, &mut flags, after_index);
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            after_index = self.precision(out, &mut flags, after_index);
        }
        if !after_index {
            self.index();
        }
        let Some(verb) = self.rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            return false;
        };
        self.rest = &self.rest[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
        } else if !self.good_index {
            let _ = write!(out, "%!{verb}(BADINDEX)");
        } else if let Some(value) = self.values.get(self.next) {
            if verb == 'v' {
                flags.sharp_v = std::mem::take(&mut flags.sharp);
                flags.plus_v = std::mem::take(&mut flags.plus);
            }
            argument(out, value, verb, &flags);
            self.next += 1;
        } else {
            let _ = write!(out, "%!{verb}(MISSING)");
        }
        true
    }

    fn width(&mut self, out: &mut String, flags: &mut Flags, after_index: bool) -> bool {
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            match self.number_argument() {
                Some(width) => {
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
            return false;
        }
        flags.width = self.digits();
        if after_index && flags.width.is_some() {
            self.good_index = false;
        }
        after_index
    }

    fn precision(&mut self, out: &mut String, flags: &mut Flags, after_index: bool) -> bool {
        if after_index {
            self.good_index = false;
        }
        let after_index = self.index();
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            match self.number_argument().map(usize::try_from) {
                Some(Ok(precision)) => flags.precision = Some(precision),
                _ => out.push_str("%!(BADPREC)"),
            }
            return false;
        }
        flags.precision = Some(self.digits().unwrap_or(0));
        after_index
    }

    fn digits(&mut self) -> Option<usize> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &self.rest[..self.rest.len() - rest.len()];
        if digits.is_empty() {
            return None;
        }
        self.rest = rest;
        let number = digits.parse().ok().filter(|&number| number <= MAX_NUMBER);
        if number.is_none() {
            // A number that is too large ends the format.
            self.rest = "";
        }
        number
    }

    fn number_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        value
            .as_int()
            .filter(|number| usize::try_from(number.unsigned_abs()).is_ok_and(|n| n <= MAX_NUMBER))
    }

    /// Reads an explicit argument index `[n]`; whether there was one.
    fn index(&mut self) -> bool {
        let Some(rest) = self.rest.strip_prefix('[') else {
            return false;
        };
        self.reordered = true;
        let Some(end) = rest.find(']') else {
            self.good_index = false;
            self.rest = rest;
            return false;
        };
        let number: Option<usize> = rest[..end].parse().ok();
        self.rest = &rest[end + 1..];
        match number {
            Some(number) if (1..=self.values.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            _ => {
                self.good_index = false;
                number.is_some()
            }
        }
    }

    fn extra(&self, out: &mut String) {
        if self.reordered || self.next >= self.values.len() {
            return;
        }
        out.push_str("%!(EXTRA ");
        for (index, value) in self.values[self.next..].iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            if matches!(value, Value::Invalid | Value::NilInterface) {
                out.push_str("<nil>");
            } else {
                out.push_str(value.type_name());
                out.push('=');
                argument(out, value, 'v', &Flags::default());
            }
        }
        out.push(')');
    }
}
