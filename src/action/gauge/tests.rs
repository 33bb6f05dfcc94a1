//! Laws of gauge actions: values loop by loop, gradients, invariance, defects, specs.

use super::*;
use crate::action::ActionSpec;
use crate::action::check::{expect_gauge_invariance, expect_link_gradient};
use crate::context::serial;
use crate::gauge::{Gauge, observables};
use crate::random::{Purpose, Stream};

fn build(extent: &[usize], text: &str) -> Box<dyn Action> {
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap()
}

fn all() -> impl Iterator<Item = Box<dyn Action>> {
    let extents: [&[usize]; 4] = [&[4, 3], &[2, 2], &[3, 2, 4], &[2, 3, 2, 2]];
    let types = ["wilson", "symanzik", "dbw2"];
    let pairs = extents.into_iter().flat_map(move |extent| types.map(|name| (extent, name)));
    pairs.flat_map(|(extent, name)| {
        ["u1", "su2", "su3"].map(|group| build(extent, &format!("{{type: '{name}', group: '{group}', beta: 1.7}}")))
    })
}

/// The same with defects, which some of the checked links belong to.
fn with_defects() -> impl Iterator<Item = Box<dyn Action>> {
    let defects: [(&[usize], &str); 4] = [
        (&[4, 3], "{size: [2], strength: 0.3}"),
        (&[2, 2], "{size: [1], strength: 0, across: 0, at: [1, 1]}"),
        (&[3, 2, 4], "{size: [2, 3], strength: 1.5, across: 1, at: [2, 1, 3]}"),
        (&[4, 4, 4, 6], "{size: [2, 1, 2], strength: 0.2, at: [3, 3, 3, 5]}"),
    ];
    let pairs = defects.into_iter().flat_map(|defect| ["wilson", "iwasaki"].map(|name| (defect, name)));
    pairs.flat_map(|((extent, defect), name)| {
        ["u1", "su2", "su3"]
            .map(|group| build(extent, &format!("{{type: '{name}', group: '{group}', beta: 1.7, defect: {defect}}}")))
    })
}

#[test]
fn the_force_is_the_derivative_along_the_group() {
    all().chain(with_defects()).for_each(|action| expect_link_gradient(&*action, 1));
}

/// Forces in SIMD lanes against staples link by link, on lattices with and without sites left over from the lanes.
#[test]
fn forces_in_lanes_are_those_of_the_staples() {
    for extent in [&[4, 4][..], &[8, 3], &[3, 5], &[3, 2, 3], &[2, 3, 2, 5], &[4, 4, 4, 6]] {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let spec = GaugeSpec { group, beta: 1.7, defect: None, boundary: BoundaryKind::Periodic, c_g: None };
            let action = spec.build(&serial(), &Lattice::new(extent).unwrap(), 0.0).unwrap();
            let count = action.count();
            let gauge = crate::action::check::random_links(&action, 5);
            let (mut lanes, mut loops) = (vec![0.0; count], vec![0.0; count]);
            let value = action.gradient(gauge.links(), &mut lanes).unwrap();
            let links = action.links(gauge.links());
            let other = with_colours!(action.sum.group, sweep(&action, &links, &mut loops));
            assert!((value - other).abs() < 1e-13 * other.abs(), "{group:?}, {extent:?}: {value} {other}");
            let error = lanes.iter().zip(&loops).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            assert!(error < 1e-13, "{group:?}, {extent:?}: {error}");
        }
    }
}

#[test]
fn actions_are_gauge_invariant() {
    all().chain(with_defects()).for_each(|action| expect_gauge_invariance(&*action));
}

#[test]
fn the_value_is_that_of_the_loops() {
    for (kind, rectangle) in [
        ("'wilson'", 0.0),
        ("'symanzik'", SYMANZIK),
        ("'iwasaki'", IWASAKI),
        ("'dbw2'", DBW2),
        ("'improved', c1: 0.125", 0.125),
    ] {
        let action = build(&[4, 3, 5], &format!("{{type: {kind}, group: 'su3', beta: 5}}"));
        let mut stream = Stream::new(1, Purpose::Start, 3);
        let gauge = Gauge::random(action.lattice(), Group::Su3, &mut stream).unwrap();
        let plaquettes: f64 = observables::planes(&gauge).iter().map(|p| 60.0 * (1.0 - p)).sum();
        let pairs = (0..3).flat_map(|mu| (0..3).map(move |nu| (mu, nu))).filter(|(mu, nu)| mu != nu);
        let loops = pairs.map(|(mu, nu)| observables::wilson_loop(&gauge, [(mu, 2), (nu, 1)]).unwrap());
        let rectangles: f64 = loops.map(|r| 60.0 * (1.0 - r)).sum();
        let expected = 5.0 * ((1.0 - 8.0 * rectangle) * plaquettes + rectangle * rectangles);
        let got = action.value(gauge.links()).unwrap();
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{kind}: {got} {expected}");
        let unit = Gauge::unit(action.lattice(), Group::Su3).unwrap();
        assert!(action.value(unit.links()).unwrap().abs() < 1e-13);
    }
}

