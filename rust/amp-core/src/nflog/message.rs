//! Upstream's messages of an entry, read and written (Upstream: nflog/nflogpb/nflog.proto).

use super::{Datum, Entry, Key, ReceiverData, length, parts, sorted};
use crate::Error;
use crate::wire::{
    Fields, Value, corrupt, low_half, read_timestamp, read_varint, write_bytes, write_message,
    write_number, write_text, write_timestamp, write_varint,
};

pub(super) fn encode(text: &str, entry: &Entry) -> Vec<u8> {
    let key = parts(text, entry);
    let mut out = Vec::with_capacity(text.len() + 10 * entry.firing.len() + 48);
    write_text(&mut out, 1, key.group_key);
    write_message(&mut out, 2, |out| {
        write_text(out, 1, key.receiver);
        write_text(out, 2, key.integration);
        write_number(out, 3, key.index.into());
    });
    write_timestamp(&mut out, 5, entry.timestamp_ns.into());
    write_hashes(&mut out, 6, &entry.firing);
    write_hashes(&mut out, 7, &entry.resolved);
    for (name, datum) in entry.data.iter().flat_map(|data| data.iter()) {
        write_message(&mut out, 8, |out| {
            write_bytes(out, 1, name.as_bytes());
            write_message(out, 2, |out| write_datum(out, datum));
        });
    }
    out
}

fn write_hashes(out: &mut Vec<u8>, field: u64, hashes: &[u64]) {
    if !hashes.is_empty() {
        write_message(out, field, |out| {
            for &hash in hashes {
                write_varint(out, hash);
            }
        });
    }
}

fn write_datum(out: &mut Vec<u8>, datum: &Datum) {
    match datum {
        Datum::Text(text) => write_bytes(out, 1, text.as_bytes()),
        Datum::Integer(number) => {
            write_varint(out, 2 << 3);
            write_varint(out, number.cast_unsigned());
        }
        Datum::Float(number) => {
            write_varint(out, 3 << 3 | 1);
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

pub(super) fn read_mesh_entry(message: &[u8]) -> Result<(Box<str>, Entry), Error> {
    let (mut entry, mut expires_at_ns) = (None, 0);
    for field in Fields(message) {
        match field? {
            (1, value) => entry = Some(value.bytes()?),
            (2, value) => expires_at_ns = clamp(read_timestamp(value.bytes()?)?),
            _ => {}
        }
    }
    read_entry(entry.ok_or_else(|| corrupt("no entry"))?, expires_at_ns)
}

fn clamp(at_ns: i128) -> i64 {
    i64::try_from(at_ns).unwrap_or(if at_ns < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn read_entry(message: &[u8], expires_at_ns: i64) -> Result<(Box<str>, Entry), Error> {
    let mut key = Key {
        group_key: "",
        receiver: "",
        integration: "",
        index: 0,
    };
    let mut known_receiver = false;
    let (mut timestamp_ns, mut firing, mut resolved) = (0, Vec::new(), Vec::new());
    let mut data = ReceiverData::new();
    for field in Fields(message) {
        match field? {
            (1, value) => key.group_key = value.text()?,
            (2, value) => {
                known_receiver = true;
                read_receiver(value.bytes()?, &mut key)?;
            }
            (5, value) => timestamp_ns = clamp(read_timestamp(value.bytes()?)?),
            (6, value) => read_hashes(value, &mut firing)?,
            (7, value) => read_hashes(value, &mut resolved)?,
            (8, value) => {
                if let (name, Some(datum)) = read_data(value.bytes()?)? {
                    data.insert(name.to_owned(), datum);
                }
            }
            _ => {}
        }
    }
    if !known_receiver {
        return Err(corrupt("no receiver"));
    }
    let entry = Entry {
        group_key_len: length(key.group_key),
        receiver_len: length(key.receiver),
        index: key.index,
        changed: false,
        timestamp_ns,
        expires_at_ns,
        firing: sorted(firing),
        resolved: sorted(resolved),
        data: (!data.is_empty()).then(|| Box::new(data)),
    };
    Ok((key.text().into(), entry))
}

fn read_receiver<'a>(message: &'a [u8], key: &mut Key<'a>) -> Result<(), Error> {
    for field in Fields(message) {
        match field? {
            (1, value) => key.receiver = value.text()?,
            (2, value) => key.integration = value.text()?,
            (3, value) => key.index = low_half(value.number()?),
            _ => {}
        }
    }
    Ok(())
}

fn read_hashes(value: Value<'_>, hashes: &mut Vec<u64>) -> Result<(), Error> {
    match value {
        Value::Varint(hash) => hashes.push(hash),
        value => {
            let mut packed = value.bytes()?;
            while !packed.is_empty() {
                hashes.push(read_varint(&mut packed)?);
            }
        }
    }
    Ok(())
}

fn read_data(message: &[u8]) -> Result<(&str, Option<Datum>), Error> {
    let (mut name, mut datum) = ("", None);
    for field in Fields(message) {
        match field? {
            (1, value) => name = value.text()?,
            (2, value) => {
                for field in Fields(value.bytes()?) {
                    datum = match field? {
                        (1, value) => Some(Datum::Text(value.text()?.to_owned())),
                        (2, value) => Some(Datum::Integer(value.number()?.cast_signed())),
                        (3, Value::Fixed64(bits)) => Some(Datum::Float(f64::from_bits(bits))),
                        _ => datum,
                    };
                }
            }
            _ => {}
        }
    }
    Ok((name, datum))
}
