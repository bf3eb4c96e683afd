//! Go's number formats.

use std::fmt::Write as _;

use super::format::{Flags, pad};

/// Writes a whole number in a base.
///
/// Upstream: Go `fmt` `fmtInteger`.
pub(super) fn integer(out: &mut String, number: i64, base: u32, upper: bool, flags: &Flags) {
    let magnitude = number.unsigned_abs();
    let signed = number < 0 || flags.plus || flags.space;
    let mut least = 0;
    match (flags.precision, flags.width) {
        (Some(0), _) if number == 0 => {
            let plain = Flags {
                zero: false,
                ..flags.clone()
            };
            return pad(out, "", &plain);
        }
        (Some(precision), _) => least = precision,
        (None, Some(width)) if flags.zero && !flags.minus => {
            least = width.saturating_sub(usize::from(signed));
        }
        _ => {}
    }
    let digits = match base {
        2 => format!("{magnitude:b}"),
        8 => format!("{magnitude:o}"),
        16 if upper => format!("{magnitude:X}"),
        16 => format!("{magnitude:x}"),
        _ => magnitude.to_string(),
    };
    let mut shown = String::with_capacity(least + 4);
    if number < 0 {
        shown.push('-');
    } else if flags.plus {
        shown.push('+');
    } else if flags.space {
        shown.push(' ');
    }
    let zeros = least.saturating_sub(digits.len());
    if flags.sharp {
        match base {
            2 => shown.push_str("0b"),
            8 if zeros == 0 && !digits.starts_with('0') => shown.push('0'),
            16 => shown.push_str(if upper { "0X" } else { "0x" }),
            _ => {}
        }
    }
    shown.extend(std::iter::repeat_n('0', zeros));
    shown.push_str(&digits);
    let plain = Flags {
        zero: false,
        ..flags.clone()
    };
    pad(out, &shown, &plain);
}

/// Writes a floating-point number; `precision` of `None` means as many digits as it needs.
///
/// Upstream: Go `fmt` `fmtFloat`.
pub(super) fn float_text(
    out: &mut String,
    number: f64,
    verb: char,
    precision: Option<usize>,
    flags: &Flags,
) {
    let magnitude = number.abs();
    let negative = number.is_sign_negative() && !number.is_nan();
    let sign = match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    if !number.is_finite() {
        let sign = match sign {
            "" if !number.is_nan() => "+",
            sign => sign,
        };
        let word = if number.is_nan() { "NaN" } else { "Inf" };
        let plain = Flags {
            zero: false,
            ..flags.clone()
        };
        return pad(out, &format!("{sign}{word}"), &plain);
    }
    let mut digits = digits(magnitude, verb, precision);
    if flags.sharp {
        digits = with_point(&digits, verb, precision);
    }
    signed(out, sign, &digits, flags);
}

fn signed(out: &mut String, sign: &str, digits: &str, flags: &Flags) {
    let width = flags.width.unwrap_or(0);
    let length = digits.len() + sign.len();
    if flags.zero && !flags.minus && width > length {
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', width - length));
        out.push_str(digits);
        return;
    }
    pad(out, &format!("{sign}{digits}"), flags);
}

fn sign_of(number: f64, flags: &Flags) -> &'static str {
    match (number.is_sign_negative(), flags.plus, flags.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// The bits of a number: the fraction with its leading one, and the exponent of its last bit.
fn bits(number: f64) -> (u64, i64) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match bits >> 52 & 0x7ff {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent.cast_signed() - 1075),
    }
}

/// `%b`: a whole number and a power of two.
pub(super) fn float_binary(out: &mut String, number: f64, flags: &Flags) {
    if !number.is_finite() {
        return float_text(out, number, 'g', None, flags);
    }
    let (fraction, exponent) = bits(number);
    signed(
        out,
        sign_of(number, flags),
        &format!("{fraction}p{exponent:+}"),
        flags,
    );
}

