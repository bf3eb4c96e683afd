//! The functions that upstream adds to Go's templates.
//!
//! Upstream: template/template.go `DefaultFuncs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::eval::{Signature, Type};
use super::exec::{Library, Run};
use super::json;
use super::number;
use super::text;
use super::time::Zone;
use super::title::title;
use super::value::{Trust, Value};
use super::{layout_parse, time};
use crate::quote::quote;
use crate::regex;

const TEXT: &[Type] = &[Type::Text];
const TWO_TEXTS: &[Type] = &[Type::Text, Type::Text];
const ANY: &[Type] = &[Type::Any];
const REFLECT: &[Type] = &[Type::Reflect];
const TWO_REFLECTS: &[Type] = &[Type::Reflect, Type::Reflect];

/// What a function takes, `None` when there is none of that name.
pub(super) fn signature(name: &str) -> Option<Signature> {
    let (params, variadic): (&'static [Type], bool) = match name {
        "toUpper" | "toLower" | "title" | "trimSpace" | "safeHtml" | "safeUrl" | "urlUnescape"
        | "base64encode" | "base64decode" | "routeLabels" => (TEXT, false),
        "join" => (&[Type::Text, Type::Strings], false),
        "match" | "toDate" | "mustToDate" => (TWO_TEXTS, false),
        "reReplaceAll" => (&[Type::Text, Type::Text, Type::Text], false),
        "stringSlice" => (TEXT, true),
        "date" | "tz" => (&[Type::Text, Type::Time], false),
        "now" => (&[], false),
        "since" => (&[Type::Time], false),
        "humanizeDuration" | "toJson" => (ANY, false),
        "append" => (&[Type::List, Type::Any], true),
        "list" | "dict" => (ANY, true),
        _ => return builtin_signature(name),
    };
    Some(Signature { params, variadic })
}

/// What a function of the template language itself takes.
pub(super) fn builtin_signature(name: &str) -> Option<Signature> {
    let (params, variadic): (&'static [Type], bool) = match name {
        "not" | "len" => (REFLECT, false),
        "and" | "or" | "index" | "slice" | "eq" | "call" => (TWO_REFLECTS, true),
        "ne" | "lt" | "le" | "gt" | "ge" => (TWO_REFLECTS, false),
        "print" | "println" | "html" | "js" | "urlquery" => (ANY, true),
        "printf" => (&[Type::Text, Type::Any], true),
        _ => return None,
    };
    Some(Signature { params, variadic })
}

/// Calls a function whose arguments were checked against its signature.
pub(super) fn call(
    library: &dyn Library,
    run: &mut Run,
    name: &str,
    args: &[Value],
) -> Result<Value, String> {
    match (name, args) {
        ("list", items) => Ok(Value::List(items.into())),
        ("dict", items) => dict(items),
        ("append", [Value::List(list), items @ ..]) => {
            Ok(Value::List(list.iter().chain(items).cloned().collect()))
        }
        ("stringSlice", items) => Ok(Value::Strings {
            named: false,
            items: items
                .iter()
                .filter_map(Value::as_text)
                .map(Arc::from)
                .collect(),
        }),
        ("routeLabels", [Value::Str(label)]) => route_label(library, run, label),
        ("now", []) => Ok(Value::Time(Box::new(run.now.clone()))),
        ("since", [Value::Time(time)]) => Ok(Value::Duration(run.now.since(time))),
        ("toJson", [value]) => json::encode(value).map(Value::text),
        ("humanizeDuration", [value]) => humanize_duration(value).map(Value::text),
        ("date", [Value::Str(layout), Value::Time(time)]) => Ok(Value::text(time.format(layout))),
        ("tz", [Value::Str(zone), Value::Time(time)]) => {
            Ok(Value::Time(Box::new(time.in_zone(Zone::load(zone)?))))
        }
        ("join", [Value::Str(by), Value::Strings { items, .. }]) => {
            Ok(Value::text(items.join(&**by)))
        }
        (name, [Value::Str(one)]) => of_text(name, one),
        (name, [Value::Str(one), Value::Str(two)]) => of_texts(name, one, two),
        ("reReplaceAll", [Value::Str(pattern), Value::Str(by), Value::Str(text)]) => {
            replace_all(pattern, by, text)
        }
        _ => Err(format!("{} takes other arguments", quote(name))),
    }
}

fn of_text(name: &str, one: &Arc<str>) -> Result<Value, String> {
    Ok(match name {
        "toUpper" => Value::text(text::upper(one)),
        "toLower" => Value::text(text::lower(one)),
        "title" => Value::text(title(one)),
        "trimSpace" => Value::text(one.trim()),
        "safeHtml" => Value::Trusted(Trust::Html, Arc::clone(one)),
        "safeUrl" => Value::Trusted(Trust::Url, Arc::clone(one)),
        "urlUnescape" => Value::text(text::unescape_query(one)?),
        "base64encode" => Value::text(text::base64_encode(one.as_bytes())),
        "base64decode" => Value::text(text::base64_decode(one)?),
        other => return Err(format!("{} takes other arguments", quote(other))),
    })
}

