//! Fields and methods of the values that notifications hand to templates.

use std::sync::Arc;

use super::eval::{Signature, Type};
use super::format::own_text;
use super::number::to_float;
use super::time::{Time, Zone};
use super::value::{Value, sorted_pairs};

const NONE: Signature = Signature {
    params: &[],
    variadic: false,
};
const TEXT: Signature = Signature {
    params: &[Type::Text],
    variadic: false,
};
const STRINGS: Signature = Signature {
    params: &[Type::Strings],
    variadic: false,
};
const TIME: Signature = Signature {
    params: &[Type::Time],
    variadic: false,
};
const DURATION: Signature = Signature {
    params: &[Type::Duration],
    variadic: false,
};
const LOCATION: Signature = Signature {
    params: &[Type::Location],
    variadic: false,
};
const DATE: Signature = Signature {
    params: &[Type::Int, Type::Int, Type::Int],
    variadic: false,
};

/// The value of a struct's field, `None` when it has none of that name.
pub(super) fn field(receiver: &Value, name: &str) -> Option<Value> {
    Some(match receiver {
        Value::Data(data) => match name {
            "Receiver" => Value::text(&*data.receiver),
            "Status" => Value::text(&*data.status),
            "Alerts" => Value::Alerts {
                named: true,
                items: Arc::clone(&data.alerts),
            },
            "NotificationReason" => Value::text(&*data.notification_reason),
            "GroupLabels" => Value::Kv(data.group_labels.clone()),
            "CommonLabels" => Value::Kv(data.common_labels.clone()),
            "CommonAnnotations" => Value::Kv(data.common_annotations.clone()),
            "RouteLabels" => Value::Kv(data.route_labels.clone()),
            "ExternalURL" => Value::text(&*data.external_url),
            _ => return None,
        },
        Value::Alert(alert) => match name {
            "Status" => Value::text(&*alert.status),
            "Labels" => Value::Kv(alert.labels.clone()),
            "Annotations" => Value::Kv(alert.annotations.clone()),
            "StartsAt" => Value::Time(Box::new(alert.starts_at.into())),
            "EndsAt" => Value::Time(Box::new(alert.ends_at.into())),
            "GeneratorURL" => Value::text(&*alert.generator_url),
            "Fingerprint" => Value::text(&*alert.fingerprint),
            _ => return None,
        },
        Value::Pair(pair) => match name {
            "Name" => Value::Str(Arc::clone(&pair.name)),
            "Value" => Value::text(&*pair.value),
            _ => return None,
        },
        _ => return None,
    })
}

/// What is said of a field that is not there for templates.
pub(super) fn no_field(receiver: &Value, name: &str, kind: &str) -> String {
    let hidden = match receiver {
        Value::Data(_) => name == "routeLabelsRendered",
        Value::Time(_) => matches!(name, "wall" | "ext" | "loc"),
        _ => false,
    };
    if hidden {
        return format!("{name} is an unexported field of struct type {kind}");
    }
    format!("can't evaluate field {name} in type {kind}")
}

/// What a method takes, `None` when the value has no such method.
pub(super) fn signature(receiver: &Value, name: &str) -> Option<Signature> {
    Some(match (receiver, name) {
        (Value::Alerts { named: true, .. }, "Firing" | "Resolved")
        | (Value::Kv(_), "SortedPairs" | "Names" | "Values" | "String")
        | (Value::Pairs(_), "Names" | "Values" | "String")
        | (Value::Month(_) | Value::Weekday(_) | Value::Location(_), "String") => NONE,
        (Value::Kv(_), "Remove") => STRINGS,
        (Value::Strings { named: true, .. }, "Join") => TEXT,
        (Value::Time(_), name) => match name {
            "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano" | "UTC" | "Local" | "IsZero"
            | "Year" | "Month" | "Day" | "Weekday" | "Hour" | "Minute" | "Second"
            | "Nanosecond" | "YearDay" | "Location" | "String" | "GoString" | "Date" | "Clock"
            | "Zone" | "ZoneBounds" | "ISOWeek" | "IsDST" => NONE,
            "Format" => TEXT,
            "In" => LOCATION,
            "Add" | "Truncate" | "Round" => DURATION,
            "Sub" | "Before" | "After" | "Equal" | "Compare" => TIME,
            "AddDate" => DATE,
            _ => return None,
        },
        (Value::Duration(_), name) => match name {
            "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds"
            | "String" | "Abs" => NONE,
            "Round" | "Truncate" => DURATION,
            _ => return None,
        },
        _ => return None,
    })
}

