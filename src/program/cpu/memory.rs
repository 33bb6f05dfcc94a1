//! Memory in lines of 64 bytes.

use crate::error::{Error, Result};

/// One number of each sample of a block.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([u8; 64]);

/// Lines that a worker computes in.
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// `count` lines of zeros; an error where there is no memory for them.
    pub fn new(count: usize) -> Result<Self> {
        let mut lines = vec![];
        let missing =
            |_| Error::BadShape(format!("workspace: expected memory for {count} lines of 64 bytes, got none"));
        lines.try_reserve_exact(count).map_err(missing)?;
        lines.resize(count, Line([0; 64]));
        Ok(Self(lines))
    }

    /// The first line.
    pub fn start(&mut self) -> *mut Line {
        self.0.as_mut_ptr()
    }
}
