//! Laws of trajectories on links, for all integrators and groups.

use super::check::expect_mean;
use super::integrators::{INTEGRATORS, Integrator, IntegratorName, Phase, Steps};
use super::{ChainState, Hmc, HmcSpec, Kernel, Key};
use crate::action::{Action, ActionSpec, Draw, Past};
use crate::context::{Context, Precision, Team, serial};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::space::Space;
use std::sync::Arc;

fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
}

const ACTIONS: [(&[usize], &str); 5] = [
    (&[4, 4], "{type: 'wilson', group: 'u1', beta: 1.5}"),
    (&[4, 4], "{type: 'wilson', group: 'su2', beta: 2.2}"),
    (&[4, 2, 2], "{type: 'symanzik', group: 'su2', beta: 1.2}"),
    (&[4, 4], "{type: 'wilson', group: 'su3', beta: 5}"),
    (&[2, 3, 2, 2], "{type: 'iwasaki', group: 'su3', beta: 1.3}"),
];

const FERMIONS: [(&[usize], &str); 2] = [
    (
        &[4, 4],
        "{type: 'sum', terms: [{type: 'wilson', group: 'u1', beta: 1.5}, {type: 'two_flavour', group: 'u1', \
         tolerance: 1e-13, force_tolerance: 1e-13, dirac: {type: 'wilson', mass: 0.4, clover: 1, boundary: [1, -1]}}]}",
    ),
    (
        &[4, 4],
        "{type: 'sum', terms: [{type: 'wilson', group: 'su2', beta: 2}, {type: 'rational', group: 'su2', flavours: 1, \
         range: [0.3, 12], tolerance: 1e-13, force_tolerance: 1e-13, force_error: 1e-10, \
         dirac: {type: 'staggered', mass: 0.6, boundary: [1, -1]}}]}",
    ),
];

/// The action with pseudofermions for the start of [`phase`], where it holds any.
fn fixed(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let action = action(extent, text);
    let links = action.space().hot(action.lattice(), &mut Stream::new(5, Purpose::Start, 1)).unwrap();
    action.refreshed(Draw { seed: 1, counter: 0, term: 0 }, &links).unwrap().unwrap_or(action)
}

fn phase(action: &dyn Action, counter: u64) -> Phase {
    let (space, count) = (action.space(), action.count());
    let field = space.hot(action.lattice(), &mut Stream::new(5, Purpose::Start, counter)).unwrap();
    let mut momentum = vec![0.0; count];
    space.draw_momenta(&mut Stream::new(5, Purpose::Momentum, counter), &mut momentum);
    let mut phase = Phase {
        team: action.team(),
        space,
        field,
        momentum,
        gradient: vec![0.0; count],
        past: Past::default(),
        velocity: None,
    };
    phase.force(action).unwrap().unwrap();
    phase
}

#[test]
fn trajectories_turn_back_to_their_start() {
    for (extent, text) in ACTIONS.into_iter().chain(FERMIONS) {
        let action = fixed(extent, text);
        for integrator in INTEGRATORS {
            let start = phase(&*action, 1);
            let mut phase = start.clone();
            integrator.trajectory(&*action, &mut phase, Steps { count: 20, size: 0.05 }).unwrap().unwrap();
            phase.momentum.iter_mut().for_each(|p| *p = -*p);
            integrator.trajectory(&*action, &mut phase, Steps { count: 20, size: 0.05 }).unwrap().unwrap();
            let distances = phase.field.iter().zip(&start.field).map(|(a, b)| (a - b).abs());
            let farthest = distances.fold(0.0, f64::max);
            assert!(farthest < 1e-11, "{text}, {:?}: {farthest}", integrator.name);
        }
    }
}

/// Root mean square of ΔH over trajectories of length one.
fn energy_error(action: &dyn Action, integrator: &Integrator, steps: u64) -> f64 {
    let squares = (0..4).map(|counter| {
        let mut phase = phase(action, counter);
        let start = action.value(&phase.field).unwrap() + phase.kinetic();
        let value = integrator
            .trajectory(action, &mut phase, Steps { count: steps, size: 1.0 / steps as f64 })
            .unwrap()
            .unwrap();
        (value + phase.kinetic() - start).powi(2)
    });
    (squares.sum::<f64>() / 4.0).sqrt()
}

#[test]
fn the_energy_error_on_links_falls_with_the_order() {
    for (extent, text) in ACTIONS.into_iter().chain(FERMIONS) {
        let action = fixed(extent, text);
        for integrator in INTEGRATORS {
            let steps = if integrator.order == 2 { 40 } else { 10 };
            let errors = [steps, 2 * steps].map(|steps| energy_error(&*action, integrator, steps));
            let slope = (errors[0] / errors[1]).log2();
            assert!((slope - f64::from(integrator.order)).abs() < 0.2, "{text}, {:?}: {slope}", integrator.name);
        }
    }
}

