//! Traces of loops around a link that none of the links of its class is in: what coefficients may depend on.
//!
//! ```text
//! I_0: mean of Re tr / N over the plaquettes at both ends of the link, in planes without its direction
//! I_1: the same over the 1 x 2 rectangles that enclose it, the two plaquettes through it without it
//! ```
//!
//! In two dimensions there are none of the first kind, and I_0 = 0.

#![allow(clippy::needless_range_loop)]

use super::kernel::Work;
use crate::gauge::paths::Step;
use crate::gauge::wide_paths::product;
use crate::group::wide_exponential::WIDTH;
use crate::simd::{Instructions, Lanes, Launch, launch};

/// Number of invariants of a link.
pub(super) const COUNT: usize = 2;

/// A loop around a link: whether it begins at the end of the link, its path, which invariant it is of, and its weight.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub is_at_end: bool,
    pub path: Vec<Step>,
    pub of: usize,
    pub weight: f64,
}

/// The loops around a link of direction μ.
pub(super) fn loops(dimensions: usize, mu: usize) -> Vec<Around> {
    let across: Vec<usize> = (0..dimensions).filter(|&nu| nu != mu).collect();
    let both = |nu: usize| [Step::Forward(nu), Step::Backward(nu)];
    let pairs = || across.iter().flat_map(|&nu| across.iter().filter(move |&&other| other > nu).map(move |&o| (nu, o)));
    let mut paths = vec![];
    for (nu, other) in pairs() {
        for (first, second) in both(nu).into_iter().flat_map(|a| both(other).map(|b| (a, b))) {
            let path = vec![first, second, first.reversed(), second.reversed()];
            paths.extend([false, true].map(|is_at_end| (is_at_end, path.clone(), 0)));
        }
    }
    for &nu in &across {
        let [up, down] = both(nu);
        paths.push((false, vec![up, Step::Forward(mu), down, down, Step::Backward(mu), up], 1));
    }
    let count = |of: usize| paths.iter().filter(|path| path.2 == of).count() as f64;
    let counts = [count(0), count(1)];
    let around = |(is_at_end, path, of)| Around { is_at_end, path, of, weight: 1.0 / counts[of] };
    paths.into_iter().map(around).collect()
}

/// The invariants of all links of some work.
pub(super) struct Invariants<'a, const N: usize> {
    pub work: Work<'a>,
    pub loops: &'a [Around],
    pub results: &'a mut [[f64; COUNT]],
}

impl<const N: usize> Invariants<'_, N> {
    /// Writes them.
    ///
    /// # Safety
    /// As for [`Work::run`].
    pub unsafe fn write(self) {
        // SAFETY: the caller's promise; the processor was asked.
        unsafe { launch(Instructions::best(), self) };
    }
}

impl<const N: usize> Launch<f64> for Invariants<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        for first in (0..self.work.sites.len()).step_by(WIDTH) {
            let (sites, count) = self.work.lanes(first);
            let (ends, mut sums) = (self.work.ends(&sites), [L::constant(0.0); COUNT]);
            for around in self.loops {
                let from = if around.is_at_end { &ends } else { &sites };
                // SAFETY: the caller's promise.
                let whole = unsafe { product::<L, N>(self.work.links, self.work.neighbours, from, &around.path) };
                let factor = L::constant(around.weight / N as f64);
                sums[around.of] = factor.mul_add(whole.real_trace(), sums[around.of]);
            }
            for of in 0..COUNT {
                let mut numbers = [0.0; WIDTH];
                // SAFETY: lanes are eight doubles.
                unsafe { numbers.as_mut_ptr().cast::<L>().write_unaligned(sums[of]) };
                for lane in 0..count {
                    self.results[first + lane][of] = numbers[lane];
                }
            }
        }
    }
}
