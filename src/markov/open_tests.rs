//! Chains of gauge fields with open boundaries: exact plaquettes in two dimensions, and laws of all kernels.

use super::check::{expect_mean, mean_and_error};
use super::{Chain, ChainSpec, Heatbath, HeatbathSpec, Hmc, HmcSpec, IntegratorName, Kernel, Key};
use crate::action::{Action, ActionSpec};
use crate::context::{Context, Precision, serial};
use crate::gauge::{Gauge, Group, observables::plaquette};
use crate::lattice::Lattice;
use crate::space::Space;
use crate::spec::parse;
use std::sync::Arc;

fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
}

fn chain(action: &Arc<dyn Action>, text: &str, start: &str) -> Chain {
    let spec: ChainSpec = parse("chain", &format!("{{{text}, start: '{start}'}}")).unwrap();
    Chain::new(Arc::clone(action), None, &spec, 7).unwrap()
}

fn group(action: &dyn Action) -> Group {
    match action.space() {
        Space::Links(group) => group,
        _ => panic!("expected links"),
    }
}

/// Means over a chain after its first tenth; absent links stay zero, the others in their group.
fn series(chain: &mut Chain, action: &dyn Action, steps: u64, observe: impl Fn(&Chain) -> f64) -> Vec<f64> {
    let mut series = vec![];
    for step in 0..steps {
        chain.step().unwrap();
        if step >= steps / 10 {
            series.push(observe(chain));
        }
    }
    assert!(crate::gauge::is_open(action.lattice(), group(action), chain.field()));
    action.space().expect_inside(action.lattice(), chain.field()).unwrap();
    series
}

/// In two dimensions with one open direction plaquettes are independent: the mean is that of a single one, whatever c_G is.
#[test]
fn plaquettes_in_two_dimensions_are_those_of_one_alone() {
    // I_1(1) / I_0(1) and I_2(2) / I_1(2), from tables of Bessel functions; for SU(3) the integral over a torus of angles.
    let one = |name: &str| match name {
        "u1" => (1.0, 0.446_389_965_9),
        "su2" => (2.0, 0.433_127_4),
        _ => (3.0, su3_plaquette(3.0)),
    };
    for (name, c_g) in [("u1", 1.0), ("su2", 0.3), ("su3", 2.0)] {
        let (beta, exact) = one(name);
        let text = format!("{{type: 'wilson', group: '{name}', beta: {beta}, boundary: 'open', c_g: {c_g}}}");
        let action = action(&[4, 3], &text);
        let kernels = [("type: 'heatbath', overrelaxation: 1", 4_000), ("type: 'hmc', steps: 4, length: 1.2", 6_000)];
        for ((kernel, steps), start) in kernels.into_iter().zip(["hot", "cold"]) {
            let mut chain = chain(&action, kernel, start);
            // The action is that of the 8 plaquettes that there are, and so is the observable.
            let values = series(&mut chain, &*action, steps, |chain| {
                let gauge = Gauge::new(action.lattice(), group(&*action), chain.field().to_vec()).unwrap();
                let mean = plaquette(&gauge);
                assert!((1.0 - chain.value() / (8.0 * beta) - mean).abs() < 1e-10);
                mean
            });
            expect_mean(&format!("{name}, {kernel}"), &values, exact);
        }
    }
}

/// <Re tr U / 3> of one matrix of SU(3) with the weight exp(β Re tr U / 3), by Weyl's integral.
fn su3_plaquette(beta: f64) -> f64 {
    const POINTS: usize = 60;
    let angle = |i: usize| 2.0 * std::f64::consts::PI * i as f64 / POINTS as f64;
    let (mut sum, mut norm) = (0.0, 0.0);
    for (a, b) in (0..POINTS).flat_map(|i| (0..POINTS).map(move |j| (angle(i), angle(j)))) {
        let angles = [a, b, -a - b];
        let trace = angles.iter().map(|x| x.cos()).sum::<f64>() / 3.0;
        let pairs = [(0, 1), (0, 2), (1, 2)].map(|(i, j)| 2.0 - 2.0 * (angles[i] - angles[j]).cos());
        let weight = (beta * trace).exp() * pairs.iter().product::<f64>();
        (sum, norm) = (sum + trace * weight, norm + weight);
    }
    sum / norm
}

