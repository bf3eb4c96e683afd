//! Time intervals: times of day, weekdays, days of month, months and years in a location.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::error::Error;
use crate::quote::quote;
use crate::time::{Time, days_in_month};

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// One entry of a `time_intervals` list. Every field that is given must hold; in a field any range may.
#[derive(Debug, Clone)]
pub struct TimeInterval {
    /// Minutes of the day, the end excluded.
    times: Option<Vec<Range>>,
    /// Sunday is 0.
    weekdays: Option<Vec<Range>>,
    /// Negative days count from the month's end.
    days_of_month: Option<Vec<Range>>,
    months: Option<Vec<Range>>,
    years: Option<Vec<Range>>,
    location: TimeZone,
}

#[derive(Debug, Clone, Copy, Default)]
struct Range {
    begin: i64,
    end: i64,
}

impl Range {
    fn holds(self, value: i64) -> bool {
        self.begin <= value && value <= self.end
    }
}

impl TimeInterval {
    /// Compiles an entry as a YAML file gives it; the first wrong field is refused with upstream's text.
    ///
    /// Upstream: timeinterval/timeinterval.go, the types' `UnmarshalYAML`.
    pub fn parse(spec: &Value) -> Result<Self, Error> {
        let fields = spec
            .as_object()
            .ok_or_else(|| refused("a time interval must be a mapping"))?;
        let mut interval = Self {
            times: None,
            weekdays: None,
            days_of_month: None,
            months: None,
            years: None,
            location: TimeZone::UTC,
        };
        for (key, value) in fields {
            match key.as_str() {
                "times" => interval.times = ranges(key, value, time_range)?,
                "weekdays" => interval.weekdays = ranges(key, value, weekday_range)?,
                "days_of_month" => interval.days_of_month = ranges(key, value, day_range)?,
                "months" => interval.months = ranges(key, value, month_range)?,
                "years" => interval.years = ranges(key, value, year_range)?,
                "location" if value.is_null() => {}
                "location" => interval.location = location(&scalar(key, value)?)?,
                _ => {
                    return Err(refused(format!(
                        "field {key} not found in type timeinterval.TimeInterval"
                    )));
                }
            }
        }
        Ok(interval)
    }

    /// Whether an instant lies in the interval, seen in the interval's location.
    ///
    /// Upstream: timeinterval/timeinterval.go `TimeInterval.ContainsTime` (of main: the length of a month comes
    /// from the calendar, not from elapsed hours).
    pub fn contains(&self, at: Time) -> bool {
        let Ok(at) = Timestamp::from_nanosecond(at.unix_ns_wide()) else {
            return false;
        };
        let at = at.to_zoned(self.location.clone());
        let minute = i64::from(at.hour()) * 60 + i64::from(at.minute());
        any(self.times.as_ref(), |range| {
            range.begin <= minute && minute < range.end
        }) && any(self.days_of_month.as_ref(), |range| holds_day(range, &at))
            && any(self.months.as_ref(), |range| {
                range.holds(i64::from(at.month()))
            })
            && any(self.weekdays.as_ref(), |range| {
                range.holds(i64::from(Weekday::to_sunday_zero_offset(at.weekday())))
            })
            && any(self.years.as_ref(), |range| {
                range.holds(i64::from(at.year()))
            })
    }
}

fn any(ranges: Option<&Vec<Range>>, holds: impl Fn(Range) -> bool) -> bool {
    ranges.is_none_or(|ranges| ranges.iter().copied().any(holds))
}

fn holds_day(range: Range, at: &Zoned) -> bool {
    let length = days_in_month(i64::from(at.year()), i64::from(at.month()));
    let resolve = |day: i64| if day < 0 { length + day + 1 } else { day };
    let (begin, end) = (resolve(range.begin), resolve(range.end));
    begin <= length && begin <= i64::from(at.day()) && i64::from(at.day()) <= end.min(length)
}

fn refused(text: impl Into<String>) -> Error {
    Error::Config(text.into())
}

/// A field's ranges; null is an absent field.
fn ranges(
    key: &str,
    value: &Value,
    read: impl Fn(&Value) -> Result<Range, Error>,
) -> Result<Option<Vec<Range>>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                // Upstream leaves the zero value of a null range.
                Value::Null => Ok(Range::default()),
                item => read(item),
            })
            .collect::<Result<_, _>>()
            .map(Some),
        _ => Err(refused(format!("{key} must be a list"))),
    }
}

