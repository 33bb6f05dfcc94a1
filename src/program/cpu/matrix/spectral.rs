//! Functions of unitary matrices u = Σ_i e^{iθ_i} p_i by their eigenphases θ_i and projectors p_i.

#![allow(clippy::needless_range_loop)]

use super::super::angles::{cos, sin};
use super::eigen::{Eigen, MOST};
use super::{Complex, Kernel, Site, conjugate_times, times};
use crate::simd::Lanes;

/// The phases θ_i in (−π, π], in ascending order.
pub struct Phases;

/// The projectors p_i, in the order of the phases.
pub struct Projectors;

/// log u = Σ_i iθ_i p_i.
pub struct Logarithm;

/// The derivative of log u along e, Σ_ij p_i e p_j / f_ij: f_ij is the divided difference of exp between iθ_i and iθ_j,
/// e^{i (θ_i + θ_j) / 2} sin δ / δ with δ = (θ_i − θ_j) / 2, in which nothing cancels where phases meet.
pub struct LogarithmDerivative;

impl Kernel for Phases {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        // SAFETY: the caller's promise.
        unsafe {
            let eigen = Eigen::of(site);
            for i in 0..eigen.n {
                *site.y.add(i) = eigen.phases[i];
            }
        }
    }
}

impl Kernel for Projectors {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        // SAFETY: the caller's promise.
        unsafe {
            let eigen = Eigen::of(site);
            let n = eigen.n;
            for i in 0..n {
                for row in 0..n {
                    for column in 0..n {
                        let to = site.y.add(2 * ((i * n + row) * n + column));
                        [*to, *to.add(1)] = eigen.projector(i, row, column);
                    }
                }
            }
        }
    }
}

impl Kernel for Logarithm {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        // SAFETY: the caller's promise.
        unsafe {
            let eigen = Eigen::of(site);
            let n = eigen.n;
            for row in 0..n {
                for column in 0..n {
                    let mut sum = [L::constant(0.0); 2];
                    for i in 0..n {
                        let (phase, p) = (eigen.phases[i], eigen.projector(i, row, column));
                        sum = [phase.negative_mul_add(p[1], sum[0]), phase.mul_add(p[0], sum[1])];
                    }
                    let to = site.y.add(2 * (row * n + column));
                    [*to, *to.add(1)] = sum;
                }
            }
        }
    }
}

impl Kernel for LogarithmDerivative {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let n = site.square.n;
        // SAFETY: the caller's promise.
        unsafe {
            let (eigen, e) = (Eigen::of(site), site.x.add(2 * n * n));
            let mut inner = [[[L::constant(0.0); 2]; MOST]; MOST];
            for i in 0..n {
                for j in 0..n {
                    let mut sum = [L::constant(0.0); 2];
                    for row in 0..n {
                        for column in 0..n {
                            let from = e.add(2 * (row * n + column));
                            let left = conjugate_times(eigen.vectors[row][i], [*from, *from.add(1)]);
                            sum = plus(sum, times(left, eigen.vectors[column][j]));
                        }
                    }
                    inner[i][j] = times(sum, reciprocal_difference(eigen.phases[i], eigen.phases[j]));
                }
            }
            for row in 0..n {
                for column in 0..n {
                    let mut sum = [L::constant(0.0); 2];
                    for i in 0..n {
                        for j in 0..n {
                            let left = times(eigen.vectors[row][i], inner[i][j]);
                            sum = plus(sum, conjugate_times(eigen.vectors[column][j], left));
                        }
                    }
                    let to = site.y.add(2 * (row * n + column));
                    [*to, *to.add(1)] = sum;
                }
            }
        }
    }
}

#[inline(always)]
fn plus<L: Lanes>(x: Complex<L>, y: Complex<L>) -> Complex<L> {
    [x[0] + y[0], x[1] + y[1]]
}

/// 1 / f between two phases.
#[inline(always)]
fn reciprocal_difference<L: Lanes>(one: L, other: L) -> Complex<L> {
    let (zero, half) = (L::constant(0.0), L::constant(0.5));
    let (gap, mean) = ((one - other) * half, (one + other) * half);
    // Far below the rounding of one, where sin δ / δ is one.
    let gap = gap.max(zero - gap).max(L::constant(1e-20));
    let size = gap / sin(gap);
    [size * cos(mean), zero - size * sin(mean)]
}
