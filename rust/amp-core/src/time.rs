//! Instants with the offset their sender wrote, and the texts they are read from and written to.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use crate::error::Error;
use crate::time_error;

const NANOS: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

/// An instant in nanoseconds since year 1 at the earliest, with the offset it is shown at. Compared by instant.
///
/// The zero value, 0001-01-01 UTC, means "not given".
#[derive(Debug, Clone, Copy)]
pub struct Time {
    secs: i64,
    nanos: u32,
    offset_minutes: i16,
}

impl Time {
    /// 0001-01-01T00:00:00Z, which means "not given".
    pub const ZERO: Self = Self {
        secs: -62_135_596_800,
        nanos: 0,
        offset_minutes: 0,
    };

    /// From seconds since 1970 and nanoseconds of the second, in UTC.
    pub fn new(secs: i64, nanos: u32) -> Self {
        Self {
            secs: secs.saturating_add(i64::from(nanos / 1_000_000_000)),
            nanos: nanos % 1_000_000_000,
            offset_minutes: 0,
        }
    }

    /// From nanoseconds since 1970, in UTC.
    pub fn from_unix_ns(at_ns: i64) -> Self {
        Self::from_unix_ns_wide(i128::from(at_ns))
    }

    /// From nanoseconds since 1970, in UTC, for years beyond 2262.
    pub fn from_unix_ns_wide(at_ns: i128) -> Self {
        let secs = at_ns.div_euclid(NANOS);
        let nanos = at_ns.rem_euclid(NANOS);
        Self {
            secs: i64::try_from(secs).unwrap_or(if secs < 0 { i64::MIN } else { i64::MAX }),
            nanos: u32::try_from(nanos).unwrap_or_default(),
            offset_minutes: 0,
        }
    }

    /// Nanoseconds since 1970; exact for every instant.
    pub fn unix_ns_wide(self) -> i128 {
        i128::from(self.secs) * NANOS + i128::from(self.nanos)
    }

    /// Nanoseconds since 1970, at the ends of the range when out of it (years 1677 to 2262).
    pub fn unix_ns(self) -> i64 {
        let at_ns = self.unix_ns_wide();
        i64::try_from(at_ns).unwrap_or(if at_ns < 0 { i64::MIN } else { i64::MAX })
    }

    /// Seconds since 1970.
    pub fn unix_secs(self) -> i64 {
        self.secs
    }

    /// Nanoseconds of the second.
    pub fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// The offset from UTC the instant is shown at.
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// The same instant shown at another offset.
    #[must_use]
    pub fn with_offset_minutes(self, offset_minutes: i16) -> Self {
        Self {
            offset_minutes,
            ..self
        }
    }

    /// Whether this is the zero value, "not given".
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The instant this many nanoseconds later (earlier when negative), at the same offset.
    #[must_use]
    pub fn add_ns(self, ns: i64) -> Self {
        Self::from_unix_ns_wide(self.unix_ns_wide() + i128::from(ns))
            .with_offset_minutes(self.offset_minutes)
    }

