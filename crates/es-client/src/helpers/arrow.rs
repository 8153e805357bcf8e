//! Counts the rows of a table in the stream format of Apache Arrow, without reading them.
//!
//! The format is a sequence of messages. Each has a FlatBuffer, preceded by its length,
//! which holds the kind of message and the length of the body that follows.

/// Marks the beginning of a message.
const CONTINUATION: u32 = u32::MAX;

/// The kind of message that has rows.
const RECORD_BATCH: u8 = 3;

/// Returns the number of rows, up to the first message that is none.
pub(super) fn row_count(mut stream: &[u8]) -> usize {
    let mut rows = 0_usize;
    while let Some((message, rest)) = next_message(stream) {
        rows = rows.saturating_add(message);
        stream = rest;
    }
    rows
}

/// Returns the rows of a message, and what follows it.
fn next_message(stream: &[u8]) -> Option<(usize, &[u8])> {
    // Writers before version 0.15 of the format have no mark.
    let (length, start) = match u32_at(stream, 0)? {
        CONTINUATION => (u32_at(stream, 4)?, 8_usize),
        length => (length, 4),
    };
    if length == 0 {
        return None;
    }
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    let message = Table::root(stream.get(start..end)?)?;

    // message Message { version, header_type, header, bodyLength }
    let [kind] = message.field(1);
    let rows = match message.table(2) {
        // message RecordBatch { length, … }
        Some(batch) if kind == RECORD_BATCH => u64::from_le_bytes(batch.field(0)),
        _ => 0,
    };
    let body = usize::try_from(u64::from_le_bytes(message.field(3))).ok()?;
    let rest = stream.get(end.checked_add(body)?..)?;
    Some((usize::try_from(rows).ok()?, rest))
}

/// A table in a FlatBuffer. It begins with the distance back to the list of the places
/// of its fields, which are relative to its beginning.
#[derive(Clone, Copy)]
struct Table<'a> {
    buffer: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    fn root(buffer: &'a [u8]) -> Option<Self> {
        let at = usize::try_from(u32_at(buffer, 0)?).ok()?;
        Some(Self { buffer, at })
    }

    fn place(self, field: usize) -> Option<usize> {
        let distance = i32::from_le_bytes(bytes_at(self.buffer, self.at)?);
        let list = i64::try_from(self.at).ok()? - i64::from(distance);
        let list = usize::try_from(list).ok()?;
        let u16_at = |at| bytes_at(self.buffer, at).map(u16::from_le_bytes);
        // The length of the list and of the table come first.
        let entry = 4 + 2 * field;
        if entry >= usize::from(u16_at(list)?) {
            return None;
        }
        let place = u16_at(list.checked_add(entry)?).filter(|place| *place != 0)?;
        self.at.checked_add(usize::from(place))
    }

    /// Returns the value of a field; one that is not there is zero.
    fn field<const N: usize>(self, field: usize) -> [u8; N] {
        let value = self.place(field).and_then(|at| bytes_at(self.buffer, at));
        value.unwrap_or([0; N])
    }

    fn table(self, field: usize) -> Option<Self> {
        let place = self.place(field)?;
        let distance = usize::try_from(u32_at(self.buffer, place)?).ok()?;
        let at = place.checked_add(distance)?;
        Some(Self { at, ..self })
    }
}

fn u32_at(buffer: &[u8], at: usize) -> Option<u32> {
    bytes_at(buffer, at).map(u32::from_le_bytes)
}

fn bytes_at<const N: usize>(buffer: &[u8], at: usize) -> Option<[u8; N]> {
    buffer.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by pyarrow: the columns `n` (int64) and `t` (string), and batches of two
    /// rows and of one.
    const STREAM: &str = "\
        ffffffffa80000001000000000000a000c000600050008000a000000000104000c0000000800080000000400\
        0800000004000000020000004000000004000000d8ffffff0000010510000000180000000400000000000000\
        01000000740000000400040004000000100014000800060007000c0000001000100000000000010210000000\
        1c0000000400000000000000010000006e00000008000c000800070008000000000000014000000000000000\
        ffffffffc800000014000000000000000c0016000600050008000c000c000000000304001800000028000000\
        0000000000000a0018000c00040008000a0000006c0000001000000002000000000000000000000005000000\
        0000000000000000000000000000000000000000000000001000000000000000100000000000000000000000\
        0000000010000000000000000c00000000000000200000000000000002000000000000000000000002000000\
        0200000000000000000000000000000002000000000000000000000000000000000000000000000001000000\
        00000000000000000100000002000000000000007878000000000000\
        ffffffffc800000014000000000000000c0016000600050008000c000c000000000304001800000018000000\
        0000000000000a0018000c00040008000a0000006c0000001000000001000000000000000000000005000000\
        0000000000000000000000000000000000000000000000000800000000000000080000000000000000000000\
        0000000008000000000000000800000000000000100000000000000001000000000000000000000002000000\
        0100000000000000000000000000000001000000000000000000000000000000000000000000000000000000\
        010000007800000000000000ffffffff00000000";

    fn stream() -> Vec<u8> {
        let digits = STREAM.as_bytes().chunks(2);
        let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16);
        digits.map(|digits| byte(digits).unwrap()).collect()
    }

    #[test]
    fn rows_of_all_batches_are_counted() {
        let stream = stream();
        assert_eq!(stream.len(), 664);
        assert_eq!(row_count(&stream), 3);
        // The end may not be marked.
        assert_eq!(row_count(&stream[..656]), 3);
        // The schema, and one batch.
        assert_eq!(row_count(&stream[..176]), 0);
        assert_eq!(row_count(&stream[..424]), 2);
    }

    #[test]
    fn any_text_has_a_number_of_rows() {
        assert_eq!(row_count(b""), 0);
        assert_eq!(row_count(b"ARROW1"), 0);
        let stream = stream();
        for at in 0..stream.len() {
            row_count(&stream[..at]);
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = stream.clone();
                changed[at] = value;
                row_count(&changed);
            }
        }
    }
}
