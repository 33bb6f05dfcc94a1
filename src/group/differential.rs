//! The derivative of exp(X) for antihermitian X, traceless for N > 1, in all directions at once.
//!
//! ```text
//! d exp(X) = a dX + b (X dX + dX X) + tr(X dX) C_1 + tr(X² dX) C_2
//! ```
//!
//! for directions dX of the algebra. For N = 3, with Q = −iX, c_0 = tr Q³ / 3, c_1 = tr Q² / 2 and exp(iQ) = Σ_j f_j Q^j,
//! the C hold the derivatives of f_j with respect to c_1 and c_0: C. Morningstar and M. Peardon, Phys. Rev. D 69, 054501
//! (2004), hep-lat/0311018, section III. Their closed form loses digits where Q is small; there the powers of Q are
//! reduced by Q³ = c_1 Q + c_0 term by term.

use super::lie_group::cayley_hamilton;
use super::matrix::{Complex64, Matrix};

/// The derivative of the exponential at one X.
#[derive(Clone, Copy, Debug)]
pub struct Differential<const N: usize> {
    x: Matrix<N>,
    linear: Complex64,
    mixed: Complex64,
    first: Matrix<N>,
    second: Matrix<N>,
}

/// c_1 below which the series is used.
const SMALL: f64 = 1.0;
/// Terms of the series; eigenvalues of Q are below 2 √(c_1 / 3).
const TERMS: u32 = 24;

const I: Complex64 = Complex64::new(0.0, 1.0);

impl<const N: usize> Differential<N> {
    /// The derivative at X.
    pub fn new(x: &Matrix<N>) -> Self {
        let zero = Self { x: *x, linear: 0.0.into(), mixed: 0.0.into(), first: Matrix::ZERO, second: Matrix::ZERO };
        match N {
            1 => Self { linear: x.trace().exp(), ..zero },
            2 => {
                // exp(X) = cos θ + (sin θ / θ) X, θ² = −tr X² / 2.
                let angle = x.determinant().re.max(0.0).sqrt();
                let (sinc, slope) = (sinc(angle), slope_of_sinc(angle));
                let first = Matrix::<N>::unit().scale((0.5 * sinc).into()) - x.scale((0.5 * slope).into());
                Self { linear: sinc.into(), first, ..zero }
            }
            _ => {
                let q = x.scale(-I);
                let square = q * q;
                let (c0, c1) = (q.determinant().re, 0.5 * square.trace().re);
                let [f, by_c1, by_c0] = if c1 < SMALL { series(c0, c1) } else { closed(x, c0, c1) };
                let polynomial =
                    |b: [Complex64; 3]| Matrix::<N>::unit().scale(b[0]) + q.scale(b[1]) + square.scale(b[2]);
                let (first, second) = (polynomial(by_c1).scale((-1.0).into()), polynomial(by_c0).scale(I));
                Self { x: *x, linear: -I * f[1], mixed: -f[2], first, second }
            }
        }
    }

    /// d exp(X) for the direction dX.
    pub fn along(&self, direction: &Matrix<N>) -> Matrix<N> {
        let (x, d) = (self.x, *direction);
        let product = x * d;
        let turned = d.scale(self.linear) + (product + d * x).scale(self.mixed);
        turned + self.first.scale(product.trace()) + self.second.scale((x * product).trace())
    }

    /// The Λ of tr Λ dX = tr Σ d exp(X) for all directions dX.
    pub fn pull_back(&self, sigma: &Matrix<N>) -> Matrix<N> {
        let (x, s) = (self.x, *sigma);
        let turned = s.scale(self.linear) + (s * x + x * s).scale(self.mixed);
        turned + x.scale((s * self.first).trace()) + (x * x).scale((s * self.second).trace())
    }
}

/// f_j, ∂f_j/∂c_1 and ∂f_j/∂c_0 from Q^n = p_0 + p_1 Q + p_2 Q².
fn series(c0: f64, c1: f64) -> [[Complex64; 3]; 3] {
    let next = |p: [f64; 3]| [c0 * p[2], p[0] + c1 * p[2], p[1]];
    let (mut power, mut by_c1, mut by_c0) = ([1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]);
    let mut sums = [[Complex64::new(0.0, 0.0); 3]; 3];
    let mut factor = Complex64::new(1.0, 0.0);
    for n in 1..=TERMS {
        for (sum, terms) in sums.iter_mut().zip([power, by_c1, by_c0]) {
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += factor * term);
        }
        (by_c1, by_c0) = (next(by_c1), next(by_c0));
        by_c1[1] += power[2];
        by_c0[0] += power[2];
        power = next(power);
        factor *= I / f64::from(n);
    }
    sums
}

