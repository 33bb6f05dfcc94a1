//! A solve meets its tolerance, or is as accurate as rounding allows: for every solver and operator.
//!
//! The residual b - D x of the exact solution rounded to f64 is up to eps |D| |x|, which is up to eps times the
//! condition of D, |D| |D^-1|, for |b| = 1. That comes from the dense spectrum here.

use super::linear_map::matrix;
use super::*;
use crate::gauge::{Gauge, Group};
use crate::lattice::Lattice;

/// Names of all solvers.
const SOLVERS: [&str; 9] =
    ["auto", "cg", "cg_even_odd", "mixed", "block", "deflated", "faer_cg", "faer_bicgstab", "faer_lsmr"];
/// Largest residual that may miss its tolerance, in units of eps times the condition number.
const MULTIPLE: f64 = 1.0;

struct Kind {
    gauge: Gauge,
    /// Spec, with M for the mass.
    text: &'static str,
}

/// Operators whose condition number is that of the inverse mass.
fn kinds() -> Vec<Kind> {
    let kind = |extent: &[usize], group, text| Kind { gauge: random_gauge(extent, group, 3), text };
    // Free staggered fermions have modes of eigenvalue m, others on random links have none below 0.1.
    let free = |extent: &[usize], group, text| Kind {
        gauge: Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap(),
        text,
    };
    vec![
        free(&[4, 8], Group::U1, "{type: 'staggered', mass: M}"),
        free(&[2, 2, 4, 2], Group::Su2, "{type: 'staggered', mass: M}"),
        kind(&[2, 2], Group::U1, "{type: 'staggered', mass: M, boundary: [1, -1]}"),
        kind(&[4, 4], Group::U1, "{type: 'staggered', mass: M, boundary: [1, -1]}"),
        kind(&[4, 4], Group::Su2, "{type: 'wilson', mass: M}"),
        kind(&[4, 4], Group::U1, "{type: 'wilson', mass: M, clover: 1}"),
        kind(&[2, 2, 2, 2], Group::Su3, "{type: 'staggered', mass: M, boundary: [1, 1, 1, -1]}"),
        kind(&[2, 2, 2, 2], Group::U1, "{type: 'wilson', mass: M, boundary: [1, 1, 1, -1]}"),
    ]
}

impl Kind {
    fn on(&self, mass: f64) -> Dirac {
        Dirac::new(&context(), &self.gauge, &spec(&self.text.replace('M', &format!("{mass:e}")))).unwrap()
    }

    /// The operator with an eigenvalue of about this size: Wilson's mass is counted from a real eigenvalue, or the
    /// least real part.
    fn light(&self, mass: f64) -> Dirac {
        if self.text.contains("staggered") {
            return self.on(mass);
        }
        let heavy = 1.0;
        let values = matrix(&self.on(heavy), Which::Plain).eigenvalues().unwrap();
        let real = values.iter().filter(|z| z.im.abs() < 1e-10).map(|z| z.re).fold(f64::INFINITY, f64::min);
        let any = values.iter().map(|z| z.re).fold(f64::INFINITY, f64::min);
        self.on(heavy - if real.is_finite() { real } else { any } + mass)
    }
}

/// The largest singular value of D, and the least.
fn ends(dirac: &Dirac) -> [f64; 2] {
    let values = matrix(dirac, Which::Plain).singular_values().unwrap();
    [values[0], values[values.len() - 1]]
}