/// Calls a method whose arguments were checked against its signature.
pub(super) fn call(receiver: &Value, name: &str, args: &[Value]) -> Result<Value, String> {
    if name == "String"
        && let Some(text) = own_text(receiver)
    {
        return Ok(Value::text(text));
    }
    match receiver {
        Value::Alerts { items, .. } => {
            let status = if name == "Firing" {
                "firing"
            } else {
                "resolved"
            };
            let items = items.iter().filter(|alert| alert.status == status);
            Ok(Value::Alerts {
                named: false,
                items: items.cloned().collect(),
            })
        }
        Value::Kv(labels) => {
            if name == "Remove" {
                return Ok(remove(labels, args));
            }
            let pairs = sorted_pairs(labels);
            Ok(match name {
                "SortedPairs" => Value::Pairs(pairs.into()),
                _ => names_or_values(&pairs, name),
            })
        }
        Value::Pairs(pairs) => Ok(names_or_values(pairs, name)),
        Value::Strings { items, .. } => {
            let by = args.first().and_then(Value::as_text).unwrap_or_default();
            Ok(Value::text(items.join(by)))
        }
        Value::Time(time) => of_time(time, name, args),
        Value::Duration(ns) => of_duration(*ns, name, args),
        other => Err(format!("{} has no method {name}", other.type_name())),
    }
}

fn names_or_values(pairs: &[Arc<crate::labels::Label>], name: &str) -> Value {
    let items = pairs.iter().map(|pair| match name {
        "Names" => Arc::clone(&pair.name),
        _ => Arc::from(&*pair.value),
    });
    Value::Strings {
        named: true,
        items: items.collect(),
    }
}

fn remove(labels: &crate::labels::LabelSet, args: &[Value]) -> Value {
    let dropped: &[Arc<str>] = match args {
        [Value::Strings { items, .. }] => items,
        _ => &[],
    };
    let kept = labels
        .iter()
        .filter(|label| !dropped.contains(&label.name))
        .cloned();
    Value::Kv(crate::labels::LabelSet::from_sorted(kept.collect()))
}

fn of_time(time: &Time, name: &str, args: &[Value]) -> Result<Value, String> {
    let moved = |time: Time| Value::Time(Box::new(time));
    let unix = |per_second: i64| {
        let nanos = i64::from(time.nanos) / (1_000_000_000 / per_second);
        Value::Int64(time.seconds.wrapping_mul(per_second).wrapping_add(nanos))
    };
    let ns = args.first().and_then(Value::as_int).unwrap_or(0);
    Ok(match (name, args) {
        ("Unix", _) => Value::Int64(time.seconds),
        ("UnixMilli", _) => unix(1_000),
        ("UnixMicro", _) => unix(1_000_000),
        ("UnixNano", _) => unix(1_000_000_000),
        ("UTC", _) => moved(time.in_zone(Zone::Utc)),
        ("Local", _) => moved(time.in_zone(Zone::Local)),
        ("In", [Value::Location(zone)]) => moved(time.in_zone(zone.clone())),
        ("Location", _) => Value::Location(time.zone.clone()),
        ("IsDST", _) => Value::Bool(time.is_summer_time()),
        ("IsZero", _) => Value::Bool(time.is_zero()),
        ("Format", [Value::Str(layout)]) => Value::text(time.format(layout)),
        ("GoString", _) => Value::text(super::printf::sprintf("%#v", &[moved(time.clone())])),
        ("Add", _) => moved(time.add_ns(ns)),
        ("Truncate", _) => moved(time.truncate(ns)),
        ("Round", _) => moved(time.round(ns)),
        ("Sub", [Value::Time(other)]) => Value::Duration(time.since(other)),
        ("Before" | "After" | "Equal" | "Compare", [Value::Time(other)]) => {
            compared(time, other, name)
        }
        ("AddDate", [years, months, days]) => {
            let number = |value: &Value| value.as_int().unwrap_or(0);
            moved(time.add_date(number(years), number(months), number(days)))
        }
        ("Date" | "Clock" | "ISOWeek" | "Zone" | "ZoneBounds", _) => {
            return Err(format!("{name} is no value"));
        }
        _ => part(time, name),
    })
}

