//! Ids of rows that are hashes of what they name.

use xxhash_rust::xxh64::{Xxh64, xxh64};

/// The id of a row that names these texts: 62 bits, never zero.
pub fn row_id(parts: &[&str]) -> i64 {
    let mut hash = Xxh64::new(0);
    for part in parts {
        hash.update(part.as_bytes());
        // No text has this byte.
        hash.update(&[0xFF]);
    }
    i64::try_from(hash.digest() >> 2).unwrap_or(1).max(1)
}

/// The hash by which a note is found again.
pub fn note_hash(alert_name: &str, annotations: &str, generator_url: &str) -> i64 {
    let seed = xxh64(alert_name.as_bytes(), 0);
    let seed = xxh64(annotations.as_bytes(), seed);
    xxh64(generator_url.as_bytes(), seed).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_another_id() {
        let ids = [
            row_id(&["label", "a", "b"]),
            row_id(&["label", "ab", ""]),
            row_id(&["label", "", "ab"]),
            row_id(&["text", "a", "b"]),
            row_id(&[]),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(*id > 0 && *id < 1 << 62);
            assert!(!ids[at + 1..].contains(id));
        }
        assert_ne!(note_hash("a", "b", ""), note_hash("", "b", "a"));
    }
}