/// A scalar as its text.
fn scalar(key: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(refused(format!("{key} must be text"))),
    }
}

/// `a` or `a:b`, each read by `read`.
fn range(
    key: &str,
    value: &Value,
    read: impl Fn(&str) -> Result<i64, Error>,
) -> Result<Range, Error> {
    let text = scalar(key, value)?.to_lowercase();
    match text.split_once(':') {
        None => {
            let only = read(&text)?;
            Ok(Range {
                begin: only,
                end: only,
            })
        }
        Some((_, end)) if end.contains(':') => Err(refused(format!(
            "couldn't parse range {text}, invalid format"
        ))),
        Some((begin, end)) => Ok(Range {
            begin: read(begin)?,
            end: read(end)?,
        }),
    }
}

/// A decimal number, refused with the text of Go's `strconv.Atoi`.
fn integer(text: &str) -> Result<i64, Error> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    text.parse().map_err(|_| {
        let why = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            "value out of range"
        } else {
            "invalid syntax"
        };
        refused(format!("strconv.Atoi: parsing {}: {why}", quote(text)))
    })
}

fn time_range(value: &Value) -> Result<Range, Error> {
    let fields = value
        .as_object()
        .ok_or_else(|| refused("times must be mappings of start_time and end_time"))?;
    if let Some(unknown) = fields
        .keys()
        .find(|key| !matches!(key.as_str(), "start_time" | "end_time"))
    {
        return Err(refused(format!(
            "field {unknown} not found in type timeinterval.yamlTimeRange"
        )));
    }
    let text = |key: &str| {
        fields
            .get(key)
            .map_or(Ok(String::new()), |v| scalar(key, v))
    };
    let (start, end) = (text("start_time")?, text("end_time")?);
    if start.is_empty() || end.is_empty() {
        return Err(refused("both start and end times must be provided"));
    }
    let (begin, end) = (minute_of_day(&start)?, minute_of_day(&end)?);
    if begin >= end {
        return Err(refused(
            "start time cannot be equal or greater than end time",
        ));
    }
    Ok(Range { begin, end })
}

/// `HH:MM` up to `24:00`.
fn minute_of_day(text: &str) -> Result<i64, Error> {
    let read = || {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| -> Option<i64> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())
                .flatten()
        };
        let (hour, minute) = (two(hour)?, two(minute)?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    };
    read().ok_or_else(|| refused(format!("couldn't parse timestamp {text}, invalid format")))
}

fn weekday_range(value: &Value) -> Result<Range, Error> {
    let range = range("weekdays", value, |text| {
        position(&WEEKDAYS, text).ok_or_else(|| refused(format!("{text} is not a valid weekday")))
    })?;
    if range.begin > range.end {
        return Err(refused("start day cannot be before end day"));
    }
    Ok(range)
}

fn position(names: &[&str], text: &str) -> Option<i64> {
    let at = names.iter().position(|name| *name == text)?;
    i64::try_from(at).ok()
}

fn day_range(value: &Value) -> Result<Range, Error> {
    let range = range("days_of_month", value, integer)?;
    for day in [range.begin, range.end] {
        if day == 0 || !(-31..=31).contains(&day) {
            return Err(refused(format!(
                "{day} is not a valid day of the month: out of range"
            )));
        }
    }
    if range.begin < 0 && range.end > 0 {
        return Err(refused("end day must be negative if start day is negative"));
    }
    // Refused when the order is wrong even in the shortest month.
    let shortest = |day: i64| if day < 0 { 28 + day } else { day };
    if shortest(range.begin) > shortest(range.end) {
        return Err(refused(format!(
            "end day {} is always before start day {}",
            range.end, range.begin
        )));
    }
    Ok(range)
}

fn month_range(value: &Value) -> Result<Range, Error> {
    let range = range("months", value, |text| {
        position(&MONTHS, text)
            .map(|at| at + 1)
            .or_else(|| text.parse().ok())
            .ok_or_else(|| refused(format!("{text} is not a valid month")))
    })?;
    if range.begin > range.end {
        let name = |month: i64| {
            usize::try_from(month - 1)
                .ok()
                .and_then(|at| MONTHS.get(at))
                .copied()
                .unwrap_or_default()
        };
        return Err(refused(format!(
            "end month {} is before start month {}",
            name(range.end),
            name(range.begin)
        )));
    }
    Ok(range)
}

