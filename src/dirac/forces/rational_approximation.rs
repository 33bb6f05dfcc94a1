//! Best rational approximations of x^-α, 0 < α < 1, on an interval, with the least largest relative error.
//!
//! ```text
//! r(x) = c₀ + Σᵢ cᵢ / (x + dᵢ),   all c and d positive,   e(x) = r(x) x^α − 1 equioscillates in 2n + 2 points
//! ```
//!
//! The extrema agree to 5 per cent. Remez exchange with Newton steps in log c and log d, from Zolotarev's solution of
//! α = 1/2 on by steps in α. Positive terms leave no cancellation: double precision does. E. Zolotarev (1877); J. van
//! den Eshof et al., Comput. Phys. Commun. 146, 203 (2002), hep-lat/0202025; E. Ya. Remez, C. R. Acad. Sci. Paris 198,
//! 2063 (1934).

use crate::error::{Error, Result};
use faer::linalg::solvers::Solve;

/// A best approximation of x^-α.
#[derive(Clone, Debug, PartialEq)]
pub struct RationalApproximation {
    power: f64,
    range: [f64; 2],
    constant: f64,
    residues: Vec<f64>,
    shifts: Vec<f64>,
    error: f64,
}

/// Most terms.
const MOST_TERMS: usize = 48;
/// The least ratio of the ends of an interval.
const SHORTEST: f64 = 2.0;
/// The smallest error that may be requested.
const SMALLEST_ERROR: f64 = 1e-11;
/// Differences of errors below this are rounding.
const ROUNDING: f64 = 5e-13;

impl RationalApproximation {
    /// The approximation of x^-power on `range` with the fewest terms whose relative error is at most `error`.
    pub fn inverse_power(power: f64, [low, high]: [f64; 2], error: f64) -> Result<Self> {
        let bad = |text: String| Err(Error::BadSpec(text));
        if !(power > 0.0 && power < 1.0) {
            return bad(format!("power: expected a number between 0 and 1, got {power}"));
        }
        if !(low > 0.0 && low < high && (high / low) < 1e14) {
            return bad(format!("range: expected 0 < low < high < 1e14 low, got {low:e} and {high:e}"));
        }
        if !(SMALLEST_ERROR..0.5).contains(&error) {
            return bad(format!("error: expected {SMALLEST_ERROR} to 0.5, got {error}"));
        }
        // Shorter intervals leave errors that are rounding alone.
        let (length, range) = ((high / low).max(SHORTEST).ln(), [low, high]);
        // The error falls by about exp(-pi^2 / log(4 high / low)) per degree of numerator and denominator.
        let fall = std::f64::consts::PI.powi(2) / (4f64.ln() + length);
        let guess = ((4.0 / error).ln() / (2.0 * fall)).ceil() as usize;
        for terms in guess.saturating_sub(2).max(1)..=MOST_TERMS {
            // Where rounding prevents a fit with so many terms, it prevents those with more.
            let Ok(fit) = Fit::best(power, length, terms) else { break };
            if fit.largest <= error {
                return Ok(fit.scaled(power, range));
            }
        }
        bad(format!(
            "range: expected one where x^-{power} is approximated to {error:e} in f64, got {low:e} to {high:e}"
        ))
    }

    /// c₀.
    pub fn constant(&self) -> f64 {
        self.constant
    }

    /// cᵢ.
    pub fn residues(&self) -> &[f64] {
        &self.residues
    }

    /// dᵢ.
    pub fn shifts(&self) -> &[f64] {
        &self.shifts
    }

    /// The largest |r(x) x^α − 1| in the range.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// α.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// The interval.
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// r(x).
    pub fn evaluate(&self, x: f64) -> f64 {
        self.constant + self.residues.iter().zip(&self.shifts).map(|(c, d)| c / (x + d)).sum::<f64>()
    }
}

/// An approximation on [1, exp(length)] during the Remez exchange.
#[derive(Clone)]
struct Fit {
    length: f64,
    /// log c₀, then log cᵢ and log dᵢ alternately.
    logs: Vec<f64>,
    /// log x where e is extremal.
    points: Vec<f64>,
    largest: f64,
}

