//! Reading of the parts that patterns and classes share.

/// Why a pattern is refused, and the part of it that Go names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal<'a> {
    pub(super) code: &'static str,
    pub(super) part: &'a str,
}

pub(super) fn refuse<'a, T>(code: &'static str, part: &'a str) -> Result<T, Refusal<'a>> {
    Err(Refusal { code, part })
}

/// What of `whole` comes before its tail `rest`.
pub(super) fn before<'a>(whole: &'a str, rest: &str) -> &'a str {
    &whole[..whole.len() - rest.len()]
}

/// The first character and the rest.
pub(super) fn split_first(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    characters.next().map(|first| (first, characters.as_str()))
}

/// Reads an escaped character: a code point, which may be a surrogate, and the rest.
pub(super) fn escape(text: &str) -> Result<(u32, &str), Refusal<'_>> {
    const INVALID: &str = "invalid escape sequence";
    let Some((first, rest)) = split_first(&text[1..]) else {
        return refuse("trailing backslash at end of expression", "");
    };
    let code = match first {
        '0' => return Ok(octal(0, rest)),
        '1'..='7' if rest.starts_with(|c: char| c.is_digit(8)) => {
            return Ok(octal(first.to_digit(8).unwrap_or_default(), rest));
        }
        'x' => {
            return hexadecimal(rest).map_err(|at| Refusal {
                code: INVALID,
                part: before(text, at),
            });
        }
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        _ if first.is_ascii() && !first.is_ascii_alphanumeric() => u32::from(first),
        _ => return refuse(INVALID, before(text, rest)),
    };
    Ok((code, rest))
}

/// Up to two more octal digits.
fn octal(start: u32, mut rest: &str) -> (u32, &str) {
    let mut code = start;
    for _ in 0..2 {
        match split_first(rest).and_then(|(c, after)| Some((c.to_digit(8)?, after))) {
            Some((digit, after)) => (code, rest) = (code * 8 + digit, after),
            None => break,
        }
    }
    (code, rest)
}

/// `41` or `{10FFFF}`; in the error what was not read yet.
fn hexadecimal(text: &str) -> Result<(u32, &str), &str> {
    let Some(mut rest) = text.strip_prefix('{') else {
        let (first, rest) = split_first(text).ok_or(text)?;
        let (second, rest) = split_first(rest).ok_or(rest)?;
        return match (first.to_digit(16), second.to_digit(16)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, rest)),
            _ => Err(rest),
        };
    };
    let mut code = 0;
    let mut digits = 0;
    loop {
        let (character, after) = split_first(rest).ok_or(rest)?;
        rest = after;
        if character == '}' {
            return if digits > 0 {
                Ok((code, rest))
            } else {
                Err(rest)
            };
        }
        code = code * 16 + character.to_digit(16).ok_or(rest)?;
        digits += 1;
        if code > u32::from(char::MAX) {
            return Err(rest);
        }
    }
}
