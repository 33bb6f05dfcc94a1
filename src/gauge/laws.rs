//! Laws of smearing and flow.

use super::tests::transformed;
use super::*;
use crate::context::Team;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};

const CASES: [(Group, &[usize]); 3] = [(Group::U1, &[4, 6]), (Group::Su2, &[4, 3, 2]), (Group::Su3, &[2, 4, 3, 2])];

/// Links exp(i sum_a x_a T_a) with normal x_a of width one half.
fn rough(group: Group, extent: &[usize]) -> Gauge {
    let lattice = Lattice::new(extent).unwrap();
    let mut gauge = Gauge::unit(&lattice, group).unwrap();
    let mut momenta = vec![0.0; gauge.links().len()];
    draw_momenta(group, &mut Stream::new(3, Purpose::Momentum, 9), &mut momenta);
    drift(&Team::default(), group, (gauge.links_mut(), &momenta), 0.5);
    gauge
}

fn distance(a: &Gauge, b: &Gauge) -> f64 {
    a.links().iter().zip(b.links()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn changed(gauge: &Gauge, change: impl Fn(&mut Gauge)) -> Gauge {
    let mut gauge = gauge.clone();
    change(&mut gauge);
    gauge
}

fn flowed(gauge: &Gauge, steps: usize, step: f64) -> Gauge {
    let mut flow = WilsonFlow::new(&Team::default(), gauge.lattice(), gauge.group()).unwrap();
    let mut gauge = gauge.clone();
    (0..steps).for_each(|_| flow.step(&mut gauge, step).unwrap());
    gauge
}

#[test]
fn smearing_and_flow_turn_with_the_frame() {
    for (group, extent) in CASES {
        let gauge = rough(group, extent);
        let turn = |gauge: &Gauge| with_colours!(group, transformed(gauge));
        let changes: [&dyn Fn(&mut Gauge); 3] = [
            &|gauge| stout(&Team::default(), gauge, 0.1, 2).unwrap(),
            &|gauge| ape(gauge, 0.5, 2).unwrap(),
            &|gauge| *gauge = flowed(gauge, 2, 0.1),
        ];
        for change in changes {
            let (before, after) = (changed(&turn(&gauge), change), turn(&changed(&gauge, change)));
            assert!(distance(&before, &after) < 1e-12, "{group:?}: {}", distance(&before, &after));
            assert!(distance(&after, &turn(&gauge)) > 0.01 && after.worst_link().0 < 1e-13);
            assert!(observables::plaquette(&after) > observables::plaquette(&gauge) + 0.01);
        }
        let energies = [&gauge, &turn(&gauge)].map(|gauge| energy_density(gauge).unwrap());
        assert!((energies[0] - energies[1]).abs() < 1e-12);
        if extent.len() == 4 {
            let charges = [&gauge, &turn(&gauge)].map(|gauge| clover_charge(gauge).unwrap());
            assert!((charges[0] - charges[1]).abs() < 1e-12 && charges[0].abs() > 1e-6);
        }
    }
}

/// All observables of a field but link traces, which are not gauge invariant.
fn observed(gauge: &Gauge) -> Vec<(String, f64)> {
    let d = gauge.lattice().dimensions();
    let mut all = vec![("plaquette".to_string(), observables::plaquette(gauge))];
    let (space, time) = observables::space_and_time(gauge);
    all.extend([("space".to_string(), space), ("time".to_string(), time)].into_iter().filter(|_| d > 2));
    for (mu, nu) in (0..d).flat_map(|nu| (0..d).map(move |mu| (mu, nu))).filter(|(mu, nu)| mu != nu) {
        for (r, t) in [(1, 1), (1, 2), (2, 3)] {
            let value = observables::wilson_loop(gauge, [(mu, r), (nu, t)]).unwrap();
            all.push((format!("loop {r} {t} in {mu} {nu}"), value));
        }
    }
    for mu in 0..d {
        let line = observables::polyakov_loop(gauge, mu).unwrap();
        all.extend([(format!("Re line {mu}"), line.re), (format!("Im line {mu}"), line.im)]);
    }
    all.push(("energy density".to_string(), energy_density(gauge).unwrap()));
    if d == 4 {
        all.push(("charge".to_string(), clover_charge(gauge).unwrap()));
    } else if gauge.group() == Group::U1 && d == 2 {
        all.push(("charge".to_string(), charge(gauge).unwrap()));
    }
    all
}

/// All observables, before and after smearing and flow, are gauge invariant. The fields have a topological charge.
#[test]
fn every_observable_is_gauge_invariant() {
    let flux = constant_flux(&Lattice::new(&[4, 6]).unwrap(), &[3]).unwrap();
    let fields = CASES.into_iter().map(|(group, extent)| rough(group, extent)).chain([flux]);
    for gauge in fields {
        let group = gauge.group();
        let turned = with_colours!(group, transformed(&gauge));
        assert!((observables::link_trace(&gauge) - observables::link_trace(&turned)).abs() > 0.1);
        let changes: [&dyn Fn(&mut Gauge); 4] = [
            &|_| (),
            &|gauge| stout(&Team::default(), gauge, 0.1, 2).unwrap(),
            &|gauge| ape(gauge, 0.5, 2).unwrap(),
            &|gauge| *gauge = flowed(gauge, 2, 0.1),
        ];
        for change in changes {
            let pairs = observed(&changed(&gauge, change)).into_iter().zip(observed(&changed(&turned, change)));
            for ((name, here), (_, there)) in pairs {
                assert!((here - there).abs() < 1e-12, "{group:?} {name}: {here} {there}");
            }
        }
    }
    let flux = constant_flux(&Lattice::new(&[4, 4, 4, 4]).unwrap(), &[1, 1]).unwrap();
    let turned = transformed::<1>(&flux);
    let [here, there] = [&flux, &turned].map(|gauge| scales(&Team::default(), gauge, &FlowSpec::default()).unwrap());
    assert!((here.t0 - there.t0).abs() < 1e-10 && (here.w0 - there.w0).abs() < 1e-10);
    // Observables that do not depend on the field at all would pass as well: they are excluded here.
    let [one, other] = [(1, 2), (2, 3)].map(|(a, b)| {
        let lattice = Lattice::new(&[4, 6]).unwrap();
        let mut sum = observed(&constant_flux(&lattice, &[a]).unwrap());
        sum.extend(observed(&rough(Group::Su3, &[2, 4, 3, b])));
        sum
    });
    for ((name, a), (_, b)) in one.iter().zip(&other).filter(|((name, _), _)| !name.contains("line")) {
        assert!((a - b).abs() > 1e-6, "{name}: {a} {b}");
    }
}

#[test]
fn the_flow_lowers_the_action_at_every_step() {
    for (group, extent) in CASES {
        let mut gauge = rough(group, extent);
        for _ in 0..50 {
            let next = flowed(&gauge, 1, 0.05);
            assert!(observables::plaquette(&next) > observables::plaquette(&gauge), "{group:?}");
            gauge = next;
        }
    }
}

#[test]
fn the_flow_is_of_third_order_and_stout_smearing_is_its_step_of_first_order() {
    for (group, extent) in CASES {
        let gauge = rough(group, extent);
        let exact = flowed(&gauge, 128, 0.4 / 128.0);
        let error = |steps: usize| distance(&flowed(&gauge, steps, 0.4 / steps as f64), &exact);
        let slope = (error(10) / error(20)).log2();
        assert!((slope - 3.0).abs() < 0.3, "{group:?}: {slope}");
        let euler = |rho: f64| {
            distance(&changed(&gauge, |gauge| stout(&Team::default(), gauge, rho, 1).unwrap()), &flowed(&gauge, 1, rho))
        };
        let slope = (euler(0.002) / euler(0.001)).log2();
        assert!((slope - 2.0).abs() < 0.05, "{group:?}: {slope}");
    }
}

#[test]
fn constant_flux_does_not_flow_and_has_the_scales_of_its_energy() {
    let lattice = Lattice::new(&[6, 6, 6, 6]).unwrap();
    let gauge = constant_flux(&lattice, &[1, 2]).unwrap();
    assert!(distance(&flowed(&gauge, 3, 0.1), &gauge) < 1e-14);
    let energy = energy_density(&gauge).unwrap();
    let Scales { t0, w0 } = scales(&Team::default(), &gauge, &FlowSpec::default()).unwrap();
    assert!((t0 - (0.3 / energy).sqrt()).abs() < 1e-4, "{t0}");
    assert!((w0 * w0 - (0.15 / energy).sqrt()).abs() < 1e-4, "{w0}");
    let short = scales(&Team::default(), &gauge, &FlowSpec { longest: 1.0, ..FlowSpec::default() }).unwrap_err();
    assert!(short.status() == 6 && short.to_string().ends_with("after 50 steps"), "{short}");
    assert!(short.to_string().contains("the longest flow time is 1,"), "{short}");
    let message =
        scales(&Team::default(), &gauge, &FlowSpec { step: 0.0, ..FlowSpec::default() }).unwrap_err().to_string();
    assert_eq!(message, "step: expected a number above 0, at most 0.2, got 0");
}

#[test]
fn unitary_factors_of_singular_matrices_do_not_exist() {
    let mut w = Matrix::<3>::unit();
    w.0[1][1] = 0.0.into();
    assert_eq!(w.unitary_factor().unwrap_err().status(), 6);
    assert_eq!(Matrix::<2>::ZERO.unitary_factor().unwrap_err().status(), 6);
}

/// Fields of which no scale follows: all links one, and small lattices that the flow smooths before t^2 E is large.
#[test]
fn the_search_for_scales_ends_where_t2_e_has_fallen_for_long() {
    let lattice = Lattice::new(&[4, 4, 4, 4]).unwrap();
    let mut stream = Stream::new(5, Purpose::Momentum, 1);
    for size in [0.0, 0.2] {
        let mut numbers = vec![0.0; lattice.volume() * 4 * Group::Su3.reals()];
        draw_momenta(Group::Su3, &mut stream, &mut numbers);
        let mut gauge = Gauge::unit(&lattice, Group::Su3).unwrap();
        drift(&Team::default(), Group::Su3, (gauge.links_mut(), &numbers), size);
        let error = scales(&Team::default(), &gauge, &FlowSpec::default()).unwrap_err();
        let text = error.to_string();
        assert!(error.status() == 6 && text.contains("the lattice is too small or the field too smooth"), "{text}");
        let steps: usize = text.split("after ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!((50..400).contains(&steps), "{text}");
    }
}