const ACTIONS: [(&[usize], &str); 4] = [
    (&[4, 2, 3], "{type: 'wilson', group: 'su2', beta: 2, boundary: 'open', c_g: 1.4}"),
    (&[3, 3, 3], "{type: 'symanzik', group: 'u1', beta: 1, boundary: 'open', c_g: 0.6}"),
    (
        &[4, 4, 4],
        "{type: 'wilson', group: 'su3', beta: 4, boundary: 'open', defect: {size: [2, 2], strength: 0.2, across: 1}}",
    ),
    (
        &[3, 3, 4],
        "{type: 'iwasaki', group: 'su2', beta: 0.8, boundary: 'open', defect: {size: [2, 1], strength: 0, at: [0, 0, 2]}}",
    ),
];

#[test]
fn heat_bath_and_hybrid_monte_carlo_agree_at_open_boundaries() {
    for (extent, text) in ACTIONS {
        let action = action(extent, text);
        let kernels = [("type: 'heatbath', overrelaxation: 1", 2_500), ("type: 'hmc', steps: 5, length: 1", 4_000)];
        let means = kernels.map(|(kernel, steps)| {
            let values = series(&mut chain(&action, kernel, "hot"), &*action, steps, Chain::value);
            mean_and_error(&values, 50)
        });
        let [(a, error_a), (b, error_b)] = means;
        assert!((a - b).abs() < 5.0 * error_a.hypot(error_b), "{text}: {a}({error_a}) {b}({error_b})");
    }
}

#[test]
fn overrelaxation_keeps_the_action_at_open_boundaries() {
    for (extent, text) in ACTIONS {
        let action = action(extent, text);
        let start = chain(&action, "type: 'heatbath'", "hot").field().to_vec();
        let values = [0, 4].map(|overrelaxation| {
            let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation }).unwrap();
            let mut state = super::ChainState::new(&*action, &start).unwrap();
            kernel.step(&Key { seed: 1, counter: 2 }, &mut state).unwrap();
            state.value()
        });
        assert!((values[0] - values[1]).abs() < 1e-10, "{text}: {values:?}");
    }
}

#[test]
fn trajectories_are_reversible_and_the_mean_of_exp_of_minus_the_energy_error_is_one() {
    for (extent, text) in ACTIONS {
        let action = action(extent, text);
        let steps = if text.contains("su3") { 12 } else { 4 };
        let kernel = format!("type: 'hmc', integrator: 'leapfrog', steps: {steps}, length: 1");
        let mut chain = chain(&action, &kernel, "hot");
        let mut largest = 0.0f64;
        let mut series = vec![];
        for step in 0..2_400 {
            let info = chain.step().unwrap();
            if step >= 200 {
                series.push((-info.delta).exp());
                largest = largest.max(info.delta.abs());
            }
        }
        assert!(largest > 0.3, "{text}: {largest}");
        expect_mean(&format!("exp(-dH), {text}"), &series, 1.0);
        let back = chain.reversibility().unwrap();
        assert!(back.distance < 1e-11 && back.energy < 1e-10, "{text}: {back:?}");
    }
}

/// Dynamical fermions, with the gauge action on an inner level.
#[test]
fn pseudofermions_move_with_open_boundaries() {
    let action = action(
        &[4, 4],
        "{type: 'sum', terms: [{type: 'wilson', group: 'u1', beta: 1.5, boundary: 'open'}, {type: 'two_flavour', \
         group: 'u1', dirac: {type: 'wilson', mass: 0.4, clover: 1, boundary: [-1, 1]}}]}",
    );
    let kernel = "type: 'hmc', integrator: 'leapfrog', steps: 3, length: 1, levels: [{terms: [0], steps: 2}]";
    let mut chain = chain(&action, kernel, "hot");
    let mut deltas = vec![];
    for step in 0..1_200 {
        let info = chain.step().unwrap();
        if step >= 100 {
            deltas.push((-info.delta).exp());
        }
    }
    expect_mean("exp(-dH)", &deltas, 1.0);
    assert!(deltas.iter().any(|x| (x - 1.0).abs() > 0.2));
    assert!(crate::gauge::is_open(action.lattice(), group(&*action), chain.field()));
    let back = chain.reversibility().unwrap();
    assert!(back.distance < 1e-7, "{back:?}");
}

