//! The Jacobian of a link that moves by staples which do not, by symmetric matrices; `wide_response.rs` has the notation.
//!
//! (z/2) coth(z/2) = ψ(z)⁻¹ + z/2 is even, and T holds −z/2, so that with z = ad Q and D_ab = d_abc r_c
//!
//! ```text
//! det(1 − K) = det ψ(z) det S,    S = (z/2) coth(z/2) − h − D,    (z/2) coth(z/2) = 1 − Σ_k γ_k (−z²)^k
//! log det ψ(z) = −Σ_k (γ_k / k) Σ_α α^2k,    γ_k = 2 ζ(2k) / (2π)^2k
//! ```
//!
//! with the positive roots α, differences of eigenvalues of −iQ. Those of x = −z² are α² and 0, so that all its powers are sums
//! of the first three:
//!
//! ```text
//! x⁴ = e_1 x³ − e_2 x² + e_3 x,    e_1 = Σ α²,    e_2 = e_1² / 4,    e_3 = Π α² = 4 (e_1 / 6)³ − 27 (det −iQ)²
//! ```
//!
//! for SU(3); e_1 = α² and e_2 = e_3 = 0 for SU(2), and all are zero for U(1). S is symmetric and positive.

#![allow(clippy::needless_range_loop)]

use super::structure::{MOST, Structure, count};
use super::wide_response::{Parts, Square, logarithms};
use crate::simd::Lanes;

/// Most terms of the series, for Q of norm 1.
const MOST_TERMS: usize = 20;

/// γ_k from k = 1 on.
const GAMMA: [f64; MOST_TERMS] = gamma();

const fn gamma() -> [f64; MOST_TERMS] {
    let (mut result, mut power, mut k) = ([1.0 / 12.0, 1.0 / 720.0, 1.0 / 30_240.0].as_slice(), 1.0, 0);
    let mut all = [0.0; MOST_TERMS];
    while k < MOST_TERMS {
        power *= 4.0 * std::f64::consts::PI * std::f64::consts::PI;
        all[k] = if let Some((first, rest)) = result.split_first() {
            result = rest;
            *first
        } else {
            2.0 * zeta(2 * (k + 1)) / power
        };
        k += 1;
    }
    all
}

/// ζ(s) for s of at least 8.
const fn zeta(s: usize) -> f64 {
    let (mut sum, mut n) = (0.0, 100);
    while n > 0 {
        let (mut term, mut i) = (1.0, 0);
        while i < s {
            term /= n as f64;
            i += 1;
        }
        sum += term;
        n -= 1;
    }
    sum
}

/// Number of terms that is exact to rounding for Q of at most this norm.
fn terms_for(norm: f64) -> usize {
    let (ratio, mut term) = ((norm / std::f64::consts::PI).powi(2), 2.0);
    for k in 1..MOST_TERMS {
        term *= ratio;
        if term < 1e-18 {
            return k;
        }
    }
    MOST_TERMS
}

/// log det(1 − K) for Q of at most some norm.
#[inline(always)]
pub(crate) fn log_determinant<L: Lanes<Scalar = f64>, const N: usize>(parts: &Parts<L>, norm: f64) -> L {
    let (series, of_psi) = series::<L, N>(parts, terms_for(norm));
    let mut matrix = symmetric::<L, N>(parts, &series);
    let mut product = L::constant(1.0);
    for i in 0..count(N) {
        let pivot = matrix[i][i];
        product = product * pivot;
        let inverse = L::constant(1.0) / pivot;
        for j in i + 1..count(N) {
            let factor = matrix[j][i] * inverse;
            for b in i + 1..=j {
                matrix[j][b] = factor.negative_mul_add(matrix[b][i], matrix[j][b]);
            }
        }
    }
    logarithms(product) + of_psi
}

/// The coefficients s of Σ_k γ_k x^k = s_1 x + s_2 x² + s_3 x³, and log det ψ.
#[inline(always)]
fn series<L: Lanes<Scalar = f64>, const N: usize>(parts: &Parts<L>, terms: usize) -> ([L; 3], L) {
    let zero = L::constant(0.0);
    let [e1, e2, e3] = symmetric_functions::<L, N>(parts);
    // x^k, and Σ α^2k for k and the next two.
    let mut power = [L::constant(1.0), zero, zero];
    let square = e1.mul_add(e1, L::constant(-2.0) * e2);
    let cube = L::constant(3.0).mul_add(e3, e2.negative_mul_add(e1, e1 * square));
    let mut sums = [e1, square, cube];
    let (mut series, mut logarithm) = ([zero; 3], zero);
    for (k, gamma) in GAMMA[..terms].iter().enumerate() {
        for j in 0..3 {
            series[j] = L::constant(*gamma).mul_add(power[j], series[j]);
        }
        logarithm = L::constant(gamma / (k + 1) as f64).negative_mul_add(sums[0], logarithm);
        power = [e3 * power[2], e2.negative_mul_add(power[2], power[0]), e1.mul_add(power[2], power[1])];
        sums = [sums[1], sums[2], e3.mul_add(sums[0], e2.negative_mul_add(sums[1], e1 * sums[2]))];
    }
    (series, logarithm)
}