fn of_texts(name: &str, one: &str, two: &str) -> Result<Value, String> {
    match name {
        "match" => {
            let pattern = regex::compile(one).map_err(|e| e.to_string())?;
            Ok(Value::Bool(pattern.is_match(two)))
        }
        "toDate" => Ok(Value::Time(Box::new(
            layout_parse::parse(one, two).unwrap_or_else(|_| time::Time::default()),
        ))),
        "mustToDate" => Ok(Value::Time(Box::new(layout_parse::parse(one, two)?))),
        other => Err(format!("{} takes other arguments", quote(other))),
    }
}

fn replace_all(pattern: &str, by: &str, text: &str) -> Result<Value, String> {
    let compiled = regex::compile(pattern).map_err(|e| {
        let shown = if pattern.contains('`') {
            quote(pattern)
        } else {
            format!("`{pattern}`")
        };
        format!("regexp: Compile({shown}): {e}")
    })?;
    Ok(Value::text(&*compiled.replace_all(text, by)))
}

fn dict(items: &[Value]) -> Result<Value, String> {
    if !items.len().is_multiple_of(2) {
        return Err("dict requires an even number of arguments".to_owned());
    }
    let mut map = BTreeMap::new();
    for pair in items.chunks_exact(2) {
        let Value::Str(key) = &pair[0] else {
            return Err("dict keys must be strings".to_owned());
        };
        map.insert(Arc::clone(key), pair[1].clone());
    }
    Ok(Value::Dict(Arc::new(map)))
}

/// The value of a route label; raw ones are rendered once, and may ask for others.
fn route_label(library: &dyn Library, run: &mut Run, name: &str) -> Result<Value, String> {
    let data = Arc::clone(&run.data);
    let Some(raw) = data.route_labels.get(name) else {
        return Ok(Value::text(""));
    };
    if data.route_labels_rendered {
        return Ok(Value::text(raw));
    }
    if let Some((_, value)) = run.labels.iter().find(|(label, _)| label == name) {
        return Ok(Value::Str(Arc::clone(value)));
    }
    if run.open_labels.iter().any(|label| label == name) {
        let chain = run.open_labels.join(" -> ");
        return Err(format!("route label cycle detected: {chain} -> {name}"));
    }
    run.open_labels.push(name.to_owned());
    let rendered = library.render_nested(raw, run);
    run.open_labels.pop();
    let value: Arc<str> = rendered?.into();
    run.labels.push((name.to_owned(), Arc::clone(&value)));
    Ok(Value::Str(value))
}

/// Seconds as people say them.
///
/// Upstream: common/helpers/templates `HumanizeDuration`.
fn humanize_duration(value: &Value) -> Result<String, String> {
    let mut seconds = match value {
        Value::Float(number) => *number,
        Value::Int(number) | Value::Int64(number) => number::to_float(*number),
        Value::Duration(ns) => number::to_float(*ns) / 1e9,
        Value::Str(text) => number::float(text)
            .map_err(|reason| format!("strconv.ParseFloat: parsing {}: {reason}", quote(text)))?,
        Value::NilInterface => return Err("can't convert <nil> to float".to_owned()),
        other => return Err(format!("can't convert {} to float", other.type_name())),
    };
    if !seconds.is_finite() {
        return Ok(four_digits(seconds));
    }
    if seconds == 0.0 {
        return Ok(format!("{}s", four_digits(seconds)));
    }
    if seconds.abs() >= 1.0 {
        return Ok(long_duration(seconds));
    }
    let mut prefix = "";
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if seconds.abs() >= 1.0 {
            break;
        }
        prefix = next;
        seconds *= 1000.0;
    }
    Ok(format!("{}{prefix}s", four_digits(seconds)))
}

fn long_duration(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are meant")]
    let whole = value as i64;
    let (seconds, minutes) = (whole % 60, whole / 60 % 60);
    let (hours, days) = (whole / 3600 % 24, whole / 86_400);
    if days != 0 {
        return format!("{sign}{days}d {hours}h {minutes}m {seconds}s");
    }
    if hours != 0 {
        return format!("{sign}{hours}h {minutes}m {seconds}s");
    }
    if minutes != 0 {
        return format!("{sign}{minutes}m {seconds}s");
    }
    format!("{sign}{}s", four_digits(value))
}

fn four_digits(value: f64) -> String {
    super::printf::sprintf("%.4g", &[Value::Float(value)])
}
