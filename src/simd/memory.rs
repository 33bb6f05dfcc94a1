//! Writes past the caches, and prefetches.

use super::instructions::Instructions;
use super::lanes::Lanes;
use super::native::{Launch, launch};

/// Copies numbers past the caches: for results that are not read again soon.
///
/// # Safety
/// `to` can be written for as many numbers, and does not overlap them.
pub(crate) unsafe fn write_past_caches(numbers: &[f64], to: *mut f64) {
    // SAFETY: the caller's promise; the processor has the instruction set.
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

/// Prefetch: the lines of `count` numbers, into the second-level cache; any address may be given.
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
