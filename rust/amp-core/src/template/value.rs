//! The values of Go's template language, each with its Go type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::data::{Alert, Data};
use super::time::{Time, Zone};
use crate::labels::{Label, LabelSet};

/// A value with its Go type. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// No value at all (reflect's invalid value): what `{{template "x"}}` gives as dot.
    Invalid,
    /// An interface that holds nothing: a missing key of a `dict`.
    NilInterface,
    Bool(bool),
    Int(i64),
    /// `int64`: what methods of times return.
    Int64(i64),
    /// `uint8`: a byte of an indexed string.
    Byte(u8),
    Float(f64),
    Str(Arc<str>),
    /// A typed string: trusted HTML or a trusted address.
    Trusted(Trust, Arc<str>),
    /// `[]string`, or `template.Strings` when named.
    Strings {
        named: bool,
        items: Arc<[Arc<str>]>,
    },
    /// `[]interface {}`.
    List(Arc<[Value]>),
    /// `map[string]interface {}`.
    Dict(Arc<BTreeMap<Arc<str>, Value>>),
    Data(Arc<Data>),
    /// `[]template.Alert`, or `template.Alerts` (which has methods) when named.
    Alerts {
        named: bool,
        items: Arc<[Arc<Alert>]>,
    },
    Alert(Arc<Alert>),
    Kv(LabelSet),
    Pairs(Arc<[Arc<Label>]>),
    Pair(Arc<Label>),
    Time(Box<Time>),
    /// Nanoseconds.
    Duration(i64),
    Month(u8),
    Weekday(u8),
    Location(Zone),
}

/// What a typed string is trusted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Html,
    Url,
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    pub(super) fn int(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// The type's name as Go prints it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Invalid => "<nil>",
            Self::NilInterface => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::Trusted(Trust::Html, _) => "template.HTML",
            Self::Trusted(Trust::Url, _) => "template.URL",
            Self::Strings { named: true, .. } => "template.Strings",
            Self::Strings { named: false, .. } => "[]string",
            Self::List(_) => "[]interface {}",
            Self::Dict(_) => "map[string]interface {}",
            Self::Data(data) if data.by_value => "template.Data",
            Self::Data(_) => "*template.Data",
            Self::Alerts { named: true, .. } => "template.Alerts",
            Self::Alerts { named: false, .. } => "[]template.Alert",
            Self::Alert(_) => "template.Alert",
            Self::Kv(_) => "template.KV",
            Self::Pairs(_) => "template.Pairs",
            Self::Pair(_) => "template.Pair",
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Location(_) => "*time.Location",
        }
    }

    /// Whether `if` takes its first branch.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Invalid | Self::NilInterface => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => *value != 0,
            Self::Byte(value) | Self::Weekday(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Month(_)
            | Self::Data(_)
            | Self::Alert(_)
            | Self::Pair(_)
            | Self::Time(_)
            | Self::Location(_) => true,
            _ => self.len().unwrap_or(0) != 0,
        }
    }

    /// The length of a text (in bytes), list or map; `None` for everything else.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::Str(text) | Self::Trusted(_, text) => Some(text.len()),
            Self::Strings { items, .. } => Some(items.len()),
            Self::List(items) => Some(items.len()),
            Self::Dict(map) => Some(map.len()),
            Self::Alerts { items, .. } => Some(items.len()),
            Self::Kv(labels) => Some(labels.len()),
            Self::Pairs(pairs) => Some(pairs.len()),
            _ => None,
        }
    }

    /// The element of a list (not of a text or map).
    pub(super) fn element(&self, at: usize) -> Option<Self> {
        match self {
            Self::Strings { items, .. } => items.get(at).map(|s| Self::Str(Arc::clone(s))),
            Self::List(items) => items.get(at).cloned(),
            Self::Alerts { items, .. } => items.get(at).map(|a| Self::Alert(Arc::clone(a))),
            Self::Pairs(pairs) => pairs.get(at).map(|p| Self::Pair(Arc::clone(p))),
            _ => None,
        }
    }

    /// Whether it is a list of any type.
    pub(super) fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Strings { .. } | Self::List(_) | Self::Alerts { .. } | Self::Pairs(_)
        )
    }

    /// A part of a list or text, of the same type. The caller checked the bounds.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        match self {
            Self::Str(text) => Self::text(cut(text, from, to)),
            Self::Trusted(trust, text) => Self::Trusted(*trust, cut(text, from, to).into()),
            Self::Strings { named, items } => Self::Strings {
                named: *named,
                items: items[from..to].into(),
            },
            Self::List(items) => Self::List(items[from..to].into()),
            Self::Alerts { named, items } => Self::Alerts {
                named: *named,
                items: items[from..to].into(),
            },
            Self::Pairs(pairs) => Self::Pairs(pairs[from..to].into()),
            other => other.clone(),
        }
    }

    /// The text of a string or typed string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Trusted(_, text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer of any type.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => Some(*value),
            Self::Byte(value) | Self::Month(value) | Self::Weekday(value) => {
                Some(i64::from(*value))
            }
            _ => None,
        }
    }
}

/// Bytes `from..to` of a text; half characters become U+FFFD, as values are text here.
fn cut(text: &str, from: usize, to: usize) -> Cow<'_, str> {
    match text.get(from..to) {
        Some(part) => Cow::Borrowed(part),
        None => String::from_utf8_lossy(&text.as_bytes()[from..to]),
    }
}

/// Text of bytes; what is no UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Pairs sorted by name, the alert's name first.
///
/// Upstream: template/template.go `KV.SortedPairs`.
pub(super) fn sorted_pairs(labels: &LabelSet) -> Vec<Arc<Label>> {
    let mut pairs: Vec<Arc<Label>> = labels.iter().cloned().collect();
    if let Some(at) = pairs.iter().position(|pair| &*pair.name == "alertname") {
        pairs[..=at].rotate_right(1);
    }
    pairs
}