/// f_j, ∂f_j/∂c_1 and ∂f_j/∂c_0 in the closed form of Morningstar and Peardon, eqs. (57) to (72).
fn closed<const N: usize>(x: &Matrix<N>, c0: f64, c1: f64) -> [[Complex64; 3]; 3] {
    let f = cayley_hamilton(x);
    let is_negative = c0 < 0.0;
    // f_j(−c_0) = (−1)^j f_j(c_0)*, and so for the derivatives, with one sign more for that by c_0.
    let mirrored = |b: [Complex64; 3], sign: f64| {
        if is_negative { [b[0].conj() * sign, -b[1].conj() * sign, b[2].conj() * sign] } else { b }
    };
    let positive = mirrored(f, 1.0);
    let angle = (c0.abs() / (2.0 * (c1 / 3.0).powf(1.5))).min(1.0).acos();
    let (u, w) = ((c1 / 3.0).sqrt() * (angle / 3.0).cos(), c1.sqrt() * (angle / 3.0).sin());
    let (u2, w2, cosine, xi0, xi1) = (u * u, w * w, w.cos(), sinc(w), slope_of_sinc(w));
    let (forward, back) = (Complex64::from_polar(1.0, 2.0 * u), Complex64::from_polar(1.0, -u));
    let by_u = [
        2.0 * forward * (u + I * (u2 - w2))
            + 2.0 * back * (4.0 * u * (2.0 - I * u) * cosine + I * (9.0 * u2 + w2 - I * u * (3.0 * u2 + w2)) * xi0),
        2.0 * forward * (1.0 + 2.0 * I * u)
            + back * (-2.0 * (1.0 - I * u) * cosine + I * (6.0 * u + I * (w2 - 3.0 * u2)) * xi0),
        2.0 * I * forward + I * back * (cosine - 3.0 * (1.0 - I * u) * xi0),
    ];
    let by_w = [
        -2.0 * forward + 2.0 * I * u * back * (cosine + (1.0 + 4.0 * I * u) * xi0 + 3.0 * u2 * xi1),
        -I * back * (cosine + (1.0 + 2.0 * I * u) * xi0 - 3.0 * u2 * xi1),
        back * (xi0 - 3.0 * I * u * xi1),
    ];
    let norm = 2.0 * (9.0 * u2 - w2).powi(2);
    let by_c1 = [0, 1, 2]
        .map(|j| (2.0 * u * by_u[j] + (3.0 * u2 - w2) * by_w[j] - 2.0 * (15.0 * u2 + w2) * positive[j]) / norm);
    let by_c0 = [0, 1, 2].map(|j| (by_u[j] - 3.0 * u * by_w[j] - 24.0 * u * positive[j]) / norm);
    [f, mirrored(by_c1, 1.0), mirrored(by_c0, -1.0)]
}

/// sin w / w.
fn sinc(w: f64) -> f64 {
    let w2 = w * w;
    if w2 < 0.01 { 1.0 - w2 / 6.0 * (1.0 - w2 / 20.0 * (1.0 - w2 / 42.0 * (1.0 - w2 / 72.0))) } else { w.sin() / w }
}

/// cos w / w² − sin w / w³, the derivative of sin w / w over w.
fn slope_of_sinc(w: f64) -> f64 {
    let w2 = w * w;
    if w2 < 0.25 {
        -1.0 / 3.0 * (1.0 - w2 / 10.0 * (1.0 - w2 / 28.0 * (1.0 - w2 / 54.0 * (1.0 - w2 / 88.0 * (1.0 - w2 / 130.0)))))
    } else {
        (w.cos() - w.sin() / w) / w2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{exponential, generator, haar};
    use crate::random::{Purpose, Stream};

    fn algebra<const N: usize>(stream: &mut Stream, size: f64) -> Matrix<N> {
        let mut numbers = vec![0.0; (N * N - 1).max(1)];
        stream.normals(&mut numbers);
        let terms = numbers.iter().enumerate().map(|(a, x)| generator::<N>(a).scale((size * x).into()));
        terms.fold(Matrix::ZERO, |sum, term| sum + term)
    }

    fn assert_derivative<const N: usize>(x: &Matrix<N>, stream: &mut Stream) {
        let (direction, sigma) = (algebra::<N>(stream, 1.0), haar::<N>(stream) + haar::<N>(stream));
        let differential = Differential::new(x);
        let derivative = differential.along(&direction);
        const STEP: f64 = 4e-3;
        let odd = |k: f64| {
            let at = |s: f64| exponential(&(*x + direction.scale((s * STEP).into())));
            at(k) - at(-k)
        };
        let sum = odd(1.0).scale(45.0.into()) - odd(2.0).scale(9.0.into()) + odd(3.0);
        let error = (sum.scale((1.0 / (60.0 * STEP)).into()) - derivative).largest();
        assert!(error < 1e-9, "N = {N}, X of {}: {error}", x.largest());
        let (here, there) = ((differential.pull_back(&sigma) * direction).trace(), (sigma * derivative).trace());
        assert!((here - there).norm() < 1e-12 * (1.0 + x.largest()), "N = {N}: {here} {there}");
    }

    #[test]
    fn the_derivative_is_that_of_finite_differences() {
        let mut stream = Stream::new(3, Purpose::Parameters, 40);
        for size in [0.0, 1e-8, 1e-4, 0.03, 0.3, 0.7, 1.0, 1.5, 3.0] {
            for _ in 0..20 {
                assert_derivative(&algebra::<1>(&mut stream, size), &mut stream);
                assert_derivative(&algebra::<2>(&mut stream, size), &mut stream);
                assert_derivative(&algebra::<3>(&mut stream, size), &mut stream);
            }
        }
    }

    #[test]
    fn degenerate_eigenvalues_do_no_harm() {
        let mut stream = Stream::new(3, Purpose::Parameters, 41);
        for size in [-4.0, -1.9, -0.5, 0.5, 1.9, 4.0] {
            (0..8).for_each(|a| assert_derivative(&generator::<3>(a).scale(f64::into(size)), &mut stream));
        }
    }

    #[test]
    fn series_and_closed_form_agree_where_they_meet() {
        let mut stream = Stream::new(3, Purpose::Parameters, 42);
        for _ in 0..200 {
            let x = algebra::<3>(&mut stream, 0.8);
            let q = x.scale(-I);
            let (c0, c1) = (q.determinant().re, 0.5 * (q * q).trace().re);
            if (0.3..2.0).contains(&c1) {
                for (one, other) in series(c0, c1).iter().flatten().zip(closed(&x, c0, c1).iter().flatten()) {
                    assert!((one - other).norm() < 1e-12, "{c0}, {c1}: {one} {other}");
                }
            }
        }
    }
}
