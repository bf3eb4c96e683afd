//! Go's times: an instant with its zone.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An instant with its zone, as Go's `time.Time`; the default is Go's zero time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Time {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(super) seconds: i64,
    /// Nanoseconds within the second.
    pub(super) nanos: u32,
    pub(super) zone: Zone,
}

/// Where a clock stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    Utc,
    Local,
    /// Seconds east of UTC, with a short name that may be empty.
    Fixed(i32, Arc<str>),
    Named(TimeZone),
}

/// Seconds from year 1 to 1970.
const ZERO_SECONDS: i64 = -62_135_596_800;
const DAY: i64 = 86_400;

impl Default for Time {
    fn default() -> Self {
        Self {
            seconds: ZERO_SECONDS,
            nanos: 0,
            zone: Zone::Utc,
        }
    }
}

impl From<crate::time::Time> for Time {
    fn from(time: crate::time::Time) -> Self {
        Self {
            seconds: time.unix_secs(),
            nanos: time.subsec_nanos(),
            zone: Zone::Utc,
        }
        .with_offset(i32::from(time.offset_minutes()) * 60)
    }
}

/// A time taken apart in its zone.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) weekday: u8,
    pub(super) year_day: u16,
    /// Seconds east of UTC.
    pub(super) offset: i32,
    /// The zone's short name, empty when it has none.
    pub(super) zone: String,
}

impl Time {
    /// The same instant seen `offset_seconds` east of UTC.
    #[must_use]
    pub(super) fn with_offset(self, offset_seconds: i32) -> Self {
        let mut zone = Zone::Fixed(offset_seconds, "".into());
        if offset_seconds == 0 {
            zone = Zone::Utc;
        } else if offset_at(&Zone::Local, self.seconds).0 == offset_seconds {
            zone = Zone::Local;
        }
        Self { zone, ..self }
    }

    pub(super) fn in_zone(&self, zone: Zone) -> Self {
        Self {
            zone,
            ..self.clone()
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanos == 0
    }

    /// Nanoseconds from another time to this one, as many as fit.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let ns = i128::from(self.seconds - other.seconds) * 1_000_000_000 + i128::from(self.nanos)
            - i128::from(other.nanos);
        i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
    }

    pub(super) fn add_ns(&self, ns: i64) -> Self {
        let total = i64::from(self.nanos) + ns.rem_euclid(1_000_000_000);
        Self {
            seconds: self.seconds + ns.div_euclid(1_000_000_000) + total / 1_000_000_000,
            nanos: u32::try_from(total % 1_000_000_000).unwrap_or(0),
            zone: self.zone.clone(),
        }
    }

    /// Rounded down to a multiple of a duration since the zero time.
    pub(super) fn truncate(&self, ns: i64) -> Self {
        if ns <= 0 {
            return self.clone();
        }
        let since =
            i128::from(self.seconds - ZERO_SECONDS) * 1_000_000_000 + i128::from(self.nanos);
        self.add_ns(-i64::try_from(since.rem_euclid(i128::from(ns))).unwrap_or(0))
    }

    /// Rounded to the nearest multiple of a duration since the zero time, halves up.
    pub(super) fn round(&self, ns: i64) -> Self {
        if ns <= 0 {
            return self.clone();
        }
        let down = self.truncate(ns);
        let rest = self.since(&down);
        if rest >= ns - rest {
            down.add_ns(ns)
        } else {
            down
        }
    }

