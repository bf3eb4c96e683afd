//! The alerts of a flush as one compact text of bytes.

use crate::error::Error;

/// One alert of a flush: series, start, end (0 while it fired), note.
pub type TellAlert = (i64, i64, i64, i64);

/// Variable-length integers, each column as the difference to the row before.
pub fn encode(alerts: &[TellAlert]) -> Vec<u8> {
    let mut out = Vec::with_capacity(alerts.len() * 8);
    let mut last = [0_i64; 4];
    for &(series, starts, ends, note) in alerts {
        for (before, value) in last.iter_mut().zip([series, starts, ends, note]) {
            put(&mut out, value.wrapping_sub(*before));
            *before = value;
        }
    }
    out
}

/// The inverse of [`encode`].
pub fn decode(bytes: &[u8]) -> Result<Vec<TellAlert>, Error> {
    let mut rest = bytes;
    let mut last = [0_i64; 4];
    let mut alerts = Vec::new();
    while !rest.is_empty() {
        for before in &mut last {
            *before = before.wrapping_add(take(&mut rest)?);
        }
        alerts.push((last[0], last[1], last[2], last[3]));
    }
    Ok(alerts)
}

fn put(out: &mut Vec<u8>, value: i64) {
    let mut folded = (value << 1 ^ value >> 63).cast_unsigned();
    loop {
        let low = folded.to_le_bytes()[0] & 0x7F;
        folded >>= 7;
        if folded == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take(rest: &mut &[u8]) -> Result<i64, Error> {
    let mut folded: u64 = 0;
    for shift in (0..64).step_by(7) {
        let Some((&byte, tail)) = rest.split_first() else {
            break;
        };
        *rest = tail;
        folded |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()));
        }
    }
    Err(Error::Decode("the alerts of a flush are cut off".into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(alerts in proptest::collection::vec(any::<TellAlert>(), 0..50)) {
            prop_assert_eq!(decode(&encode(&alerts)).unwrap(), alerts);
        }

        #[test]
        fn anything_is_read_or_refused(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn neighbours_take_few_bytes() {
        let at = 1_790_000_000_000_000_000;
        let alerts: Vec<TellAlert> = (1..=1000).map(|id| (id, at, 0, 7)).collect();
        assert!(encode(&alerts).len() < 4_100);
    }
}