impl Fit {
    fn best(power: f64, length: f64, terms: usize) -> Result<Self> {
        let failed = || {
            Error::NotConverged(format!("rational approximation: expected {terms} terms to converge for power {power}"))
        };
        let mut fit = Self { length, logs: zolotarev(length, terms), points: vec![], largest: f64::INFINITY };
        let points = fit.extrema(0.5);
        fit.points = points.iter().map(|point| point.0).collect();
        fit.largest = points.iter().map(|point| point.1.abs()).fold(0.0, f64::max);
        if points.len() != fit.logs.len() + 1 && fit.largest > ROUNDING {
            return Err(failed());
        }
        let (mut now, mut step) = (0.5, 0.1f64);
        while now != power {
            let next = if (power - now).abs() <= step { power } else { now + step.copysign(power - now) };
            match fit.carried(now, next).exchanged(next) {
                Some(moved) => (fit, now) = (moved, next),
                None if step > 1e-3 => step *= 0.5,
                None => return Err(failed()),
            }
        }
        Ok(fit)
    }

    /// The terms extrapolated to another power, as its starting point.
    fn carried(&self, from: f64, to: f64) -> Self {
        let ratio = ((std::f64::consts::PI * to).sin() / (std::f64::consts::PI * from).sin()).ln();
        let mut moved = self.clone();
        moved.logs[0] -= (to - from) * self.length;
        for pair in moved.logs[1..].chunks_exact_mut(2) {
            pair[0] += ratio - (to - from) * pair[1];
        }
        moved
    }

    /// e at x = exp(t).
    fn error(&self, power: f64, t: f64) -> f64 {
        let x = t.exp();
        let terms = self.logs[1..].chunks_exact(2).map(|pair| (pair[0]).exp() / (x + pair[1].exp()));
        (self.logs[0].exp() + terms.sum::<f64>()) * (power * t).exp() - 1.0
    }

    /// The points where e is extremal with alternating sign, ends included.
    fn extrema(&self, power: f64) -> Vec<(f64, f64)> {
        let points = 80 * (self.logs.len() + 1);
        // Extrema lie closer together towards the ends, and so do these points.
        let at = |i: usize| 0.5 * self.length * (1.0 - (std::f64::consts::PI * i as f64 / points as f64).cos());
        let values: Vec<f64> = (0..=points).map(|i| self.error(power, at(i))).collect();
        let mut found: Vec<(f64, f64)> = vec![];
        for i in 0..=points {
            let e = values[i];
            let is_end = i == 0 || i == points;
            let is_extremal = is_end || (e - values[i - 1]) * (values[i + 1] - e) <= 0.0;
            if !is_extremal {
                continue;
            }
            let point = if is_end { (at(i), e) } else { self.refined(power, [at(i - 1), at(i), at(i + 1)]) };
            match found.last_mut() {
                Some(last) if last.1 * point.1 > 0.0 => {
                    if point.1.abs() > last.1.abs() {
                        *last = point;
                    }
                }
                _ => found.push(point),
            }
        }
        found
    }

    /// The vertex of the parabola through three points.
    fn refined(&self, power: f64, [a, b, c]: [f64; 3]) -> (f64, f64) {
        let [ea, eb, ec] = [a, b, c].map(|t| self.error(power, t));
        let (p, q) = ((b - a) * (eb - ec), (b - c) * (eb - ea));
        let t = b - 0.5 * ((b - a) * p - (b - c) * q) / (p - q);
        let t = if t.is_finite() { t.clamp(a, c) } else { b };
        (t, self.error(power, t))
    }

    /// Remez exchange from the present points; None where it does not converge.
    fn exchanged(mut self, power: f64) -> Option<Self> {
        const TURNS: usize = 10;
        let count = self.logs.len() + 1;
        for _ in 0..TURNS {
            self.level(power)?;
            let points = self.extrema(power);
            let sizes = points.iter().map(|(_, e)| e.abs());
            let (least, most) = sizes.fold((f64::INFINITY, 0.0f64), |(a, b), e| (a.min(e), b.max(e)));
            self.largest = most;
            if most < ROUNDING {
                return Some(self);
            }
            if points.len() != count {
                return None;
            }
            self.points = points.iter().map(|point| point.0).collect();
            if most < 1.05 * least || most - least < ROUNDING {
                return Some(self);
            }
        }
        None
    }

