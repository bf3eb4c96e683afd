//! Character classes.

use std::fmt::Write as _;

use super::cursor::{Refusal, before, escape, refuse, split_first};

/// A class that nothing matches.
pub(super) const NOTHING: &str = "[a&&b]";

/// The scripts whose full name has four letters, as short codes do.
const SCRIPTS_OF_FOUR: [&str; 8] = [
    "ahom", "cham", "kawi", "lisu", "modi", "newa", "thai", "toto",
];

const INVALID_RANGE: &str = "invalid character class range";

/// The inside of a Perl class such as `\d`, and whether it is negated.
pub(super) fn perl(text: &str) -> Option<(String, &str)> {
    let mut characters = text.chars();
    let ('\\', class) = (characters.next()?, characters.next()?) else {
        return None;
    };
    let inside = match class.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\f\\r ",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    let sign = if class.is_ascii_uppercase() { "^" } else { "" };
    Some((format!("[{sign}{inside}]"), characters.as_str()))
}

/// A Unicode class such as `\pN` or `\p{^Greek}`; `None` when the text does not start with one.
pub(super) fn unicode(text: &str) -> Result<Option<(String, &str)>, Refusal<'_>> {
    let Some(rest) = text
        .strip_prefix("\\p")
        .or_else(|| text.strip_prefix("\\P"))
    else {
        return Ok(None);
    };
    let (name, rest) = match split_first(rest) {
        None => return refuse(INVALID_RANGE, text),
        Some(('{', inner)) => match inner.split_once('}') {
            None => return refuse(INVALID_RANGE, text),
            Some(parts) => parts,
        },
        Some((_, after)) => (before(rest, after), after),
    };
    let (inverted, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let negated = text.starts_with("\\P") != inverted;
    match property(name, if negated { 'P' } else { 'p' }) {
        Some(class) => Ok(Some((class, rest))),
        None => refuse(INVALID_RANGE, before(text, rest)),
    }
}

/// A general category or script, as the `regex` crate writes it. Names are compared loosely, as Go does since 1.25.
fn property(name: &str, letter: char) -> Option<String> {
    let loose: String = name
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // The `regex` crate also ignores a leading "is" and knows scripts by their short codes.
    let foreign = loose.starts_with("is") || !loose.bytes().all(|b| b.is_ascii_alphanumeric());
    if loose.is_empty() || foreign {
        return None;
    }
    let kinds: &[&str] = if loose.len() == 4 && !SCRIPTS_OF_FOUR.contains(&loose.as_str()) {
        &["gc"]
    } else {
        &["gc", "sc"]
    };
    match loose.as_str() {
        // Surrogates are no characters of a text.
        "cs" | "surrogate" if letter == 'p' => return Some(NOTHING.to_owned()),
        "cs" | "surrogate" => return Some("[\\x{0}-\\x{10FFFF}]".to_owned()),
        "any" | "ascii" | "assigned" => return Some(format!("\\{letter}{{{loose}}}")),
        _ => {}
    }
    kinds
        .iter()
        .map(|kind| format!("\\{letter}{{{kind}={loose}}}"))
        .find(|class| regex::Regex::new(class).is_ok())
}

/// A POSIX class such as `[:alpha:]` or `[:^alpha:]`, by its name with colons.
fn posix(name: &str) -> Option<String> {
    let name = name.strip_prefix("[:")?.strip_suffix(":]")?;
    let (sign, name) = match name.strip_prefix('^') {
        Some(name) => ("^", name),
        None => ("", name),
    };
    let inside = match name {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => "\\x00-\\x7F",
        "blank" => "\\t ",
        "cntrl" => "\\x00-\\x1F\\x7F",
        "digit" => "0-9",
        "graph" => "!-~",
        "lower" => "a-z",
        "print" => " -~",
        "punct" => "!-/:-@\\[-`{-~",
        "space" => "\\t\\n\\x0B\\f\\r ",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    };
    Some(format!("[{sign}{inside}]"))
}

/// A class in brackets; `text` starts at `[`.
pub(super) fn bracketed(text: &str) -> Result<(String, &str), Refusal<'_>> {
    let mut class = String::from("[");
    let mut rest = &text[1..];
    if let Some(after) = rest.strip_prefix('^') {
        class.push('^');
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if rest.len() > 2
            && rest.starts_with("[:")
            && let Some(end) = rest[2..].find(":]")
        {
            let (name, after) = rest.split_at(end + 4);
            match posix(name) {
                Some(inside) => class.push_str(&inside),
                None => return refuse(INVALID_RANGE, name),
            }
            rest = after;
            continue;
        }
        if let Some((inside, after)) = unicode(rest)? {
            class.push_str(&inside);
            rest = after;
            continue;
        }
        if let Some((inside, after)) = perl(rest) {
            class.push_str(&inside);
            rest = after;
            continue;
        }
        rest = range(&mut class, rest, text)?;
    }
    class.push(']');
    Ok((class, &rest[1..]))
}

/// One character or a range of them.
fn range<'a>(class: &mut String, text: &'a str, whole: &'a str) -> Result<&'a str, Refusal<'a>> {
    let (low, mut rest) = character(text, whole)?;
    let mut high = low;
    // A minus before the closing bracket is itself.
    if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
        (high, rest) = character(&rest[1..], whole)?;
        if high < low {
            return refuse(INVALID_RANGE, before(text, rest));
        }
    }
    push_range(class, low, high);
    Ok(rest)
}

fn character<'a>(text: &'a str, whole: &'a str) -> Result<(u32, &'a str), Refusal<'a>> {
    match split_first(text) {
        None => refuse("missing closing ]", whole),
        Some(('\\', _)) => escape(text),
        Some((first, rest)) => Ok((u32::from(first), rest)),
    }
}

/// Surrogates, which no text contains, are left out.
fn push_range(class: &mut String, low: u32, high: u32) {
    let low = if (0xD800..0xE000).contains(&low) {
        0xE000
    } else {
        low
    };
    let high = if (0xD800..0xE000).contains(&high) {
        0xD7FF
    } else {
        high
    };
    if low <= high {
        let _ = write!(class, "\\x{{{low:x}}}-\\x{{{high:x}}}");
    } else {
        class.push_str(NOTHING);
    }
}
