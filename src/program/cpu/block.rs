//! All steps of a plan for one block of samples.

use super::super::operations::Step;
use super::super::steps::Plan;
use super::frame::{Block, Frame};
use crate::simd::{Lanes, Real};

/// Numbers of the lanes, aligned as these are.
#[repr(C, align(64))]
struct Numbers<T>([T; 16]);

/// Runs all steps.
///
/// # Safety
/// `lines` points to the plan's lines followed by its strips, `packed` to its packed weights in the lanes' precision.
#[inline(always)]
pub(super) unsafe fn run<L: Lanes>(plan: &Plan, block: &mut Block) {
    let valid = Numbers::<L::Scalar>(std::array::from_fn(|i| L::Scalar::from_f64(f64::from(i < block.samples))));
    // SAFETY: the array holds at least the lanes; the pointers are the caller's promise.
    unsafe {
        let valid = *valid.0.as_ptr().cast::<L>();
        let frame = Frame::<L> { lines: block.lines.cast(), packed: block.packed.cast(), valid };
        let mut at = 0;
        while let Some(step) = plan.steps.get(at) {
            step.run(&frame, block);
            at = match step {
                Step::Again(again) => again.jump(block.rows).unwrap_or(at + 1),
                _ => at + 1,
            };
        }
    }
}
