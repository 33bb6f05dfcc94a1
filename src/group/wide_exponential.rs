//! exp(t P) U in SIMD lanes: eight links at a time, one in each lane.
//!
//! With Q = −i t P, c_1 = tr Q² / 2 (tr Q² for N = 1) and c_0 = det Q for N = 3, zero otherwise, Q³ = c_1 Q + c_0 reduces
//! the series of exp(iQ) to f_0 + f_1 Q + f_2 Q²; C. Morningstar and M. Peardon, Phys. Rev. D 69, 054501 (2004). The
//! eigenvalues of Q are below 2 √(c_1 / 3); longer steps than the series takes are made link by link in closed form.
//! What rounding takes U off the group is undone: rows are made orthonormal, the last one follows from the others.

#![allow(clippy::needless_range_loop)]

use super::lie_group::exponential;
use super::matrix::{Complex64, Matrix};
use super::wide::{Antihermitian, Number, Wide, add_conjugate_product, add_product};
use crate::simd::Lanes;

/// Largest c_1 for the series.
const LARGEST: f64 = 1.0;
/// Terms of the series: what follows is below 1e-17.
const TERMS: usize = 20;
/// Lanes of doubles in all instruction sets.
pub(crate) const WIDTH: usize = 8;

/// exp(t P) U in each lane, on the group.
#[inline(always)]
pub(crate) fn drifted<L: Lanes<Scalar = f64>, const N: usize>(
    momenta: &Antihermitian<L, N>,
    links: &Wide<L, N>,
    time: f64,
) -> Wide<L, N> {
    let q = Hermitian::of(momenta, L::constant(time));
    let square = q.square();
    let c1 = square.trace() * L::constant(if N == 1 { 1.0 } else { 0.5 });
    let mut result = moved(&q, &square, c1, links).on_the_group();
    // One for each lane whose step is short.
    let short = (L::constant(LARGEST) - c1).where_positive(L::constant(1.0), L::constant(0.0));
    if short.sum() != WIDTH as f64 {
        // Copies, so that the originals stay in registers.
        let (momenta, links, mut right) = (*momenta, *links, result);
        long_steps(&momenta, &links, time, &short, &mut right);
        result = right;
    }
    result
}

/// The steps that are not short, lane by lane.
#[inline(never)]
fn long_steps<L: Lanes<Scalar = f64>, const N: usize>(
    momenta: &Antihermitian<L, N>,
    links: &Wide<L, N>,
    time: f64,
    short: &L,
    result: &mut Wide<L, N>,
) {
    let (mut from, mut along) = (Matrix::<N>::ZERO, Matrix::<N>::ZERO);
    for lane in (0..WIDTH).filter(|&lane| number(short, lane) == 0.0) {
        for i in 0..N {
            for j in 0..N {
                let (re, im) =
                    (number(&momenta.0[i.max(j)][i.min(j)], lane), number(&momenta.0[i.min(j)][i.max(j)], lane));
                along.0[i][j] = match i.cmp(&j) {
                    std::cmp::Ordering::Less => Complex64::new(-re, im),
                    std::cmp::Ordering::Equal => Complex64::new(0.0, im),
                    std::cmp::Ordering::Greater => Complex64::new(re, im),
                };
                let [re, im] = &links.0[i][j];
                from.0[i][j] = Complex64::new(number(re, lane), number(im, lane));
            }
        }
        let to = long_step(&along, &from, time);
        for i in 0..N {
            for j in 0..N {
                for (part, x) in [to.0[i][j].re, to.0[i][j].im].into_iter().enumerate() {
                    // SAFETY: lanes are eight doubles.
                    unsafe { (&raw mut result.0[i][j][part]).cast::<f64>().add(lane).write(x) };
                }
            }
        }
    }
}

/// exp(t P) U in closed form.
fn long_step<const N: usize>(momentum: &Matrix<N>, link: &Matrix<N>, time: f64) -> Matrix<N> {
    (exponential(&momentum.scale(time.into())) * *link).projected()
}

