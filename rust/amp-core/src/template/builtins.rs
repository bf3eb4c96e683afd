//! The functions of Go's template language itself.
//!
//! Upstream: Go `text/template` `funcs.go`.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::eval::printed;
use super::format::{sprint, sprintln};
use super::node::Operand;
use super::printf::sprintf;
use super::value::Value;

/// Calls a builtin function; `None` when the name is none.
pub(super) fn call(name: &str, args: &[Value]) -> Option<Result<Value, String>> {
    Some(match (name, args) {
        ("not", [value]) => Ok(Value::Bool(!value.truth())),
        ("len", [value]) => length(value),
        ("index", [item, indexes @ ..]) => index(item, indexes),
        ("slice", [item, indexes @ ..]) => slice(item, indexes),
        ("eq", [first, others @ ..]) => equal(first, others).map(Value::Bool),
        ("ne", [a, b]) => equal(a, std::slice::from_ref(b)).map(|same| Value::Bool(!same)),
        ("lt", [a, b]) => less(a, b).map(Value::Bool),
        ("le", [a, b]) => less_or_equal(a, b).map(Value::Bool),
        ("gt", [a, b]) => less_or_equal(a, b).map(|le| Value::Bool(!le)),
        ("ge", [a, b]) => less(a, b).map(|lt| Value::Bool(!lt)),
        ("print", values) => Ok(Value::text(sprint(values))),
        ("println", values) => Ok(Value::text(sprintln(values))),
        ("printf", [Value::Str(format), values @ ..]) => Ok(Value::text(sprintf(format, values))),
        ("html", values) => Ok(Value::text(escape_html(&printed(values)))),
        ("js", values) => Ok(Value::text(escape_js(&printed(values)))),
        ("urlquery", values) => Ok(Value::text(escape_query(&printed(values)))),
        _ => return None,
    })
}

/// No value here is a function: what `call` says to that.
pub(super) fn not_callable(args: &[Value], operand: Option<&Operand>) -> Result<Value, String> {
    let shown = match (operand, args.first()) {
        (Some(operand), _) => operand.to_string(),
        (None, Some(Value::Str(text))) => text.to_string(),
        (None, value) => format!("<{} Value>", value.map_or("", Value::type_name)),
    };
    Err(match args.first() {
        None | Some(Value::Invalid | Value::NilInterface) => "call of nil".to_owned(),
        Some(other) => format!("non-function {shown} of type {}", other.type_name()),
    })
}

fn length(value: &Value) -> Result<Value, String> {
    match value {
        Value::Invalid => Err("reflect: call of reflect.Value.Type on zero Value".to_owned()),
        Value::NilInterface => Err("len of nil pointer".to_owned()),
        value => match value.len() {
            Some(length) => Ok(Value::int(length)),
            None => Err(format!("len of type {}", pointed(value))),
        },
    }
}

/// The type that a pointer leads to, or the type itself.
fn pointed(value: &Value) -> &'static str {
    value.type_name().trim_start_matches('*')
}

fn position(index: &Value, limit: usize) -> Result<usize, String> {
    match index {
        Value::Invalid | Value::NilInterface => {
            return Err("cannot index slice/array with nil".to_owned());
        }
        _ => {}
    }
    let Some(number) = index.as_int() else {
        let kind = index.type_name();
        return Err(format!("cannot index slice/array with type {kind}"));
    };
    match usize::try_from(number) {
        Ok(at) if at <= limit => Ok(at),
        _ => Err(format!("index out of range: {number}")),
    }
}

fn index(item: &Value, indexes: &[Value]) -> Result<Value, String> {
    if matches!(item, Value::Invalid | Value::NilInterface) {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Str(text) | Value::Trusted(_, text) => {
                let at = position(index, text.len())?;
                match text.as_bytes().get(at) {
                    Some(byte) => Value::Byte(*byte),
                    None => return Err("reflect: string index out of range".to_owned()),
                }
            }
            Value::Kv(labels) => Value::text(labels.get(key(index)?).unwrap_or_default()),
            Value::Dict(map) => match map.get(key(index)?) {
                Some(value) => value.clone(),
                None => Value::NilInterface,
            },
            list if list.is_list() => {
                let at = position(index, list.len().unwrap_or(0))?;
                list.element(at)
                    .ok_or_else(|| "reflect: slice index out of range".to_owned())?
            }
            Value::NilInterface => return Err("index of nil pointer".to_owned()),
            other => return Err(format!("can't index item of type {}", pointed(other))),
        };
    }
    Ok(item)
}

