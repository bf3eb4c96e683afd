//! Why a text is no time, in Go's words.

use std::fmt::Write as _;

/// The layout that upstream tries last, whose error it reports.
const LAYOUT: &str = "2006-01-02";

/// The error of Go's `time.Parse` with the layout `2006-01-02`; for texts that are no date.
///
/// Upstream: go-openapi strfmt `ParseDateTime` gives the error of the last layout it tries.
pub(crate) fn date_error(text: &str) -> String {
    let refused = |rest: &str, wanted: &str| {
        let (text, rest) = (quote(text), quote(rest));
        format!("parsing time {text} as \"{LAYOUT}\": cannot parse {rest} as \"{wanted}\"")
    };
    let Some((year, rest)) = digits(text, 4) else {
        return refused(text, "2006");
    };
    let Some(rest) = rest.strip_prefix('-') else {
        return refused(rest, "-");
    };
    let month = match digits(rest, 2) {
        None => return refused(rest, "01"),
        Some((month, _)) if !(1..=12).contains(&month) => {
            return format!("parsing time {}: month out of range", quote(text));
        }
        Some((month, _)) => month,
    };
    let rest = rest.get(2..).unwrap_or_default();
    let Some(rest) = rest.strip_prefix('-') else {
        return refused(rest, "-");
    };
    let Some((day, rest)) = digits(rest, 2) else {
        return refused(rest, "02");
    };
    if !rest.is_empty() {
        let (text, rest) = (quote(text), quote(rest));
        return format!("parsing time {text}: extra text: {rest}");
    }
    if !(1..=crate::time::days_in_month(year, month)).contains(&day) {
        return format!("parsing time {}: day out of range", quote(text));
    }
    format!("parsing time {}: not a time", quote(text))
}

/// So many digits at the beginning, and what follows.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let first = text.get(..count)?;
    let number = first.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.then(|| first.parse().ok())??, &text[count..]))
}

/// As Go's package time quotes: every byte beyond printable ASCII as `\x` with two digits.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=0x7F => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::date_error;

    /// Texts of the reference binary.
    #[test]
    fn texts_equal_upstreams() {
        for (text, error) in [
            (
                "x",
                r#"parsing time "x" as "2006-01-02": cannot parse "x" as "2006""#,
            ),
            (
                "2026-13-01T00:00:00Z",
                r#"parsing time "2026-13-01T00:00:00Z": month out of range"#,
            ),
            (
                "2026-11-22t00:00:00Z",
                r#"parsing time "2026-11-22t00:00:00Z": extra text: "t00:00:00Z""#,
            ),
            (
                "\n",
                r#"parsing time "\x0a" as "2006-01-02": cannot parse "\x0a" as "2006""#,
            ),
            (
                "20261122",
                r#"parsing time "20261122" as "2006-01-02": cannot parse "1122" as "-""#,
            ),
            (
                "\u{2028}<é\"q",
                r#"parsing time "\xe2\x80\xa8<\xc3\xa9\"q" as "2006-01-02": cannot parse "\xe2\x80\xa8<\xc3\xa9\"q" as "2006""#,
            ),
        ] {
            assert_eq!(date_error(text), error);
        }
    }
}
