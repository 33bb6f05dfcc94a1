//! Laws of gauge actions with open boundaries: values loop by loop, gradients, invariance, trajectories, specs.

use super::*;
use crate::action::ActionSpec;
use crate::action::check::{expect_gauge_invariance, expect_link_gradient, random_links};
use crate::context::serial;
use crate::gauge::links_along;
use crate::random::{Purpose, Stream};

fn build(extent: &[usize], text: &str) -> Box<dyn Action> {
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap()
}

/// Lattices, boundaries and defects: across the open direction too, and in a boundary slice.
const CASES: [(&[usize], &str); 6] = [
    (&[4, 3], "boundary: 'open'"),
    (&[3, 2, 4], "boundary: 'open', c_g: 1.3"),
    (&[2, 3, 2, 2], "boundary: 'open', c_g: 0.4"),
    (&[3, 4, 3], "boundary: 'open', c_g: 0.7, defect: {size: [2, 1], strength: 0.3, across: 1, at: [2, 1, 2]}"),
    (&[4, 4, 2, 4], "boundary: 'open', defect: {size: [2, 2, 2], strength: 0.2, at: [0, 1, 1, 2]}"),
    (&[4, 4, 4, 6], "boundary: 'open', c_g: 2, defect: {size: [2, 2, 3], strength: 0.2, across: 0, at: [0, 1, 1, 5]}"),
];

fn all() -> impl Iterator<Item = Box<dyn Action>> {
    let kinds = ["type: 'wilson'", "type: 'iwasaki'", "type: 'improved', c1: 0.2"];
    let pairs = CASES.into_iter().flat_map(move |case| kinds.map(|kind| (case, kind)));
    pairs.flat_map(|((extent, boundary), kind)| {
        ["u1", "su2", "su3"].map(|group| build(extent, &format!("{{{kind}, group: '{group}', beta: 1.7, {boundary}}}")))
    })
}

#[test]
fn the_force_is_the_derivative_along_the_group_and_absent_links_have_none() {
    for action in all() {
        expect_link_gradient(&*action, 1);
        let gauge = random_links(&*action, 1);
        let mut gradient = vec![1.0; action.count()];
        action.gradient(gauge.links(), &mut gradient).unwrap();
        assert!(crate::gauge::is_open(action.lattice(), gauge.group(), &gradient));
    }
}

#[test]
fn actions_are_gauge_invariant() {
    all().for_each(|action| expect_gauge_invariance(&*action));
}

/// Loop by loop: no absent links, c_G / 2 within the first and the last slice, the strength for each link of a defect.
#[test]
fn the_value_is_that_of_the_loops_with_their_weights() {
    for (extent, boundary) in CASES {
        let spec: ImprovedSpec =
            spec::parse("action", &format!("{{group: 'su2', beta: 2, c1: -0.3, {boundary}}}")).unwrap();
        let (c_g, defect, lattice) = (spec.c_g.unwrap_or(1.0), spec.defect.clone(), Lattice::new(extent).unwrap());
        let defect = defect.map(|defect| defect.build(&lattice).unwrap());
        let action = spec.build(&serial(), &lattice).unwrap();
        let gauge = random_links(&action, 5);
        let (neighbours, d) = (Neighbours::new(&lattice).unwrap(), extent.len());
        let links = Links { numbers: gauge.links(), neighbours: &neighbours };
        let time = |site: usize| lattice.coordinate(site, d - 1);
        let mut expected = 0.0;
        for (c, loops) in [(1.0 + 8.0 * 0.3, Loops::plaquettes(d)), (-0.3, Loops::rectangles(d))] {
            for (site, path) in (0..lattice.volume()).flat_map(|site| loops.closed().iter().map(move |p| (site, p))) {
                let steps = links_along(&neighbours, site, path);
                if steps.iter().any(|&(site, mu, _)| mu == d - 1 && time(site) == extent[d - 1] - 1) {
                    continue;
                }
                let is_spatial = steps.iter().all(|&(_, mu, _)| mu != d - 1);
                let is_boundary = is_spatial && [0, extent[d - 1] - 1].contains(&time(site));
                let factor = |(site, mu, _): &(usize, usize, bool)| {
                    defect.as_ref().map_or(1.0, |(defect, s)| if defect.has(*site, *mu) { *s } else { 1.0 })
                };
                let weight = steps.iter().map(factor).product::<f64>() * if is_boundary { c_g / 2.0 } else { 1.0 };
                expected += 2.0 * c * weight * (1.0 - links.product::<2>(site, path).trace().re / 2.0);
            }
        }
        let got = action.value(gauge.links()).unwrap();
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{extent:?}: {got} {expected}");
        let unit = action.space().cold(&lattice).unwrap();
        let mut open = unit.clone();
        action.space().open(&lattice, &mut open);
        assert!(action.value(&open).unwrap().abs() < 1e-10);
        assert!(action.value(&unit).unwrap_err().to_string().contains("boundary 'open'"));
    }
}

