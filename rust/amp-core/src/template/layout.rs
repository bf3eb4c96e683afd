//! Go's reference layouts (`2006-01-02 15:04:05`): which chunks they have, and writing times by them.

use std::fmt::Write as _;

use super::time::{Parts, Time};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A part of a layout that stands for a part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset: whether `Z` stands for zero, and its shape.
    Offset(bool, Offset),
    /// A fraction of seconds: whether zeros at the end are dropped, and how many digits.
    Fraction(bool, usize),
}

/// The shapes of an offset: `-0700`, `-070000`, `-07`, `-07:00`, `-07:00:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    Plain,
    Seconds,
    Short,
    Colon,
    ColonSeconds,
}

/// Words that stand for one chunk; a longer word comes before its own beginning.
const WORDS: [(&str, Chunk); 33] = [
    ("January", Chunk::LongMonth),
    ("Jan", Chunk::Month),
    ("Monday", Chunk::LongWeekday),
    ("Mon", Chunk::Weekday),
    ("MST", Chunk::ZoneName),
    ("002", Chunk::ZeroYearDay),
    ("01", Chunk::ZeroMonth),
    ("02", Chunk::ZeroDay),
    ("03", Chunk::ZeroHour12),
    ("04", Chunk::ZeroMinute),
    ("05", Chunk::ZeroSecond),
    ("06", Chunk::Year),
    ("15", Chunk::Hour),
    ("1", Chunk::NumMonth),
    ("2006", Chunk::LongYear),
    ("2", Chunk::Day),
    ("__2", Chunk::UnderYearDay),
    ("_2", Chunk::UnderDay),
    ("3", Chunk::Hour12),
    ("4", Chunk::Minute),
    ("5", Chunk::Second),
    ("PM", Chunk::UpperPm),
    ("pm", Chunk::LowerPm),
    ("-070000", Chunk::Offset(false, Offset::Seconds)),
    ("-07:00:00", Chunk::Offset(false, Offset::ColonSeconds)),
    ("-0700", Chunk::Offset(false, Offset::Plain)),
    ("-07:00", Chunk::Offset(false, Offset::Colon)),
    ("-07", Chunk::Offset(false, Offset::Short)),
    ("Z070000", Chunk::Offset(true, Offset::Seconds)),
    ("Z07:00:00", Chunk::Offset(true, Offset::ColonSeconds)),
    ("Z0700", Chunk::Offset(true, Offset::Plain)),
    ("Z07:00", Chunk::Offset(true, Offset::Colon)),
    ("Z07", Chunk::Offset(true, Offset::Short)),
];

/// The text before the next chunk, the chunk and its length, and what follows.
pub(super) fn next_chunk(layout: &str) -> (&str, Option<(Chunk, &str)>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some(after) = rest.strip_prefix("_2006") {
            return (&layout[..=at], Some((Chunk::LongYear, &rest[1..5])), after);
        }
        if let Some((chunk, length)) = fraction(rest).or_else(|| word(rest)) {
            return (
                &layout[..at],
                Some((chunk, &rest[..length])),
                &rest[length..],
            );
        }
    }
    (layout, None, "")
}

fn word(rest: &str) -> Option<(Chunk, usize)> {
    let (text, chunk) = WORDS.iter().find(|(text, _)| rest.starts_with(text))?;
    // A short name followed by a small letter is another word.
    let inside_word = matches!(chunk, Chunk::Month | Chunk::Weekday)
        && rest[text.len()..].starts_with(|c: char| c.is_ascii_lowercase());
    (!inside_word).then_some((*chunk, text.len()))
}

