//! Number constants of Go: which kinds can hold a literal's value.

use super::node::Number;
use super::quote::unquote;
use crate::quote::quote;

/// Reads a number literal.
///
/// Upstream: Go `text/template/parse` `newNumber`.
pub(super) fn number(text: &str) -> Result<Number, String> {
    let mut found = Number {
        int: integer(text),
        unsigned: false,
        float: None,
        text: text.into(),
    };
    if let Some(value) = found.int {
        found.float = Some(to_float(value));
        return Ok(found);
    }
    found.unsigned = unsigned(text).is_some();
    if found.unsigned {
        return Ok(found);
    }
    if let Ok(value) = float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text)));
        }
        found.float = Some(value);
        found.int = whole(value);
        return Ok(found);
    }
    if text.ends_with('i') {
        return Err(format!("imaginary constants are not supported: {text}"));
    }
    Err(format!("illegal number syntax: {}", quote(text)))
}

/// Reads a character literal, which is a whole number.
pub(super) fn character(text: &str) -> Result<Number, String> {
    let Some(unquoted) = unquote(text).filter(|unquoted| !unquoted.is_empty()) else {
        return Err("invalid syntax".to_owned());
    };
    let mut chars = unquoted.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Number {
            int: Some(i64::from(u32::from(c))),
            unsigned: false,
            float: Some(f64::from(u32::from(c))),
            text: text.into(),
        }),
        _ => Err(format!("malformed character constant: {text}")),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Go's float64(n)")]
pub(super) fn to_float(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is whole and in range"
)]
fn whole(value: f64) -> Option<i64> {
    let fits =
        value.trunc().to_bits() == value.to_bits() && value.abs() < 9_223_372_036_854_775_808.0;
    fits.then_some(value as i64)
}

/// The digits of an integer literal and their base; underscores only where Go allows them.
fn digits(text: &str) -> Option<(String, u32)> {
    let lower = text.to_ascii_lowercase();
    let (radix, rest, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..], true),
        [b'0', b'b', ..] => (2, &lower[2..], true),
        [b'0', b'o', ..] => (8, &lower[2..], true),
        [b'0', _, ..] => (8, &lower[1..], true),
        _ => (10, &lower[..], false),
    };
    let misplaced =
        rest.ends_with('_') || rest.contains("__") || (!prefixed && rest.starts_with('_'));
    if misplaced || rest.is_empty() {
        return None;
    }
    Some((rest.replace('_', ""), radix))
}

fn unsigned(text: &str) -> Option<u64> {
    let (digits, radix) = digits(text)?;
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

fn integer(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = i128::from(unsigned(rest)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Reads a floating-point text as Go's `ParseFloat`: decimal or hexadecimal, with underscores of literals.
pub(super) fn float(text: &str) -> Result<f64, &'static str> {
    let value = plain_float(text).ok_or("invalid syntax")?;
    if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err("value out of range");
    }
    Ok(value)
}

fn plain_float(text: &str) -> Option<f64> {
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let misplaced = rest.starts_with('_') || rest.ends_with('_') || rest.contains("__");
    if misplaced {
        return None;
    }
    let lower = rest.to_ascii_lowercase().replace('_', "");
    let value = if let Some(hex) = lower.strip_prefix("0x") {
        hex_float(hex)?
    } else {
        match &*lower {
            "inf" | "infinity" => f64::INFINITY,
            "nan" => f64::NAN,
            _ if lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                lower.parse().ok()?
            }
            _ => return None,
        }
    };
    Some(if negative { -value } else { value })
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value * 2f64.powi(shift))
}
