//! Values as JSON, as Go's encoder writes them.

use std::fmt::Write as _;

use super::data::{Alert, Data};
use super::format_number::shortest;
use super::value::Value;
use crate::labels::LabelSet;

/// Encodes a value; `<`, `>`, `&` and line separators are escaped.
pub(super) fn encode(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value) -> Result<(), String> {
    match value {
        Value::Invalid | Value::NilInterface => out.push_str("null"),
        Value::Bool(truth) => {
            let _ = write!(out, "{truth}");
        }
        Value::Float(number) => float(out, *number)?,
        Value::Str(value) | Value::Trusted(_, value) => text(out, value),
        Value::Dict(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                comma(out, index);
                text(out, key);
                out.push(':');
                write(out, value)?;
            }
            out.push('}');
        }
        Value::Kv(labels) => pairs(out, labels),
        Value::Pair(pair) => {
            out.push_str("{\"Name\":");
            text(out, &pair.name);
            out.push_str(",\"Value\":");
            text(out, &pair.value);
            out.push('}');
        }
        Value::Data(value) => data(out, value),
        Value::Alert(value) => alert(out, value),
        Value::Time(time) => text(out, &time.rfc3339()),
        Value::Location(_) => out.push_str("{}"),
        list if list.is_list() => {
            out.push('[');
            for at in 0..list.len().unwrap_or(0) {
                comma(out, at);
                write(out, &list.element(at).unwrap_or(Value::Invalid))?;
            }
            out.push(']');
        }
        number => {
            let _ = write!(out, "{}", number.as_int().unwrap_or(0));
        }
    }
    Ok(())
}

fn comma(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

fn float(out: &mut String, number: f64) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("json: unsupported value: {}", shortest(number)));
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let shown = format!("{number:e}");
        let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        let _ = write!(out, "{mantissa}e{sign}{exponent}");
    } else {
        let _ = write!(out, "{number}");
    }
    Ok(())
}

/// A text between quotation marks.
pub(super) fn text(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn pairs(out: &mut String, labels: &LabelSet) {
    out.push('{');
    for (index, label) in labels.iter().enumerate() {
        comma(out, index);
        text(out, &label.name);
        out.push(':');
        text(out, &label.value);
    }
    out.push('}');
}

fn field(out: &mut String, key: &str, value: &str) {
    let _ = write!(out, "\"{key}\":");
    text(out, value);
}

fn map(out: &mut String, key: &str, labels: &LabelSet) {
    let _ = write!(out, ",\"{key}\":");
    pairs(out, labels);
}

fn alert(out: &mut String, alert: &Alert) {
    out.push('{');
    field(out, "status", &alert.status);
    map(out, "labels", &alert.labels);
    map(out, "annotations", &alert.annotations);
    out.push(',');
    field(out, "startsAt", &alert.starts_at.rfc3339_nano());
    out.push(',');
    field(out, "endsAt", &alert.ends_at.rfc3339_nano());
    out.push(',');
    field(out, "generatorURL", &alert.generator_url);
    out.push(',');
    field(out, "fingerprint", &alert.fingerprint);
    out.push('}');
}

fn data(out: &mut String, data: &Data) {
    out.push('{');
    field(out, "receiver", &data.receiver);
    out.push(',');
    field(out, "status", &data.status);
    out.push_str(",\"alerts\":[");
    for (index, value) in data.alerts.iter().enumerate() {
        comma(out, index);
        alert(out, value);
    }
    out.push_str("],");
    field(out, "notification_reason", &data.notification_reason);
    map(out, "groupLabels", &data.group_labels);
    map(out, "commonLabels", &data.common_labels);
    map(out, "commonAnnotations", &data.common_annotations);
    map(out, "routeLabels", &data.route_labels);
    out.push(',');
    field(out, "externalURL", &data.external_url);
    out.push('}');
}
