//! A file that is read in parts: its head at once, and its links only where head, length and lattice fit.

use crate::error::{Error, Result};
use crate::{file, memory};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of the head: the longest text header that is searched.
pub const HEAD: usize = 1 << 16;

/// An open file with its first bytes.
pub struct Source {
    file: File,
    length: u64,
    head: Vec<u8>,
}

impl Source {
    /// Opens a regular file and reads its head. Errors: `Io`.
    pub fn open(path: &Path) -> Result<Self> {
        let (file, length) = file::open(path)?;
        let mut source = Self { file, length, head: vec![] };
        source.head = source.at(0, length.min(HEAD as u64) as usize)?;
        Ok(source)
    }

    /// The first bytes; the whole file where it is short.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes from an offset on; memory is taken only where the file is long enough. Errors: `BadInput` for a file that
    /// ends before, `BadShape` without memory, `Io`.
    pub fn at(&self, start: u64, count: usize) -> Result<Vec<u8>> {
        if start.checked_add(count as u64).is_none_or(|end| end > self.length) {
            let got = self.length.saturating_sub(start);
            return Err(Error::BadInput(format!("byte {start}: expected {count} bytes, got {got}")));
        }
        let mut bytes = memory::reserved("file", count)?;
        let mut file = &self.file;
        let reading = file.seek(SeekFrom::Start(start)).and_then(|_| file.take(count as u64).read_to_end(&mut bytes));
        let failed = |got: String| Error::Io(format!("byte {start}: expected {count} bytes, got {got}"));
        match reading {
            Ok(got) if got < count => Err(failed(got.to_string())),
            Ok(_) => Ok(bytes),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// The bytes from an offset to the end of the file; another number of them than `count` is an error:
    /// `links: expected 4 bytes, got 3`.
    pub fn rest(&self, start: usize, count: usize, what: &str) -> Result<Vec<u8>> {
        let got = self.length.saturating_sub(start as u64);
        if got != count as u64 {
            return Err(Error::BadInput(format!("{what}: expected {count} bytes, got {got}")));
        }
        self.at(start as u64, count)
    }

    /// True where all bytes from an offset to the end are zero.
    pub fn is_zero_from(&self, mut start: u64) -> Result<bool> {
        while start < self.length {
            let count = (self.length - start).min(HEAD as u64);
            if self.at(start, count as usize)?.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            start += count;
        }
        Ok(true)
    }
}