#[test]
fn threads_do_not_change_a_step_at_open_boundaries() {
    for kernel in ["type: 'hmc', steps: 3", "type: 'heatbath', overrelaxation: 1"] {
        for kind in ["wilson", "symanzik"] {
            let text = format!("{{type: '{kind}', group: 'su3', beta: 5, boundary: 'open', c_g: 1.2}}");
            let fields = [1, 2, 3].map(|threads| {
                let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
                let spec: ActionSpec = parse("action", &text).unwrap();
                let action: Arc<dyn Action> =
                    spec.build(&context, &Lattice::new(&[8, 8, 6, 4]).unwrap()).unwrap().into();
                let mut chain = chain(&action, kernel, "hot");
                (chain.step().unwrap(), chain.field().to_vec())
            });
            assert!(fields[0] == fields[1] && fields[0] == fields[2], "{text}, {kernel}");
        }
    }
}

/// A chain that is saved and loaded goes on bit for bit, with its absent links.
#[test]
fn chains_on_disk_keep_open_boundaries() {
    let path = crate::file::of_tests("open-chain");
    for kernel in
        ["type: 'hmc', steps: 3", "type: 'heatbath'", "type: 'tempering', defect: {size: [2, 1]}, replicas: 3"]
    {
        let action = action(ACTIONS[0].0, ACTIONS[0].1);
        let mut whole = chain(&action, kernel, "hot");
        for _ in 0..3 {
            whole.step().unwrap();
        }
        whole.save(&path).unwrap();
        let mut resumed = chain(&action, kernel, "cold");
        resumed.load(&path).unwrap();
        for _ in 0..3 {
            assert_eq!(whole.step().unwrap(), resumed.step().unwrap(), "{kernel}");
        }
        assert!(whole.field() == resumed.field(), "{kernel}");
        assert!(crate::gauge::is_open(action.lattice(), group(&*action), resumed.field()));
        // Neither a periodic chain nor another c_G takes the file.
        for other in ["", ", boundary: 'open', c_g: 1.3"] {
            let other = self::action(ACTIONS[0].0, &format!("{{type: 'wilson', group: 'su2', beta: 2{other}}}"));
            assert!(chain(&other, kernel, "hot").load(&path).is_err(), "{kernel}");
        }
    }
    std::fs::remove_file(&path).unwrap();
}

/// The energy error falls with the order of the integrator, for each of them.
#[test]
fn all_integrators_keep_their_order() {
    let (action, names) = (action(ACTIONS[0].0, ACTIONS[0].1), super::integrators::INTEGRATORS);
    for integrator in names {
        let errors = [6u64, 12].map(|steps| {
            let spec = HmcSpec { integrator: integrator.name, steps, length: 0.5, ..HmcSpec::default() };
            let hmc = Hmc::new(action.clone(), &spec).unwrap();
            let start = chain(&action, "type: 'heatbath'", "hot").field().to_vec();
            let squares = (0..6).map(|counter| {
                let mut state = super::ChainState::new(&*action, &start).unwrap();
                hmc.step(&Key { seed: 2, counter }, &mut state).unwrap().delta.powi(2)
            });
            squares.sum::<f64>().sqrt()
        });
        let slope = (errors[0] / errors[1]).log2();
        assert!((slope - f64::from(integrator.order)).abs() < 0.3, "{:?}: {slope}", integrator.name);
    }
    assert!(names.iter().any(|integrator| integrator.name == IntegratorName::Leapfrog));
}