/// Trajectories in lanes against kicks and drifts one by one; absent links stay zero.
#[test]
fn trajectories_in_lanes_are_those_step_by_step() {
    for (group, (extent, boundary)) in [
        ("u1", CASES[5]),
        ("su2", (&[4, 4, 4, 3][..], "boundary: 'open', defect: {size: [2, 2, 2], strength: 0.2, at: [0, 1, 1, 1]}")),
        ("su3", CASES[5]),
        ("su3", (&[8, 3][..], "boundary: 'open'")),
    ] {
        let action = build(extent, &format!("{{type: 'wilson', group: '{group}', beta: 2, {boundary}}}"));
        let (gauge, space) = (random_links(&*action, 5), action.space());
        let (mut field, mut momenta) = (gauge.links().to_vec(), vec![0.0; action.count()]);
        let mut stream = Stream::new(2, Purpose::Momentum, 1);
        space.draw_momenta_of(action.lattice(), &field, (&mut stream, &mut momenta));
        let mut gradient = vec![0.0; action.count()];
        action.gradient(&field, &mut gradient).unwrap();
        let (mut other, mut other_momenta) = (field.clone(), momenta.clone());
        let moves = [(0.05, 0.1), (0.1, 1.5), (0.1, 0.1)];
        let phase = &mut PhasePoint { field: &mut field, momenta: &mut momenta, gradient: &mut gradient };
        let value = action.trajectory(phase, &mut moves.into_iter(), 0.05).unwrap().unwrap();
        for (kick, drift) in moves {
            action.kick(&other, &mut other_momenta, kick).unwrap();
            space.drift(&action.team(), &mut other, &other_momenta, drift);
        }
        action.kick(&other, &mut other_momenta, 0.05).unwrap();
        let mut expected = vec![0.0; action.count()];
        let end = action.gradient(&other, &mut expected).unwrap();
        let farthest = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        assert!(farthest(&field, &other) < 1e-12 && farthest(&momenta, &other_momenta) < 1e-12, "{group}");
        assert!(farthest(&gradient, &expected) < 1e-11 && (value - end).abs() < 1e-9, "{group}: {value} {end}");
        for numbers in [&field, &momenta, &gradient, &other] {
            assert!(crate::gauge::is_open(action.lattice(), gauge.group(), numbers));
        }
        space.expect_inside(action.lattice(), &field).unwrap();
    }
}

#[test]
fn what_makes_no_sense_is_named() {
    let message = |extent: &[usize], text: &str| {
        let spec = spec::parse::<ActionSpec>("action", text);
        spec.and_then(|spec| spec.build(&serial(), &Lattice::new(extent).unwrap())).err().unwrap().to_string()
    };
    let periodic = message(&[4, 4], "{type: 'wilson', group: 'u1', beta: 1, c_g: 0.5}");
    assert_eq!(periodic, "c_g: expected it with boundary 'open' alone, got 0.5");
    let c_g = message(&[4, 4], "{type: 'dbw2', group: 'u1', beta: 1, boundary: 'open', c_g: NaN}");
    assert_eq!(c_g, "c_g: expected a finite number, got NaN");
    let kind = message(&[4, 4], "{type: 'wilson', group: 'u1', beta: 1, boundary: 'closed'}");
    assert!(kind.contains("expected 'periodic' or 'open', got 'closed'"), "{kind}");
    let defect = "defect: {size: [2], strength: 0.5, at: [0, 3]}";
    let absent = message(&[4, 4], &format!("{{type: 'wilson', group: 'u1', beta: 1, boundary: 'open', {defect}}}"));
    let expected = "defect: expected links that there are with an open boundary, got those that leave the last slice";
    assert_eq!(absent, expected);
    // A periodic action has no open fields.
    let [open, periodic] = [", boundary: 'open'", ""]
        .map(|boundary| build(&[4, 3], &format!("{{type: 'wilson', group: 'u1', beta: 1{boundary}}}")));
    let gauge = random_links(&*open, 1);
    let refused = periodic.value(gauge.links()).unwrap_err().to_string();
    assert!(refused.starts_with("field: expected links of a periodic lattice, got an open boundary"), "{refused}");
}
