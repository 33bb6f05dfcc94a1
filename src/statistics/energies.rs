//! Energies of a particle in one dimension from its paths on a periodic lattice of imaginary times.
//!
//! The ground state by the virial theorem, for paths long enough that it dominates,
//!
//! ```text
//! E_0 = ⟨V(x) + x V'(x)/2⟩
//! ```
//!
//! and gaps from correlators of operators of one parity, C_ij(t) = (1/N) Σ_s ⟨O_i(x(s)) O_j(x(s + t))⟩. Each pair of states contributes
//! a term proportional to cosh(ΔE a (N/2 − t)), so that for as many states as operators
//!
//! ```text
//! ½ [C(t + s) + C(t − s)] v = cosh(s a ΔE) C(t) v
//! ```
//!
//! holds on a periodic lattice of any length, a generalised eigenvalue problem whose smallest eigenvalue is that of the smallest gap. The
//! odd operators are x and x³, the even one x² less its mean: E_1 − E_0 and E_2 − E_0 of an even potential. Errors are those of the
//! binned jackknife; samples of a model have log weights.
//!
//! M. Creutz and B. Freedman, Ann. Phys. 132, 427 (1981); M. Lüscher and U. Wolff, Nucl. Phys. B 339, 222 (1990).

use super::Estimate;
use super::jackknife::jackknife;
use super::weights::Weights;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::memory;
use crate::spec::expect;
use faer::{Mat, Side};

/// Paths of a particle.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// x(t) of one path after the other.
    pub numbers: &'a [f64],
    /// Times N of a path.
    pub times: usize,
    /// Log weights of the paths; None: all are alike.
    pub log_weights: Option<&'a [f64]>,
}

/// How energies are measured.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    /// Spacing a of the times.
    pub spacing: f64,
    /// Coefficients c_0, c_1, ... of the potential.
    pub potential: &'a [f64],
    /// The first of the three times t − s, t, t + s of the correlators.
    pub from: usize,
    /// Their distance s; t + s is at most N/2.
    pub by: usize,
    /// Paths in a bin of the jackknife.
    pub bin: usize,
}

/// The lowest energies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energies {
    /// E_0.
    pub ground: Estimate,
    /// E_1 − E_0, from odd operators.
    pub first: Estimate,
    /// E_2 − E_0, from an even operator.
    pub second: Estimate,
}

/// Averages over a path, in the order of the series: 1, the virial, x², then xx, xy, yy with y = x³ and x²x² for each time.
const SERIES: usize = 15;
/// Place of the first correlator.
const FIRST: usize = 3;
/// Correlators of each time.
const OF_TIME: usize = 4;

/// Energies from at least two bins of paths.
pub fn energies(paths: &Paths, how: &Measurement) -> Result<Energies> {
    let Paths { numbers, times, log_weights } = *paths;
    expect((4..=1 << 22).contains(&times), "times", "4 to 4194304", times)?;
    let count = numbers.len() / times;
    expect_length("paths", count.max(1) * times, numbers.len())?;
    expect_finite("paths", numbers)?;
    expect_finite("potential", how.potential)?;
    expect(how.spacing.is_finite() && how.spacing > 0.0, "spacing", "a finite number above 0", how.spacing)?;
    let most = times / 2;
    expect(how.by > 0 && how.by <= most, "by", &format!("1 to {most}"), how.by)?;
    expect(
        how.from <= most - most.min(2 * how.by),
        "from",
        "a time whose last correlator is within half a path",
        how.from,
    )?;
    let weights = match log_weights {
        None => memory::filled("weights", 1.0, count)?,
        Some(logs) => {
            expect_length("log weights", count, logs.len())?;
            Weights::new(logs)?.relative
        }
    };
    let mut series = memory::tried("series", SERIES, |_| memory::reserved("averages over paths", count))?;
    for (path, weight) in numbers.chunks_exact(times).zip(&weights) {
        let averages = averages(path, how);
        series.iter_mut().zip(averages).for_each(|(series, average)| series.push(weight * average));
    }
    let series: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    let of = |function: &dyn Fn(&[f64]) -> f64| {
        let found = jackknife(function, &series, how.bin)?;
        Ok::<_, Error>(Estimate { value: found.value, error: found.error })
    };
    let gap = |cosh: f64| energy(cosh) / (how.by as f64 * how.spacing);
    Ok(Energies {
        ground: of(&|means| means[1] / means[0])?,
        first: of(&|means| gap(odd(means)))?,
        second: of(&|means| gap(even(means)))?,
    })
}