    /// Newton's method for errors of equal size and alternating sign at the present points.
    fn level(&mut self, power: f64) -> Option<()> {
        const TURNS: usize = 30;
        for _ in 0..TURNS {
            let points: Vec<(f64, f64)> = self.points.iter().map(|&t| (t, self.error(power, t))).collect();
            let signed = points.iter().enumerate().map(|(k, &(_, e))| if k.is_multiple_of(2) { e } else { -e });
            let (least, most) = signed.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), e| (a.min(e), b.max(e)));
            if most - least < 5e-4 * (most + least).abs() || most - least < 0.2 * ROUNDING {
                return Some(());
            }
            self.newton(power, &points)?;
        }
        None
    }

    /// One step towards errors of equal size and alternating sign at given points.
    fn newton(&mut self, power: f64, points: &[(f64, f64)]) -> Option<()> {
        let count = points.len();
        if count != self.logs.len() + 1 {
            return None;
        }
        let row = |k: usize| {
            let (t, _) = points[k];
            let (x, weight) = (t.exp(), (power * t).exp());
            let mut row = vec![self.logs[0].exp() * weight];
            for pair in self.logs[1..].chunks_exact(2) {
                let (c, d) = (pair[0].exp(), pair[1].exp());
                row.push(c / (x + d) * weight);
                row.push(-c * d / (x + d).powi(2) * weight);
            }
            row.push(if k.is_multiple_of(2) { -1.0 } else { 1.0 });
            row
        };
        let rows: Vec<Vec<f64>> = (0..count).map(row).collect();
        let matrix = faer::Mat::from_fn(count, count, |i, j| rows[i][j]);
        let right = faer::Mat::from_fn(count, 1, |i, _| -points[i].1);
        let change = matrix.full_piv_lu().solve(&right);
        let largest = (0..count - 1).map(|i| change[(i, 0)].abs()).fold(0.0, f64::max);
        if !largest.is_finite() {
            return None;
        }
        let damping = (0.5 / largest).min(1.0);
        self.logs.iter_mut().enumerate().for_each(|(i, log)| *log += damping * change[(i, 0)]);
        Some(())
    }

    fn scaled(&self, power: f64, range: [f64; 2]) -> RationalApproximation {
        let low = range[0];
        let scale = low.powf(-power);
        let pairs = || self.logs[1..].chunks_exact(2);
        RationalApproximation {
            power,
            range,
            constant: scale * self.logs[0].exp(),
            residues: pairs().map(|pair| scale * low * pair[0].exp()).collect(),
            shifts: pairs().map(|pair| low * pair[1].exp()).collect(),
            error: self.largest,
        }
    }
}

/// Logarithms of the terms of Zolotarev's approximation of 1 / sqrt(x) on [1, exp(length)].
fn zolotarev(length: f64, terms: usize) -> Vec<f64> {
    let places: Vec<f64> =
        (1..=2 * terms).map(|l| tangent(length, l as f64 / (2 * terms + 1) as f64).powi(2)).collect();
    let product = |x: f64| -> f64 { places.chunks_exact(2).map(|pair| (x + pair[1]) / (x + pair[0])).product() };
    // The constant that makes the errors at both ends, and so all of them, opposite.
    let sample = |i: usize| (length * i as f64 / 4000.0).exp();
    let (least, most) = (0..=4000)
        .map(|i| product(sample(i)) * sample(i).sqrt())
        .fold((f64::INFINITY, 0.0f64), |(a, b), e| (a.min(e), b.max(e)));
    let constant = 2.0 / (least + most);
    let mut logs = vec![constant.ln()];
    for (i, pole) in places.iter().enumerate().step_by(2) {
        let others = places.chunks_exact(2).enumerate().filter(|(j, _)| 2 * j != i);
        let rest: f64 = others.map(|(_, pair)| (pair[1] - pole) / (pair[0] - pole)).product();
        logs.extend([(constant * rest * (places[i + 1] - pole)).ln(), pole.ln()]);
    }
    logs
}

