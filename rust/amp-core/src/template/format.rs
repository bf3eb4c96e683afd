//! Go's `fmt`: `printf`, `print`, `println`, and how values look in the output.

use std::fmt::Write as _;

use super::format_number::{float_binary, float_hex, float_text, integer};
use super::go_syntax;
use super::quote::{quote_ascii, quote_char};
use super::time::{Time, duration_text};
use super::value::{Value, sorted_pairs};
use crate::labels::Label;
use crate::quote::quote;

/// From the year 1 to 1970.
const SECONDS_BEFORE_1970: i64 = 62_135_596_800;

/// The flags of one verb.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one character of a verb"
)]
pub(super) struct Flags {
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    pub(super) plus_v: bool,
    pub(super) sharp_v: bool,
    /// Values show what they are made of, not their own text: after a verb that does not fit.
    pub(super) raw: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

/// A value as an action prints it.
pub(super) fn display(out: &mut String, value: &Value) {
    match value {
        Value::Str(text) | Value::Trusted(_, text) => out.push_str(text),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Invalid | Value::NilInterface => out.push_str("<no value>"),
        other => print_value(out, other, 'v', &Flags::default()),
    }
}

/// `fmt.Sprint`: blanks between operands of which neither is a text.
pub(super) fn sprint(values: &[Value]) -> String {
    let mut out = String::new();
    let mut after_text = false;
    for (index, value) in values.iter().enumerate() {
        let is_text = value.as_text().is_some();
        if index > 0 && !is_text && !after_text {
            out.push(' ');
        }
        argument(&mut out, value, 'v', &Flags::default());
        after_text = is_text;
    }
    out
}

/// `fmt.Sprint` of what pointers lead to.
pub(super) fn sprint_values(values: &[Value]) -> String {
    let mut out = String::new();
    let mut after_text = true;
    for value in values {
        let is_text = value.as_text().is_some();
        if !is_text && !after_text {
            out.push(' ');
        }
        print_value(&mut out, value, 'v', &Flags::default());
        after_text = is_text;
    }
    out
}

/// `fmt.Sprintln`: blanks between all operands, a newline at the end.
pub(super) fn sprintln(values: &[Value]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        argument(&mut out, value, 'v', &Flags::default());
    }
    out.push('\n');
    out
}

/// Writes one argument by its verb.
pub(super) fn argument(out: &mut String, value: &Value, verb: char, flags: &Flags) {
    match (value, verb) {
        (Value::NilInterface, 'T' | 'v') | (Value::Invalid, 'v') => pad(out, "<nil>", flags),
        (_, 'T') => pad(out, value.type_name(), flags),
        (Value::Invalid | Value::NilInterface, _) => {
            let _ = write!(out, "%!{verb}(<nil>)");
        }
        (_, 'w') | (Value::Alert(_) | Value::Pair(_) | Value::Time(_), 'p') => {
            bad_verb(out, value, verb, flags);
        }
        (Value::Data(data), 'p') if data.by_value => bad_verb(out, value, verb, flags),
        // Notifications hand templates a pointer, which shows at the top.
        (Value::Data(data), _) if !data.by_value => {
            out.push('&');
            print_value(out, value, verb, flags);
        }
        _ => print_value(out, value, verb, flags),
    }
}

/// Fills up to the width, counted in characters.
pub(super) fn pad(out: &mut String, text: &str, flags: &Flags) {
    let length = text.chars().count();
    let missing = flags.width.unwrap_or(0).saturating_sub(length);
    if flags.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else {
        let filler = if flags.zero { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(filler, missing));
        out.push_str(text);
    }
}

fn bad_verb(out: &mut String, value: &Value, verb: char, flags: &Flags) {
    let raw = Flags {
        raw: true,
        ..flags.clone()
    };
    let _ = write!(out, "%!{verb}({}=", value.type_name());
    print_value(out, value, 'v', &raw);
    out.push(')');
}

/// The text of types that write themselves (Go's `String` method).
pub(super) fn own_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Kv(labels) => pairs_text(&sorted_pairs(labels)),
        Value::Pairs(pairs) => pairs_text(pairs),
        Value::Time(time) => time.shown(),
        Value::Duration(ns) => duration_text(*ns),
        Value::Month(month) => super::layout::MONTHS
            .get(usize::from(*month).wrapping_sub(1))
            .map_or_else(|| format!("%!Month({month})"), |name| (*name).to_owned()),
        Value::Weekday(day) => super::layout::DAYS
            .get(usize::from(*day))
            .map_or_else(|| format!("%!Weekday({day})"), |name| (*name).to_owned()),
        Value::Location(zone) => zone.name().to_owned(),
        _ => return None,
    })
}

