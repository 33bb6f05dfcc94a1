//! Costs of the referee with a counter in the place of the clock: everything but the speed of the machine is checked.

use super::science::chains::{Kernel, ROUNDS};
use super::science::cheapest;
use super::science::cost::{figure, independent, learned_chain};
use super::science::figure::{Aim, Figure};
use super::science::models::shipped;
use super::science::run::{Form, Run};
use super::science::theory::{FORM_A_4, OF_MODELS};
use super::{measured, quick};
use instanton::random::{Purpose, Stream};
use instanton::statistics::{Estimate, autocorrelation_of_replica};
use std::cell::Cell;
use std::f64::consts::PI;

/// What the readings of a counter add to it in turn, in microseconds: 2000 with a median distance of 200 from it.
const TICKS: [f64; 3] = [1800.0, 2000.0, 2200.0];

/// A clock that moves on by a fixed amount whenever it is read, `pace` times one of [`TICKS`].
pub fn counter(pace: f64) -> impl Fn() -> f64 {
    let (readings, now) = (Cell::new(0), Cell::new(0.0));
    move || {
        now.set(now.get() + pace * TICKS[readings.get() % TICKS.len()]);
        readings.set(readings.get() + 1);
        now.get()
    }
}

/// Median and standard error of intervals of a counter, cut into so many steps.
fn of_counter(steps: usize, rounds: usize) -> Estimate {
    let error = 1.4826 * 200.0 * (PI / (2.0 * rounds as f64)).sqrt();
    Estimate { value: 2000.0 / steps as f64, error: error / steps as f64 }
}

/// The same numbers but for rounding.
fn expect_same(what: &str, got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{what}: expected {expected}, got {got}");
}

/// Figures of costs: positive and finite with their errors and references, beside what `source` says.
fn expect_costs(figures: &[Figure], source: &str) {
    assert!(!figures.is_empty());
    for figure in figures {
        let Figure { value, error, reference, .. } = *figure;
        assert!([value, error, reference].iter().all(|number| number.is_finite() && *number > 0.0), "{figure:?}");
        assert!(figure.aim == Aim::AtMost && figure.source == source, "{figure:?}");
    }
}

#[test]
fn the_time_of_a_step_is_the_median_of_rounds() {
    let action = FORM_A_4.set_up.build().unwrap();
    let kernel = Kernel { action: &action, model: None, spec: "{type: 'langevin', step: 0.02}", seed: 1 };
    for each in [1, 10] {
        let found = kernel.time_of_step(&counter(1.0), each * ROUNDS).unwrap();
        let expected = of_counter(each, ROUNDS);
        expect_same("time", found.value, expected.value);
        expect_same("error", found.error, expected.error);
    }
}

/// x' = x/2 + u has τ_int = 3/2: a cost is three times the time of an update.
#[test]
fn a_cost_is_twice_the_autocorrelation_time_in_updates() {
    let mut stream = Stream::new(3, Purpose::Accept, 0);
    let mut x = 0.0;
    let next = |_| {
        x = 0.5 * x + stream.uniform() - 0.5;
        x
    };
    let series: Vec<f64> = (0..100_000).map(next).collect();
    let time = Estimate { value: 5.0, error: 0.0 };
    let exact = independent(&[&series], time).unwrap();
    assert!((exact.value - 15.0).abs() < 5.0 * exact.error && exact.error < 0.5, "{exact:?}");
    // An error of the time of a tenth is added in quadrature.
    let found = independent(&[&series], Estimate { error: 0.5, ..time }).unwrap();
    assert_eq!(found.value, exact.value);
    expect_same("error", found.error, exact.error.hypot(1.5 * exact.value / 15.0));
}

/// A part of 0.05 of the value and one of 0.05 of the reference.
#[test]
fn the_error_of_a_reference_is_part_of_that_of_the_figure() {
    let found = Estimate { value: 6.0, error: 0.3 };
    let figure = figure("name", found, Estimate { value: 2.0, error: 0.1 }, "source");
    assert_eq!((&*figure.set_up, figure.value, figure.reference, figure.aim), ("name", 6.0, 2.0, Aim::AtMost));
    expect_same("error", figure.error, 0.3 * 2.0_f64.sqrt());
}

