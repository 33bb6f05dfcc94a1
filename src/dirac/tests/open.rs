//! Operators on fields with an open boundary: the dense reference with zero links, and compressed links.

use super::{Case, context, distance, dot, gamma5, numbers, random_gauge, reference, spec, staggered_reference};
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;

fn open(extent: &[usize], group: Group) -> Gauge {
    let mut gauge = random_gauge(extent, group, 7);
    gauge.open();
    gauge
}

fn image(dirac: &Dirac, psi: &[f64]) -> Vec<f64> {
    let mut image = vec![0.0; psi.len()];
    dirac.apply(Which::Plain, 1, psi, &mut image).unwrap();
    image
}

/// Lattices whose boxes end at the boundary in some lanes alone, in all, and lattices in one lane.
const EXTENTS: [&[usize]; 5] = [&[4, 4, 4, 8], &[2, 4, 2, 16], &[2, 3, 2, 5], &[8, 8], &[4, 6]];

#[test]
fn operators_of_wilson_are_the_dense_reference_with_zero_links() {
    for extent in EXTENTS {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let gauge = open(extent, group);
            let ones = "1, ".repeat(extent.len() - 1);
            for clover in ["", "clover: 1.3,"] {
                for links in if group == Group::Su3 { &["18", "12", "8"][..] } else { &["18"] } {
                    let text = format!(
                        "{{type: 'wilson', mass: 0.4, {clover} twist: 0.2, boundary: [{ones} -1], links: {links}}}"
                    );
                    let case = Case { gauge: gauge.clone(), spec: spec(&text) };
                    let dirac = Dirac::new(&context(), &gauge, &case.spec).unwrap();
                    let psi = numbers(dirac.count(), 1);
                    let (expected, got) = (reference(&case, &psi), image(&dirac, &psi));
                    // Links of eight numbers are accurate to some hundred units of rounding.
                    let bound = if *links == "8" { 1e-10 } else { 4e-12 };
                    assert!(distance(&expected, &got) < bound, "{text}: {}", distance(&expected, &got));
                    let mut solution = vec![0.0; psi.len()];
                    let solve = SolveSpec { tolerance: 1e-11, ..SolveSpec::default() };
                    dirac.solve(&solve, 1, &psi, &mut solution).unwrap();
                    assert!(distance(&reference(&case, &solution), &psi) < 1e-8, "{text}");
                }
            }
        }
    }
}

#[test]
fn staggered_operators_are_the_dense_reference_with_zero_links() {
    for extent in EXTENTS.into_iter().filter(|extent| extent.iter().all(|length| length % 2 == 0)) {
        let gauge = open(extent, Group::Su3);
        let ones = "1, ".repeat(extent.len() - 1);
        let text = format!("{{type: 'staggered', mass: 0.3, boundary: [{ones} -1]}}");
        let dirac = Dirac::new(&context(), &gauge, &spec(&text)).unwrap();
        let psi = numbers(dirac.count(), 5);
        let expected = staggered_reference::<3>(&gauge, (0.3, First::X), &psi);
        assert!(distance(&expected, &image(&dirac, &psi)) < 4e-12, "{extent:?}");
    }
}

/// P (D + (c_F − 1) B) P + (1 − P) (1 + i t g_5), from the dense reference of D.
fn between(case: &Case, c_f: f64, psi: &[f64]) -> Vec<f64> {
    let (lattice, DiracSpec::Wilson(spec)) = (case.gauge.lattice(), &case.spec) else { panic!("expected Wilson") };
    let (d, five) = (lattice.dimensions(), gamma5(lattice.dimensions()));
    let site_of = |number: usize| number / (psi.len() / lattice.volume());
    let (last, colours) = (lattice.extent()[d - 1] - 1, case.gauge.group().colours());
    let time = |number: usize| lattice.coordinate(site_of(number), d - 1);
    let is_end = |number: usize| [0, last].contains(&time(number));
    let inner: Vec<f64> = psi.iter().enumerate().map(|(i, &x)| if is_end(i) { 0.0 } else { x }).collect();
    let mut image = reference(case, &inner);
    for i in 0..psi.len() {
        let spin = i / 2 / colours % d;
        let chirality = five[spin][spin].re * spec.twist;
        // Re and Im of (1 + i t g_5) psi.
        let turned = if i % 2 == 0 { psi[i] - chirality * psi[i + 1] } else { psi[i] + chirality * psi[i - 1] };
        match time(i) {
            _ if is_end(i) => image[i] = turned,
            t if t == 1 || t == last - 1 => image[i] += (c_f - 1.0) * psi[i],
            _ => {}
        }
    }
    image
}