fn pairs_text(pairs: &[std::sync::Arc<Label>]) -> String {
    let mut out = String::new();
    for (index, pair) in pairs.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&pair.name);
        out.push('=');
        out.push_str(&pair.value);
    }
    out
}

pub(super) fn print_value(out: &mut String, value: &Value, verb: char, flags: &Flags) {
    if flags.sharp_v {
        let mut shown = String::new();
        go_syntax::write(&mut shown, value);
        return pad(out, &shown, flags);
    }
    if !flags.raw
        && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
        && let Some(text) = own_text(value)
    {
        return print_text(out, value, &text, verb, flags);
    }
    match value {
        Value::Invalid | Value::NilInterface => out.push_str("<nil>"),
        Value::Bool(truth) if matches!(verb, 'v' | 't') => pad(out, &truth.to_string(), flags),
        Value::Str(text) | Value::Trusted(_, text) => print_text(out, value, text, verb, flags),
        Value::Float(number) => match verb {
            'v' => float_text(out, *number, 'g', flags.precision, flags),
            'b' => float_binary(out, *number, flags),
            'x' | 'X' => float_hex(out, *number, verb == 'X', flags),
            'e' | 'E' | 'f' | 'F' => {
                float_text(
                    out,
                    *number,
                    verb,
                    Some(flags.precision.unwrap_or(6)),
                    flags,
                );
            }
            'g' | 'G' => float_text(out, *number, verb, flags.precision, flags),
            _ => bad_verb(out, value, verb, flags),
        },
        Value::Dict(map) => {
            out.push_str("map[");
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                print_value(out, &Value::Str(key.clone()), verb, flags);
                out.push(':');
                print_value(out, value, verb, flags);
            }
            out.push(']');
        }
        Value::Kv(labels) => {
            out.push_str("map[");
            for (index, label) in labels.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                print_value(out, &Value::Str(label.name.clone()), verb, flags);
                out.push(':');
                print_value(out, &Value::text(&*label.value), verb, flags);
            }
            out.push(']');
        }
        Value::Data(_) | Value::Alert(_) | Value::Pair(_) => {
            print_struct(out, value, verb, flags);
        }
        Value::Time(time) => print_time(out, time, verb, flags),
        Value::Location(zone) => print_location(out, zone.name(), verb, flags),
        list if list.is_list() => {
            out.push('[');
            for at in 0..list.len().unwrap_or(0) {
                if at > 0 {
                    out.push(' ');
                }
                if let Some(element) = list.element(at) {
                    print_value(out, &element, verb, flags);
                }
            }
            out.push(']');
        }
        number => match number.as_int() {
            Some(number) if print_integer(out, value, number, verb, flags) => {}
            _ => bad_verb(out, value, verb, flags),
        },
    }
}

fn print_integer(out: &mut String, value: &Value, number: i64, verb: char, flags: &Flags) -> bool {
    let c = u32::try_from(number)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER);
    match verb {
        // A byte of a text prints as a number too.
        'v' | 'd' if !matches!(value, Value::Bool(_)) => integer(out, number, 10, false, flags),
        'b' => integer(out, number, 2, false, flags),
        'o' => integer(out, number, 8, false, flags),
        'O' => {
            let sign = if number < 0 { "-" } else { "" };
            pad(out, &format!("{sign}0o{:o}", number.unsigned_abs()), flags);
        }
        'x' => integer(out, number, 16, false, flags),
        'X' => integer(out, number, 16, true, flags),
        'c' => pad(out, c.encode_utf8(&mut [0; 4]), flags),
        'q' => pad(out, &quote_char(c, flags.plus), flags),
        'U' => {
            let mut shown = format!("U+{number:04X}");
            if flags.sharp && super::quote::is_print(c) {
                let _ = write!(shown, " '{c}'");
            }
            pad(out, &shown, flags);
        }
        _ => return false,
    }
    true
}

fn print_text(out: &mut String, value: &Value, text: &str, verb: char, flags: &Flags) {
    let kept = match flags.precision {
        Some(limit) if !matches!(verb, 'x' | 'X') => text
            .char_indices()
            .nth(limit)
            .map_or(text, |(end, _)| &text[..end]),
        _ => text,
    };
    match verb {
        'v' | 's' => pad(out, kept, flags),
        'q' if flags.sharp && can_back_quote(kept) => pad(out, &format!("`{kept}`"), flags),
        'q' if flags.plus => pad(out, &quote_ascii(kept), flags),
        'q' => pad(out, &quote(kept), flags),
        'x' | 'X' => pad(out, &hex(text, verb == 'X', flags), flags),
        _ => bad_verb(out, value, verb, flags),
    }
}

