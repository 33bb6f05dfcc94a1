//! SU(2) elements as quaternions a = a_0 + i a·σ, and their heat bath, density ∝ exp(α a_0) in the Haar measure.
//!
//! a_0 has the density √(1 − a_0²) exp(α a_0). Small α: M. Creutz, Phys. Rev. D 21, 2308 (1980); large α: A. D. Kennedy
//! and B. J. Pendleton, Phys. Lett. B 156, 393 (1985).

use super::matrix::{Complex64, Matrix};
use crate::random::Stream;
use std::f64::consts::PI;

/// a_0, a_1, a_2, a_3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quaternion(pub [f64; 4]);

/// The α where the two ways to draw a_0 accept about equally often.
pub(super) const CROSSOVER: f64 = 1.7;

impl Quaternion {
    /// The M of rows and columns i, j of W, for which Re tr a W = Re tr a M + const for all a of that SU(2) subgroup.
    pub fn of_block<const N: usize>(w: &Matrix<N>, (i, j): (usize, usize)) -> Self {
        let (w, half) = (&w.0, 0.5);
        Self([
            half * (w[i][i].re + w[j][j].re),
            half * (w[i][j].im + w[j][i].im),
            half * (w[i][j].re - w[j][i].re),
            half * (w[i][i].im - w[j][j].im),
        ])
    }

    /// |a|.
    pub fn norm(self) -> f64 {
        self.0.iter().map(|a| a * a).sum::<f64>().sqrt()
    }

    /// a / |a|; one where a vanishes.
    pub fn normalised(self) -> Self {
        let norm = self.norm();
        if norm > 0.0 { Self(self.0.map(|a| a / norm)) } else { Self([1.0, 0.0, 0.0, 0.0]) }
    }

    /// a†.
    pub fn conjugate(self) -> Self {
        let [a, x, y, z] = self.0;
        Self([a, -x, -y, -z])
    }

    /// a b.
    pub fn times(self, other: Self) -> Self {
        let ([a, x, y, z], [b, u, v, w]) = (self.0, other.0);
        Self([
            a * b - x * u - y * v - z * w,
            a * u + x * b - y * w + z * v,
            a * v + y * b - z * u + x * w,
            a * w + z * b - x * v + y * u,
        ])
    }

    /// Multiplies W from the left by this element of the subgroup of rows i, j.
    pub fn turn<const N: usize>(self, w: &mut Matrix<N>, (i, j): (usize, usize)) {
        let [a, x, y, z] = self.0;
        let (diagonal, above) = (Complex64::new(a, z), Complex64::new(y, x));
        for k in 0..N {
            let (upper, lower) = (w.0[i][k], w.0[j][k]);
            w.0[i][k] = diagonal * upper + above * lower;
            w.0[j][k] = diagonal.conj() * lower - above.conj() * upper;
        }
    }

    /// Draws an element for α ≥ 0.
    pub fn draw(alpha: f64, stream: &mut Stream) -> Self {
        let a = if alpha < CROSSOVER { creutz(alpha, || stream.uniform()) } else { kennedy_pendleton(alpha, stream) };
        let radius = (1.0 - a * a).max(0.0).sqrt();
        let height = 1.0 - 2.0 * stream.uniform();
        let (sine, cosine) = (2.0 * PI * stream.uniform()).sin_cos();
        let width = radius * (1.0 - height * height).max(0.0).sqrt();
        Self([a, width * cosine, width * sine, radius * height])
    }
}

/// a_0 drawn from exp(α a_0) alone, accepted with √(1 − a_0²).
pub(super) fn creutz(alpha: f64, mut uniform: impl FnMut() -> f64) -> f64 {
    const VANISHING: f64 = 1e-12;
    loop {
        let u = uniform();
        let a = if alpha < VANISHING { 1.0 - 2.0 * u } else { 1.0 + (u * (-2.0 * alpha).exp_m1()).ln_1p() / alpha };
        let v = uniform();
        if v * v < 1.0 - a * a {
            return a;
        }
    }
}

/// a_0 = 1 − 2 λ² with λ² drawn from √λ² exp(−2 α λ²), accepted with √(1 − λ²).
fn kennedy_pendleton(alpha: f64, stream: &mut Stream) -> f64 {
    loop {
        let [u, v, w] = [(); 3].map(|()| 1.0 - stream.uniform());
        let square = -(u.ln() + (2.0 * PI * v).cos().powi(2) * w.ln()) / (2.0 * alpha);
        let r = stream.uniform();
        if r * r <= 1.0 - square {
            return 1.0 - 2.0 * square;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::haar;
    use crate::random::Purpose;

    #[test]
    fn quaternions_multiply_like_their_matrices() {
        let mut stream = Stream::new(8, Purpose::Heatbath, 1);
        for _ in 0..20 {
            let [u, v] = [(); 2].map(|()| haar::<2>(&mut stream));
            let [a, b] = [u, v].map(|u| Quaternion::of_block(&u, (0, 1)));
            assert!((a.norm() - 1.0).abs() < 1e-14);
            let mut turned = v;
            a.turn(&mut turned, (0, 1));
            assert!((turned - u * v).largest() < 1e-14);
            let product = Quaternion::of_block(&(u * v), (0, 1));
            assert!(a.times(b).0.iter().zip(product.0).all(|(x, y)| (x - y).abs() < 1e-14));
            let one = a.times(a.conjugate());
            assert!((one.0[0] - 1.0).abs() < 1e-14 && one.0[3].abs() < 1e-14);
        }
    }

    /// <f(a_0)> by Gauss-Chebyshev quadrature of the second kind.
    fn moment(alpha: f64, f: impl Fn(f64) -> f64) -> f64 {
        let nodes = (1..2000).map(|k| PI * f64::from(k) / 2000.0);
        let sum = |f: &dyn Fn(f64) -> f64| {
            nodes.clone().map(|t| t.sin().powi(2) * (alpha * (t.cos() - 1.0)).exp() * f(t.cos())).sum::<f64>()
        };
        sum(&f) / sum(&|_| 1.0)
    }

    #[test]
    fn drawn_elements_have_the_moments_of_the_distribution() {
        for (row, alpha) in [0.0, 1e-9, 0.3, 1.69, 1.71, 5.0, 300.0].into_iter().enumerate() {
            let mut stream = Stream::new(9, Purpose::Heatbath, row as u64);
            let count = 100_000;
            let drawn: Vec<[f64; 4]> = (0..count).map(|_| Quaternion::draw(alpha, &mut stream).0).collect();
            for power in [1, 2, 3] {
                let exact = moment(alpha, |a| a.powi(power));
                let variance = moment(alpha, |a| a.powi(2 * power)) - exact * exact;
                let mean = drawn.iter().map(|a| a[0].powi(power)).sum::<f64>() / f64::from(count);
                assert!((mean - exact).abs() < 5.0 * (variance / f64::from(count)).sqrt(), "{alpha}: {mean} {exact}");
            }
            let square = (1.0 - moment(alpha, |a| a * a)) / 3.0;
            for i in 1..4 {
                let mean = drawn.iter().map(|a| a[i]).sum::<f64>() / f64::from(count);
                assert!(mean.abs() < 5.0 * (square / f64::from(count)).sqrt(), "{alpha}, {i}: {mean}");
            }
            assert!(drawn.iter().all(|&a| (Quaternion(a).norm() - 1.0).abs() < 1e-14));
        }
    }
}