/// sn / cn of `fraction` of the quarter period K, for the complementary modulus exp(-length / 2).
fn tangent(length: f64, fraction: f64) -> f64 {
    let (mut a, mut b) = (1.0, (-0.5 * length).exp());
    let mut ratios = vec![];
    while ratios.len() < 60 {
        let (next, c) = (0.5 * (a + b), 0.5 * (a - b));
        b = (a * b).sqrt();
        a = next;
        ratios.push(c / a);
        if c < 1e-16 * a {
            break;
        }
    }
    // 2^N a_N u with u = fraction K, K = pi / (2 a_N).
    let mut phase = 2f64.powi(ratios.len() as i32) * fraction * std::f64::consts::FRAC_PI_2;
    for ratio in ratios.iter().rev() {
        phase = 0.5 * (phase + (ratio * phase.sin()).asin());
    }
    phase.tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(r: &RationalApproximation) -> f64 {
        let [low, high] = r.range();
        let at = |i: usize| low * (high / low).powf(f64::from(i as u32) / 20_000.0);
        (0..=20_000).map(|i| (r.evaluate(at(i)) * at(i).powf(r.power()) - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_error_is_what_is_stated() {
        for power in [0.25, 0.5, 0.75, 0.875, 0.1] {
            for range in [[0.5, 40.0], [1e-4, 64.0], [1e-7, 5.0]] {
                for error in [1e-3, 1e-7, 1e-10] {
                    let r = RationalApproximation::inverse_power(power, range, error).unwrap();
                    let got = largest(&r);
                    assert!(
                        got <= error && got <= r.error() * (1.0 + 1e-3) + 1e-13,
                        "{power} {range:?} {error}: {got}"
                    );
                    assert!(got > 0.9 * r.error() - 1e-13, "{power} {range:?}: {got} {}", r.error());
                    assert!(r.residues().iter().chain(r.shifts()).all(|x| *x > 0.0));
                }
            }
        }
    }

    #[test]
    fn short_and_long_ranges_are_approximated_or_refused() {
        for high in [1.0000001, 1.0001, 1.00515, 1.01134, 1.1, 1.5, 2.0, 3.0] {
            for power in [0.25, 0.5, 0.9] {
                let r = RationalApproximation::inverse_power(power, [1.0, high], 1e-10).unwrap();
                assert!(largest(&r) <= 1e-10, "{high} {power}: {}", largest(&r));
            }
        }
        for (power, low) in [(0.5, 1e-12), (1e-9, 0.1), (0.9999999, 0.1)] {
            let error = RationalApproximation::inverse_power(power, [low, 40.0], 1e-10).map(|r| largest(&r));
            // An approximation beyond the accuracy of f64 is an error that names the range.
            assert!(error.as_ref().map_or_else(|e| e.to_string().starts_with("range: "), |e| *e <= 1e-10), "{error:?}");
        }
    }

    #[test]
    fn one_term_fewer_does_not_do() {
        let r = RationalApproximation::inverse_power(0.5, [1e-4, 1.0], 1e-6).unwrap();
        let fewer = Fit::best(0.5, 1e4f64.ln(), r.shifts().len() - 1).unwrap();
        assert!(fewer.largest > 1e-6);
    }

    #[test]
    fn bounds_that_make_no_sense_are_named() {
        let message =
            |power, range, error| RationalApproximation::inverse_power(power, range, error).unwrap_err().to_string();
        assert!(message(1.0, [1.0, 2.0], 0.1).contains("power: expected a number between 0 and 1, got 1"));
        assert!(message(0.5, [2.0, 1.0], 0.1).contains("range: expected 0 < low < high"));
        assert!(message(0.5, [1.0, 2.0], 1e-20).contains("error: expected"));
        assert!(message(0.5, [f64::NAN, 2.0], 1e-3).contains("range"));
    }
}
