//! Linear maps of one matrix, and sums of matrices with real weights.

use super::{Kernel, Site, Square};
use crate::simd::Lanes;

/// The trace: a number of as many parts as the entries have, or its real part alone.
pub struct Trace<const PARTS: usize>;

/// A number times the unit matrix: the transpose of the trace.
pub struct Unit<const PARTS: usize>;

/// The conjugate transpose.
pub struct Adjoint;

/// (x − x†) / 2, without its trace where that is asked for and there is more than one row.
pub struct Antihermitian<const TRACELESS: bool>;

/// i x of a complex matrix.
pub struct Turned;

/// Σ_i w_i p_i of n real weights and n matrices.
pub struct Combined;

/// Re tr p_i† x of n matrices p and one matrix x.
pub struct Overlaps;

/// w_i x for n real weights.
pub struct Outer;

/// Parts of a number: those of the matrix, or at most `PARTS`.
#[inline(always)]
fn parts<const PARTS: usize>(square: Square) -> usize {
    square.parts.min(PARTS)
}

impl<const PARTS: usize> Kernel for Trace<PARTS> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let Square { n, parts: step } = site.square;
        for part in 0..parts::<PARTS>(site.square) {
            let mut sum = L::constant(0.0);
            for i in 0..n {
                // SAFETY: the caller's promise.
                sum = sum + unsafe { *site.x.add(i * (n + 1) * step + part) };
            }
            // SAFETY: the caller's promise.
            unsafe { *site.y.add(part) = sum };
        }
    }
}

impl<const PARTS: usize> Kernel for Unit<PARTS> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let Square { n, parts: step } = site.square;
        // SAFETY: the caller's promise.
        unsafe {
            for i in 0..site.square.channels() {
                *site.y.add(i) = L::constant(0.0);
            }
            for i in 0..n {
                for part in 0..parts::<PARTS>(site.square) {
                    *site.y.add(i * (n + 1) * step + part) = *site.x.add(part);
                }
            }
        }
    }
}

impl Kernel for Adjoint {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let Square { n, parts } = site.square;
        for i in 0..n {
            for j in 0..n {
                // SAFETY: the caller's promise.
                unsafe {
                    let (from, to) = (site.x.add((j * n + i) * parts), site.y.add((i * n + j) * parts));
                    *to = *from;
                    if parts == 2 {
                        *to.add(1) = L::constant(0.0) - *from.add(1);
                    }
                }
            }
        }
    }
}

impl<const TRACELESS: bool> Kernel for Antihermitian<TRACELESS> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let Square { n, parts } = site.square;
        let half = L::constant(0.5);
        let mut mean = L::constant(0.0);
        // SAFETY: the caller's promise.
        unsafe {
            if TRACELESS && parts == 2 && n > 1 {
                for i in 0..n {
                    mean = mean + *site.x.add(2 * i * (n + 1) + 1);
                }
                mean = mean * L::constant(1.0 / n as f64);
            }
            for i in 0..n {
                for j in 0..n {
                    let (one, other) = (site.x.add((i * n + j) * parts), site.x.add((j * n + i) * parts));
                    let to = site.y.add((i * n + j) * parts);
                    *to = (*one - *other) * half;
                    if parts == 2 {
                        let im = (*one.add(1) + *other.add(1)) * half;
                        *to.add(1) = if i == j { im - mean } else { im };
                    }
                }
            }
        }
    }
}

impl Kernel for Turned {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        for i in (0..site.square.channels()).step_by(2) {
            // SAFETY: the caller's promise; entries are complex.
            unsafe {
                *site.y.add(i) = L::constant(0.0) - *site.x.add(i + 1);
                *site.y.add(i + 1) = *site.x.add(i);
            }
        }
    }
}

impl Kernel for Combined {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let (n, count) = (site.square.n, site.square.channels());
        for entry in 0..count {
            let mut sum = L::constant(0.0);
            for i in 0..n {
                // SAFETY: the caller's promise.
                sum = unsafe { (*site.x.add(i)).mul_add(*site.x.add(n + i * count + entry), sum) };
            }
            // SAFETY: the caller's promise.
            unsafe { *site.y.add(entry) = sum };
        }
    }
}

impl Kernel for Overlaps {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let (n, count) = (site.square.n, site.square.channels());
        for i in 0..n {
            let mut sum = L::constant(0.0);
            for entry in 0..count {
                // SAFETY: the caller's promise.
                sum = unsafe { (*site.x.add(i * count + entry)).mul_add(*site.x.add(n * count + entry), sum) };
            }
            // SAFETY: the caller's promise.
            unsafe { *site.y.add(i) = sum };
        }
    }
}

impl Kernel for Outer {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let (n, count) = (site.square.n, site.square.channels());
        for i in 0..n {
            for entry in 0..count {
                // SAFETY: the caller's promise.
                unsafe { *site.y.add(i * count + entry) = *site.x.add(i) * *site.x.add(n + entry) };
            }
        }
    }
}