/// e_1, e_2 and e_3.
#[inline(always)]
fn symmetric_functions<L: Lanes<Scalar = f64>, const N: usize>(parts: &Parts<L>) -> [L; 3] {
    let zero = L::constant(0.0);
    let mut square = zero;
    for c in 0..count(N) {
        square = parts.odd[c].mul_add(parts.odd[c], square);
    }
    match N {
        1 => [zero; 3],
        2 => [square, zero, zero],
        _ => {
            // det −iQ = d_abc q_a q_b q_c / 12.
            let mut determinant = zero;
            for &([a, b, c], d) in &Structure::of::<N>().even {
                determinant = (L::constant(d / 12.0) * parts.odd[a] * parts.odd[b]).mul_add(parts.odd[c], determinant);
            }
            let e1 = L::constant(1.5) * square;
            let sixth = L::constant(1.0 / 6.0) * e1;
            let e3 =
                L::constant(27.0).negative_mul_add(determinant * determinant, L::constant(4.0) * sixth * sixth * sixth);
            [e1, L::constant(0.25) * e1 * e1, e3]
        }
    }
}

/// S, on and below its diagonal.
#[inline(always)]
fn symmetric<L: Lanes<Scalar = f64>, const N: usize>(parts: &Parts<L>, series: &[L; 3]) -> Square<L> {
    let (zero, n) = (L::constant(0.0), count(N));
    let mut result = [[zero; MOST]; MOST];
    for a in 0..n {
        result[a][a] = L::constant(1.0) - parts.whole;
    }
    for &([a, b, c], d) in &Structure::of::<N>().even {
        result[a][b] = L::constant(d).negative_mul_add(parts.even[c], result[a][b]);
    }
    if N == 1 {
        return result;
    }
    // z is antisymmetric: −z² = z zᵀ.
    let z = parts.adjoint::<N>();
    let mut x = [[zero; MOST]; MOST];
    fill_product::<L, N>(&mut x, &z, &z);
    let mut y = [[zero; MOST]; MOST];
    fill_product::<L, N>(&mut y, &x, &x);
    for a in 0..n {
        for b in 0..n {
            y[a][b] = series[2].mul_add(y[a][b], series[1] * x[a][b]);
        }
        y[a][a] = y[a][a] + series[0];
    }
    for a in 0..n {
        for b in 0..=a {
            for c in 0..n {
                result[a][b] = x[a][c].negative_mul_add(y[b][c], result[a][b]);
            }
        }
    }
    result
}

/// x yᵀ, which is symmetric.
#[inline(always)]
fn fill_product<L: Lanes<Scalar = f64>, const N: usize>(result: &mut Square<L>, x: &Square<L>, y: &Square<L>) {
    for a in 0..count(N) {
        for b in 0..=a {
            let mut sum = x[a][0] * y[b][0];
            for c in 1..count(N) {
                sum = x[a][c].mul_add(y[b][c], sum);
            }
            result[a][b] = sum;
            result[b][a] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::matrix::Matrix;
    use crate::group::structure::Structure;
    use crate::group::wide::Wide;
    use crate::group::{generator, haar};
    use crate::random::{Purpose, Stream};
    use crate::simd::Array;

    /// 1 − K by its definition: the columns ψ(ad Q) TA(i T_a M), with ψ as a series of commutators.
    fn by_columns<const N: usize>(m: &Matrix<N>) -> f64 {
        let (q, n, norm) = (m.antihermitian(), count(N), Structure::of::<N>().norm);
        let mut matrix = vec![vec![0.0; n]; n];
        for a in 0..n {
            let mut term = (generator::<N>(a) * *m).antihermitian();
            let mut sum = term;
            for k in 2..30 {
                term = (q * term - term * q).scale((1.0 / f64::from(k)).into());
                sum = sum + term;
            }
            for (b, row) in matrix.iter_mut().enumerate() {
                let x = -(generator::<N>(b) * sum).trace().re * norm;
                row[a] = f64::from(u8::from(a == b)) - x;
            }
        }
        let mut sum = 0.0;
        for i in 0..n {
            sum += matrix[i][i].ln();
            for j in i + 1..n {
                let factor = matrix[j][i] / matrix[i][i];
                for b in i..n {
                    matrix[j][b] -= factor * matrix[i][b];
                }
            }
        }
        sum
    }

    fn expect_columns<const N: usize>() {
        let mut stream = Stream::new(5, Purpose::Start, N as u64);
        for bound in [0.05, 0.3, 0.6, 0.95] {
            for _ in 0..8 {
                let m = haar::<N>(&mut stream).scale((0.7 * bound).into())
                    + haar::<N>(&mut stream).scale((0.3 * bound).into());
                let lanes = |x: f64| Array::<f64, 8>::constant(x);
                let mut wide = Wide::<Array<f64, 8>, N>::zero();
                for i in 0..N {
                    for j in 0..N {
                        wide.0[i][j] = [lanes(m.0[i][j].re), lanes(m.0[i][j].im)];
                    }
                }
                let found = log_determinant::<_, N>(&Parts::of(&wide), bound).sum() / 8.0;
                let exact = by_columns(&m);
                assert!((found - exact).abs() < 1e-13, "{N}, {bound}: {found} {exact}");
            }
        }
    }

    #[test]
    fn it_is_that_of_the_response_column_by_column() {
        expect_columns::<1>();
        expect_columns::<2>();
        expect_columns::<3>();
    }
}
