//! Reading times by Go's reference layouts.
//!
//! Upstream: Go `time.Parse`.

use std::fmt::Write as _;

use super::layout::{Chunk, DAYS, MONTHS, Offset, next_chunk};
use super::time::{Time, Zone, days_from_civil, days_in};

/// Reads a time; without a zone in the text it is UTC.
pub(super) fn parse(layout: &str, value: &str) -> Result<Time, String> {
    let mut fields = Fields::default();
    let mut rest_of_layout = layout;
    let mut rest = value;
    loop {
        let (before, chunk, after) = next_chunk(rest_of_layout);
        rest = match skip(rest, before) {
            Ok(rest) => rest,
            Err(rest) => return Err(cannot(layout, value, before, rest)),
        };
        let Some((chunk, text)) = chunk else {
            if !rest.is_empty() {
                let extra = quote(rest);
                return Err(failed(value, &format!(": extra text: {extra}")));
            }
            return fields.time(value);
        };
        rest_of_layout = after;
        let held = rest;
        match fields.read(chunk, &mut rest, after) {
            Ok(()) => {}
            Err(Bad::Range(what)) => {
                return Err(failed(value, &format!(": {what} out of range")));
            }
            Err(Bad::Syntax) => return Err(cannot(layout, value, text, held)),
        }
    }
}

/// A text as errors about times quote it: bytes that are not ASCII show as numbers.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

fn cannot(layout: &str, value: &str, layout_part: &str, value_part: &str) -> String {
    format!(
        "parsing time {} as {}: cannot parse {} as {}",
        quote(value),
        quote(layout),
        quote(value_part),
        quote(layout_part)
    )
}

fn failed(value: &str, message: &str) -> String {
    format!("parsing time {}{message}", quote(value))
}

