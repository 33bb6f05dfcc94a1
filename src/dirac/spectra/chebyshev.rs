//! Chebyshev filters: polynomials of D^dag D that amplify one end of its spectrum.
//!
//! ```text
//! p(A) = T_n(l(A)),   T_(n+1)(x) = 2 x T_n(x) - T_(n-1)(x),   l maps the unwanted eigenvalues onto [-1, 1]
//! ```
//!
//! |T_n| <= 1 there and grows as cosh(n arcosh |l|) outside, with l > 1 at the wanted end. Y. Saad, Math. Comp. 42, 567
//! (1984); Y. Zhou, Y. Saad, SIAM J. Matrix Anal. Appl. 29, 954 (2007).

use super::linear_map::LinearMap;
use super::matrix::zeros;
use crate::dirac::lanes::field::Field;
use crate::dirac::side::Side;
use crate::error::Result;
use crate::gauge::Complex64;
use crate::progress;
use faer::{Conj, Mat, MatRef};

/// How much more the end of the spectrum is amplified than the edge of the unwanted part.
const GAIN: f64 = 1e3;
/// Largest amplification where the end was not known well, so that smaller components are not lost in rounding.
const MOST_GAIN: f64 = 1e10;
/// The highest degree.
const MOST: f64 = 400.0;

/// A polynomial T_n(slope A + shift).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Filter {
    /// n.
    pub degree: usize,
    slope: f64,
    shift: f64,
}

impl Filter {
    /// Damps eigenvalues between `edge`, next to the wanted ones, and `far`. The wanted ones begin at about `end`, and
    /// cannot lie beyond `limit`.
    pub fn new((edge, far): (f64, f64), end: f64, limit: f64) -> Self {
        let slope = 2.0 / (edge - far);
        let shift = 1.0 - slope * edge;
        let degree_of = |gain: f64, at: f64| gain.acosh() / (slope * at + shift).max(1.0 + 1e-12).acosh();
        let degree = degree_of(GAIN, end).min(degree_of(MOST_GAIN, limit)).clamp(2.0, MOST);
        Self { degree: degree as usize, slope, shift }
    }

    /// The eigenvalue at the wanted end at which the polynomial has a value; the edge for values in the damped part.
    pub fn argument(&self, value: f64) -> f64 {
        ((value.max(1.0).acosh() / self.degree as f64).cosh() - self.shift) / self.slope
    }

    /// p(A) times each column, where `normal` is A.
    pub fn times(&self, normal: &LinearMap, from: MatRef<Complex64>) -> Result<Mat<Complex64>> {
        let a = normal.linear();
        let context = a.context();
        let mut out = zeros(from.nrows(), from.ncols())?;
        let (mut last, mut now, mut next) = (a.zeros()?, a.zeros()?, a.zeros()?);
        let (mut image, mut scratch) = (a.zeros()?, a.zeros()?);
        let mut line = |x: &Field<f64>, y: &mut Field<f64>, factor: f64| {
            a.apply(Side::Plain, x, &mut image, &mut scratch);
            a.apply(Side::Adjoint, &image, y, &mut scratch);
            let (slope, shift) = (factor * self.slope, factor * self.shift);
            y.update(context, x, |y, x| y.iter_mut().zip(x).for_each(|(y, x)| *y = slope * *y + shift * x));
        };
        for j in 0..from.ncols() {
            normal.import(Conj::No, from.subcols(j, 1), &mut last);
            line(&last, &mut now, 1.0);
            for _ in 1..self.degree {
                progress::check()?;
                line(&now, &mut next, 2.0);
                next.add(context, -1.0, &last);
                std::mem::swap(&mut last, &mut now);
                std::mem::swap(&mut now, &mut next);
            }
            normal.export(Conj::No, &now, out.as_mut().subcols_mut(j, 1));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T_n by its recurrence at l(x).
    fn value(filter: &Filter, x: f64) -> f64 {
        let l = filter.slope * x + filter.shift;
        let (mut last, mut now) = (1.0, l);
        for _ in 1..filter.degree {
            (last, now) = (now, 2.0 * l * now - last);
        }
        now
    }

    #[test]
    fn filters_damp_the_unwanted_part_and_amplify_either_end() {
        for (unwanted, end, limit) in [((0.1, 9.0), 0.02, 0.0), ((8.0, 0.0), 9.0, 9.5)] {
            let filter = Filter::new(unwanted, end, limit);
            for i in 0..=100 {
                let x = unwanted.0 + 0.01 * f64::from(i) * (unwanted.1 - unwanted.0);
                assert!(value(&filter, x).abs() <= 1.0 + 1e-9, "{x}");
            }
            // One degree less than would reach the gain, at most.
            let gain = value(&filter, end);
            assert!(gain > GAIN / 8.0 && gain <= GAIN * 1.001, "{gain}");
            assert!((filter.argument(gain) - end).abs() < 1e-9 && filter.argument(0.3) == filter.argument(1.0));
            assert!(value(&filter, limit) > gain && value(&filter, limit) < MOST_GAIN);
        }
    }
}
