//! Memory in lines of 64 bytes.

use crate::error::Result;
use crate::memory;

/// One number of each sample of a block.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

impl Line {
    /// All bits zero.
    pub const ZERO: Self = Self([0; 64]);
}

/// Scratch memory in lines.
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// `count` lines of zeros; an error where there is no memory for them.
    pub fn new(count: usize) -> Result<Self> {
        memory::filled("workspace", Line::ZERO, count).map(Self)
    }

    /// The first line.
    pub fn start(&mut self) -> *mut Line {
        self.0.as_mut_ptr()
    }
}