/// The number in a lane.
fn number<L: Lanes<Scalar = f64>>(lanes: &L, lane: usize) -> f64 {
    assert!(lane < WIDTH);
    // SAFETY: lanes are eight doubles.
    unsafe { (&raw const *lanes).cast::<f64>().add(lane).read() }
}

/// A hermitian matrix in each lane: what stands on and below its diagonal.
struct Hermitian<L, const N: usize>([[Number<L>; N]; N]);

impl<L: Lanes<Scalar = f64>, const N: usize> Hermitian<L, N> {
    /// −i t P.
    #[inline(always)]
    fn of(momenta: &Antihermitian<L, N>, time: L) -> Self {
        let mut result = Self([[[L::constant(0.0); 2]; N]; N]);
        for i in 0..N {
            result.0[i][i][0] = time * momenta.0[i][i];
            for j in 0..i {
                result.0[i][j] = [time * momenta.0[j][i], L::constant(0.0) - time * momenta.0[i][j]];
            }
        }
        result
    }

    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> Number<L> {
        if i >= j { self.0[i][j] } else { conjugate(self.0[j][i]) }
    }

    #[inline(always)]
    fn square(&self) -> Self {
        let mut result = Self([[[L::constant(0.0); 2]; N]; N]);
        for i in 0..N {
            let mut sum = self.0[i][i][0] * self.0[i][i][0];
            for k in 0..N {
                if k != i {
                    let z = self.at(i, k);
                    sum = z[1].mul_add(z[1], z[0].mul_add(z[0], sum));
                }
            }
            result.0[i][i][0] = sum;
            for j in 0..i {
                let (z, diagonal) = (self.0[i][j], self.0[i][i][0] + self.0[j][j][0]);
                result.0[i][j] = [z[0] * diagonal, z[1] * diagonal];
                for k in 0..N {
                    if k != i && k != j {
                        result.0[i][j] = add_product(result.0[i][j], self.at(i, k), self.at(k, j));
                    }
                }
            }
        }
        result
    }

    #[inline(always)]
    fn trace(&self) -> L {
        let mut sum = self.0[0][0][0];
        for i in 1..N {
            sum = sum + self.0[i][i][0];
        }
        sum
    }

    /// The determinant for N = 3, zero otherwise.
    #[inline(always)]
    fn determinant(&self) -> L {
        if N != 3 {
            return L::constant(0.0);
        }
        // For other N the indices stay in bounds.
        let (one, two) = (1 % N, 2 % N);
        let [a, b, c] = [self.0[0][0][0], self.0[one][one][0], self.0[two][two][0]];
        let [x, y, z] = [self.at(0, one), self.at(one, two), self.at(0, two)];
        // 2 Re x y z*.
        let zero = [L::constant(0.0); 2];
        let around = add_conjugate_product(zero, z, add_product(zero, x, y))[0];
        let diagonal = a * b * c + around + around;
        diagonal - a * norm(y) - b * norm(z) - c * norm(x)
    }
}

