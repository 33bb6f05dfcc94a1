//! Working memory, inputs and results of a block of samples.

use super::super::feed::Feed;
use crate::simd::{Lanes, Line};

/// Working memory of a block.
pub(in super::super) struct Frame<L: Lanes> {
    pub lines: *mut L,
    pub packed: *const L::Scalar,
    /// 1 in the lanes that hold a sample, 0 in the others.
    pub valid: L,
}

impl<L: Lanes> Frame<L> {
    /// The frame with packed weights from another number on.
    #[inline(always)]
    pub fn with_weights(&self, first: usize) -> Self {
        Self { lines: self.lines, packed: self.packed.wrapping_add(first), valid: self.valid }
    }

    /// A line of the plan.
    #[inline(always)]
    pub fn line(&self, at: usize) -> *mut L {
        self.lines.wrapping_add(at)
    }
}

/// One block: its inputs and results.
pub(in super::super) struct Block<'a, 'b> {
    pub lines: *mut Line,
    /// Place of the strips of fused groups among the lines.
    pub strips: usize,
    pub packed: *const u8,
    pub parameters: &'a [f64],
    pub feeds: &'a [Feed<'a>],
    /// The row that each repeat around the present step has come to, by its depth.
    pub rows: &'a mut [usize],
    /// Index of the first sample, and their number: at most a block.
    pub first: usize,
    pub samples: usize,
    /// Results of these samples, one slice for each output; empty for summed ones.
    pub results: &'a mut [&'b mut [f64]],
    /// Sums over samples, one for each output; empty for the others.
    pub sums: &'a mut [Vec<f64>],
}