/// Averages over the times of a path.
fn averages(path: &[f64], how: &Measurement) -> [f64; SERIES] {
    let times = path.len();
    let virial = |x: f64| {
        let terms = how.potential.iter().enumerate().rev();
        terms.fold(0.0, |sum, (power, c)| sum * x + c * (1.0 + 0.5 * power as f64))
    };
    let mut sums = [0.0; SERIES];
    for (s, &x) in path.iter().enumerate() {
        let square = x * x;
        sums[0] += 1.0;
        sums[1] += virial(x);
        sums[2] += square;
        for place in 0..3 {
            let y = path[(s + how.from + place * how.by) % times];
            let (product, other) = (x * y, y * y);
            let own = &mut sums[FIRST + OF_TIME * place..][..OF_TIME];
            own[0] += product;
            // Both orders: a correlator is symmetric in its operators.
            own[1] += 0.5 * product * (square + other);
            own[2] += product * square * other;
            own[3] += square * other;
        }
    }
    sums.map(|sum| sum / times as f64)
}

/// Means of a kind of correlator at t − s, t and t + s, weights divided out.
fn at_times(means: &[f64], kind: usize) -> [f64; 3] {
    std::array::from_fn(|place| means[FIRST + OF_TIME * place + kind] / means[0])
}

/// cosh(s a ΔE) of the smallest gap of x and x³.
fn odd(means: &[f64]) -> f64 {
    let [xx, xy, yy] = [0, 1, 2].map(|kind| at_times(means, kind));
    let matrix = |of: &dyn Fn([f64; 3]) -> f64| {
        let entries = [[of(xx), of(xy)], [of(xy), of(yy)]];
        Mat::from_fn(2, 2, |i, j| entries[i][j])
    };
    smallest(&matrix(&|[before, _, after]| 0.5 * (before + after)), &matrix(&|[_, now, _]| now))
}

/// cosh(s a ΔE) of x² less its mean.
fn even(means: &[f64]) -> f64 {
    let square = (means[2] / means[0]).powi(2);
    let [before, now, after] = at_times(means, 3).map(|c| c - square);
    0.5 * (before + after) / now
}

/// The smallest λ of A v = λ B v for symmetric A and positive B, by B = L Lᵀ; NaN where B is not positive.
fn smallest(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let Ok(cholesky) = b.llt(Side::Lower) else { return f64::NAN };
    let lower = cholesky.L();
    let inverse = Mat::from_fn(2, 2, |i, j| match (i, j) {
        (0, 1) => 0.0,
        (1, 0) => -lower[(1, 0)] / (lower[(0, 0)] * lower[(1, 1)]),
        _ => 1.0 / lower[(i, i)],
    });
    let reduced = &inverse * a * inverse.transpose();
    let Ok(eigenvalues) = reduced.self_adjoint_eigenvalues(Side::Lower) else { return f64::NAN };
    eigenvalues.into_iter().fold(f64::INFINITY, f64::min)
}

