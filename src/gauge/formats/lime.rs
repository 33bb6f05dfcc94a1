//! LIME containers: records with a header of 144 bytes, padded to eight bytes.
//!
//! Header, big endian: u32 magic 0x456789ab, u16 version, u16 flags (highest bit: message begins, next: ends), u64
//! length of the data, 128 bytes of type text ended by zeros.

use super::source::Source;
use crate::error::{Error, Result};

/// The first four bytes of a record.
pub const MAGIC: [u8; 4] = [0x45, 0x67, 0x89, 0xab];
const HEADER: usize = 144;

/// One record: its type and the place of its data.
pub struct Record {
    /// Type, such as `ildg-binary-data`.
    pub kind: String,
    /// Offset of its data in the file.
    pub start: u64,
    /// Bytes of its data without padding.
    pub length: u64,
}

impl Record {
    /// The data of a record of text: at most 1 MiB.
    pub fn text(&self, source: &Source) -> Result<Vec<u8>> {
        const LONGEST: u64 = 1 << 20;
        if self.length > LONGEST {
            let (kind, got) = (&self.kind, self.length);
            return Err(Error::BadInput(format!("{kind}: expected a text of at most {LONGEST} bytes, got {got}")));
        }
        source.at(self.start, self.length as usize)
    }
}

/// All records of a file; their headers alone are read. Zeros after the last record are no record.
pub fn records(source: &Source) -> Result<Vec<Record>> {
    const MOST: usize = 10_000;
    let (mut found, mut at) = (vec![], 0);
    while at < source.length() {
        let place = format!("record {}", found.len());
        let rest = source.length() - at;
        let header = source.at(at, rest.min(HEADER as u64) as usize)?;
        if header.iter().all(|&byte| byte == 0) && source.is_zero_from(at)? {
            break;
        }
        if header.len() < HEADER {
            return Err(Error::BadInput(format!("{place}: expected a header of {HEADER} bytes, got {rest}")));
        }
        if header[..4] != MAGIC {
            let got = &header[..4];
            return Err(Error::BadInput(format!("{place}: expected the magic number 456789ab, got {got:02x?}")));
        }
        if found.len() == MOST {
            return Err(Error::BadInput(format!("records: expected at most {MOST}, got more")));
        }
        let length = header[8..16].iter().fold(0u64, |n, &b| n << 8 | u64::from(b));
        let text = &header[16..];
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        let kind = String::from_utf8_lossy(&text[..end]).into_owned();
        let rest = rest - HEADER as u64;
        if length > rest {
            return Err(Error::BadInput(format!("{kind}: expected {length} bytes of data, got {rest}")));
        }
        let start = at + HEADER as u64;
        found.push(Record { kind, start, length });
        // The last record's padding may be missing.
        at = (start + length.next_multiple_of(8)).min(source.length());
    }
    Ok(found)
}

/// The bytes of a record; `begins` and `ends` are the flags of its message.
pub fn write(to: &mut Vec<u8>, kind: &str, data: &[u8], begins: bool, ends: bool) {
    write_header(to, kind, data.len(), (begins, ends));
    to.extend(data);
    pad(to, data.len());
}

/// Appends the header of a record.
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

/// Appends the padding after the data of a record.
pub fn pad(to: &mut Vec<u8>, length: usize) {
    to.extend(std::iter::repeat_n(0, length.next_multiple_of(8) - length));
}
