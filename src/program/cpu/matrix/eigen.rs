//! Eigenphases and eigenvectors of unitary matrices of up to three rows, by rotations of two rows and columns at a time.
//!
//! A 2 x 2 block m of the matrix is m_0 + h·σ / 2 with h = (a − d, b + c, i (b − c)) for σ in the order z, x, y. Where m is
//! normal, h is a complex number times a real unit vector n, and the rotation to the eigenvectors of n·σ makes m diagonal;
//! otherwise n = Re e^{−iφ} h, φ half the phase of h², is the rotation with the smallest off-diagonal numbers (J.-F. Cardoso,
//! A. Souloumiac, SIAM J. Matrix Anal. Appl. 17, 161 (1996)). Eigenvectors are orthonormal whatever eigenvalues are equal.

#![allow(clippy::needless_range_loop)]

use super::super::angles::atan2;
use super::{Complex, Site, conjugate_times, norm, times};
use crate::simd::Lanes;

/// Most rows of such matrices.
pub const MOST: usize = 3;

/// Rotations of all pairs of rows, one after the other: as often as three rows need until what is off the diagonal is
/// rounding alone.
const SWEEPS: usize = 5;

/// Phases in (−π, π], in ascending order, with the components of their eigenvectors.
pub struct Eigen<L> {
    pub n: usize,
    pub phases: [L; MOST],
    /// `[component][eigenvector]`.
    pub vectors: [[Complex<L>; MOST]; MOST],
}

impl<L: Lanes> Eigen<L> {
    /// The eigenvectors of the first argument.
    ///
    /// # Safety
    /// It is an n x n matrix.
    #[inline(always)]
    pub unsafe fn of(site: &Site<L>) -> Self {
        let n = site.square.n;
        let (zero, one) = (L::constant(0.0), L::constant(1.0));
        let mut u = [[[zero; 2]; MOST]; MOST];
        let mut result = Self { n, phases: [zero; MOST], vectors: u };
        for i in 0..n {
            for j in 0..n {
                // SAFETY: the caller's promise.
                u[i][j] = unsafe { [*site.x.add(2 * (i * n + j)), *site.x.add(2 * (i * n + j) + 1)] };
            }
            result.vectors[i][i][0] = one;
        }
        for _ in 0..if n == MOST { SWEEPS } else { 2 } {
            for p in 0..n {
                for q in p + 1..n {
                    let rotation = Rotation::of(u[p][p], u[p][q], u[q][p], u[q][q]);
                    rotation.turn_columns(&mut u, n, p, q);
                    rotation.turn_rows(&mut u, n, p, q);
                    rotation.turn_columns(&mut result.vectors, n, p, q);
                }
            }
        }
        for i in 0..n {
            result.phases[i] = atan2(u[i][i][1], u[i][i][0]);
        }
        result.sort();
        result
    }

    #[inline(always)]
    fn sort(&mut self) {
        for last in (1..self.n).rev() {
            for i in 0..last {
                let (low, high) = (self.phases[i], self.phases[i + 1]);
                let falls = low - high;
                self.phases[i] = falls.where_positive(high, low);
                self.phases[i + 1] = falls.where_positive(low, high);
                for row in 0..self.n {
                    for part in 0..2 {
                        let (a, b) = (self.vectors[row][i][part], self.vectors[row][i + 1][part]);
                        self.vectors[row][i][part] = falls.where_positive(b, a);
                        self.vectors[row][i + 1][part] = falls.where_positive(a, b);
                    }
                }
            }
        }
    }

    /// The number (row, column) of the projector on eigenvector i.
    #[inline(always)]
    pub fn projector(&self, i: usize, row: usize, column: usize) -> Complex<L> {
        conjugate_times(self.vectors[column][i], self.vectors[row][i])
    }
}

/// The unitary matrix with the columns (c, s) and (−s*, c).
struct Rotation<L> {
    c: L,
    s: Complex<L>,
}

impl<L: Lanes> Rotation<L> {
    /// To the eigenvectors of the block with the rows a, b and c, d.
    #[inline(always)]
    fn of(a: Complex<L>, b: Complex<L>, c: Complex<L>, d: Complex<L>) -> Self {
        let (zero, one, half) = (L::constant(0.0), L::constant(1.0), L::constant(0.5));
        let h = [[a[0] - d[0], a[1] - d[1]], [b[0] + c[0], b[1] + c[1]], [c[1] - b[1], b[0] - c[0]]];
        let (mut square, mut total) = ([zero; 2], zero);
        for z in h {
            let product = times(z, z);
            square = [square[0] + product[0], square[1] + product[1]];
            total = total + norm(z);
        }
        // e^{iφ}: the root of the phase of h², by its larger part first, so that no digits cancel.
        let length = norm(square).sqrt();
        let (re, im) =
            (length.where_positive(square[0] / length, one), length.where_positive(square[1] / length, zero));
        let large = (one + re.max(zero - re)).sqrt() * half.sqrt();
        let small = im.max(zero - im) * half / large;
        let (cosine, sine) = (re.where_positive(large, small), re.where_positive(small, large));
        let sine = (zero - im).where_positive(zero - sine, sine);
        let mut n = [zero; 3];
        let mut length = zero;
        for k in 0..3 {
            n[k] = cosine.mul_add(h[k][0], sine * h[k][1]);
            length = n[k].mul_add(n[k], length);
        }
        // Blocks that are multiples of the unit matrix, but for rounding, are not turned.
        let tiny = L::constant(if size_of::<L::Scalar>() == 4 { 1e-18 } else { 1e-36 });
        let is_turned = (total - tiny).where_positive(length, zero);
        let scale = is_turned.where_positive((zero - n[0]).where_positive(zero - one, one) / length.sqrt(), zero);
        let z = is_turned.where_positive(n[0] * scale, one);
        let c = ((one + z) * half).sqrt();
        let factor = half * scale / c;
        Self { c, s: [n[1] * factor, n[2] * factor] }
    }

    /// c x + s y, or c x + s* y.
    #[inline(always)]
    fn combined(&self, x: Complex<L>, sign: L, y: Complex<L>) -> Complex<L> {
        let turned = times([self.s[0], self.s[1] * sign], y);
        [self.c.mul_add(x[0], turned[0]), self.c.mul_add(x[1], turned[1])]
    }

    /// c y − s x, or c y − s* x.
    #[inline(always)]
    fn combined_back(&self, y: Complex<L>, sign: L, x: Complex<L>) -> Complex<L> {
        let turned = times([self.s[0], self.s[1] * sign], x);
        [self.c.mul_add(y[0], L::constant(0.0) - turned[0]), self.c.mul_add(y[1], L::constant(0.0) - turned[1])]
    }

    #[inline(always)]
    fn turn_columns(&self, u: &mut [[Complex<L>; MOST]; MOST], n: usize, p: usize, q: usize) {
        let (one, minus) = (L::constant(1.0), L::constant(-1.0));
        for row in u.iter_mut().take(n) {
            let (x, y) = (row[p], row[q]);
            row[p] = self.combined(x, one, y);
            row[q] = self.combined_back(y, minus, x);
        }
    }

    #[inline(always)]
    fn turn_rows(&self, u: &mut [[Complex<L>; MOST]; MOST], n: usize, p: usize, q: usize) {
        let (one, minus) = (L::constant(1.0), L::constant(-1.0));
        for j in 0..n {
            let (x, y) = (u[p][j], u[q][j]);
            u[p][j] = self.combined(x, minus, y);
            u[q][j] = self.combined_back(y, one, x);
        }
    }
}