    /// Moved by whole years, months and days of the calendar; days beyond a month's end run over.
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let parts = self.parts();
        let [years, months, days] = [years, months, days].map(|n| n.clamp(-MAX_MOVE, MAX_MOVE));
        let month = i64::from(parts.month) - 1 + months;
        let year = parts.year + years + month.div_euclid(12);
        let month = u8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
        let day = days_from_civil(year, month, 1) + i64::from(parts.day) - 1 + days;
        let clock = (self.seconds + i64::from(parts.offset)).rem_euclid(DAY);
        let local = day * DAY + clock;
        let (offset, _) = offset_at(&self.zone, local - i64::from(parts.offset));
        Self {
            seconds: local - i64::from(offset),
            ..self.clone()
        }
    }

    /// Whether the zone's clocks are moved then.
    pub(super) fn is_summer_time(&self) -> bool {
        let system;
        let zone = match &self.zone {
            Zone::Utc | Zone::Fixed(..) => return false,
            Zone::Named(zone) => zone,
            Zone::Local => {
                system = TimeZone::system();
                &system
            }
        };
        let at = Timestamp::from_second(self.seconds);
        at.is_ok_and(|at| zone.to_offset_info(at).dst().is_dst())
    }

    pub(super) fn same_instant(&self, other: &Self) -> bool {
        (self.seconds, self.nanos) == (other.seconds, other.nanos)
    }

    /// The time's calendar date and clock in its zone.
    pub(super) fn parts(&self) -> Parts {
        let (offset, zone) = offset_at(&self.zone, self.seconds);
        let local = self.seconds + i64::from(offset);
        let days = local.div_euclid(DAY);
        let clock = local.rem_euclid(DAY);
        let (year, month, day) = civil(days);
        let small = |value: i64| u8::try_from(value).unwrap_or(0);
        Parts {
            year,
            month,
            day,
            hour: small(clock / 3600),
            minute: small(clock / 60 % 60),
            second: small(clock % 60),
            weekday: small((days + 4).rem_euclid(7)),
            year_day: u16::try_from(days - days_from_civil(year, 1, 1) + 1).unwrap_or(0),
            offset,
            zone,
        }
    }
}

/// How many years, months or days a date can be moved at once.
const MAX_MOVE: i64 = 1_000_000_000;

impl Zone {
    /// A zone of the time zone database; "" and "UTC" are UTC, "Local" the machine's.
    pub(super) fn load(name: &str) -> Result<Self, String> {
        match name {
            "" | "UTC" => Ok(Self::Utc),
            "Local" => Ok(Self::Local),
            _ if name.contains("..") || name.starts_with(['/', '\\']) || name.contains('\\') => {
                Err("time: invalid location name".to_owned())
            }
            _ => match TimeZone::get(name) {
                Ok(zone) if zone.iana_name() == Some(name) => Ok(Self::Named(zone)),
                _ => Err(format!("unknown time zone {name}")),
            },
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Fixed(_, name) => name,
            Self::Named(zone) => zone.iana_name().unwrap_or_default(),
        }
    }
}

/// Offset and short name of a zone at an instant.
pub(super) fn offset_at(zone: &Zone, seconds: i64) -> (i32, String) {
    let system;
    let zone = match zone {
        Zone::Utc => return (0, "UTC".to_owned()),
        Zone::Fixed(offset, name) => return (*offset, name.to_string()),
        Zone::Local => {
            system = TimeZone::system();
            &system
        }
        Zone::Named(zone) => zone,
    };
    let Ok(at) = Timestamp::from_second(seconds) else {
        return (0, "UTC".to_owned());
    };
    let info = zone.to_offset_info(at);
    (info.offset().seconds(), info.abbreviation().to_owned())
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
pub(super) fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month = i64::from(month);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        u8::try_from(month).unwrap_or(1),
        u8::try_from(day).unwrap_or(1),
    )
}

/// How many days a month has.
pub(super) fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A duration as Go prints it.
///
/// Upstream: Go `time.Duration.String`.
pub(super) fn duration_text(ns: i64) -> String {
    let total = ns.unsigned_abs();
    let sign = if ns < 0 { "-" } else { "" };
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1_000_000_000 {
        let (unit, digits) = match total {
            0..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", decimal(total, digits));
    }
    let seconds = total / 1_000_000_000;
    let rest = decimal(total % 1_000_000_000 + (seconds % 60) * 1_000_000_000, 9);
    match seconds / 60 {
        0 => format!("{sign}{rest}s"),
        minutes if minutes < 60 => format!("{sign}{minutes}m{rest}s"),
        minutes => format!("{sign}{}h{}m{rest}s", minutes / 60, minutes % 60),
    }
}

/// `value / 10^digits` without trailing zeros.
fn decimal(value: u64, digits: u32) -> String {
    let unit = 10u64.pow(digits);
    let fraction = value % unit;
    if fraction == 0 {
        return (value / unit).to_string();
    }
    let shown = format!("{fraction:0width$}", width = digits as usize);
    format!("{}.{}", value / unit, shown.trim_end_matches('0'))
}
