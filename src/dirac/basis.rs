//! Bases of the gamma matrices in four dimensions.
//!
//! ```text
//! 'degrand_rossi'  g_1, g_2, g_3 = [[0, i s_1], ..], [[0, -i s_2], ..], [[0, i s_3], ..],  g_4 = [[0, 1], [1, 0]]
//! 'chiral'         g_k = [[0, -i s_k], [i s_k, 0]],  g_4 = [[0, -1], [-1, 0]]
//! 'dirac'          g_k = [[0, -i s_k], [i s_k, 0]],  g_4 = diag(1, 1, -1, -1)
//! ```
//!
//! Kernels work in that of DeGrand and Rossi. A spinor psi of another basis is R psi there, with the unitary R that
//! leads from one to the other, R g' = g R: unique but for a phase, and by Schur's lemma the sum over all products G of
//! gamma matrices of G M G'^dag, whatever M. 'chiral' is that of openQCD and tmLQCD.
//!
//! g_5 = g_1 g_2 g_3 g_4 in all bases: diag(1, 1, -1, -1) in that of DeGrand and Rossi, diag(-1, -1, 1, 1) in 'chiral', where
//! openQCD has g_5 = g_4 g_1 g_2 g_3, of the opposite sign: its twisted mass mu is our -t.

use crate::gauge::Complex64;
use serde::{Deserialize, Serialize};

pub(super) type Spin = [[Complex64; 4]; 4];

/// A basis of the gamma matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// DeGrand and Rossi: QDP, Chroma, MILC, Grid, QUDA.
    #[default]
    DegrandRossi,
    /// Chiral: openQCD, tmLQCD.
    Chiral,
    /// Dirac and Pauli.
    Dirac,
}

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);
const I: Complex64 = Complex64::new(0.0, 1.0);

const PAULI: [[[Complex64; 2]; 2]; 3] = [
    [[ZERO, ONE], [ONE, ZERO]],
    [[ZERO, Complex64::new(0.0, -1.0)], [I, ZERO]],
    [[ONE, ZERO], [ZERO, Complex64::new(-1.0, 0.0)]],
];

/// Powers of i in the rows of B, g_mu = [[0, B], [B^dag, 0]], with their columns: DeGrand-Rossi in four dimensions.
const FOUR: [[(usize, u8); 2]; 4] = [[(1, 1), (0, 1)], [(1, 2), (0, 0)], [(0, 1), (1, 3)], [(0, 0), (1, 0)]];
/// The same for the Pauli matrices in two dimensions.
const TWO: [[(usize, u8); 1]; 2] = [[(0, 0)], [(0, 3)]];

/// Column and power of i of a row of B_mu, for spinors with a half of `half` components.
#[inline(always)]
pub(crate) const fn row_of_b(half: usize, mu: usize, row: usize) -> (usize, u8) {
    if half == 2 { FOUR[mu][row] } else { TWO[mu][row] }
}

impl Basis {
    /// g_1 to g_4.
    pub(super) fn gammas(self) -> [Spin; 4] {
        // Upper right block of a matrix that is hermitian and has none on the diagonal.
        let off = |block: [[Complex64; 2]; 2]| {
            let mut gamma = [[ZERO; 4]; 4];
            for r in 0..2 {
                for c in 0..2 {
                    gamma[r][2 + c] = block[r][c];
                    gamma[2 + c][r] = block[r][c].conj();
                }
            }
            gamma
        };
        let times = |z: Complex64, k: usize| off(PAULI[k].map(|row| row.map(|x| z * x)));
        let unit = |z: Complex64| off([[z, ZERO], [ZERO, z]]);
        match self {
            Basis::DegrandRossi => [times(I, 0), times(-I, 1), times(I, 2), unit(ONE)],
            Basis::Chiral => [times(-I, 0), times(-I, 1), times(-I, 2), unit(-ONE)],
            Basis::Dirac => {
                let mut last = [[ZERO; 4]; 4];
                (0..4).for_each(|i| last[i][i] = if i < 2 { ONE } else { -ONE });
                [times(-I, 0), times(-I, 1), times(-I, 2), last]
            }
        }
    }

    /// R; None where it is one.
    pub(super) fn rotation(self) -> Option<Spin> {
        if self == Basis::DegrandRossi {
            return None;
        }
        let (inner, outer) = (Basis::DegrandRossi.gammas(), self.gammas());
        let seeds = (0..4).map(|j| {
            let mut seed = [[ZERO; 4]; 4];
            seed[0][j] = ONE;
            seed
        });
        let sums = seeds.map(|seed| average(&inner, &outer, &seed));
        let norm = |m: &Spin| m[0].iter().map(|z| z.norm_sqr()).sum::<f64>();
        // Some seeds M are averaged to zero.
        let largest = sums.max_by(|a, b| norm(a).total_cmp(&norm(b)))?;
        let scale = norm(&largest).sqrt();
        Some(largest.map(|row| row.map(|z| z / scale)))
    }
}

/// The sum of G M G'^dag over the products of gamma matrices.
fn average(inner: &[Spin; 4], outer: &[Spin; 4], seed: &Spin) -> Spin {
    let mut sum = [[ZERO; 4]; 4];
    for subset in 0..16u32 {
        let mut term = *seed;
        for mu in (0..4).filter(|mu| subset >> mu & 1 == 1) {
            term = product(&product(&inner[mu], &term), &adjoint(&outer[mu]));
        }
        sum.iter_mut().flatten().zip(term.iter().flatten()).for_each(|(s, t)| *s += t);
    }
    sum
}

fn product(a: &Spin, b: &Spin) -> Spin {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..4).map(|k| a[i][k] * b[k][j]).sum()))
}

pub(super) fn adjoint(a: &Spin) -> Spin {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i].conj()))
}

/// psi <- R psi for spinors `[site][spin][colour][re, im]`.
pub(super) fn rotate(rotation: &Spin, colours: usize, numbers: &mut [f64]) {
    for spinor in numbers.chunks_exact_mut(8 * colours) {
        for a in 0..colours {
            let at = |s: usize| 2 * (s * colours + a);
            let psi: [Complex64; 4] = std::array::from_fn(|s| Complex64::new(spinor[at(s)], spinor[at(s) + 1]));
            for (s, row) in rotation.iter().enumerate() {
                let z: Complex64 = row.iter().zip(&psi).map(|(r, x)| r * x).sum();
                (spinor[at(s)], spinor[at(s) + 1]) = (z.re, z.im);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_unitary_and_lead_from_basis_to_basis() {
        let inner = Basis::DegrandRossi.gammas();
        for basis in [Basis::Chiral, Basis::Dirac] {
            let r = basis.rotation().unwrap();
            let distance = |a: &Spin, b: &Spin| {
                a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max)
            };
            let unit: Spin = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { ONE } else { ZERO }));
            assert!(distance(&product(&r, &adjoint(&r)), &unit) < 1e-14);
            for (g, h) in inner.iter().zip(basis.gammas()) {
                assert!(distance(&product(&r, &h), &product(g, &r)) < 1e-14, "{basis:?}");
                // {g_mu, g_nu} = 2 delta: each squares to one.
                assert!(distance(&product(&h, &h), &unit) < 1e-14);
            }
        }
    }
}
