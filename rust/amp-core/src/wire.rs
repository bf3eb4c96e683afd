//! As much of the protobuf wire format as the snapshot files need: bounded, without allocation, never panicking.

use crate::Error;

/// One field's value as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Error> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(corrupt("a field has the wrong wire type")),
        }
    }

    pub(crate) fn text(self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes()?).map_err(|_| corrupt("a text is not UTF-8"))
    }

    pub(crate) fn number(self) -> Result<u64, Error> {
        match self {
            Value::Varint(number) => Ok(number),
            _ => Err(corrupt("a field has the wrong wire type")),
        }
    }
}

/// The fields of a message, in the order in which they stand.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = read_field(&mut self.0);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn read_field<'a>(input: &mut &'a [u8]) -> Result<(u64, Value<'a>), Error> {
    let key = read_varint(input)?;
    let value = match key & 7 {
        0 => Value::Varint(read_varint(input)?),
        1 => Value::Fixed64(u64::from_le_bytes(read_array(input)?)),
        2 => Value::Bytes(read_prefixed(input)?),
        5 => Value::Fixed32(u32::from_le_bytes(read_array(input)?)),
        other => return Err(corrupt(&format!("wire type {other} is not known"))),
    };
    Ok((key >> 3, value))
}

fn read_array<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Error> {
    let (head, rest) = input
        .split_first_chunk::<N>()
        .ok_or_else(|| corrupt("unexpected end"))?;
    *input = rest;
    Ok(*head)
}

/// Reads one base-128 number and moves `input` behind it.
pub(crate) fn read_varint(input: &mut &[u8]) -> Result<u64, Error> {
    let mut number = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = input
            .split_first()
            .ok_or_else(|| corrupt("unexpected end"))?;
        *input = rest;
        if shift == 63 && byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(corrupt("a number is too long"))
}

/// Reads bytes behind their length and moves `input` behind them.
pub(crate) fn read_prefixed<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let length = usize::try_from(read_varint(input)?).map_err(|_| corrupt("unexpected end"))?;
    let (head, rest) = input
        .split_at_checked(length)
        .ok_or_else(|| corrupt("unexpected end"))?;
    *input = rest;
    Ok(head)
}

/// The messages of a file: each behind its length, nothing else.
pub(crate) fn frames(input: &[u8]) -> impl Iterator<Item = Result<&[u8], Error>> {
    let whole = input.len();
    let mut rest = input;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = whole - rest.len();
        let frame = read_prefixed(&mut rest);
        if frame.is_err() {
            rest = &[];
        }
        Some(frame.map_err(|error| located(&error, at)))
    })
}

/// The error with the place of the record in its file.
pub(crate) fn located(error: &Error, at: usize) -> Error {
    Error::Decode(format!("record at byte {at}: {error}"))
}

pub(crate) fn corrupt(what: &str) -> Error {
    Error::Decode(what.to_owned())
}

pub(crate) fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(low_byte(number & 0x7f) | 0x80);
        number >>= 7;
    }
    out.push(low_byte(number));
}

fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// The low 32 bits: what a number field of 32 bits means, however many bits its writer wrote.
pub(crate) fn low_half(number: u64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or_default()
}

/// Writes a number field, nothing for 0 as proto3 asks.
pub(crate) fn write_number(out: &mut Vec<u8>, field: u64, number: u64) {
    if number != 0 {
        write_varint(out, field << 3);
        write_varint(out, number);
    }
}

/// Writes a bytes field even when it is empty.
pub(crate) fn write_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    write_varint(out, field << 3 | 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a text field, nothing for an empty text as proto3 asks.
pub(crate) fn write_text(out: &mut Vec<u8>, field: u64, text: &str) {
    if !text.is_empty() {
        write_bytes(out, field, text.as_bytes());
    }
}

/// Writes a message field whose content `fill` writes.
pub(crate) fn write_message(out: &mut Vec<u8>, field: u64, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    fill(&mut inner);
    write_bytes(out, field, &inner);
}

const SECOND_NS: i128 = 1_000_000_000;

/// Reads a `Timestamp` message as Unix nanoseconds.
pub(crate) fn read_timestamp(bytes: &[u8]) -> Result<i128, Error> {
    let (mut seconds, mut nanos) = (0i64, 0i32);
    for field in Fields(bytes) {
        match field? {
            (1, value) => seconds = value.number()?.cast_signed(),
            // A negative int32 is written with ten bytes: its low half is the number.
            (2, value) => nanos = low_half(value.number()?).cast_signed(),
            _ => {}
        }
    }
    Ok(i128::from(seconds) * SECOND_NS + i128::from(nanos))
}

/// Writes a `Timestamp` message field.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, field: u64, at_ns: i128) {
    let seconds = at_ns.div_euclid(SECOND_NS);
    let seconds = i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX });
    let nanos = u64::try_from(at_ns.rem_euclid(SECOND_NS)).unwrap_or_default();
    write_message(out, field, |inner| {
        write_number(inner, 1, seconds.cast_unsigned());
        write_number(inner, 2, nanos);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_come_back(number: u64) {
            let mut out = Vec::new();
            write_varint(&mut out, number);
            prop_assert_eq!(read_varint(&mut &out[..]), Ok(number));
        }

        #[test]
        fn timestamps_come_back(seconds in -62_135_596_800i64..253_402_300_800, nanos in 0i32..1_000_000_000) {
            let at = i128::from(seconds) * SECOND_NS + i128::from(nanos);
            let mut out = Vec::new();
            write_timestamp(&mut out, 1, at);
            let field = Fields(&out).next();
            let Some(Ok((1, value))) = field else { return Err(TestCaseError::fail("no field")) };
            prop_assert_eq!(read_timestamp(value.bytes().unwrap_or_default()), Ok(at));
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(Fields(&bytes).count() <= bytes.len());
            prop_assert!(frames(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_number_of_eleven_bytes_is_refused() {
        assert!(read_varint(&mut &[0xff; 11][..]).is_err());
        assert!(read_varint(&mut &[0x80; 3][..]).is_err());
    }
}