enum Bad {
    Syntax,
    Range(&'static str),
}

#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

impl Fields {
    fn read(&mut self, chunk: Chunk, rest: &mut &str, after: &str) -> Result<(), Bad> {
        match chunk {
            Chunk::Year => {
                let year = i64::from(plain(take(rest, 2)?)?);
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Chunk::LongYear => self.year = i64::from(plain(take(rest, 4)?)?),
            Chunk::Month => self.month = Some(lookup(rest, &MONTHS, 3)? + 1),
            Chunk::LongMonth => self.month = Some(lookup(rest, &MONTHS, 0)? + 1),
            Chunk::Weekday => drop(lookup(rest, &DAYS, 3)?),
            Chunk::LongWeekday => drop(lookup(rest, &DAYS, 0)?),
            Chunk::NumMonth | Chunk::ZeroMonth => {
                let month = number(rest, chunk == Chunk::ZeroMonth)?;
                if !(1..=12).contains(&month) {
                    return Err(Bad::Range("month"));
                }
                self.month = Some(month);
            }
            Chunk::Day | Chunk::UnderDay | Chunk::ZeroDay => {
                if chunk == Chunk::UnderDay {
                    *rest = rest.strip_prefix(' ').unwrap_or(rest);
                }
                self.day = Some(number(rest, chunk == Chunk::ZeroDay)?);
            }
            Chunk::UnderYearDay | Chunk::ZeroYearDay => {
                for _ in 0..2 {
                    if chunk == Chunk::UnderYearDay {
                        *rest = rest.strip_prefix(' ').unwrap_or(rest);
                    }
                }
                self.year_day = Some(three_digits(rest, chunk == Chunk::ZeroYearDay)?);
            }
            Chunk::Hour => self.hour = below(number(rest, false)?, 24, "hour")?,
            Chunk::Hour12 | Chunk::ZeroHour12 => {
                self.hour = below(number(rest, chunk == Chunk::ZeroHour12)?, 13, "hour")?;
            }
            Chunk::Minute | Chunk::ZeroMinute => {
                self.minute = below(number(rest, chunk == Chunk::ZeroMinute)?, 60, "minute")?;
            }
            Chunk::Second | Chunk::ZeroSecond => {
                self.second = below(number(rest, chunk == Chunk::ZeroSecond)?, 60, "second")?;
                let fraction_follows =
                    matches!(next_chunk(after).1, Some((Chunk::Fraction(..), _)));
                if !fraction_follows {
                    self.fraction(rest)?;
                }
            }
            Chunk::UpperPm => self.half(rest, "AM", "PM")?,
            Chunk::LowerPm => self.half(rest, "am", "pm")?,
            Chunk::ZoneName => self.zone_name(rest)?,
            Chunk::Offset(zulu, shape) => self.offset(rest, zulu, shape)?,
            Chunk::Fraction(true, _) => self.fraction(rest)?,
            Chunk::Fraction(false, digits) => {
                let text = take(rest, digits + 1)?;
                self.nanos = nanos(text.strip_prefix(['.', ',']).ok_or(Bad::Syntax)?)?;
            }
        }
        Ok(())
    }

    /// Reads a fraction of seconds, if there is one.
    fn fraction(&mut self, rest: &mut &str) -> Result<(), Bad> {
        let Some(digits) = rest.strip_prefix(['.', ',']) else {
            return Ok(());
        };
        let count = digits.len()
            - digits
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .len();
        if count > 0 {
            self.nanos = nanos(&digits[..count])?;
            *rest = &digits[count..];
        }
        Ok(())
    }

    fn half(&mut self, rest: &mut &str, morning: &str, afternoon: &str) -> Result<(), Bad> {
        let text = take(rest, 2)?;
        if text != morning && text != afternoon {
            return Err(Bad::Syntax);
        }
        self.afternoon = Some(text == afternoon);
        Ok(())
    }

    fn offset(&mut self, rest: &mut &str, zulu: bool, shape: Offset) -> Result<(), Bad> {
        if zulu && rest.starts_with('Z') {
            *rest = &rest[1..];
            self.utc = true;
            return Ok(());
        }
        let length = match shape {
            Offset::Short => 3,
            Offset::Plain => 5,
            Offset::Colon => 6,
            Offset::Seconds => 7,
            Offset::ColonSeconds => 9,
        };
        let text = take(rest, length)?;
        let colons_fit = match shape {
            Offset::Colon => text.as_bytes()[3] == b':',
            Offset::ColonSeconds => text.as_bytes()[3] == b':' && text.as_bytes()[6] == b':',
            _ => true,
        };
        let digits: String = text[1..].chars().filter(|&c| c != ':').collect();
        if !colons_fit || !digits.len().is_multiple_of(2) {
            return Err(Bad::Syntax);
        }
        let part = |at: usize| match digits.get(at..at + 2) {
            Some(text) => plain(text),
            None => Ok(0),
        };
        let hours = below(part(0)?, 25, "time zone offset hour")?;
        let minutes = below(part(2)?, 61, "time zone offset minute")?;
        let seconds = below(part(4)?, 61, "time zone offset second")?;
        let total =
            i32::try_from((hours * 60 + minutes) * 60 + seconds).map_err(|_| Bad::Syntax)?;
        self.offset = Some(match text.as_bytes()[0] {
            b'+' => total,
            b'-' => -total,
            _ => return Err(Bad::Syntax),
        });
        Ok(())
    }

    fn zone_name(&mut self, rest: &mut &str) -> Result<(), Bad> {
        if let Some(after) = rest.strip_prefix("UTC") {
            *rest = after;
            self.utc = true;
            return Ok(());
        }
        let length = zone_length(rest).ok_or(Bad::Syntax)?;
        rest[..length].clone_into(&mut self.zone);
        *rest = &rest[length..];
        Ok(())
    }

    fn time(mut self, value: &str) -> Result<Time, String> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            self.by_year_day(year_day, value)?;
        }
        let month = u8::try_from(self.month.unwrap_or(1)).unwrap_or(1);
        let day = u8::try_from(self.day.unwrap_or(1)).unwrap_or(0);
        if day < 1 || day > days_in(self.year, month) {
            return Err(failed(value, ": day out of range"));
        }
        let clock = self.hour * 3600 + self.minute * 60 + self.second;
        let time = Time {
            seconds: days_from_civil(self.year, month, day) * 86_400 + i64::from(clock),
            nanos: self.nanos,
            zone: Zone::Utc,
        };
        if self.utc {
            return Ok(time);
        }
        if let Some(offset) = self.offset {
            let time = Time {
                seconds: time.seconds - i64::from(offset),
                ..time
            };
            return Ok(time.with_offset(offset));
        }
        if self.zone.is_empty() {
            return Ok(time);
        }
        let hours = self.zone.strip_prefix("GMT").and_then(|h| h.parse().ok());
        let offset: i32 = hours.unwrap_or(0) * 3600;
        // An invented zone only relabels the clock: the text is taken as UTC.
        Ok(Time {
            zone: Zone::Fixed(offset, self.zone.into()),
            ..time
        })
    }