/// `%x`: hexadecimal digits and a power of two.
pub(super) fn float_hex(out: &mut String, number: f64, upper: bool, flags: &Flags) {
    if !number.is_finite() {
        return float_text(out, number, 'g', None, flags);
    }
    let (mut fraction, mut exponent) = bits(number);
    exponent += 52;
    if fraction == 0 {
        exponent = 0;
    } else {
        let shift = fraction.leading_zeros() - 11;
        fraction <<= shift;
        exponent -= i64::from(shift);
    }
    if let Some(precision) = flags.precision.filter(|precision| *precision < 13) {
        let drop = 52 - 4 * precision;
        let (half, odd) = (1 << (drop - 1), fraction >> drop & 1);
        fraction = (fraction + half - 1 + odd) >> drop << drop;
        if fraction >> 53 != 0 {
            fraction >>= 1;
            exponent += 1;
        }
    }
    let whole = fraction >> 52;
    let mut digits = format!("{:013x}", fraction & ((1 << 52) - 1));
    match flags.precision {
        Some(precision) => {
            digits.extend(std::iter::repeat_n('0', precision.saturating_sub(13)));
            digits.truncate(precision);
        }
        None => digits.truncate(digits.trim_end_matches('0').len()),
    }
    if flags.sharp {
        // The first digit and the `x` before it count.
        let count = flags.precision.unwrap_or(6).saturating_sub(2);
        digits.extend(std::iter::repeat_n('0', count.saturating_sub(digits.len())));
    }
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let mut shown = format!("0x{whole}{point}{digits}p{sign}{:02}", exponent.abs());
    if upper {
        shown.make_ascii_uppercase();
    }
    signed(out, sign_of(number, flags), &shown, flags);
}

/// The form of the `#` flag: always a point, and `%g` keeps its zeros.
fn with_point(digits: &str, verb: char, precision: Option<usize>) -> String {
    let (number, exponent) = match digits.find(['e', 'E']) {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    let mut out = number.to_owned();
    // A lone zero counts as a digit.
    let zero = usize::from(number == "0");
    if !out.contains('.') {
        out.push('.');
    }
    if verb.eq_ignore_ascii_case(&'g') {
        let shown = out.chars().filter(char::is_ascii_digit);
        let count = shown.skip_while(|&c| c == '0').count();
        let zeros = precision.unwrap_or(6).saturating_sub(count + zero);
        out.extend(std::iter::repeat_n('0', zeros));
    }
    out + exponent
}

/// The shortest form of a number, as `%v` shows it.
pub(super) fn shortest(number: f64) -> String {
    let mut out = String::new();
    float_text(&mut out, number, 'g', None, &Flags::default());
    out
}

fn digits(magnitude: f64, verb: char, precision: Option<usize>) -> String {
    let shown = match verb {
        'f' | 'F' => match precision {
            Some(precision) => format!("{magnitude:.precision$}"),
            None => format!("{magnitude}"),
        },
        'e' | 'E' => {
            let (mantissa, exponent) = scientific(magnitude, precision);
            with_exponent(&mantissa, exponent)
        }
        _ => general(magnitude, precision),
    };
    if verb.is_ascii_uppercase() {
        shown.to_ascii_uppercase()
    } else {
        shown
    }
}

/// Mantissa and exponent; `precision` counts digits behind the point.
fn scientific(magnitude: f64, precision: Option<usize>) -> (String, i32) {
    let shown = match precision {
        Some(precision) => format!("{magnitude:.precision$e}"),
        None => format!("{magnitude:e}"),
    };
    match shown.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse().unwrap_or(0)),
        None => (shown, 0),
    }
}

fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let mut out = mantissa.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.abs());
    out
}

/// `%g`: few digits plainly, very large and small numbers with an exponent.
fn general(magnitude: f64, precision: Option<usize>) -> String {
    let significant = precision.map(|precision| precision.max(1));
    let (mantissa, exponent) = scientific(magnitude, significant.map(|digits| digits - 1));
    let mut digits: String = mantissa.chars().filter(|&c| c != '.').collect();
    let kept = digits.trim_end_matches('0').len().max(1);
    digits.truncate(kept);
    let whole = i64::from(exponent) + 1;
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let limit = match significant {
        None => 6,
        Some(limit) => {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            if limit > count && count >= whole {
                count
            } else {
                limit
            }
        }
    };
    if exponent < -4 || i64::from(exponent) >= limit {
        let (first, rest) = digits.split_at(1);
        let mantissa = if rest.is_empty() {
            first.to_owned()
        } else {
            format!("{first}.{rest}")
        };
        return with_exponent(&mantissa, exponent);
    }
    let places = usize::try_from(count - whole).unwrap_or(0);
    format!("{magnitude:.places$}")
}
