//! Memory in lines of 64 bytes.

use super::instructions::Instructions;
use super::lanes::Lanes;
use super::native::{Launch, launch};
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

/// Copies numbers to where nobody reads them soon, without reading what is there.
///
/// # Safety
/// There is room for as many numbers at `to`, elsewhere.
pub(crate) unsafe fn write_past_caches(numbers: &[f64], to: *mut f64) {
    // SAFETY: the caller's promise; the processor was asked.
    unsafe { launch(Instructions::best(), Write { numbers, to }) };
}

struct Write<'a> {
    numbers: &'a [f64],
    to: *mut f64,
}

impl Launch<f64> for Write<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (from, count, width) = (self.numbers.as_ptr(), self.numbers.len(), size_of::<L>() / 8);
        // Streams of vectors go to whole lines alone.
        let head = (self.to.addr().wrapping_neg() % size_of::<L>() / 8).min(count);
        // SAFETY: the caller's promise; the lines are within the numbers, and aligned.
        unsafe {
            self.to.copy_from_nonoverlapping(from, head);
            let mut k = head;
            while k + width <= count {
                from.add(k).cast::<L>().read_unaligned().stream(self.to.add(k).cast());
                k += width;
            }
            L::fence();
            self.to.add(k).copy_from_nonoverlapping(from.add(k), count - k);
        }
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