fn year_range(value: &Value) -> Result<Range, Error> {
    let range = range("years", value, integer)?;
    if range.begin > range.end {
        return Err(refused(format!(
            "end year {} is before start year {}",
            range.end, range.begin
        )));
    }
    Ok(range)
}

/// A zone of the IANA database by its exact name, `UTC`, `Local` or nothing for UTC.
fn location(name: &str) -> Result<TimeZone, Error> {
    match name {
        "" | "UTC" => return Ok(TimeZone::UTC),
        "Local" => return Ok(TimeZone::system()),
        _ => {}
    }
    if name.contains("..") || name.starts_with(['/', '\\']) {
        return Err(refused("time: invalid location name"));
    }
    let unknown = || refused(format!("unknown time zone {name}"));
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    // The database is searched in any case of letters; upstream's is not.
    match zone.iana_name() {
        Some(found) if found != name => Err(unknown()),
        _ => Ok(zone),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contains(spec: &Value, at: &str) -> bool {
        TimeInterval::parse(spec)
            .unwrap()
            .contains(Time::parse_api(at).unwrap())
    }

    fn error(spec: &Value) -> String {
        TimeInterval::parse(spec).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_entry_always_holds_and_an_empty_field_never() {
        assert!(contains(&json!({}), "2026-11-22T00:00:00Z"));
        assert!(contains(&json!({"times": null}), "2026-11-22T00:00:00Z"));
        assert!(!contains(&json!({"times": []}), "2026-11-22T00:00:00Z"));
    }

    #[test]
    fn times_exclude_their_end_and_follow_the_location() {
        let spec = json!({"times": [{"start_time": "09:00", "end_time": "17:00"}], "location": "Europe/Berlin"});
        assert!(contains(&spec, "2026-11-22T08:00:00Z"));
        assert!(!contains(&spec, "2026-11-22T16:00:00Z"));
        assert!(contains(&spec, "2026-07-01T07:00:00Z"));
    }

    #[test]
    fn negative_days_resolve_against_the_month() {
        let last = json!({"days_of_month": [-1]});
        assert!(contains(&last, "2024-02-29T12:00:00Z"));
        assert!(!contains(&last, "2024-02-28T12:00:00Z"));
        assert!(contains(
            &json!({"days_of_month": ["29:30"]}),
            "2024-02-29T12:00:00Z"
        ));
        assert!(!contains(
            &json!({"days_of_month": ["30:31"]}),
            "2024-02-29T12:00:00Z"
        ));
        // March of a spring-forward year has 31 days.
        let berlin = json!({"days_of_month": ["-1"], "location": "Europe/Berlin"});
        assert!(contains(&berlin, "2026-03-31T12:00:00Z"));
        assert!(!contains(&berlin, "2026-03-30T12:00:00Z"));
    }

    #[test]
    fn refusals_have_upstreams_texts() {
        for (spec, text) in [
            (
                json!({"times": [{"start_time": "9:00", "end_time": "17:00"}]}),
                "couldn't parse timestamp 9:00, invalid format",
            ),
            (
                json!({"times": [{"start_time": "09:00"}]}),
                "both start and end times must be provided",
            ),
            (
                json!({"weekdays": ["FRIDAY:Mon"]}),
                "mon is not a valid weekday",
            ),
            (
                json!({"weekdays": ["saturday:sunday"]}),
                "start day cannot be before end day",
            ),
            (
                json!({"days_of_month": ["28:-1"]}),
                "end day -1 is always before start day 28",
            ),
            (
                json!({"days_of_month": ["1:2:3"]}),
                "couldn't parse range 1:2:3, invalid format",
            ),
            (
                json!({"days_of_month": [""]}),
                "strconv.Atoi: parsing \"\": invalid syntax",
            ),
            (
                json!({"months": ["december:1"]}),
                "end month january is before start month december",
            ),
            (
                json!({"months": ["99:13"]}),
                "end month  is before start month ",
            ),
            (
                json!({"years": ["99999999999999999999"]}),
                "strconv.Atoi: parsing \"99999999999999999999\": value out of range",
            ),
            (
                json!({"location": "europe/berlin"}),
                "unknown time zone europe/berlin",
            ),
            (
                json!({"location": "../etc/passwd"}),
                "time: invalid location name",
            ),
            (
                json!({"foo": 1}),
                "field foo not found in type timeinterval.TimeInterval",
            ),
        ] {
            assert_eq!(error(&spec), text);
        }
    }
}