fn key(index: &Value) -> Result<&str, String> {
    match index {
        Value::Str(text) => Ok(text),
        Value::Invalid | Value::NilInterface => {
            Err("value is nil; should be of type string".to_owned())
        }
        other => Err(format!(
            "value has type {}; should be string",
            other.type_name()
        )),
    }
}

fn slice(item: &Value, indexes: &[Value]) -> Result<Value, String> {
    if matches!(item, Value::Invalid | Value::NilInterface) {
        return Err("slice of untyped nil".to_owned());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let text = item.as_text().is_some();
    if text && indexes.len() == 3 {
        return Err("cannot 3-index slice a string".to_owned());
    }
    let length = match item.len() {
        Some(length) if text || item.is_list() => length,
        _ => return Err(format!("can't slice item of type {}", item.type_name())),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [from, to, limit] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    if to > limit {
        return Err(format!("invalid slice index: {to} > {limit}"));
    }
    Ok(item.part(from, to))
}

/// What kinds of values compare with each other.
#[derive(Clone, Copy, PartialEq)]
enum Basic {
    Bool,
    Int,
    Uint,
    Float,
    Text,
}

fn basic(value: &Value) -> Option<Basic> {
    Some(match value {
        Value::Bool(_) => Basic::Bool,
        Value::Byte(_) => Basic::Uint,
        Value::Float(_) => Basic::Float,
        Value::Str(_) | Value::Trusted(..) => Basic::Text,
        other => return other.as_int().map(|_| Basic::Int),
    })
}

fn incompatible(a: &Value, b: &Value) -> String {
    format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    )
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Invalid | Value::NilInterface)
}

fn equal(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        let same = match (basic(first), basic(other)) {
            (Some(Basic::Int | Basic::Uint), Some(Basic::Int | Basic::Uint)) => {
                first.as_int() == other.as_int()
            }
            (a, b) if a != b => {
                if !is_nil(first) && !is_nil(other) {
                    return Err(incompatible(first, other));
                }
                false
            }
            (Some(Basic::Bool), _) => first.truth() == other.truth(),
            (Some(Basic::Text), _) => first.as_text() == other.as_text(),
            (Some(Basic::Float), _) => order(first, other) == Some(Ordering::Equal),
            _ => same_value(first, other)?,
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two values without an order are the same; lists and maps cannot be asked.
fn same_value(a: &Value, b: &Value) -> Result<bool, String> {
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    if std::mem::discriminant(a) != std::mem::discriminant(b) && kind(a) != kind(b) {
        let (shown_a, shown_b) = (as_text(a), sprint(std::slice::from_ref(b)));
        return Err(format!(
            "non-comparable types {shown_a}: {}, {}: {shown_b}",
            a.type_name(),
            b.type_name()
        ));
    }
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => Ok(a.same_instant(b) && a.zone == b.zone),
        (Value::Pair(a), Value::Pair(b)) => Ok(a == b),
        (Value::Location(a), Value::Location(b)) => Ok(a == b),
        _ => {
            let (shown, kind) = (as_text(b), b.type_name());
            Err(format!("non-comparable type {shown}: {kind}"))
        }
    }
}

fn as_text(value: &Value) -> String {
    sprintf("%s", std::slice::from_ref(value))
}

/// The kind of types without an order: list, map or struct.
fn kind(value: &Value) -> u8 {
    match value {
        list if list.is_list() => 0,
        Value::Kv(_) | Value::Dict(_) => 1,
        _ => 2,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Str(a) | Value::Trusted(_, a), Value::Str(b) | Value::Trusted(_, b)) => {
            Some(a.cmp(b))
        }
        _ => Some(a.as_int()?.cmp(&b.as_int()?)),
    }
}

fn less(a: &Value, b: &Value) -> Result<bool, String> {
    let bad = || "invalid type for comparison".to_owned();
    let (kind_a, kind_b) = (basic(a).ok_or_else(bad)?, basic(b).ok_or_else(bad)?);
    let whole = |kind| matches!(kind, Basic::Int | Basic::Uint);
    if kind_a != kind_b && !(whole(kind_a) && whole(kind_b)) {
        return Err(incompatible(a, b));
    }
    if kind_a == Basic::Bool {
        return Err(bad());
    }
    Ok(order(a, b) == Some(Ordering::Less))
}

fn less_or_equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(less(a, b)? || equal(a, std::slice::from_ref(b))?)
}

/// Text for HTML: five characters become entities.
pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

fn escape_js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..=' ' if c != ' ' => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c if c.is_ascii() || super::quote::is_print(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
        }
    }
    out
}

/// Text for the query of an address; blanks become `+`.
pub(super) fn escape_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