    /// Reads what upstream's API accepts as a date-time.
    ///
    /// Upstream: go-openapi strfmt `ParseDateTime`; an empty text is the Unix epoch.
    pub fn parse_api(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Self::new(0, 0));
        }
        read(text.as_bytes()).ok_or_else(|| Error::Decode(time_error::date_error(text)))
    }

    /// Appends RFC 3339 with nanoseconds, trailing zeros trimmed, as Go's `time.RFC3339Nano`.
    pub fn write_rfc3339_nano(self, target: &mut String) {
        self.write_seconds(target);
        if self.nanos > 0 {
            let mut digits = [b'.'; 10];
            put_digits(&mut digits[1..], i64::from(self.nanos));
            let text = str::from_utf8(&digits).unwrap_or_default();
            target.push_str(text.trim_end_matches('0'));
        }
        self.write_offset(target);
    }

    /// Appends RFC 3339 with exactly three decimals, the rest cut off, as upstream's API shows times.
    pub fn write_rfc3339_millis(self, target: &mut String) {
        self.write_seconds(target);
        let mut digits = [b'.'; 4];
        put_digits(&mut digits[1..], i64::from(self.nanos / 1_000_000));
        target.push_str(str::from_utf8(&digits).unwrap_or_default());
        self.write_offset(target);
    }

    /// RFC 3339 with nanoseconds, trailing zeros trimmed.
    pub fn rfc3339_nano(self) -> String {
        let mut text = String::with_capacity(35);
        self.write_rfc3339_nano(&mut text);
        text
    }

    /// RFC 3339 with exactly three decimals.
    pub fn rfc3339_millis(self) -> String {
        let mut text = String::with_capacity(29);
        self.write_rfc3339_millis(&mut text);
        text
    }

    fn write_seconds(self, target: &mut String) {
        let local = self
            .secs
            .saturating_add(i64::from(self.offset_minutes) * 60);
        let (year, month, day) = date_of(local.div_euclid(DAY));
        let second = local.rem_euclid(DAY);
        let mut text = *b"0000-00-00T00:00:00";
        let from = if (0..=9999).contains(&year) {
            put_digits(&mut text[..4], year);
            0
        } else {
            let _ = write!(target, "{year}");
            4
        };
        put_digits(&mut text[5..7], month);
        put_digits(&mut text[8..10], day);
        put_digits(&mut text[11..13], second / 3600);
        put_digits(&mut text[14..16], second / 60 % 60);
        put_digits(&mut text[17..], second % 60);
        target.push_str(str::from_utf8(&text[from..]).unwrap_or_default());
    }

    fn write_offset(self, target: &mut String) {
        if self.offset_minutes == 0 {
            target.push('Z');
            return;
        }
        let minutes = i64::from(self.offset_minutes.unsigned_abs());
        let mut text = *b"+00:00";
        if self.offset_minutes < 0 {
            text[0] = b'-';
        }
        put_digits(&mut text[1..3], minutes / 60);
        put_digits(&mut text[4..], minutes % 60);
        target.push_str(str::from_utf8(&text).unwrap_or_default());
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        (self.secs, self.nanos) == (other.secs, other.nanos)
    }
}

impl Eq for Time {}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.secs, self.nanos).cmp(&(other.secs, other.nanos))
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.secs, self.nanos).hash(state);
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