#[test]
fn spinors_vanish_on_the_end_slices_and_the_slices_next_to_them_have_c_f() {
    for extent in EXTENTS.into_iter().filter(|extent| extent[extent.len() - 1] >= 4) {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let (gauge, d) = (open(extent, group), extent.len());
            let keys = if d == 4 { "anisotropy: {xi0: 1.4, nu: 1.1}," } else { "" };
            for clover in ["", "clover: 1.3,"] {
                for links in if group == Group::Su3 { &["18", "12"][..] } else { &["18"] } {
                    let text = |c_f: &str| {
                        spec(&format!(
                            "{{type: 'wilson', mass: 0.4, {clover} {keys} twist: 0.2, links: {links}, {c_f} boundary: [{} -1]}}",
                            "{angle: 0.4}, ".repeat(d - 1)
                        ))
                    };
                    let what = format!("{:?}", text("c_f: 1.4,"));
                    let case = Case { gauge: gauge.clone(), spec: text("") };
                    let dirac = Dirac::new(&context(), &gauge, &text("c_f: 1.4,")).unwrap();
                    let (psi, chi) = (numbers(dirac.count(), 1), numbers(dirac.count(), 2));
                    let got = image(&dirac, &psi);
                    assert!(distance(&between(&case, 1.4, &psi), &got) < 4e-12, "{what}");
                    let mut adjoint = vec![0.0; chi.len()];
                    dirac.apply(Which::Adjoint, 1, &chi, &mut adjoint).unwrap();
                    let difference: Complex64 = dot(&chi, &got) - dot(&adjoint, &psi);
                    assert!(difference.norm() < 1e-11, "{what}");
                    let solvers = [Solver::Cg, Solver::CgEvenOdd, Solver::Mixed, Solver::Block];
                    let is_even = extent.iter().all(|length| length % 2 == 0);
                    for solver in solvers.into_iter().filter(|solver| is_even || *solver == Solver::Cg) {
                        let (mut solution, tolerance) = (vec![0.0; psi.len()], 1e-11);
                        let solve = SolveSpec { solver, tolerance, ..SolveSpec::default() };
                        dirac.solve(&solve, 1, &psi, &mut solution).unwrap();
                        assert!(distance(&between(&case, 1.4, &solution), &psi) < 1e-8, "{what} {solver:?}");
                    }
                }
            }
        }
    }
}

/// g_5 D g_5 = D^dag without a twist, and fields that vanish on the end slices stay so under D and its inverse.
#[test]
fn operators_between_the_end_slices_are_hermitian_with_gamma_5() {
    let gauge = open(&[4, 4, 2, 6], Group::Su3);
    let dirac = Dirac::new(&context(), &gauge, &spec("{type: 'wilson', mass: 0.1, clover: 1.1, c_f: 0.9}")).unwrap();
    let mut psi = numbers(dirac.count(), 1);
    let slice = psi.len() / 6;
    psi[..slice].fill(0.0);
    psi[5 * slice..].fill(0.0);
    let five = |psi: &[f64]| -> Vec<f64> {
        psi.iter().enumerate().map(|(i, &x)| if i / 6 % 4 < 2 { x } else { -x }).collect()
    };
    let (mut adjoint, mut solution) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
    dirac.apply(Which::Adjoint, 1, &psi, &mut adjoint).unwrap();
    assert!(distance(&adjoint, &five(&image(&dirac, &five(&psi)))) < 1e-13);
    dirac.solve(&SolveSpec::default(), 1, &psi, &mut solution).unwrap();
    for field in [&adjoint, &solution] {
        assert!(field[..slice].iter().chain(&field[5 * slice..]).all(|&x| x == 0.0));
    }
}

#[test]
fn c_f_that_makes_no_sense_is_named() {
    let message = |extent: &[usize], keys: &str| {
        let gauge = Gauge::unit(&Lattice::new(extent).unwrap(), Group::Su3).unwrap();
        let mass = if keys.contains("mass") { "" } else { "mass: 0.4," };
        let spec = spec(&format!("{{type: 'wilson', {mass} {keys}}}"));
        Dirac::new(&context(), &gauge, &spec).err().unwrap().to_string()
    };
    assert_eq!(message(&[4, 4], "c_f: NaN"), "c_f: expected a finite number, got NaN");
    assert_eq!(message(&[4, 4], "c_f: 1, links: 8"), "links: expected 'auto', 18 or 12 with c_f, got 8");
    let singular = message(&[4, 4], "mass: 0.5, c_f: -1.5");
    assert!(singular.starts_with("mass, clover, c_f: expected a part that is diagonal in the sites"), "{singular}");
    let short = message(&[4, 3], "c_f: 1");
    assert!(short.starts_with("extent[1]: expected at least 4 slices with c_f") && short.ends_with("got 3"), "{short}");
}

/// Links that are zero anywhere else have no compressed form.
#[test]
fn other_zero_links_are_not_compressed() {
    let mut gauge = open(&[4, 4, 4, 4], Group::Su3);
    gauge.set_link(3, 1, &crate::gauge::Matrix::<3>::ZERO);
    for links in [12, 8] {
        let text = format!("{{type: 'wilson', mass: 0.4, links: {links}}}");
        let error = Dirac::new(&context(), &gauge, &spec(&text)).err().unwrap().to_string();
        assert!(error.contains("at site 3 in direction 1"), "{error}");
    }
}
