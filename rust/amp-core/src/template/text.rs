//! Text functions: letter case, base64, unescaping.

use super::value::lossy;
use crate::quote::quote;

/// The capital letter where it is one letter; Go never makes two of one.
fn one_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn one_lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

pub(super) fn upper(text: &str) -> String {
    text.chars().map(one_upper).collect()
}

pub(super) fn lower(text: &str) -> String {
    text.chars().map(one_lower).collect()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with the alphabet of addresses, padded.
pub(super) fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let mut block = [0; 3];
        block[..part.len()].copy_from_slice(part);
        let bits = u32::from(block[0]) << 16 | u32::from(block[1]) << 8 | u32::from(block[2]);
        for digit in 0..4 {
            if digit <= part.len() {
                let value = (bits >> (18 - 6 * digit)) & 63;
                out.push(char::from(ALPHABET[value as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Decodes base64 with the alphabet of addresses; newlines are passed over.
pub(super) fn base64_decode(text: &str) -> Result<String, String> {
    let bad = |at: usize| format!("illegal base64 data at input byte {at}");
    let solid: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let mut out = Vec::with_capacity(solid.len() / 4 * 3);
    for (index, block) in solid.chunks(4).enumerate() {
        let mut bits = 0u32;
        let mut digits = 0;
        for &(at, byte) in block {
            let Some(value) = ALPHABET.iter().position(|&known| known == byte) else {
                if byte != b'=' || digits < 2 {
                    return Err(bad(at));
                }
                break;
            };
            bits = bits << 6 | u32::try_from(value).unwrap_or(0);
            digits += 1;
        }
        let rest = &block[digits..];
        if block.len() < 4 {
            let begin = if rest.is_empty() { block.len() } else { 0 };
            return Err(bad(text.len() - begin));
        }
        if let Some((at, _)) = rest.iter().find(|(_, byte)| *byte != b'=') {
            return Err(bad(*at));
        }
        if !rest.is_empty()
            && let Some((at, _)) = solid.get(index * 4 + 4)
        {
            return Err(bad(*at));
        }
        bits <<= 6 * (4 - digits);
        out.extend_from_slice(&bits.to_be_bytes()[1..digits]);
    }
    Ok(lossy(out))
}

/// Undoes the escaping of an address's query.
pub(super) fn unescape_query(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = text
                    .get(at..at + 2)
                    .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(value) = digits.and_then(|d| u8::from_str_radix(d, 16).ok()) else {
                    let end = (at + 2).min(bytes.len());
                    let shown = String::from_utf8_lossy(&bytes[at - 1..end]);
                    return Err(format!("invalid URL escape {}", quote(&shown)));
                };
                out.push(value);
                at += 2;
            }
            other => out.push(other),
        }
    }
    Ok(lossy(out))
}