/// Fills a field with the last decimal digits of a number.
fn put_digits(field: &mut [u8], mut value: i64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March here, so that the leap day is the last one.
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day counted from 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Digits read one after the other.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Takes a number of exactly so many digits, if it comes next.
    fn number(&mut self, width: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(width)?;
        let number = digits.iter().try_fold(0, |value, digit| {
            digit
                .is_ascii_digit()
                .then(|| value * 10 + i64::from(digit - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }

    /// Takes a byte if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// A fraction's digits after `.` or `,`: nanoseconds and how many digits.
    fn fraction(&mut self) -> Option<(u32, usize)> {
        let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        let nanos = digits
            .iter()
            .copied()
            .chain(std::iter::repeat(b'0'))
            .take(9)
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        (count > 0).then_some((nanos, count))
    }
}

fn read(text: &[u8]) -> Option<Time> {
    let mut rest = Cursor(text);
    let year = rest.number(4)?;
    let (month, day) = (
        rest.take(b'-').then(|| rest.number(2))??,
        rest.take(b'-').then(|| rest.number(2))??,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_of(year, month, day) * DAY;
    if rest.0.is_empty() {
        return Some(Time::new(midnight, 0));
    }
    let spaced = rest.take(b' ');
    if !spaced && !rest.take(b'T') {
        return None;
    }
    // Go's layouts take an hour of one digit as well.
    let hour = rest.number(2).or_else(|| rest.number(1))?;
    let minute = rest.take(b':').then(|| rest.number(2))??;
    if hour > 23 || minute > 59 {
        return None;
    }
    let at = midnight + hour * 3600 + minute * 60;
    if !rest.take(b':') {
        // Reduced precision: zone-less or Z only.
        let complete = !spaced && (rest.0.is_empty() || rest.0 == b"Z");
        return complete.then(|| Time::new(at, 0));
    }
    let second = rest.number(2)?;
    if second > 59 {
        return None;
    }
    let (nanos, decimals) = if rest.take(b'.') || rest.take(b',') {
        rest.fraction()?
    } else {
        (0, 0)
    };
    let local = Time::new(at + second, nanos);
    if rest.0.is_empty() {
        return Some(local);
    }
    if spaced {
        return None;
    }
    let offset_minutes = offset(&mut rest, decimals)?;
    Some(Time {
        secs: local.secs - i64::from(offset_minutes) * 60,
        offset_minutes,
        ..local
    })
}

/// `Z`, or an offset; without a colon only after exactly 3 or 6 decimals.
fn offset(rest: &mut Cursor<'_>, decimals: usize) -> Option<i16> {
    if rest.take(b'Z') {
        return rest.0.is_empty().then_some(0);
    }
    let negative = rest.take(b'-');
    if !negative && !rest.take(b'+') {
        return None;
    }
    let hours = rest.number(2)?;
    if !rest.take(b':') && decimals != 3 && decimals != 6 {
        return None;
    }
    let minutes = rest.number(2)?;
    // Go lets 24 hours and 60 minutes pass.
    if hours > 24 || minutes > 60 || !rest.0.is_empty() {
        return None;
    }
    let total = i16::try_from(hours * 60 + minutes).ok()?;
    Some(if negative { -total } else { total })
}

/// How many days a month has.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_upstream_reads() {
        for (text, shown) in [
            ("2026-11-22T03:00:00+02:00", "2026-11-22T03:00:00+02:00"),
            (
                "2026-11-22T01:41:42.905123456Z",
                "2026-11-22T01:41:42.905123456Z",
            ),
            ("2026-11-22T01:41:42,5Z", "2026-11-22T01:41:42.5Z"),
            (
                "2026-11-22T01:41:42.123+0200",
                "2026-11-22T01:41:42.123+02:00",
            ),
            ("2026-11-22T01:41", "2026-11-22T01:41:00Z"),
            ("2026-11-22T01:41Z", "2026-11-22T01:41:00Z"),
            ("2026-11-22 01:41:42", "2026-11-22T01:41:42Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("", "1970-01-01T00:00:00Z"),
            ("2026-11-22T3:00:00Z", "2026-11-22T03:00:00Z"),
            ("2026-11-22T01:41:42-00:30", "2026-11-22T01:41:42-00:30"),
        ] {
            assert_eq!(Time::parse_api(text).unwrap().rfc3339_nano(), shown);
        }
    }

    #[test]
    fn refuses_what_upstream_refuses() {
        for text in [
            "2026-11-22T01:41:05+0200",
            "2026-11-22t01:41:05Z",
            "2026-11-22T01:41:05z",
            "2023-02-29",
            "2026-13-01",
            "2026-11-22T24:00:00Z",
            "2026-11-22T01:41:60Z",
            "2026-11-22 01:41",
            "x",
            "2026-11-22T01:41:05.Z",
        ] {
            assert!(Time::parse_api(text).is_err(), "{text}");
        }
    }

    #[test]
    fn compares_by_instant() {
        let utc = Time::parse_api("2026-11-22T01:00:00Z").unwrap();
        let local = Time::parse_api("2026-11-22T03:00:00+02:00").unwrap();
        assert_eq!(utc, local);
        assert_eq!(local.rfc3339_millis(), "2026-11-22T03:00:00.000+02:00");
        assert!(Time::parse_api("0001-01-01T00:00:00Z").unwrap().is_zero());
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(at_ns in any::<i64>(), offset in -1439_i16..1440) {
            let time = Time::from_unix_ns(at_ns).with_offset_minutes(offset);
            let read = Time::parse_api(&time.rfc3339_nano()).unwrap();
            prop_assert_eq!(read.unix_ns(), at_ns);
            prop_assert_eq!(read.offset_minutes(), offset);
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Time::parse_api(&text);
        }
    }
}
