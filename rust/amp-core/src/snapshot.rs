//! Upstream's `silences` file: each silence a `MeshSilence` message behind its length.

use std::collections::BTreeMap;

use crate::Error;
use crate::wire::{
    Fields, frames, located, read_timestamp, write_bytes, write_message, write_number, write_text,
    write_timestamp, write_varint,
};

/// The operators in the order of the file's enum, which is not the order of the configuration.
const OPERATORS: [&str; 4] = ["=", "=~", "!=", "!~"];

/// One matcher as text: its regular expression may not even compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatcherText {
    /// The label's name.
    pub name: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub op: &'static str,
    /// The value or the regular expression.
    pub value: String,
}

impl MatcherText {
    /// A matcher from an operator's text; `None` when there is no such operator.
    pub fn new(name: String, op: &str, value: String) -> Option<Self> {
        let op = OPERATORS.into_iter().find(|known| *known == op)?;
        Some(Self { name, op, value })
    }
}

/// One silence as the snapshot keeps it. Instants are Unix nanoseconds, wide enough for any year.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SilenceRecord {
    /// The UUID.
    pub id: String,
    /// Alternatives: a silence matches when every matcher of one set does.
    pub matcher_sets: Vec<Vec<MatcherText>>,
    /// From when it mutes.
    pub starts_at_ns: i128,
    /// Until when it mutes.
    pub ends_at_ns: i128,
    /// When it was last written; the newer record wins.
    pub updated_at_ns: i128,
    /// When it may be forgotten.
    pub expires_at_ns: i128,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Anything else.
    pub annotations: BTreeMap<String, String>,
}

/// Reads a whole file.
///
/// Upstream: silence/silence.go decodeState, loadSnapshot.
pub fn decode_silences(input: &[u8]) -> Result<Vec<SilenceRecord>, Error> {
    let start = input.as_ptr().addr();
    frames(input)
        .map(|frame| {
            let frame = frame?;
            decode_silence(frame).map_err(|error| located(&error, frame.as_ptr().addr() - start))
        })
        .collect()
}

/// Reads one message without its length.
pub fn decode_silence(message: &[u8]) -> Result<SilenceRecord, Error> {
    let mut record = SilenceRecord::default();
    for field in Fields(message) {
        match field? {
            (1, value) => read_silence(value.bytes()?, &mut record)?,
            (2, value) => record.expires_at_ns = read_timestamp(value.bytes()?)?,
            _ => {}
        }
    }
    Ok(record)
}

fn read_silence(message: &[u8], record: &mut SilenceRecord) -> Result<(), Error> {
    let mut first_set = Vec::new();
    let mut old_comment = None;
    for field in Fields(message) {
        match field? {
            (1, value) => value.text()?.clone_into(&mut record.id),
            (2, value) => first_set.push(read_matcher(value.bytes()?)?),
            (3, value) => record.starts_at_ns = read_timestamp(value.bytes()?)?,
            (4, value) => record.ends_at_ns = read_timestamp(value.bytes()?)?,
            (5, value) => record.updated_at_ns = read_timestamp(value.bytes()?)?,
            (7, value) if old_comment.is_none() => {
                old_comment = Some(read_comment(value.bytes()?)?);
            }
            (8, value) => value.text()?.clone_into(&mut record.created_by),
            (9, value) => value.text()?.clone_into(&mut record.comment),
            (10, value) => {
                let (key, text) = read_pair(value.bytes()?)?;
                record.annotations.insert(key, text);
            }
            (11, value) => record.matcher_sets.push(read_set(value.bytes()?)?),
            _ => {}
        }
    }
    if let Some((author, comment)) = old_comment {
        record.created_by = author;
        record.comment = comment;
    }
    if record.matcher_sets.is_empty() && !first_set.is_empty() {
        record.matcher_sets.push(first_set);
    }
    Ok(())
}

fn read_set(message: &[u8]) -> Result<Vec<MatcherText>, Error> {
    let mut set = Vec::new();
    for field in Fields(message) {
        if let (1, value) = field? {
            set.push(read_matcher(value.bytes()?)?);
        }
    }
    Ok(set)
}

fn read_matcher(message: &[u8]) -> Result<MatcherText, Error> {
    let (mut kind, mut name, mut value) = (0u64, "", "");
    for field in Fields(message) {
        match field? {
            (1, number) => kind = number.number()?,
            (2, text) => name = text.text()?,
            (3, text) => value = text.text()?,
            _ => {}
        }
    }
    let op = usize::try_from(kind)
        .ok()
        .and_then(|kind| OPERATORS.get(kind))
        .ok_or_else(|| Error::Decode(format!("unknown matcher type {kind}")))?;
    Ok(MatcherText {
        name: name.to_owned(),
        op,
        value: value.to_owned(),
    })
}

/// Two texts in fields 1 and 2: a map's entry.
fn read_pair(message: &[u8]) -> Result<(String, String), Error> {
    let (mut first, mut second) = ("", "");
    for field in Fields(message) {
        match field? {
            (1, text) => first = text.text()?,
            (2, text) => second = text.text()?,
            _ => {}
        }
    }
    Ok((first.to_owned(), second.to_owned()))
}