/// exp(iQ) U, with Q² and c_1: the rows that [`Wide::on_the_group`] takes the others from.
#[inline(always)]
fn moved<L: Lanes<Scalar = f64>, const N: usize>(
    q: &Hermitian<L, N>,
    square: &Hermitian<L, N>,
    c1: L,
    links: &Wide<L, N>,
) -> Wide<L, N> {
    let (zero, c0) = (L::constant(0.0), q.determinant());
    // Q^n = p_0 + p_1 Q + p_2 Q².
    let mut power = [L::constant(1.0), zero, zero];
    let (mut f, mut factor) = ([[zero; 2]; 3], 1.0);
    for pair in 0..TERMS / 2 {
        // i^n / n!: alternately real and imaginary, with signs + + − −.
        let sign = if pair % 2 == 0 { 1.0 } else { -1.0 };
        for part in 0..2 {
            for j in 0..3 {
                f[j][part] = power[j].mul_add(L::constant(sign * factor), f[j][part]);
            }
            power = [c0 * power[2], c1.mul_add(power[2], power[0]), power[1]];
            factor /= (2 * pair + part + 1) as f64;
        }
    }
    let mut result = Wide::zero();
    for i in 0..N.div_ceil(2) {
        for k in 0..N {
            let step = if i == k {
                let (q, square) = (q.0[i][i][0], square.0[i][i][0]);
                let (re, im) = (f[1][0].mul_add(q, f[0][0]), f[1][1].mul_add(q, f[0][1]));
                [f[2][0].mul_add(square, re), f[2][1].mul_add(square, im)]
            } else {
                add_product(add_product([zero; 2], f[1], q.at(i, k)), f[2], square.at(i, k))
            };
            for j in 0..N {
                result.0[i][j] = add_product(result.0[i][j], step, links.0[k][j]);
            }
        }
    }
    result
}

/// |z|².
#[inline(always)]
fn norm<L: Lanes>(z: Number<L>) -> L {
    z[0].mul_add(z[0], z[1] * z[1])
}

/// −z.
#[inline(always)]
fn minus<L: Lanes>(z: Number<L>) -> Number<L> {
    [L::constant(0.0) - z[0], L::constant(0.0) - z[1]]
}

/// z*.
#[inline(always)]
fn conjugate<L: Lanes>(z: Number<L>) -> Number<L> {
    [z[0], L::constant(0.0) - z[1]]
}

/// How far a matrix may be off the group.
#[derive(Clone, Copy)]
enum Deviation {
    Any,
    Rounding,
}

impl<L: Lanes<Scalar = f64>, const N: usize> Wide<L, N> {
    /// The matrix of the group whose first rows, ⌈N/2⌉ of them, are made orthonormal one after the other; the others follow.
    #[inline(always)]
    pub fn on_the_group(self) -> Self {
        self.completed(Deviation::Any)
    }

    /// The same for a matrix that is off the group by rounding alone: 1 / |row| = (3 − |row|²) / 2.
    #[inline(always)]
    pub fn near_the_group(self) -> Self {
        self.completed(Deviation::Rounding)
    }

    /// First rows orthonormal; the others from them.
    #[inline(always)]
    fn completed(mut self, deviation: Deviation) -> Self {
        let zero = [L::constant(0.0); 2];
        let rows = &mut self.0;
        for i in 0..N.div_ceil(2) {
            for j in 0..i {
                let mut overlap = zero;
                for k in 0..N {
                    overlap = add_conjugate_product(overlap, rows[j][k], rows[i][k]);
                }
                for k in 0..N {
                    rows[i][k] = add_product(rows[i][k], minus(overlap), rows[j][k]);
                }
            }
            let mut square = L::constant(0.0);
            for k in 0..N {
                square = square + norm(rows[i][k]);
            }
            let scale = match deviation {
                // A zero matrix, as the absent links of an open boundary are, stays zero.
                Deviation::Any => L::constant(1.0) / square.max(L::constant(f64::MIN_POSITIVE)).sqrt(),
                Deviation::Rounding => square.negative_mul_add(L::constant(0.5), L::constant(1.5)),
            };
            for k in 0..N {
                rows[i][k] = [rows[i][k][0] * scale, rows[i][k][1] * scale];
            }
        }
        if N == 2 {
            rows[1 % N][0] = minus(conjugate(rows[0][1 % N]));
            rows[1 % N][1 % N] = conjugate(rows[0][0]);
        }
        if N == 3 {
            // The conjugate of the cross product of the first two.
            for i in 0..N {
                let (j, k) = ((i + 1) % N, (i + 2) % N);
                let cross = add_product(zero, rows[0][j], rows[1 % N][k]);
                rows[2 % N][i] = conjugate(add_product(cross, minus(rows[0][k]), rows[1 % N][j]));
            }
        }
        self
    }
}
