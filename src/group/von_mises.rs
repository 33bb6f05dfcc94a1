//! Angles of the von Mises distribution, density ∝ exp(κ cos x) on (−π, π].
//!
//! Rejection from a wrapped Cauchy distribution: D. J. Best and N. I. Fisher, Appl. Statist. 28, 152 (1979). Exact for
//! every κ up to 10⁸, beyond which the density is normal to the rounding of the cosine.

use std::f64::consts::PI;

/// Below it a uniform angle is accepted often enough, and the envelope would lose digits.
const FLAT: f64 = 0.5;
/// Beyond it 1 − cos x has fewer digits than the normal limit.
const SHARP: f64 = 1e8;

/// Draws an angle for κ ≥ 0 from uniform numbers in [0, 1): its cosine and sine; NaN where κ is, which no draw would end.
pub fn von_mises(kappa: f64, mut uniform: impl FnMut() -> f64) -> [f64; 2] {
    if kappa.is_nan() {
        return [f64::NAN; 2];
    }
    if kappa < FLAT {
        return flat(kappa, uniform);
    }
    if kappa > SHARP {
        let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
        let normal = radius * (2.0 * PI * uniform()).cos();
        let (sine, cosine) = (normal / kappa.sqrt()).sin_cos();
        return [cosine, sine];
    }
    let tau = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
    let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * kappa);
    let r = (1.0 + rho * rho) / (2.0 * rho);
    loop {
        let z = (PI * uniform()).cos();
        let f = (1.0 + r * z) / (r + z);
        let c = kappa * (r - f);
        let u = 1.0 - uniform();
        if c * (2.0 - c) > u || (c / u).ln() + 1.0 >= c {
            let cosine = f.clamp(-1.0, 1.0);
            let sine = ((1.0 - cosine) * (1.0 + cosine)).sqrt();
            return [cosine, if uniform() < 0.5 { sine } else { -sine }];
        }
    }
}

fn flat(kappa: f64, mut uniform: impl FnMut() -> f64) -> [f64; 2] {
    loop {
        let (sine, cosine) = (PI * (1.0 - 2.0 * uniform())).sin_cos();
        if uniform() < (kappa * (cosine - 1.0)).exp() {
            return [cosine, sine];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    /// Moments <cos nx> by the trapezium rule, which converges exponentially for periodic integrands.
    fn moment(kappa: f64, n: f64) -> f64 {
        let grid = (0..4000).map(|i| 2.0 * PI * f64::from(i) / 4000.0);
        let sum = |f: &dyn Fn(f64) -> f64| grid.clone().map(|x| f(x) * (kappa * (x.cos() - 1.0)).exp()).sum::<f64>();
        sum(&|x| (n * x).cos()) / sum(&|_| 1.0)
    }

    #[test]
    fn angles_have_the_moments_of_the_distribution() {
        for (row, kappa) in [0.0, 0.1, 0.49, 0.51, 1.0, 3.0, 20.0, 1000.0].into_iter().enumerate() {
            let mut stream = Stream::new(8, Purpose::Heatbath, row as u64);
            let count = 100_000;
            let mut angle = || {
                let [cosine, sine] = von_mises(kappa, || stream.uniform());
                assert!((cosine.hypot(sine) - 1.0).abs() < 1e-15);
                sine.atan2(cosine)
            };
            let angles: Vec<f64> = (0..count).map(|_| angle()).collect();
            for n in [1.0, 2.0, 3.0] {
                let mean = |f: &dyn Fn(f64) -> f64| angles.iter().map(|x| f(n * x)).sum::<f64>() / f64::from(count);
                let exact = moment(kappa, n);
                let variance = (1.0 + moment(kappa, 2.0 * n)) / 2.0 - exact * exact;
                let bound = 5.0 * (variance / f64::from(count)).sqrt();
                assert!((mean(&f64::cos) - exact).abs() < bound, "{kappa}, {n}: {} {exact}", mean(&f64::cos));
                let odd = ((1.0 - moment(kappa, 2.0 * n)) / 2.0 / f64::from(count)).sqrt();
                assert!(mean(&f64::sin).abs() < 5.0 * odd, "{kappa}, {n}: {}", mean(&f64::sin));
            }
        }
        let mut stream = Stream::new(8, Purpose::Heatbath, 99);
        assert!((0..100).all(|_| von_mises(1e12, || stream.uniform())[1].abs() < 1e-5));
        assert_eq!(von_mises(f64::INFINITY, || stream.uniform())[0], 1.0);
        assert!(von_mises(f64::NAN, || stream.uniform())[0].is_nan());
    }
}
