//! Memory in lines of 64 bytes.

use crate::error::{Error, Result};
use crate::memory;

/// One number of each sample of a block.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

impl Line {
    /// All bits zero.
    pub const ZERO: Self = Self([0; 64]);
}

/// Lines that a worker computes in.
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// `count` lines of zeros; an error where there is no memory for them.
    pub fn new(count: usize) -> Result<Self> {
        let missing =
            |_| Error::BadShape(format!("workspace: expected memory for {count} lines of 64 bytes, got none"));
        memory::filled(Line::ZERO, count).map_err(missing).map(Self)
    }

    /// The first line.
    pub fn start(&mut self) -> *mut Line {
        self.0.as_mut_ptr()
    }
}

/// Asks for the lines of some numbers ahead of their use; places beyond the numbers are allowed.
#[inline(always)]
pub(crate) fn prefetch(numbers: *const f64, count: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..count.div_ceil(8) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(numbers.wrapping_add(8 * line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (numbers, count);
}
