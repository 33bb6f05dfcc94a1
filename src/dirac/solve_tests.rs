//! Solvers: all of them solve, and say where they do not.

use super::every::every;
use super::linop_tests::matrix;
use super::tests::*;
use super::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
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
        let source = numbers(dirac.count(), 4);
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
            // Two iterations are too few, and are told as they are.
            let few = SolveSpec { max_iterations: 2, ..solve };
            let report = dirac.try_solve(&few, 1, &source, &mut solution).unwrap();
            assert!(report.iterations == 2 && report.residual > 1e-10, "{solver} {case:?}: {report:?}");
            assert_eq!(dirac.solve(&few, 1, &source, &mut solution).unwrap_err().status(), 6);
        }
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

#[test]
fn low_modes_and_blocks_save_iterations() {
    let mut gauge = Gauge::unit(&Lattice::new(&[16, 16]).unwrap(), Group::U1).unwrap();
    // A smooth field with low modes that are not degenerate.
    let links = (0..512).flat_map(|i| [(0.1 * (0.7 * i as f64).sin()).cos(), (0.1 * (0.7 * i as f64).sin()).sin()]);
    gauge.set_links(links.collect()).unwrap();
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
        assert!(4 * deflated < 3 * plain, "{spec}: {deflated} iterations with low modes, {plain} without");
        let [plain, block] = ["mixed", "block"].map(|solver| iterations(spec, solver, 8));
        assert!(4 * block < 3 * plain, "{spec}: {block} iterations as a block, {plain} one by one");
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
