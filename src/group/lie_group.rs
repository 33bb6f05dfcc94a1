//! The gauge groups: exponentials, Haar-random elements, and the basis of the algebra.
//!
//! Algebra elements are antihermitian, X = i sum_a x_a T_a with tr T_a T_b = δ_ab / 2 (SU(2): T_a = σ_a / 2, SU(3):
//! T_a = λ_a / 2 with the Gell-Mann matrices), and T = 1 for U(1).

use super::matrix::{Complex64, Matrix};
use crate::random::Stream;
use serde::{Deserialize, Serialize};

/// A gauge group in its fundamental representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Phases.
    U1,
    /// Special unitary 2 x 2 matrices.
    Su2,
    /// Special unitary 3 x 3 matrices.
    Su3,
}

impl Group {
    /// Number of colours N.
    pub fn colours(self) -> usize {
        match self {
            Group::U1 => 1,
            Group::Su2 => 2,
            Group::Su3 => 3,
        }
    }

    /// Dimension of the algebra: 1, 3, 8.
    pub fn generators(self) -> usize {
        (self.colours().pow(2) - 1).max(1)
    }

    /// T_F of tr T_a T_b = T_F δ_ab: 1/2, and 1 for U(1).
    pub fn trace_norm(self) -> f64 {
        if self == Group::U1 { 1.0 } else { 0.5 }
    }

    /// Real numbers in a link: 2 N^2.
    pub fn reals(self) -> usize {
        2 * self.colours().pow(2)
    }

    /// The name in specs.
    pub fn name(self) -> &'static str {
        match self {
            Group::U1 => "u1",
            Group::Su2 => "su2",
            Group::Su3 => "su3",
        }
    }
}

/// exp(X) of an antihermitian X (traceless for N > 1), to rounding.
pub fn exponential<const N: usize>(x: &Matrix<N>) -> Matrix<N> {
    match N {
        1 => {
            let mut result = Matrix::<N>::ZERO;
            result.0[0][0] = Complex64::from_polar(1.0, x.0[0][0].im);
            result
        }
        2 => {
            // X^2 = -θ^2, θ^2 = det X.
            let angle = x.determinant().re.max(0.0).sqrt();
            let sinc = if angle < 1e-4 { 1.0 - angle * angle / 6.0 } else { angle.sin() / angle };
            Matrix::<N>::unit().scale(angle.cos().into()) + x.scale(sinc.into())
        }
        _ => {
            let [f0, f1, f2] = cayley_hamilton(x);
            let q = x.scale(Complex64::new(0.0, -1.0));
            Matrix::<N>::unit().scale(f0) + q.scale(f1) + (q * q).scale(f2)
        }
    }
}

/// The coefficients of exp(iQ) = f0 + f1 Q + f2 Q^2 for the hermitian traceless 3 x 3 matrix Q = -iX. Morningstar and
/// Peardon, hep-lat/0311018, eqs. (23) to (36).
pub(crate) fn cayley_hamilton<const N: usize>(x: &Matrix<N>) -> [Complex64; 3] {
    let q = x.scale(Complex64::new(0.0, -1.0));
    let c0 = q.determinant().re;
    let c1 = 0.5 * (q * q).trace().re;
    let largest = 2.0 * (c1 / 3.0).powf(1.5);
    if c1 < 1e-12 {
        // exp(iQ) = 1 + iQ - Q^2/2 - ...; Q^3 = c1 Q + c0.
        return [
            Complex64::new(1.0, -c0 / 6.0),
            Complex64::new(0.0, 1.0 - c1 / 6.0),
            Complex64::new(-0.5 + c1 / 24.0, 0.0),
        ];
    }
    let (negative, c0) = (c0 < 0.0, c0.abs());
    let angle = (c0 / largest).min(1.0).acos();
    let u = (c1 / 3.0).sqrt() * (angle / 3.0).cos();
    let w = c1.sqrt() * (angle / 3.0).sin();
    let (u2, w2) = (u * u, w * w);
    let sinc = if w.abs() < 0.05 {
        1.0 - w2 / 6.0 * (1.0 - w2 / 20.0 * (1.0 - w2 / 42.0 * (1.0 - w2 / 72.0)))
    } else {
        w.sin() / w
    };
    let (forward, back) = (Complex64::from_polar(1.0, 2.0 * u), Complex64::from_polar(1.0, -u));
    let (cosine, i) = (w.cos(), Complex64::i());
    let h0 = forward * (u2 - w2) + back * (8.0 * u2 * cosine + i * 2.0 * u * (3.0 * u2 + w2) * sinc);
    let h1 = forward * (2.0 * u) - back * (2.0 * u * cosine - i * (3.0 * u2 - w2) * sinc);
    let h2 = forward - back * (cosine + i * 3.0 * u * sinc);
    let f = [h0, h1, h2].map(|h| h / (9.0 * u2 - w2));
    // f_j(-c0) = (-1)^j f_j(c0)^*.
    if negative { [f[0].conj(), -f[1].conj(), f[2].conj()] } else { f }
}

/// An element drawn from the Haar measure: Gram-Schmidt of a matrix of complex normal numbers.
pub fn haar<const N: usize>(stream: &mut Stream) -> Matrix<N> {
    let mut numbers = vec![0.0; 2 * N * N];
    stream.normals(&mut numbers);
    Matrix::<N>::from_reals(&numbers).projected()
}

/// i T_a.
pub fn generator<const N: usize>(a: usize) -> Matrix<N> {
    let mut result = Matrix::<N>::ZERO;
    let i = Complex64::i();
    let half = Complex64::new(0.5, 0.0);
    let mut pair = |row: usize, column: usize, is_imaginary: bool| {
        let (upper, lower) = if is_imaginary { (-i, i) } else { (half + half, half + half) };
        (result.0[row][column], result.0[column][row]) = (i * half * upper, i * half * lower);
    };
    match (N, a) {
        (2, 0) | (3, 0) => pair(0, 1, false),
        (2, 1) | (3, 1) => pair(0, 1, true),
        (3, 3) => pair(0, 2, false),
        (3, 4) => pair(0, 2, true),
        (3, 5) => pair(1, 2, false),
        (3, 6) => pair(1, 2, true),
        _ => {
            let diagonal: &[f64] = match (N, a) {
                (1, _) => &[1.0],
                (2, _) => &[0.5, -0.5],
                (_, 2) => &[0.5, -0.5, 0.0],
                _ => &[0.288_675_134_594_812_9, 0.288_675_134_594_812_9, -0.577_350_269_189_625_8],
            };
            for (k, d) in diagonal.iter().enumerate() {
                result.0[k][k] = i * d;
            }
        }
    }
    result
}
