//! Values as `%#v` shows them: in Go's syntax.

use std::fmt::Write as _;

use super::format::{Flags, fields, print_value};
use super::time::{Time, Zone};
use super::value::Value;
use crate::quote::quote;

/// A value as `%#v` shows it.
pub(super) fn write(out: &mut String, value: &Value) {
    let name = value.type_name();
    match value {
        Value::Invalid | Value::NilInterface => out.push_str("<nil>"),
        Value::Str(text) | Value::Trusted(_, text) => out.push_str(&quote(text)),
        Value::Time(time) => out.push_str(&time_syntax(time)),
        Value::Location(zone) => {
            let name = quote(zone.name());
            let _ = write!(
                out,
                "&time.Location{{name:{name}, zone:[]time.zone(nil), tx:[]time.zoneTrans(nil), \
                 extend:\"\", cacheStart:0, cacheEnd:0, cacheZone:(*time.zone)(nil)}}"
            );
        }
        Value::Byte(number) => {
            let _ = write!(out, "{number:#x}");
        }
        Value::Dict(map) => {
            let pairs = map.iter().map(|(key, value)| (&**key, value.clone()));
            syntax_map(out, name, pairs);
        }
        Value::Kv(labels) => {
            let pairs = labels
                .iter()
                .map(|label| (&*label.name, Value::text(&*label.value)));
            syntax_map(out, name, pairs);
        }
        Value::Data(_) | Value::Alert(_) | Value::Pair(_) => {
            let _ = write!(out, "{}{{", name.trim_start_matches('*'));
            for (index, (field, value)) in fields(value).into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                let _ = write!(out, "{field}:");
                write(out, &value);
            }
            out.push('}');
        }
        list if list.is_list() => {
            let _ = write!(out, "{name}{{");
            for at in 0..list.len().unwrap_or(0) {
                if at > 0 {
                    out.push_str(", ");
                }
                match list.element(at) {
                    None | Some(Value::NilInterface) => out.push_str("interface {}(nil)"),
                    Some(element) => write(out, &element),
                }
            }
            out.push('}');
        }
        plain => match plain.as_int() {
            Some(number) => {
                let _ = write!(out, "{number}");
            }
            None => print_value(out, plain, 'v', &Flags::default()),
        },
    }
}

fn syntax_map<'a>(out: &mut String, name: &str, pairs: impl Iterator<Item = (&'a str, Value)>) {
    let _ = write!(out, "{name}{{");
    for (index, (key, value)) in pairs.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        let _ = write!(out, "{}:", quote(key));
        match value {
            Value::NilInterface => out.push_str("interface {}(nil)"),
            value => write(out, &value),
        }
    }
    out.push('}');
}

fn time_syntax(time: &Time) -> String {
    let parts = time.parts();
    let place = match &time.zone {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local => "time.Local".to_owned(),
        zone => format!("time.Location({})", quote(zone.name())),
    };
    let month = super::layout::MONTHS[usize::from(parts.month.clamp(1, 12)) - 1];
    format!(
        "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {place})",
        parts.year, parts.day, parts.hour, parts.minute, parts.second, time.nanos
    )
}
