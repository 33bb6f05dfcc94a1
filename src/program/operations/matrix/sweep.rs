//! An operation on matrices, matrix by matrix and site by site.

use super::super::super::cpu::matrix::multiply::{Factors, Fields, multiply_fields};
use super::super::super::cpu::matrix::{Kernel, Site, Square};
use super::table::Matrices;
use crate::simd::{Lanes, Work};

/// Memory of the arguments and the result of an operation, channel by channel, `sites` lines each.
pub struct Sweep<'a, L> {
    pub operation: Matrices,
    pub square: Square,
    pub matrices: usize,
    pub sites: usize,
    /// Arguments, with their channels for each matrix.
    pub arguments: &'a [(*const L, usize)],
    pub result: (*mut L, usize),
    /// Lines for the arguments and the result of one matrix, then those of the formula.
    pub scratch: *mut L,
}

/// Applies a kernel to all matrices on all sites.
///
/// # Safety
/// The memory is there; the result is apart from the arguments.
#[inline(always)]
pub unsafe fn sweep<L: Lanes, K: Kernel>(of: &Sweep<L>) {
    // SAFETY: the caller's promise.
    unsafe {
        if !multiplied(of) {
            L::isolate(Each::<L, K> { of, kernel: std::marker::PhantomData });
        }
    }
}

/// Multiplies the matrices where they are, if the operation is a product that runs in registers.
///
/// # Safety
/// As for [`sweep`].
#[inline(always)]
unsafe fn multiplied<L: Lanes>(of: &Sweep<L>) -> bool {
    let &[(a, _), (b, _)] = of.arguments else { return false };
    let factors = Factors { a, b, c: of.result.0, stride: of.sites, adds: false };
    let (square, fields) = (of.square, Fields { factors, matrices: of.matrices, sites: of.sites });
    // SAFETY: the caller's promise.
    unsafe {
        match of.operation {
            Matrices::Product => multiply_fields::<L, false, false>(square, fields),
            Matrices::AdjointProduct => multiply_fields::<L, true, false>(square, fields),
            Matrices::ProductAdjoint => multiply_fields::<L, false, true>(square, fields),
            Matrices::ProductOfAdjoints => multiply_fields::<L, true, true>(square, fields),
            _ => false,
        }
    }
}

/// A kernel on all sites.
struct Each<'a, 'b, L, K> {
    of: &'a Sweep<'b, L>,
    kernel: std::marker::PhantomData<K>,
}

impl<L: Lanes, K: Kernel> Work for Each<'_, '_, L, K> {
    #[inline(always)]
    unsafe fn run(self) {
        let of = self.of;
        let mut next = of.scratch;
        for &(_, channels) in of.arguments {
            next = next.wrapping_add(channels);
        }
        let site = Site {
            square: of.square,
            arguments: of.arguments.len(),
            x: of.scratch.cast_const(),
            y: next,
            scratch: next.wrapping_add(of.result.1),
        };
        for m in 0..of.matrices {
            for s in 0..of.sites {
                // SAFETY: the caller's promise.
                unsafe {
                    let mut x = of.scratch;
                    for &(from, channels) in of.arguments {
                        for channel in 0..channels {
                            *x = *from.add((m * channels + channel) * of.sites + s);
                            x = x.add(1);
                        }
                    }
                    K::run(&site);
                    let (to, channels) = of.result;
                    for channel in 0..channels {
                        *to.add((m * channels + channel) * of.sites + s) = *site.y.add(channel);
                    }
                }
            }
        }
    }
}
