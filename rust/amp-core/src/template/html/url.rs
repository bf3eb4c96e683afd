//! Values in addresses.
//!
//! Upstream: Go `html/template` `url.go`.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::UNSAFE;
use super::text::is_space;

/// Whether an address is relative or has a scheme that only leads somewhere.
pub(super) fn is_safe(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return true;
    };
    scheme.contains('/')
        || ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Percent-encodes; with `normalize` what has a meaning in addresses stays.
pub(super) fn encode(text: &str, normalize: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let stays = match byte {
            b'-' | b'.' | b'_' | b'~' => true,
            b'!' | b'#' | b'$' | b'&' | b'*' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?'
            | b'@' | b'[' | b']' => normalize,
            b'%' => {
                normalize
                    && bytes
                        .get(at + 1..at + 3)
                        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            byte => byte.is_ascii_alphanumeric(),
        };
        if !stays {
            out.push_str(text.get(from..at).unwrap_or_default());
            let _ = write!(out, "%{byte:02x}");
            from = at + 1;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// The images of a `srcset`, each without what could run.
pub(super) fn source_set(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split(',').enumerate() {
        if index > 0 {
            out.push(',');
        }
        source(&mut out, part);
    }
    out
}

fn source(out: &mut String, part: &str) {
    let bytes = part.as_bytes();
    let start = super::text::leading_space(bytes);
    let address = bytes[start..].iter().take_while(|b| !is_space(**b)).count();
    let (address, size) = part[start..].split_at(address);
    let plain = size
        .bytes()
        .all(|b| is_space(b) || b.is_ascii_alphanumeric());
    if is_safe(address) && plain {
        out.push_str(&part[..start]);
        out.push_str(&encode(address, true));
        out.push_str(size);
    } else {
        out.push('#');
        out.push_str(UNSAFE);
    }
}
