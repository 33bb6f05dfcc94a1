//! Spinors of one site, as the forces need them: gamma matrices, spin projections, outer products in colour.

use crate::dirac::basis::row_of_b;
use crate::group::{Complex64, Matrix};

/// The components of a spinor: `[spin][colour]`, of which two dimensions use two spins and staggered fields one.
pub(crate) type Spinor<const N: usize> = [[Complex64; N]; 4];

/// The spinor of a site of a field in the canonical order.
pub(crate) fn spinor<const N: usize>(field: &[f64], site: usize, spins: usize) -> Spinor<N> {
    let mut spinor = [[Complex64::default(); N]; 4];
    let numbers = field[site * spins * 2 * N..(site + 1) * spins * 2 * N].chunks_exact(2);
    for (z, pair) in spinor.iter_mut().flatten().zip(numbers) {
        *z = Complex64::new(pair[0], pair[1]);
    }
    spinor
}

/// g_mu psi.
pub(crate) fn gamma<const N: usize>(psi: &Spinor<N>, mu: usize, spins: usize) -> Spinor<N> {
    let half = spins / 2;
    let mut result = [[Complex64::default(); N]; 4];
    for row in 0..half {
        let (column, power) = row_of_b(half, mu, row);
        for a in 0..N {
            result[row][a] = turned(psi[half + column][a], power);
            result[half + column][a] = turned(psi[row][a], (4 - power) & 3);
        }
    }
    result
}

/// i^power z.
fn turned(z: Complex64, power: u8) -> Complex64 {
    match power {
        0 => z,
        1 => Complex64::new(-z.im, z.re),
        2 => -z,
        _ => Complex64::new(z.im, -z.re),
    }
}

/// (1 + sign g_mu) psi, or -sign psi where there is no spin.
pub(crate) fn project<const N: usize>(psi: &Spinor<N>, mu: usize, sign: f64, spins: usize) -> Spinor<N> {
    let mut result = *psi;
    if spins == 1 {
        result[0].iter_mut().for_each(|z| *z *= -sign);
        return result;
    }
    let other = gamma(psi, mu, spins);
    result.iter_mut().flatten().zip(other.iter().flatten()).for_each(|(z, g)| *z += sign * g);
    result
}

/// The sum over spin of a b^dag.
pub(crate) fn outer<const N: usize>(a: &Spinor<N>, b: &Spinor<N>, spins: usize) -> Matrix<N> {
    let mut sum = Matrix::ZERO;
    for (a, b) in a.iter().zip(b).take(spins) {
        for (row, x) in sum.0.iter_mut().zip(a) {
            for (z, y) in row.iter_mut().zip(b) {
                *z += x * y.conj();
            }
        }
    }
    sum
}