fn compared(time: &Time, other: &Time, name: &str) -> Value {
    let order = (time.seconds, time.nanos).cmp(&(other.seconds, other.nanos));
    match name {
        "Before" => Value::Bool(order.is_lt()),
        "After" => Value::Bool(order.is_gt()),
        "Equal" => Value::Bool(order.is_eq()),
        _ => Value::Int(order as i64),
    }
}

fn part(time: &Time, name: &str) -> Value {
    let parts = time.parts();
    match name {
        "Month" => Value::Month(parts.month),
        "Weekday" => Value::Weekday(parts.weekday),
        "Year" => Value::Int(parts.year),
        "Day" => Value::Int(parts.day.into()),
        "Hour" => Value::Int(parts.hour.into()),
        "Minute" => Value::Int(parts.minute.into()),
        "Second" => Value::Int(parts.second.into()),
        "YearDay" => Value::Int(parts.year_day.into()),
        _ => Value::Int(time.nanos.into()),
    }
}

fn of_duration(ns: i64, name: &str, args: &[Value]) -> Result<Value, String> {
    let unit = args.first().and_then(Value::as_int).unwrap_or(0);
    let float =
        |unit: i64| Value::Float(to_float(ns / unit) + to_float(ns % unit) / to_float(unit));
    Ok(match name {
        "Hours" => float(3_600_000_000_000),
        "Minutes" => float(60_000_000_000),
        "Seconds" => float(1_000_000_000),
        "Milliseconds" => Value::Int64(ns / 1_000_000),
        "Microseconds" => Value::Int64(ns / 1_000),
        "Nanoseconds" => Value::Int64(ns),
        "Abs" => Value::Duration(ns.saturating_abs()),
        "Truncate" if unit > 0 => Value::Duration(ns - ns % unit),
        "Round" if unit > 0 => Value::Duration(rounded(ns, unit)),
        "Truncate" | "Round" => Value::Duration(ns),
        _ => return Err(format!("time.Duration has no method {name}")),
    })
}

/// The nearest multiple, halves away from zero.
fn rounded(ns: i64, unit: i64) -> i64 {
    let rest = (ns % unit).abs();
    let down = ns - ns % unit;
    if rest >= unit - rest {
        down.saturating_add(unit * ns.signum())
    } else {
        down
    }
}

/// How many values a method returns when templates cannot take them, as Go says it.
pub(super) fn unusable(receiver: &Value, name: &str) -> Option<String> {
    if !matches!(receiver, Value::Time(_)) {
        return None;
    }
    match name {
        "Date" | "Clock" => Some(format!(
            "function {name} has 3 return values; should be 1 or 2"
        )),
        "ZoneBounds" => Some(format!(
            "invalid function signature for {name}: second return value should be error; is time.Time"
        )),
        "ISOWeek" | "Zone" => Some(format!(
            "invalid function signature for {name}: second return value should be error; is int"
        )),
        _ => None,
    }
}