fn fraction(rest: &str) -> Option<(Chunk, usize)> {
    let digits = rest.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(digit).len();
    if digits[count..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((Chunk::Fraction(digit == '9', count), count + 1))
}

impl Time {
    /// The time written by a layout.
    pub(super) fn format(&self, layout: &str) -> String {
        let parts = self.parts();
        let mut out = String::with_capacity(layout.len() + 10);
        let mut rest = layout;
        loop {
            let (before, chunk, after) = next_chunk(rest);
            out.push_str(before);
            let Some((chunk, text)) = chunk else {
                return out;
            };
            write_chunk(&mut out, chunk, text, &parts, self.nanos);
            rest = after;
        }
    }

    /// The time as Go prints it.
    pub(super) fn shown(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    /// The time as RFC 3339 with as many digits as it has.
    pub(super) fn rfc3339(&self) -> String {
        self.format("2006-01-02T15:04:05.999999999Z07:00")
    }
}

fn write_chunk(out: &mut String, chunk: Chunk, text: &str, parts: &Parts, nanos: u32) {
    let hour12 = match parts.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let month = MONTHS[usize::from(parts.month.clamp(1, 12)) - 1];
    let day = DAYS[usize::from(parts.weekday % 7)];
    // Writing to a String cannot fail.
    let _ = match chunk {
        Chunk::LongMonth => write!(out, "{month}"),
        Chunk::Month => write!(out, "{}", &month[..3]),
        Chunk::NumMonth => write!(out, "{}", parts.month),
        Chunk::ZeroMonth => write!(out, "{:02}", parts.month),
        Chunk::LongWeekday => write!(out, "{day}"),
        Chunk::Weekday => write!(out, "{}", &day[..3]),
        Chunk::Day => write!(out, "{}", parts.day),
        Chunk::UnderDay => write!(out, "{:2}", parts.day),
        Chunk::ZeroDay => write!(out, "{:02}", parts.day),
        Chunk::UnderYearDay => write!(out, "{:3}", parts.year_day),
        Chunk::ZeroYearDay => write!(out, "{:03}", parts.year_day),
        Chunk::Hour => write!(out, "{:02}", parts.hour),
        Chunk::Hour12 => write!(out, "{hour12}"),
        Chunk::ZeroHour12 => write!(out, "{hour12:02}"),
        Chunk::Minute => write!(out, "{}", parts.minute),
        Chunk::ZeroMinute => write!(out, "{:02}", parts.minute),
        Chunk::Second => write!(out, "{}", parts.second),
        Chunk::ZeroSecond => write!(out, "{:02}", parts.second),
        Chunk::LongYear if parts.year < 0 => write!(out, "-{:04}", -parts.year),
        Chunk::LongYear => write!(out, "{:04}", parts.year),
        Chunk::Year => write!(out, "{:02}", parts.year.rem_euclid(100)),
        Chunk::UpperPm => write!(out, "{}", if parts.hour >= 12 { "PM" } else { "AM" }),
        Chunk::LowerPm => write!(out, "{}", if parts.hour >= 12 { "pm" } else { "am" }),
        Chunk::ZoneName if parts.zone.is_empty() => {
            write_short_offset(out, parts.offset);
            Ok(())
        }
        Chunk::ZoneName => write!(out, "{}", parts.zone),
        Chunk::Offset(zulu, shape) => {
            write_offset(out, parts.offset, zulu, shape);
            Ok(())
        }
        Chunk::Fraction(trim, digits) => {
            write_fraction(out, text, trim, digits, nanos);
            Ok(())
        }
    };
}

fn write_short_offset(out: &mut String, offset: i32) {
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    let _ = write!(out, "{sign}{:02}", minutes / 60);
    let _ = write!(out, "{:02}", minutes % 60);
}

fn write_offset(out: &mut String, offset: i32, zulu: bool, shape: Offset) {
    if zulu && offset == 0 {
        out.push('Z');
        return;
    }
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let seconds = offset.abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = match shape {
        Offset::Plain => write!(out, "{sign}{hours:02}{minutes:02}"),
        Offset::Seconds => write!(out, "{sign}{hours:02}{minutes:02}{rest:02}"),
        Offset::Short => write!(out, "{sign}{hours:02}"),
        Offset::Colon => write!(out, "{sign}{hours:02}:{minutes:02}"),
        Offset::ColonSeconds => write!(out, "{sign}{hours:02}:{minutes:02}:{rest:02}"),
    };
}

fn write_fraction(out: &mut String, text: &str, trim: bool, digits: usize, nanos: u32) {
    let all = format!("{nanos:09}");
    let mut shown = &all[..digits.min(9)];
    if trim {
        shown = shown.trim_end_matches('0');
        if shown.is_empty() {
            return;
        }
    }
    out.push_str(&text[..1]);
    out.push_str(shown);
}