#[test]
fn the_mean_of_exp_of_minus_the_energy_error_on_links_is_one() {
    for (extent, text) in ACTIONS.into_iter().chain(FERMIONS) {
        let action = action(extent, text);
        let spec = HmcSpec { integrator: IntegratorName::Leapfrog, steps: 5, ..HmcSpec::default() };
        let hmc = Hmc::new(action.clone(), &spec).unwrap();
        let start = action.space().hot(action.lattice(), &mut Stream::new(6, Purpose::Start, 0)).unwrap();
        let mut state = ChainState::new(&*action, &start).unwrap();
        let (mut series, mut largest) = (Vec::new(), 0.0f64);
        for counter in 0..2_200 {
            let info = hmc.step(&Key { seed: 3, counter }, &mut state).unwrap();
            if counter >= 200 {
                series.push((-info.delta).exp());
                largest = largest.max(info.delta.abs());
            }
        }
        assert!(largest > 0.3, "{text}: the test needs energy errors to see anything, got at most {largest}");
        expect_mean("exp(-dH)", &series, 1.0);
    }
}

#[test]
fn threads_do_not_change_a_trajectory() {
    // More sites than one part of the work has.
    for text in ["{type: 'wilson', group: 'su3', beta: 5.5}", "{type: 'symanzik', group: 'su2', beta: 2}"] {
        let ends = [1, 2, 3].map(|threads| {
            let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
            let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
            let action = spec.build(&context, &Lattice::new(&[6, 5, 4, 6]).unwrap()).unwrap();
            let mut phase = phase(&*action, 3);
            let value =
                INTEGRATORS[0].trajectory(&*action, &mut phase, Steps { count: 3, size: 0.1 }).unwrap().unwrap();
            (value, phase.kinetic(), phase.field, phase.momentum)
        });
        assert!(ends[0] == ends[1] && ends[0] == ends[2], "{text}");
    }
}

#[test]
fn trajectories_in_lanes_have_the_same_numbers() {
    // Slices of one part and of several, shared ones, steps too long for the series, and lattices that do not fit
    // lanes.
    let extents: [&[usize]; 8] =
        [&[8, 3], &[16, 2], &[4, 4, 3], &[4, 4, 4, 5], &[8, 8, 4, 3], &[8, 8, 4, 19], &[8, 2, 2, 2], &[3, 3, 2]];
    for (i, extent) in extents.into_iter().enumerate() {
        for group in ["u1", "su2", "su3"] {
            for threads in [1, 2, 3, 5] {
                let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
                let text = format!("{{type: 'wilson', group: '{group}', beta: 2.5}}");
                let spec: ActionSpec = crate::spec::parse("action", &text).unwrap();
                let action: Arc<dyn Action> = spec.build(&context, &Lattice::new(extent).unwrap()).unwrap().into();
                let integrator = &INTEGRATORS[(i + threads) % INTEGRATORS.len()];
                let mut start = phase(&*action, 4);
                // One momentum is so large that its link takes a long step.
                start.momentum[..2].iter_mut().for_each(|p| *p *= 40.0);
                let moves = [(0.1, 0.1)].into_iter();
                let is_wide = start.clone().whole_trajectory(&*action, moves, 0.1).unwrap().is_some();
                assert_eq!(is_wide, extent != [3, 3, 2], "{extent:?}");
                for steps in [1, 2] {
                    let (mut wide, mut other) = (start.clone(), start.clone());
                    let value =
                        integrator.trajectory(&*action, &mut wide, Steps { count: steps, size: 0.1 }).unwrap().unwrap();
                    let expected = integrator
                        .trajectory(&Plain(&*action), &mut other, Steps { count: steps, size: 0.1 })
                        .unwrap()
                        .unwrap();
                    assert_eq!(value, expected, "{group}, {extent:?}, {threads} threads");
                    assert!(wide.field == other.field, "{group}, {extent:?}, {threads} threads");
                    assert!(wide.momentum == other.momentum, "{group}, {extent:?}, {threads} threads");
                    assert!(wide.gradient == other.gradient, "{group}, {extent:?}, {threads} threads");
                }
            }
        }
    }
}

/// The same action without its own trajectories and kicks.
struct Plain<'a>(&'a dyn Action);

impl Action for Plain<'_> {
    fn team(&self) -> Team {
        self.0.team()
    }

    fn lattice(&self) -> &Lattice {
        self.0.lattice()
    }

    fn space(&self) -> Space {
        self.0.space()
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        self.0.value(field)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.0.gradient(field, gradient)
    }
}