/// The row of learned proposals has the cost of the chain of each model.
#[test]
fn the_cost_of_learned_proposals_is_that_of_their_chain() {
    let figures = quick("cost-learned");
    expect_costs(&figures, "hmc-in-lanes");
    assert_eq!(figures.len(), OF_MODELS.len());
    for (figure, set_up) in figures.iter().zip(OF_MODELS) {
        let (flow, action, batches) = (shipped(set_up.length).unwrap(), set_up.build().unwrap(), 20);
        let chain = learned_chain(&flow, &*action, batches, &counter(1.0)).unwrap();
        let squares: Vec<f64> = chain.magnetisations.iter().map(|m| m * m).collect();
        let found = autocorrelation_of_replica(&[&squares]).unwrap();
        // A batch has 1024 samples.
        let time = of_counter(1024, batches);
        assert_eq!(figure.set_up, set_up.name);
        expect_same(set_up.name, figure.value, 2.0 * found.tau * time.value);
        let own = figure.value * (found.tau_error / found.tau).hypot(time.error / time.value);
        assert!(figure.error > own * (1.0 + 1e-9), "expected an error above {own}: {figure:?}");
    }
}

/// Where a clock runs twice as fast, costs, their errors and their references are exactly twice as large.
#[test]
fn costs_are_proportional_to_the_clock() {
    for (name, source) in [("cost-lanes", "hmc-alone"), ("cost-u1-heatbath", "hmc"), ("cost-su2-heatbath", "hmc")] {
        let at = |pace| measured(name, &Run::new(Form::Quick, &counter(pace)));
        let (once, twice) = (at(1.0), at(2.0));
        expect_costs(&once, source);
        assert_eq!(once.len(), twice.len());
        for (once, twice) in once.iter().zip(&twice) {
            assert_eq!(once.set_up, twice.set_up);
            for [a, b] in [[once.value, twice.value], [once.error, twice.error], [once.reference, twice.reference]] {
                expect_same(name, b, 2.0 * a);
            }
        }
    }
}

/// All rows of a run quote the figures of one row for hybrid Monte Carlo in lanes.
#[test]
fn rows_of_a_run_quote_one_cost_for_one_theory() {
    let clock = counter(1.0);
    let run = Run::new(Form::Quick, &clock);
    let in_lanes = measured("cost-lanes", &run);
    for name in ["cost-transformed-hmc", "cost-langevin", "cost-learned"] {
        let figures = measured(name, &run);
        expect_costs(&figures, "hmc-in-lanes");
        for figure in figures {
            let quoted = in_lanes.iter().find(|other| other.set_up == figure.set_up).unwrap();
            assert_eq!(figure.reference, quoted.value, "{name}: {figure:?}");
        }
    }
}

/// Clusters and accelerated trajectories beside hybrid Monte Carlo in lanes, for the same theory.
#[test]
fn clusters_and_accelerated_trajectories() {
    let clock = counter(1.0);
    let run = Run::new(Form::Quick, &clock);
    let [clusters, fourier] = ["cluster-cost", "cluster-cost-fourier"].map(|name| measured(name, &run));
    expect_costs(&clusters, "hmc-in-lanes");
    expect_costs(&fourier, "hmc-in-lanes");
    assert!(clusters.len() == 1 && fourier.len() == 1 && clusters[0].reference == fourier[0].reference);
}

/// Kernels of costs 3, none, 1 and 2 in the search: the third, with the cost that is measured for the figure.
#[test]
fn the_cheapest_kernel_is_measured_anew() {
    let cost = |kernel: &Option<f64>, purpose: cheapest::Purpose| {
        let factor = if purpose == cheapest::Purpose::Search { 1.0 } else { 10.0 };
        Ok(kernel.map(|cost| Estimate { value: factor * cost, error: 0.1 }))
    };
    let kernels = [Some(3.0), None, Some(1.0), Some(2.0)];
    let (kernel, found) = cheapest::cheapest(&kernels, cost).unwrap();
    assert_eq!((*kernel, found.value), (Some(1.0), 10.0));
    assert!(cheapest::cheapest(&[None], cost).is_err() && cheapest::cheapest(&[], cost).is_err());
    assert_ne!(cheapest::Purpose::Search.seed(), cheapest::Purpose::Figure.seed());
}
