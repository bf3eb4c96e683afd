//! Plans: what the core needs of a configuration, as JSON (CONTRIBUTING.md, "The plan").

use serde::Deserialize as _;
use serde_json::Value;

use crate::error::Error;
use crate::matcher::{Matcher, Op};

/// Deeper plans are refused, so that no recursion over routes meets the stack's end. A level of routes takes two.
const MAX_DEPTH: usize = 400;

/// Reads a plan or a part of one.
pub fn parse(json: &[u8]) -> Result<Value, Error> {
    if depth(json) > MAX_DEPTH {
        return Err(Error::Config(format!(
            "routes are nested deeper than {} levels",
            MAX_DEPTH / 2
        )));
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader)
        .and_then(|plan| reader.end().map(|()| plan))
        .map_err(|error| Error::Config(format!("plan: {error}")))
}

/// How deep brackets and braces outside of texts go.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The error for a value of the wrong kind.
pub(crate) fn wrong(key: &str, wanted: &str) -> Error {
    Error::Config(format!("plan: {key} must be {wanted}"))
}

/// A list of a plan's object; absent and null are empty.
pub(crate) fn list<'a>(spec: &'a Value, key: &str) -> Result<&'a [Value], Error> {
    match spec.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(wrong(key, "a list")),
    }
}

/// A list of texts of a plan's object.
pub(crate) fn strings(spec: &Value, key: &str) -> Result<Vec<String>, Error> {
    list(spec, key)?
        .iter()
        .map(|item| item.as_str().map(ToOwned::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(key, "a list of texts"))
}

/// A list of `[name, operator, value]` of a plan's object.
pub(crate) fn matchers_of(spec: &Value, key: &str) -> Result<Vec<Matcher>, Error> {
    list(spec, key)?
        .iter()
        .map(|item| {
            let part = |at: usize| item.get(at).and_then(Value::as_str);
            match (part(0), part(1), part(2)) {
                (Some(name), Some(op), Some(value)) => Matcher::new(name, Op::parse(op)?, value),
                _ => Err(wrong(key, "a list of [name, operator, value]")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::RouteTree;

    fn nested(depth: usize) -> Vec<u8> {
        let (open, close) = (r#"{"receiver":"r","routes":["#, "]}");
        format!("{}{{}}{}", open.repeat(depth), close.repeat(depth)).into_bytes()
    }

    #[test]
    fn depth_is_limited_not_the_stack() {
        let plan = parse(&nested(199)).unwrap();
        assert_eq!(RouteTree::compile(&plan).unwrap().routes().len(), 200);
        assert!(parse(&nested(100_000)).is_err());
        assert_eq!(depth(br#"{"[[\"[": ["]"]}"#), 2);
    }

    #[test]
    fn broken_plans_are_refused() {
        for json in ["", "{", "[] x", "{\"receiver\": \"\\ud800\"}"] {
            assert!(parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