#[test]
fn a_solve_meets_its_tolerance_or_the_accuracy_that_rounding_allows() {
    let (mut missed, mut faults) = (0, vec![]);
    for kind in kinds() {
        for mass in [1e-1, 1e-3, 1e-5, 1e-6] {
            let dirac = kind.light(mass);
            let [largest, least] = ends(&dirac);
            let attainable = f64::EPSILON * largest / least;
            let source = numbers(dirac.count(), 4);
            for (solver, tolerance) in SOLVERS.iter().flat_map(|s| [1e-8, 1e-12, 1e-13, 1e-17].map(|t| (s, t))) {
                let text = format!("{{solver: '{solver}', tolerance: {tolerance}, modes: 1}}");
                let spec = crate::spec::parse::<SolveSpec>("solve", &text).unwrap();
                let mut x = vec![0.0; source.len()];
                let report = match dirac.try_solve(&spec, 1, &source, &mut x) {
                    // Too small a lattice for low modes.
                    Err(error) if *solver == "deflated" && error.status() == 9 => continue,
                    report => report.unwrap(),
                };
                let what = format!("{} {mass} {text}: {report:?}, attainable {attainable:e}", kind.text);
                let is_met = report.residual <= tolerance;
                let message = report.expect_converged(&spec).map_or_else(|error| error.to_string(), |()| String::new());
                let says_so = message.contains("attainable accuracy");
                if report.iterations >= spec.max_iterations || is_met == says_so {
                    faults.push(what.clone());
                }
                if !is_met {
                    missed += 1;
                    if report.residual > MULTIPLE * attainable {
                        faults.push(what);
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {missed}:\n{}", faults.len(), faults.join("\n"));
    assert!(missed > 100, "{missed}");
}

/// Where eps times the condition number squared is above 1, no iteration on normal equations gains anything: the error
/// comes after few iterations.
#[test]
fn what_cannot_be_solved_is_given_up_soon() {
    for kind in kinds() {
        let dirac = kind.light(1e-10);
        let source = numbers(dirac.count(), 4);
        for solver in SOLVERS {
            let text = format!("{{solver: '{solver}', tolerance: 1e-12, modes: 1}}");
            let spec = crate::spec::parse::<SolveSpec>("solve", &text).unwrap();
            let mut x = vec![0.0; source.len()];
            match dirac.try_solve(&spec, 1, &source, &mut x) {
                Err(error) => assert!(solver == "deflated" && error.status() == 9, "{error}"),
                Ok(report) => {
                    assert!(report.residual <= 1.0 && report.iterations < spec.max_iterations, "{solver}: {report:?}");
                    assert!(report.is_attainable, "{} {solver}: {report:?}", kind.text);
                }
            }
        }
    }
}

/// Plain conjugate gradients need one iteration here; f32 cannot resolve a part 1e-12 of such a mass.
#[test]
fn light_staggered_fermions_on_four_sites_are_solved_by_all_solvers() {
    for counter in 0..20 {
        let gauge = random_gauge(&[2, 2], Group::U1, counter);
        let dirac =
            Dirac::new(&context(), &gauge, &spec("{type: 'staggered', mass: 1e-5, boundary: [1, -1]}")).unwrap();
        let source = numbers(dirac.count(), counter);
        for solver in SOLVERS {
            let text = format!("{{solver: '{solver}', tolerance: 1e-12}}");
            let spec = crate::spec::parse::<SolveSpec>("solve", &text).unwrap();
            let mut x = vec![0.0; source.len()];
            match dirac.solve(&spec, 1, &source, &mut x) {
                // Two rows have no low modes.
                Err(error) => assert!(solver == "deflated" && error.status() == 9, "{solver}: {error}"),
                Ok(report) => assert!(report.iterations < 500, "{solver}: {report:?}"),
            }
        }
    }
}

#[test]
fn dependent_sources_are_solved_as_a_block() {
    for (extent, text) in [(&[4, 4], "{type: 'wilson', mass: 0.4}"), (&[4, 4], "{type: 'staggered', mass: 0.05}")] {
        for counter in 0..40 {
            let dirac = Dirac::new(&context(), &random_gauge(extent, Group::U1, counter), &spec(text)).unwrap();
            let [b, b2] = [0, 1].map(|i| numbers(dirac.count(), 100 + 2 * counter + i));
            let zero = vec![0.0; b.len()];
            let sum = |a: f64, c: f64| b.iter().zip(&b2).map(|(x, y)| a * x + c * y).collect::<Vec<f64>>();
            let sets: [&[&[f64]]; 7] = [
                &[&b, &b],
                &[&b, &b2, &sum(1.0, 1.0)],
                &[&b, &sum(1.0, 1e-8)],
                &[&b, &sum(1.0, 1e-8), &sum(1.0, 2e-8), &b2],
                &[&zero, &b, &zero],
                &[&zero, &zero],
                &[&sum(1e-100, 0.0), &b, &sum(0.0, 1e100)],
            ];
            for (i, set) in sets.iter().enumerate() {
                let source = set.concat();
                let solve = |solver: &str, count: usize| {
                    let text = format!("{{solver: '{solver}', tolerance: 1e-10}}");
                    let spec = crate::spec::parse::<SolveSpec>("solve", &text).unwrap();
                    let mut x = vec![0.0; count * b.len()];
                    let report = dirac.solve(&spec, count, &source[..x.len()], &mut x).unwrap();
                    (report, x)
                };
                let (report, x) = solve("block", set.len());
                let (plain, _) = solve("cg_even_odd", set.len());
                assert!(report.residual <= 1e-10, "{text} set {i}, seed {counter}: {report:?}");
                assert!(x.iter().all(|x| x.is_finite()));
                // The residuals that the block leaves take a few steps more.
                let most = plain.iterations + plain.iterations / 4 + 8 * set.len() as u64;
                assert!(report.iterations <= most, "{text} set {i}, seed {counter}: {report:?}, {most} one by one");
            }
        }
    }
}
