//! Solvers: each solves, or reports that it does not converge.

use super::every::every;
use super::linear_map::matrix;
use super::*;
use crate::dirac::linear::Linear;
use crate::dirac::solvers::block_conjugate_gradient;
use crate::dirac::solvers::conjugate_gradient::{self, Stop};
use crate::dirac::solvers::hermitian::Hermitian;
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use faer::Mat;
use faer::linalg::solvers::Solve;

#[test]
fn solutions_solve() {
    for case in cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        // Larger ones take longer and show nothing new.
        if case.gauge.lattice().volume() > 300 {
            continue;
        }
        let source = numbers(2 * dirac.count(), 4);
        let mut solution = vec![0.0; source.len()];
        for solver in ["auto", "cg", "cg_even_odd", "mixed", "block"] {
            let solve = crate::spec::parse::<SolveSpec>("solve", &format!("{{solver: '{solver}'}}")).unwrap();
            let is_odd = !case.gauge.lattice().is_bipartite();
            let report = match dirac.solve(&solve, 2, &source, &mut solution) {
                Ok(report) => report,
                Err(error) if is_odd && matches!(solver, "cg_even_odd" | "mixed" | "block") => {
                    assert_eq!(error.status(), 9, "{error}");
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            assert!(report.residual <= 1e-10 && report.iterations > 0);
            for (x, b) in solution.chunks(dirac.count()).zip(source.chunks(dirac.count())) {
                let image = reference(&case, x);
                let r: Vec<f64> = image.iter().zip(b).map(|(x, b)| b - x).collect();
                assert!((dot(&r, &r).re / dot(b, b).re).sqrt() < 1.1e-10);
            }
        }
    }
}

#[test]
fn the_solvers_of_faer_give_the_dense_solution_for_every_operator() {
    for (i, case) in every().into_iter().enumerate() {
        let dirac = case.on(&case.links(100 + 2 * i as u64));
        let n = dirac.count() / 2;
        let mut source = numbers(dirac.count(), 4);
        if i % 2 == 1 {
            // Complex numbers whose squares add up to zero, which a bilinear product takes for the zero vector.
            source.fill(0.0);
            (source[0], source[3]) = (1.0, 1.0);
        }
        let b = Mat::from_fn(n, 1, |i, _| Complex64::new(source[2 * i], source[2 * i + 1]));
        let d = matrix(&dirac, Which::Plain);
        let exact = d.partial_piv_lu().solve(&b);
        let exact: Vec<f64> = exact.col(0).iter().flat_map(|z| [z.re, z.im]).collect();
        // |x - D^-1 b| <= |b - D x| / s, s the least singular value.
        let singular = crate::spec::parse::<SpectrumSpec>("spectrum", "{of: 'singular', tolerance: 1e-6}").unwrap();
        let least = dirac.spectrum(&singular, 1).unwrap().values[0].re;
        let bound = 1.01e-10 * dot(&source, &source).re.sqrt() / least;
        for solver in ["faer_cg", "faer_bicgstab", "faer_lsmr"] {
            let solve = crate::spec::parse::<SolveSpec>("solve", &format!("{{solver: '{solver}'}}")).unwrap();
            let mut solution = vec![0.0; source.len()];
            let report = dirac.solve(&solve, 1, &source, &mut solution).unwrap_or_else(|e| panic!("{case:?}: {e}"));
            assert!(
                report.residual <= 1e-10 && (1..2000).contains(&report.iterations),
                "{solver} {case:?}: {report:?}"
            );
            let error = distance(&solution, &exact);
            assert!(error < bound, "{solver} {case:?}: {error}");
            // Two iterations are too few, and are reported as such.
            let few = SolveSpec { max_iterations: 2, ..solve };
            let report = dirac.try_solve(&few, 1, &source, &mut solution).unwrap();
            assert!(report.iterations == 2 && report.residual > 1e-10, "{solver} {case:?}: {report:?}");
            assert_eq!(dirac.solve(&few, 1, &source, &mut solution).unwrap_err().status(), 6);
        }
    }
}

/// Point sources on free fields, whose symmetry ends the recurrence of BiCGSTAB before its time.
#[test]
fn breakdowns_of_bicgstab_are_overcome() {
    for (text, source) in
        [("wilson", [1.0, 0.0, 0.0, 0.0]), ("wilson", [1.0, 0.0, 0.0, 1.0]), ("staggered", [1.0, 0.0, 0.0, 1.0])]
    {
        let gauge = Gauge::unit(&Lattice::new(&[8, 8]).unwrap(), Group::U1).unwrap();
        let dirac = Dirac::new(&context(), &gauge, &spec(&format!("{{type: '{text}', mass: 0.3}}"))).unwrap();
        let (mut b, mut x) = (vec![0.0; dirac.count()], vec![0.0; dirac.count()]);
        b[..4].copy_from_slice(&source);
        let solve = crate::spec::parse::<SolveSpec>("solve", "{solver: 'faer_bicgstab'}").unwrap();
        let report = dirac.solve(&solve, 1, &b, &mut x).unwrap();
        assert!(report.residual <= 1e-10 && report.iterations < 1000, "{text} {source:?}: {report:?}");
    }
}

#[test]
fn a_solve_that_does_not_converge_says_so() {
    let case = cases().swap_remove(6);
    let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
    let source = numbers(dirac.count(), 4);
    let mut solution = vec![0.0; source.len()];
    let spec = SolveSpec { max_iterations: 3, ..SolveSpec::default() };
    let error = dirac.solve(&spec, 1, &source, &mut solution).unwrap_err();
    assert_eq!(error.status(), 6, "{error}");
}

/// A smooth field with low modes that are not degenerate.
fn smooth() -> Gauge {
    let mut gauge = Gauge::unit(&Lattice::new(&[16, 16]).unwrap(), Group::U1).unwrap();
    let links = (0..512).flat_map(|i| [(0.1 * (0.7 * i as f64).sin()).cos(), (0.1 * (0.7 * i as f64).sin()).sin()]);
    gauge.set_links(links.collect()).unwrap();
    gauge
}

/// The Schur complement of an operator on the smooth field in the form that is iterated, its eigenvalues, and
/// right-hand sides of norm one.
fn smooth_system(text: &str, form: Form, map: Map) -> (Dirac, Vec<f64>, Vec<Field<f64>>) {
    let dirac = Dirac::new(&context(), &smooth(), &spec(text)).unwrap();
    let linear = dirac.linear_map(map).unwrap();
    let one = Mat::<Complex64>::identity(linear.dimension(), linear.dimension());
    let values = linear.times(one.as_ref()).unwrap().self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
    let schur = dirac.double_even_odd();
    let k = Hermitian::new(&schur, form);
    let right = (0..4).map(|i| {
        let mut b = k.zeros().unwrap();
        Stream::new(6, Purpose::Prior, 40 + i).normals(b.numbers_mut());
        let norm = b.norm2(k.context()).sqrt();
        b.scale(k.context(), 1.0 / norm);
        b
    });
    let right = right.collect();
    (dirac, values, right)
}

const SMOOTH: [(&str, Form, Map); 2] = [
    ("{type: 'wilson', mass: 0.02}", Form::Normal, Map::SchurNormal),
    ("{type: 'staggered', mass: 0.02}", Form::Itself, Map::Schur),
];

/// Conjugate gradients make |e|_K = sqrt(e^dag K e) the least in their Krylov space, block ones in the sum of the
/// spaces of all right-hand sides: after as many steps no error is larger than alone. With
/// |r| / sqrt(largest) <= |e|_K <= |r| / sqrt(least) it takes no more steps to |r| = epsilon than each alone to
/// epsilon / sqrt(condition).
#[test]
fn a_block_takes_no_more_iterations_than_each_alone() {
    for (text, form, map) in SMOOTH {
        let (dirac, values, right) = smooth_system(text, form, map);
        let schur = dirac.double_even_odd();
        let k = Hermitian::new(&schur, form);
        let zeros = || right.iter().map(|_| k.zeros().unwrap()).collect::<Vec<_>>();
        let alone = |stop: Stop| {
            let mut x = zeros();
            let steps =
                right.iter().zip(&mut x).map(|(b, x)| conjugate_gradient::solve(k, b, x, stop).unwrap().iterations);
            (steps.collect::<Vec<_>>(), x)
        };
        let together = |stop: Stop| {
            let mut x = zeros();
            (block_conjugate_gradient::solve(k, &right, &mut x, stop).unwrap().iterations, x)
        };
        let (_, exact) = alone(Stop { residual: 1e-13, relative: 1.0, iterations: 10_000 });
        let energies = |x: &[Field<f64>]| -> Vec<f64> {
            let one = |(x, exact): (&Field<f64>, &Field<f64>)| {
                let (mut e, mut image, mut scratch) = (k.zeros().unwrap(), k.zeros().unwrap(), k.scratch().unwrap());
                e.copy(k.context(), exact);
                e.add(k.context(), -1.0, x);
                k.apply(&e, &mut image, &mut scratch);
                e.dot(k.context(), &image).sqrt()
            };
            x.iter().zip(&exact).map(one).collect()
        };
        for iterations in [1, 2, 4, 8, 16, 24] {
            let stop = Stop { residual: 0.0, relative: 1.0, iterations };
            let (each, all) = (energies(&alone(stop).1), energies(&together(stop).1));
            assert!(each.iter().all(|&e| e > 1e-9), "{text}: {iterations} steps leave nothing to compare");
            assert!(all.iter().zip(&each).all(|(a, b)| a < b), "{text}, {iterations} steps: {all:?}, alone {each:?}");
        }
        let condition = values[values.len() - 1] / values[0];
        let (steps, _) = together(Stop { residual: 1e-6, relative: 1.0, iterations: 10_000 });
        let (each, _) = alone(Stop { residual: 1e-6 / condition.sqrt(), relative: 1.0, iterations: 10_000 });
        assert!(each.iter().all(|&n| steps <= n), "{text}: {steps} as a block, {each:?} alone");
    }
}

/// Without the low modes conjugate gradients see the condition c of the rest of the spectrum: with
/// |e|_K <= 2 q^n |e_0|_K, q = (sqrt(c) - 1) / (sqrt(c) + 1), |r| <= epsilon |b| takes at most
/// log(2 sqrt(c) / epsilon) / log(1 / q) steps.
#[test]
fn the_rest_of_the_spectrum_bounds_iterations_from_low_modes() {
    for (text, form, map) in SMOOTH {
        let (dirac, values, right) = smooth_system(text, form, map);
        let (modes, epsilon) = (6, 1e-6);
        let bound = |condition: f64| {
            let root = condition.sqrt();
            ((2.0 * root / epsilon).ln() / ((root + 1.0) / (root - 1.0)).ln()).ceil() as u64
        };
        let largest = values[values.len() - 1];
        let [of_all, of_rest] = [values[0], values[modes]].map(|least| bound(largest / least));
        assert!(2 * of_rest < of_all, "{text}: expected low modes that matter, got {of_rest} and {of_all} steps");
        for b in &right {
            let stop = Stop { residual: epsilon, relative: 1.0, iterations: 10_000 };
            let mut x = dirac.double_even_odd().zeros().unwrap();
            let steps = dirac
                .invert_deflated((modes, form), b, &mut x, |r, x| dirac.invert((Solver::Mixed, form), r, x, stop))
                .unwrap()
                .iterations;
            assert!((1..=of_rest).contains(&steps), "{text}: {steps} steps, expected at most {of_rest}");
            let plain = dirac.invert((Solver::CgEvenOdd, form), b, &mut x, stop).unwrap().iterations;
            assert!(steps < plain && plain <= of_all, "{text}: {steps} from low modes, {plain} without, of {of_all}");
        }
    }
}

/// Iterations that low modes and blocks save in whole solves.
#[test]
fn low_modes_and_blocks_save_iterations() {
    let gauge = smooth();
    let iterations = |spec: &str, solver: &str, count: usize| {
        let dirac = Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", spec).unwrap()).unwrap();
        let source = numbers(count * dirac.count(), 4);
        let mut solution = vec![0.0; source.len()];
        let solve = crate::spec::parse("solve", &format!("{{solver: '{solver}', tolerance: 1e-9, modes: 6}}")).unwrap();
        let report = dirac.solve(&solve, count, &source, &mut solution).unwrap();
        let mut again = vec![0.0; source.len()];
        dirac.apply(Which::Plain, count, &solution, &mut again).unwrap();
        assert!(distance(&again, &source) < 2e-9 * (source.len() as f64).sqrt(), "{solver}");
        report.iterations
    };
    for spec in ["{type: 'wilson', mass: 0.02}", "{type: 'staggered', mass: 0.02}"] {
        let [plain, deflated] = ["mixed", "deflated"].map(|solver| iterations(spec, solver, 3));
        assert!(deflated < plain, "{spec}: {deflated} iterations with low modes, {plain} without");
        let [plain, block] = ["mixed", "block"].map(|solver| iterations(spec, solver, 8));
        assert!(block < plain, "{spec}: {block} iterations as a block, {plain} one by one");
    }
    let dirac =
        Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", "{type: 'wilson', mass: 1}").unwrap()).unwrap();
    let (source, mut solution) = (numbers(dirac.count(), 4), vec![0.0; dirac.count()]);
    let many = crate::spec::parse("solve", "{solver: 'deflated', modes: 1000}").unwrap();
    let error = dirac.solve(&many, 1, &source, &mut solution).unwrap_err().to_string();
    assert!(error.starts_with("modes: expected 1 to ") && error.ends_with("got 1000"), "{error}");
}

#[test]
fn sources_of_any_scale_are_solved() {
    let gauge = random_gauge(&[4, 4], Group::U1, 3);
    for spec in ["{type: 'wilson', mass: 0.4}", "{type: 'staggered', mass: 0.4}"] {
        let dirac = Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", spec).unwrap()).unwrap();
        let count = dirac.count();
        let mut source = numbers(3 * count, 4);
        source[..count].iter_mut().for_each(|x| *x *= 1e-120);
        source[2 * count..].iter_mut().for_each(|x| *x *= 1e120);
        // One source whose own numbers differ.
        source[count] = 1e40;
        for solver in ["auto", "cg", "block"] {
            let solve = crate::spec::parse("solve", &format!("{{solver: '{solver}'}}")).unwrap();
            let (mut solution, mut again) = (vec![0.0; source.len()], vec![0.0; source.len()]);
            dirac.solve(&solve, 3, &source, &mut solution).unwrap();
            dirac.apply(Which::Plain, 3, &solution, &mut again).unwrap();
            for (got, expected) in again.chunks(count).zip(source.chunks(count)) {
                let scale = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                assert!(distance(got, expected) < 1e-9 * scale, "{spec} {solver}: {}", distance(got, expected) / scale);
            }
        }
    }
}