/// A comment of old releases: author, text, time.
fn read_comment(message: &[u8]) -> Result<(String, String), Error> {
    read_pair(message)
}

/// Writes one message without its length; its size is what `--silences.max-silence-size-bytes` bounds.
///
/// The first matcher set is written twice, the second time where old releases look for it.
pub fn encode_silence(record: &SilenceRecord) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_message(&mut out, 1, |out| {
        write_text(out, 1, &record.id);
        for matcher in record.matcher_sets.iter().flatten().take(first_len(record)) {
            write_matcher(out, 2, matcher);
        }
        write_timestamp(out, 3, record.starts_at_ns);
        write_timestamp(out, 4, record.ends_at_ns);
        write_timestamp(out, 5, record.updated_at_ns);
        write_text(out, 8, &record.created_by);
        write_text(out, 9, &record.comment);
        for (key, value) in &record.annotations {
            write_message(out, 10, |out| {
                write_bytes(out, 1, key.as_bytes());
                write_bytes(out, 2, value.as_bytes());
            });
        }
        for set in &record.matcher_sets {
            write_message(out, 11, |out| {
                for matcher in set {
                    write_matcher(out, 1, matcher);
                }
            });
        }
    });
    write_timestamp(&mut out, 2, record.expires_at_ns);
    out
}

fn first_len(record: &SilenceRecord) -> usize {
    record.matcher_sets.first().map_or(0, Vec::len)
}

fn write_matcher(out: &mut Vec<u8>, field: u64, matcher: &MatcherText) {
    let kind = OPERATORS.iter().position(|op| *op == matcher.op);
    write_message(out, field, |out| {
        write_number(out, 1, kind.unwrap_or_default() as u64);
        write_text(out, 2, &matcher.name);
        write_text(out, 3, &matcher.value);
    });
}

/// Puts each message behind its length: a file's content.
pub fn frame_messages<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        write_varint(&mut out, message.len() as u64);
        out.extend_from_slice(message);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORDED: &[u8] = include_bytes!("../../../tests/vectors/snapshots/silences");

    fn encode_all(records: &[SilenceRecord]) -> Vec<u8> {
        let messages: Vec<_> = records.iter().map(encode_silence).collect();
        frame_messages(messages.iter().map(Vec::as_slice))
    }

    #[test]
    fn a_recorded_file_comes_back_with_every_byte() {
        let records = decode_silences(RECORDED).unwrap_or_default();
        assert_eq!(records.len(), 5);
        let encoded = encode_all(&records);
        assert_eq!(encoded.len(), RECORDED.len());
        assert_eq!(decode_silences(&encoded), Ok(records));
    }

    #[test]
    fn every_truncation_is_an_error_or_fewer_records() {
        for end in 0..RECORDED.len() {
            if let Ok(records) = decode_silences(&RECORDED[..end]) {
                assert!(records.len() < 5);
            }
        }
    }

    #[test]
    fn old_comments_and_old_matchers_are_read() {
        let mut message = Vec::new();
        write_message(&mut message, 1, |out| {
            write_text(out, 1, "old");
            write_message(out, 2, |out| {
                write_number(out, 1, 2);
                write_text(out, 2, "a");
                write_text(out, 3, "b");
            });
            for author in ["first", "second"] {
                write_message(out, 7, |out| {
                    write_text(out, 1, author);
                    write_text(out, 2, "why");
                    write_timestamp(out, 3, 5);
                });
            }
        });
        let record = decode_silence(&message).unwrap_or_default();
        assert_eq!((&*record.created_by, &*record.comment), ("first", "why"));
        assert_eq!(record.matcher_sets[0][0].op, "!=");
    }

    #[test]
    fn an_unknown_matcher_type_is_refused() {
        let mut message = Vec::new();
        write_message(&mut message, 1, |out| {
            write_message(out, 2, |out| write_number(out, 1, 9));
        });
        assert!(decode_silence(&message).is_err());
    }

    fn matcher() -> impl Strategy<Value = MatcherText> {
        (any::<String>(), 0..4usize, any::<String>()).prop_map(|(name, op, value)| MatcherText {
            name,
            op: OPERATORS[op],
            value,
        })
    }

    proptest! {
        #[test]
        fn any_silence_comes_back(
            sets in prop::collection::vec(prop::collection::vec(matcher(), 1..4), 1..4),
            id: String, comment: String, starts: i64, ends: i64,
            annotations in prop::collection::btree_map(any::<String>(), any::<String>(), 0..3),
        ) {
            let record = SilenceRecord {
                id, comment, annotations,
                matcher_sets: sets,
                starts_at_ns: starts.into(),
                ends_at_ns: i128::from(ends) * 100,
                ..SilenceRecord::default()
            };
            prop_assert_eq!(decode_silence(&encode_silence(&record)), Ok(record));
        }

        #[test]
        fn any_bytes_are_decided(bytes: Vec<u8>) {
            let _ = decode_silences(&bytes);
        }

        #[test]
        fn a_flipped_byte_is_decided(at in 0..RECORDED.len(), byte: u8) {
            let mut bytes = RECORDED.to_vec();
            bytes[at] = byte;
            let _ = decode_silences(&bytes);
        }
    }
}
