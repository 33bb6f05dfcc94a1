//! The distribution of χ²: Q(x, n) is the probability that the sum of squares of n normal numbers exceeds x.
//!
//! ```text
//! Q(x, n) = Γ(a, y)/Γ(a),    a = n/2,    y = x/2
//! ```
//!
//! as 1 less the series of the lower incomplete gamma function where y < a + 1, and as a continued fraction (of Lentz)
//! elsewhere. M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 6.5.29, 6.5.31 and 26.4.2.

/// Relative size of the last term that is added.
const PRECISION: f64 = 1e-16;

/// Q(x, n) of a number x of at least 0; 1 where n = 0.
pub(super) fn exceeding(x: f64, degrees: usize) -> f64 {
    let (a, y) = (0.5 * degrees as f64, 0.5 * x);
    if degrees == 0 || y <= 0.0 {
        return 1.0;
    }
    if y == f64::INFINITY {
        return 0.0;
    }
    // y^a e^−y/Γ(a)
    let factor = (a * y.ln() - y - log_gamma_of_half(degrees)).exp();
    let q = if y < a + 1.0 { 1.0 - factor * series(a, y) } else { factor * fraction(a, y) };
    q.clamp(0.0, 1.0)
}

/// Σ_k y^k/(a (a + 1) … (a + k)).
fn series(a: f64, y: f64) -> f64 {
    let (mut term, mut sum, mut denominator) = (1.0 / a, 1.0 / a, a);
    while term > PRECISION * sum {
        denominator += 1.0;
        term *= y / denominator;
        sum += term;
    }
    sum
}

/// 1/(y + 1 − a − 1 (1 − a)/(y + 3 − a − 2 (2 − a)/(y + 5 − a − …))).
fn fraction(a: f64, y: f64) -> f64 {
    let mut b = y + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut value = d;
    for k in 1..10_000 {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / nonzero(numerator * d + b);
        c = nonzero(b + numerator / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() <= 4.0 * PRECISION {
            break;
        }
    }
    value
}

fn nonzero(x: f64) -> f64 {
    if x == 0.0 { f64::MIN_POSITIVE } else { x }
}

/// log Γ(n/2), from Γ(1/2) = √π or Γ(1) = 1 upward.
fn log_gamma_of_half(n: usize) -> f64 {
    let (first, start) = if n.is_multiple_of(2) { (2, 0.0) } else { (1, 0.5 * std::f64::consts::PI.ln()) };
    start + (first..n).step_by(2).map(|k| (0.5 * k as f64).ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_distribution() {
        // Table 26.8 of Abramowitz and Stegun: x at which Q is 0.05 and 0.001.
        for (degrees, x, q) in [
            (1, 3.841_46, 0.05),
            (2, 5.991_47, 0.05),
            (3, 7.814_73, 0.05),
            (10, 18.307_0, 0.05),
            (30, 43.772_9, 0.05),
            (1, 10.828, 0.001),
            (5, 20.515, 0.001),
            (100, 149.449, 0.001),
        ] {
            let got = exceeding(x, degrees);
            assert!((got / q - 1.0).abs() < 5e-4, "{degrees}: {got} against {q}");
        }
    }

    #[test]
    fn closed_forms_and_the_recurrence() {
        for i in 0..400 {
            let x = 0.05 * f64::from(i);
            let y: f64 = 0.5 * x;
            // n = 2, 4: e^−y, e^−y (1 + y).
            assert!((exceeding(x, 2) - (-y).exp()).abs() < 1e-14);
            assert!((exceeding(x, 4) - (-y).exp() * (1.0 + y)).abs() < 1e-14);
            // Q(x, n + 2) = Q(x, n) + y^(n/2) e^−y/Γ(n/2 + 1).
            for n in [1, 2, 7, 30] {
                let step = if x == 0.0 { 0.0 } else { (0.5 * n as f64 * y.ln() - y - log_gamma_of_half(n + 2)).exp() };
                assert!((exceeding(x, n + 2) - exceeding(x, n) - step).abs() < 1e-13, "{x}, {n}");
            }
        }
        assert_eq!((exceeding(3.0, 0), exceeding(0.0, 5), exceeding(f64::INFINITY, 5)), (1.0, 1.0, 0.0));
        assert!(exceeding(1e4, 3) == 0.0 && exceeding(1e-300, 3) == 1.0);
    }
}