/// A defect by links with factors: loop by loop.
#[test]
fn a_loop_is_weighted_by_the_product_of_the_factors_of_its_links() {
    for (extent, defect) in [
        (&[3, 4, 5][..], "{size: [2, 3], strength: 0.3, across: 1, at: [2, 1, 4]}"),
        (&[4, 3], "{size: [4], strength: 0.4}"),
        (&[2, 3], "{size: [2], strength: 1.4, across: 0, at: [1, 2]}"),
    ] {
        let spec = format!("group: 'su2', beta: 2, c1: -0.3, defect: {defect}");
        let action = build(extent, &format!("{{type: 'improved', {spec}}}"));
        let gauge = crate::action::check::random_links(&*action, 5);
        let parsed: DefectSpec = spec::parse("defect", defect).unwrap();
        let (defect, strength) = parsed.build(action.lattice()).unwrap();
        let neighbours = Neighbours::new(action.lattice()).unwrap();
        let links = Links { numbers: gauge.links(), neighbours: &neighbours };
        let mut expected = 0.0;
        for (c, loops) in [(1.0 + 8.0 * 0.3, Loops::plaquettes(extent.len())), (-0.3, Loops::rectangles(extent.len()))]
        {
            for (site, path) in
                (0..action.lattice().volume()).flat_map(|site| loops.closed().iter().map(move |p| (site, p)))
            {
                let steps = crate::gauge::links_along(&neighbours, site, path);
                let factor = |(site, mu, _): &(usize, usize, bool)| if defect.has(*site, *mu) { strength } else { 1.0 };
                let weight: f64 = steps.iter().map(factor).product();
                expected += 2.0 * c * weight * (1.0 - links.product::<2>(site, path).trace().re / 2.0);
            }
        }
        let got = action.value(gauge.links()).unwrap();
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{extent:?}: {got} {expected}");
    }
}

#[test]
fn a_defect_of_strength_one_changes_no_bit() {
    for name in ["wilson", "symanzik"] {
        let of = |defect: &str| build(&[4, 3, 4], &format!("{{type: '{name}', group: 'su3', beta: 5{defect}}}"));
        let actions = [of(""), of(", defect: {size: [2, 2], strength: 1}")];
        let gauge = crate::action::check::random_links(&*actions[0], 5);
        let results = actions.each_ref().map(|action| {
            let mut gradient = vec![0.0; action.count()];
            let value = action.gradient(gauge.links(), &mut gradient).unwrap();
            (value, action.value(gauge.links()).unwrap(), gradient)
        });
        assert_eq!(results[0], results[1]);
    }
}

/// Trajectories in lanes with a defect against kicks and drifts one by one.
#[test]
fn trajectories_in_lanes_are_those_step_by_step() {
    for group in ["u1", "su2", "su3"] {
        let action = build(
            &[4, 4, 4, 6],
            &format!("{{type: 'wilson', group: '{group}', beta: 2, defect: {{size: [2, 2, 2], strength: 0.2}}}}"),
        );
        let gauge = crate::action::check::random_links(&*action, 5);
        let (mut field, mut momenta) = (gauge.links().to_vec(), vec![0.0; action.count()]);
        action.space().draw_momenta(&mut Stream::new(2, Purpose::Momentum, 1), &mut momenta);
        let mut gradient = vec![0.0; action.count()];
        action.gradient(&field, &mut gradient).unwrap();
        let (mut other, mut other_momenta) = (field.clone(), momenta.clone());
        let moves = [(0.05, 0.1), (0.1, 0.1), (0.1, 0.1)];
        let phase = &mut PhasePoint { field: &mut field, momenta: &mut momenta, gradient: &mut gradient };
        let value = action.trajectory(phase, &mut moves.into_iter(), 0.05).unwrap().unwrap();
        for (kick, drift) in moves {
            action.kick(&other, &mut other_momenta, kick).unwrap();
            action.space().drift(&action.team(), &mut other, &other_momenta, drift);
        }
        action.kick(&other, &mut other_momenta, 0.05).unwrap();
        let mut expected = vec![0.0; action.count()];
        let end = action.gradient(&other, &mut expected).unwrap();
        let farthest = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        assert!(farthest(&field, &other) < 1e-12 && farthest(&momenta, &other_momenta) < 1e-12, "{group}");
        assert!(farthest(&gradient, &expected) < 1e-11 && (value - end).abs() < 1e-9, "{group}: {value} {end}");
    }
}

#[test]
fn specs_that_make_no_sense_are_named() {
    let message = |extent: &[usize], text: &str| {
        let spec = spec::parse::<ActionSpec>("action", text);
        spec.and_then(|spec| spec.build(&serial(), &Lattice::new(extent).unwrap())).err().unwrap().to_string()
    };
    let one = message(&[4], "{type: 'wilson', group: 'u1', beta: 1}");
    assert_eq!(one, "lattice: expected 2 to 4 dimensions for links, got 1");
    let group = message(&[4, 4], "{type: 'iwasaki', group: 'su4', beta: 1}");
    assert!(group.contains("'u1' or 'su2' or 'su3', got 'su4'"), "{group}");
    let beta = message(&[4, 4], "{type: 'symanzik', group: 'su2', beta: NaN}");
    assert_eq!(beta, "beta: expected a finite number, got NaN");
    for keys in [
        "type: 'wilson', beta: -1e101",
        "type: 'improved', c1: 1e60, beta: 1e50",
        "type: 'wilson', boundary: 'open', c_g: 1e40, beta: 1e70",
        "type: 'wilson', defect: {size: [2], strength: 1e50}, beta: 10",
    ] {
        let large = message(&[4, 4], &format!("{{group: 'su2', {keys}}}"));
        assert!(large.starts_with("beta: expected at most 1e100 in size, times c1, c_g"), "{large}");
    }
}