/// E with cosh E = λ; below 1, where fluctuations may lead, the negative number that goes on from there.
fn energy(cosh: f64) -> f64 {
    if cosh >= 1.0 { cosh.acosh() } else { -cosh.max(-1.0).acos() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::testing::normals;

    const TIMES: usize = 32;
    const SPACING: f64 = 0.5;

    /// Exact paths of the harmonic oscillator of frequency 1 and mass 1, from their modes: <x x>(k) = 1 / (4 sin²(k/2)/a + a).
    fn oscillator(count: usize) -> Vec<f64> {
        let z = normals(count * TIMES, 41);
        let mut paths = vec![];
        for z in z.chunks(TIMES) {
            let path = |t: usize| {
                let mode = |m: usize| {
                    let k = 2.0 * std::f64::consts::PI * m.div_ceil(2) as f64 / TIMES as f64;
                    let width = (4.0 * (0.5 * k).sin().powi(2) / SPACING + SPACING).powf(-0.5);
                    let is_single = m == 0 || m == TIMES - 1;
                    let norm = (if is_single { 1.0 } else { 2.0 } / TIMES as f64).sqrt();
                    let angle = k * t as f64;
                    norm * width * z[m] * if m > 0 && m.is_multiple_of(2) { angle.sin() } else { angle.cos() }
                };
                (0..TIMES).map(mode).sum::<f64>()
            };
            paths.extend((0..TIMES).map(path));
        }
        paths
    }

    /// The gap ω of the transfer matrix is that of cosh(a ω) = 1 + a²/2.
    #[test]
    fn energies_of_the_harmonic_oscillator_are_those_of_its_transfer_matrix() {
        let paths = oscillator(4000);
        let how = Measurement { spacing: SPACING, potential: &[0.0, 0.0, 0.5], from: 0, by: 2, bin: 20 };
        let found = energies(&Paths { numbers: &paths, times: TIMES, log_weights: None }, &how).unwrap();
        let omega = (1.0f64 + 0.5 * SPACING * SPACING).acosh() / SPACING;
        let modes = (0..TIMES).map(|m| {
            let k = 2.0 * std::f64::consts::PI * m as f64 / TIMES as f64;
            1.0 / (4.0 * (0.5 * k).sin().powi(2) / SPACING + SPACING) / TIMES as f64
        });
        for (found, exact, largest) in
            [(found.ground, modes.sum::<f64>(), 0.005), (found.first, omega, 0.01), (found.second, 2.0 * omega, 0.1)]
        {
            assert!((found.value - exact).abs() < 5.0 * found.error && found.error < largest, "{found:?} {exact}");
        }
    }

    /// Paths of another frequency with the weights between the two give the same energies.
    #[test]
    fn weights_lead_from_one_oscillator_to_another() {
        let paths = oscillator(4000);
        let stiffer = 1.1;
        let log_weight = |path: &[f64]| -0.5 * SPACING * (stiffer - 1.0) * path.iter().map(|x| x * x).sum::<f64>();
        let logs: Vec<f64> = paths.chunks(TIMES).map(log_weight).collect();
        let how = Measurement { spacing: SPACING, potential: &[0.0, 0.0, 0.5 * stiffer], from: 0, by: 2, bin: 20 };
        let found = energies(&Paths { numbers: &paths, times: TIMES, log_weights: Some(&logs) }, &how).unwrap();
        let omega = (1.0f64 + 0.5 * stiffer * SPACING * SPACING).acosh() / SPACING;
        assert!((found.first.value - omega).abs() < 5.0 * found.first.error && found.first.error < 0.02, "{found:?}");
    }

    #[test]
    fn bad_paths_are_refused() {
        let of = |numbers: &[f64], times: usize, from: usize, by: usize| {
            let how = Measurement { spacing: 1.0, potential: &[0.0, 0.0, 1.0], from, by, bin: 1 };
            energies(&Paths { numbers, times, log_weights: None }, &how).unwrap_err().to_string()
        };
        let numbers = normals(32, 2);
        assert_eq!(of(&numbers, 3, 0, 1), "times: expected 4 to 4194304, got 3");
        assert_eq!(of(&numbers[..31], 8, 0, 1), "paths: expected 24 numbers, got 31");
        assert_eq!(of(&numbers, 8, 0, 0), "by: expected 1 to 4, got 0");
        assert_eq!(of(&numbers, 8, 1, 2), "from: expected a time whose last correlator is within half a path, got 1");
        assert_eq!(of(&[f64::NAN; 16], 8, 0, 1), "paths: expected finite numbers, got NaN at index 0");
    }
}