fn can_back_quote(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c == '`' || c == '\u{feff}' || (c.is_ascii_control() && c != '\t'))
}

fn hex(text: &str, upper: bool, flags: &Flags) -> String {
    let limit = flags.precision.unwrap_or(usize::MAX);
    let mut out = String::new();
    for (index, byte) in text.bytes().take(limit).enumerate() {
        if flags.space && index > 0 {
            out.push(' ');
        }
        if flags.sharp && (flags.space || index == 0) {
            out.push_str(if upper { "0X" } else { "0x" });
        }
        let _ = if upper {
            write!(out, "{byte:02X}")
        } else {
            write!(out, "{byte:02x}")
        };
    }
    out
}

/// The fields of a struct, in Go's order.
pub(super) fn fields(value: &Value) -> Vec<(&'static str, Value)> {
    match value {
        Value::Data(data) => vec![
            ("Receiver", Value::text(&*data.receiver)),
            ("Status", Value::text(&*data.status)),
            (
                "Alerts",
                Value::Alerts {
                    named: true,
                    items: data.alerts.clone(),
                },
            ),
            (
                "NotificationReason",
                Value::text(&*data.notification_reason),
            ),
            ("GroupLabels", Value::Kv(data.group_labels.clone())),
            ("CommonLabels", Value::Kv(data.common_labels.clone())),
            (
                "CommonAnnotations",
                Value::Kv(data.common_annotations.clone()),
            ),
            ("RouteLabels", Value::Kv(data.route_labels.clone())),
            ("ExternalURL", Value::text(&*data.external_url)),
            (
                "routeLabelsRendered",
                Value::Bool(data.route_labels_rendered),
            ),
        ],
        Value::Alert(alert) => vec![
            ("Status", Value::text(&*alert.status)),
            ("Labels", Value::Kv(alert.labels.clone())),
            ("Annotations", Value::Kv(alert.annotations.clone())),
            ("StartsAt", Value::Time(Box::new(alert.starts_at.into()))),
            ("EndsAt", Value::Time(Box::new(alert.ends_at.into()))),
            ("GeneratorURL", Value::text(&*alert.generator_url)),
            ("Fingerprint", Value::text(&*alert.fingerprint)),
        ],
        Value::Pair(pair) => vec![
            ("Name", Value::Str(pair.name.clone())),
            ("Value", Value::text(&*pair.value)),
        ],
        _ => Vec::new(),
    }
}

/// A time as the numbers it is made of: nanoseconds, seconds since the year 1, and its zone.
fn print_time(out: &mut String, time: &Time, verb: char, flags: &Flags) {
    let seconds = time.seconds.saturating_add(SECONDS_BEFORE_1970);
    out.push('{');
    print_part(out, "uint64", i64::from(time.nanos), verb, flags);
    out.push(' ');
    print_part(out, "int64", seconds, verb, flags);
    out.push(' ');
    print_nowhere(out, "*time.Location", verb, flags);
    out.push('}');
}

/// A zone as what it is made of when it has no changes.
fn print_location(out: &mut String, name: &str, verb: char, flags: &Flags) {
    out.push_str("&{");
    print_value(out, &Value::text(name), verb, flags);
    out.push_str(" [] [] ");
    print_value(out, &Value::text(""), verb, flags);
    for _ in 0..2 {
        out.push(' ');
        print_part(out, "int64", 0, verb, flags);
    }
    out.push(' ');
    print_nowhere(out, "*time.zone", verb, flags);
    out.push('}');
}

/// A number inside a struct.
fn print_part(out: &mut String, kind: &str, number: i64, verb: char, flags: &Flags) {
    let value = Value::Int64(number);
    if !print_integer(out, &value, number, verb, flags) {
        let _ = write!(out, "%!{verb}({kind}=");
        print_integer(out, &value, number, 'v', flags);
        out.push(')');
    }
}

/// A pointer to nothing.
fn print_nowhere(out: &mut String, kind: &str, verb: char, flags: &Flags) {
    match verb {
        'v' => pad(out, "<nil>", flags),
        'b' | 'o' | 'd' | 'x' | 'X' => print_part(out, kind, 0, verb, flags),
        _ => {
            let _ = write!(out, "%!{verb}({kind}=");
            pad(out, "<nil>", flags);
            out.push(')');
        }
    }
}

fn print_struct(out: &mut String, value: &Value, verb: char, flags: &Flags) {
    out.push('{');
    for (index, (name, field)) in fields(value).into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if flags.plus_v {
            out.push_str(name);
            out.push(':');
        }
        print_value(out, &field, verb, flags);
    }
    out.push('}');
}