    fn by_year_day(&mut self, year_day: u32, value: &str) -> Result<(), String> {
        let leap = days_in(self.year, 2) == 29;
        if !(1..=365 + u32::from(leap)).contains(&year_day) {
            return Err(failed(value, ": day-of-year out of range"));
        }
        let (mut month, mut day) = (1, year_day);
        while day > u32::from(days_in(self.year, month)) {
            day -= u32::from(days_in(self.year, month));
            month += 1;
        }
        if self.month.is_some_and(|m| m != u32::from(month)) {
            return Err(failed(value, ": day-of-year does not match month"));
        }
        if self.day.is_some_and(|d| d != day) {
            return Err(failed(value, ": day-of-year does not match day"));
        }
        (self.month, self.day) = (Some(u32::from(month)), Some(day));
        Ok(())
    }
}

/// Passes the plain text of a layout; a run of blanks stands for any run of blanks.
fn skip<'a>(mut value: &'a str, mut prefix: &str) -> Result<&'a str, &'a str> {
    while let Some(c) = prefix.chars().next() {
        if c == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c).ok_or(value)?;
        prefix = &prefix[c.len_utf8()..];
    }
    Ok(value)
}

fn take<'a>(rest: &mut &'a str, length: usize) -> Result<&'a str, Bad> {
    let text = rest.get(..length).ok_or(Bad::Syntax)?;
    *rest = &rest[length..];
    Ok(text)
}

fn plain(text: &str) -> Result<u32, Bad> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Bad::Syntax);
    }
    text.parse().map_err(|_| Bad::Syntax)
}

fn number(rest: &mut &str, two_digits: bool) -> Result<u32, Bad> {
    let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (two_digits && digits == 1) {
        return Err(Bad::Syntax);
    }
    plain(take(rest, digits)?)
}

fn three_digits(rest: &mut &str, all: bool) -> Result<u32, Bad> {
    let digits = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (all && digits != 3) {
        return Err(Bad::Syntax);
    }
    plain(take(rest, digits)?)
}

fn below(value: u32, limit: u32, what: &'static str) -> Result<u32, Bad> {
    if value < limit {
        Ok(value)
    } else {
        Err(Bad::Range(what))
    }
}

fn nanos(digits: &str) -> Result<u32, Bad> {
    let kept = &digits[..digits.len().min(9)];
    Ok(plain(kept)? * 10u32.pow(9 - u32::try_from(kept.len()).unwrap_or(9)))
}

fn lookup(rest: &mut &str, names: &[&str], length: usize) -> Result<u32, Bad> {
    for (index, name) in (0..).zip(names) {
        let name = if length > 0 { &name[..length] } else { name };
        let fits = rest
            .get(..name.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(name));
        if fits {
            *rest = &rest[name.len()..];
            return Ok(index);
        }
    }
    Err(Bad::Syntax)
}

/// The length of a zone's short name at the start of a text.
fn zone_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_offset(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_offset(text)).filter(|&length| length > 0);
    }
    let upper = text
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_uppercase)
        .count();
    match upper {
        3 => Some(3),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if text.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

/// The length of a sign and an hour up to 23; 0 without one.
fn signed_offset(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['+', '-']) else {
        return 0;
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match rest[..digits].parse::<u32>() {
        Ok(hours) if hours < 24 => digits + 1,
        _ => 0,
    }
}
