//! Operators on fields with an open boundary: the dense reference with zero links, and compressed links.

use super::{Case, context, distance, numbers, random_gauge, reference, spec, staggered_reference};
use crate::dirac::*;
use crate::gauge::{Gauge, Group};

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
