//! LIME containers: records with a header of 144 bytes, padded to eight bytes.
//!
//! Header, big endian: u32 magic 0x456789ab, u16 version, u16 flags (highest bit: message begins, next: ends), u64
//! length of the data, 128 bytes of type text ended by zeros.

use crate::error::{Error, Result};

/// The first four bytes of a record.
pub const MAGIC: [u8; 4] = [0x45, 0x67, 0x89, 0xab];
const HEADER: usize = 144;

/// One record.
pub struct Record<'a> {
    /// Its type: `ildg-binary-data`.
    pub kind: &'a str,
    /// Its data without padding.
    pub data: &'a [u8],
}

/// All records of a file.
pub fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>> {
    const MOST: usize = 10_000;
    let (mut found, mut at) = (vec![], 0);
    while at < bytes.len() {
        let place = || format!("record {}", found.len());
        let header = bytes.get(at..at + HEADER).ok_or_else(|| {
            Error::BadInput(format!("{}: expected a header of {HEADER} bytes, got {}", place(), bytes.len() - at))
        })?;
        if header[..4] != MAGIC {
            return Err(Error::BadInput(format!(
                "{}: expected the magic number 456789ab, got {:02x?}",
                place(),
                &header[..4]
            )));
        }
        if found.len() == MOST {
            return Err(Error::BadInput(format!("records: expected at most {MOST}, got more")));
        }
        let length = header[8..16].iter().fold(0u64, |n, &b| n << 8 | u64::from(b));
        let text = &header[16..];
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        let kind = std::str::from_utf8(&text[..end])
            .map_err(|_| Error::BadInput(format!("{}: expected a type in ASCII, got other bytes", place())))?;
        let start = at + HEADER;
        let rest = (bytes.len() - start) as u64;
        if length > rest {
            return Err(Error::BadInput(format!("{kind}: expected {length} bytes of data, got {rest}")));
        }
        let length = length as usize;
        found.push(Record { kind, data: &bytes[start..start + length] });
        // The last record's padding may be missing.
        at = (start + length.next_multiple_of(8)).min(bytes.len());
    }
    Ok(found)
}

/// The bytes of a record; `begins` and `ends` are the flags of its message.
pub fn write(to: &mut Vec<u8>, kind: &str, data: &[u8], begins: bool, ends: bool) {
    write_header(to, kind, data.len(), (begins, ends));
    to.extend(data);
    pad(to, data.len());
}

/// What stands before the data of a record.
pub fn write_header(to: &mut Vec<u8>, kind: &str, length: usize, (begins, ends): (bool, bool)) {
    let flags = u16::from(begins) << 15 | u16::from(ends) << 14;
    let mut text = [0u8; 128];
    text[..kind.len()].copy_from_slice(kind.as_bytes());
    to.extend(MAGIC);
    to.extend(1u16.to_be_bytes());
    to.extend(flags.to_be_bytes());
    to.extend((length as u64).to_be_bytes());
    to.extend(text);
}

/// What follows the data of a record.
pub fn pad(to: &mut Vec<u8>, length: usize) {
    to.extend(std::iter::repeat_n(0, length.next_multiple_of(8) - length));
}
