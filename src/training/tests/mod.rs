//! Tests of training.

mod annealed;
mod compact;
mod diffusion;
mod exact_diffusion;
mod fields;
mod layers;
mod levels;
mod path_kl;
mod scores;

use super::objective::{Objective, Samples};
use super::reverse_kl::ReverseKl;
use super::{Estimator, Progress, TrainSpec, TrainingState, load, save, train};
use crate::action::{Action, ActionSpec, Callback};
use crate::context::{Precision, of_tests};
use crate::error::Error;
use crate::flow::{Flow, Model, ModelSpec};
use crate::lattice::Lattice;
use crate::program::Key;
use crate::random::Purpose;
use crate::spec;
use std::sync::Arc;

const PHI4: &str = "{type: 'phi4', mass_squared: -4, lambda: 8, source: 0.1}";

fn flow(threads: usize, precision: Precision) -> Flow {
    flow_of("{type: 'affine', prior: 'spectrum', layers: 4, hidden: [3, 2]}", threads, precision)
}

fn flow_of(model: &str, threads: usize, precision: Precision) -> Flow {
    let context = of_tests(5, precision, threads);
    let model: ModelSpec = spec::parse("model", model).unwrap();
    Flow::new(&context, &Lattice::new(&[4, 2]).unwrap(), &model).unwrap()
}

fn action(lattice: &Lattice) -> Arc<dyn Action> {
    spec::parse::<ActionSpec>("action", PHI4).unwrap().build(&crate::context::serial(), lattice).unwrap().into()
}

fn called(lattice: &Lattice) -> Callback {
    let inner = action(lattice);
    Callback::new(lattice, move |field: &[f64], gradient: Option<&mut [f64]>| match gradient {
        Some(gradient) => inner.gradient(field, gradient),
        None => inner.value(field),
    })
}

fn key() -> Key {
    Key { seed: 5, purpose: Purpose::Training, counter: 0, stream: 0 }
}

fn gradient(flow: &Flow, action: &dyn Action, estimator: Estimator, batch: usize) -> Vec<f64> {
    let mut objective = ReverseKl::new(flow, action, estimator).unwrap();
    objective.run(flow.parameters(), &Samples { key: key(), step: 0, count: batch }).unwrap().gradient
}

/// With a smooth activation: a finite step would cross the kinks of a rectifier.
#[test]
fn the_reparametrised_gradient_is_the_derivative_of_the_loss() {
    let keys = "prior: 'spectrum', layers: 4, hidden: [3, 2], activation: 'tanh'";
    for condition in ["", ", condition: {source: [-1, 2], lambda: [5, 9]}"] {
        reparametrised_gradient_is_right(&format!("{{type: 'affine', {keys}{condition}}}"));
    }
}

fn reparametrised_gradient_is_right(model: &str) {
    let flow = flow_of(model, 1, Precision::F64);
    let action = action(flow.lattice());
    let found = gradient(&flow, &*action, Estimator::Reparametrised, 11);
    let mut objective = ReverseKl::new(&flow, &*action, Estimator::Reparametrised).unwrap();
    let mut loss =
        |parameters: &[f64]| objective.run(parameters, &Samples { key: key(), step: 0, count: 11 }).unwrap().loss;
    // The last six parameters are those of the spectrum.
    let places = (0..found.len()).step_by(7).chain(found.len() - 6..found.len());
    expect_derivative(&mut loss, flow.parameters(), (&found, places), 1e-7, model);
}

/// Numbers of a gradient, at some places, are derivatives of the loss by finite differences of fourth order.
fn expect_derivative(
    loss: &mut dyn FnMut(&[f64]) -> f64,
    parameters: &[f64],
    (found, places): (&[f64], impl Iterator<Item = usize>),
    tolerance: f64,
    what: &str,
) {
    for i in places {
        let mut at = |shift: f64| {
            let mut parameters = parameters.to_vec();
            parameters[i] += shift;
            loss(&parameters)
        };
        let h = 1e-3;
        let difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        let is_near = (found[i] - difference).abs() < tolerance * (1.0 + difference.abs());
        assert!(is_near, "{what} {i}: {} {difference}", found[i]);
    }
}

/// They differ by a term of mean zero: over many samples both gradients agree within their errors.
#[test]
fn both_estimators_have_the_same_mean() {
    let flow = flow(2, Precision::F64);
    let action = action(flow.lattice());
    let runs = 40;
    let mut differences = vec![vec![]; flow.parameters().len()];
    let mut losses = [Estimator::Path, Estimator::Reparametrised].map(|e| ReverseKl::new(&flow, &*action, e).unwrap());
    for run in 0..runs {
        let key = Key { counter: run * 500, ..key() };
        let samples = Samples { key, step: 0, count: 500 };
        let [path, full] = losses.each_mut().map(|l| l.run(flow.parameters(), &samples).unwrap().gradient);
        differences.iter_mut().zip(path.iter().zip(&full)).for_each(|(all, (a, b))| all.push(a - b));
    }
    for (i, all) in differences.iter().enumerate() {
        let n = runs as f64;
        let mean = all.iter().sum::<f64>() / n;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0));
        // Student's distribution with 39 degrees of freedom has wider tails than a normal one.
        assert!(mean.abs() <= 6.5 * variance.sqrt() + 1e-12, "parameter {i}: {mean} +- {}", variance.sqrt());
    }
}

#[test]
fn a_called_action_trains_like_a_recorded_one() {
    let flow = flow(1, Precision::F64);
    let (recorded, called) = (action(flow.lattice()), called(flow.lattice()));
    for estimator in [Estimator::Path, Estimator::Reparametrised] {
        let a = gradient(&flow, &*recorded, estimator, 9);
        let b = gradient(&flow, &called, estimator, 9);
        let scale = a.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-11 * scale), "{estimator:?}");
    }
}

fn bits(flow: &Flow) -> Vec<u64> {
    flow.parameters().iter().map(|x| x.to_bits()).collect()
}

fn training() -> TrainSpec {
    spec::parse("training", "{steps: 12, batch: 40, schedule: 'cosine', warmup: 3, clip: 50}").unwrap()
}

#[test]
fn a_run_that_is_stopped_saved_and_loaded_goes_on_bit_for_bit_with_any_number_of_threads() {
    let path = crate::file::of_tests("training");
    for precision in [Precision::F32, Precision::F64] {
        let mut straight = flow(1, precision);
        let action = action(straight.lattice());
        let mut losses = vec![];
        let mut record = |p: &Progress| {
            losses.push(p.loss.to_bits());
            false
        };
        train(&mut straight, &mut None, &*action, &training(), &mut record).unwrap();
        assert_eq!(losses.len(), 12);

        let (mut stopped, mut state) = (flow(2, precision), None);
        let end = train(&mut stopped, &mut state, &*action, &training(), &mut |p| p.step == 5);
        assert!(matches!(end, Err(Error::Stopped(_))));
        save(&path, &stopped, state.as_ref()).unwrap();
        let five = of_tests(5, precision, 5);
        let (mut resumed, mut state) = load(&five, stopped.lattice(), &path).unwrap();
        assert_eq!(state.as_ref().map(|s: &TrainingState| s.step), Some(5));
        train(&mut resumed, &mut state, &*action, &training(), &mut |_| false).unwrap();
        assert_eq!(bits(&resumed), bits(&straight));

        // A finished run leaves no moments behind; the next begins with new random numbers.
        save(&path, &resumed, state.as_ref()).unwrap();
        let (mut again, mut state) = load(&five, stopped.lattice(), &path).unwrap();
        let mut first = None;
        train(&mut again, &mut state, &*action, &training(), &mut |p| *first.get_or_insert(p.loss.to_bits()) == 0)
            .unwrap();
        assert!(!losses.contains(&first.unwrap()));
    }
    std::fs::remove_file(&path).unwrap();
}

/// An action whose values are NaN after some calls.
#[test]
fn not_a_number_ends_the_run_with_the_last_good_model() {
    let mut flow = flow(1, Precision::F64);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let inner = action(flow.lattice());
    struct Failing<F>(Lattice, F);
    impl<F: Fn(&[f64], &mut [f64]) -> f64 + Send + Sync> Action for Failing<F> {
        fn lattice(&self) -> &Lattice {
            &self.0
        }
        fn value(&self, field: &[f64]) -> crate::error::Result<f64> {
            Ok(field.iter().map(|phi| phi * phi).sum())
        }
        fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> crate::error::Result<f64> {
            Ok((self.1)(field, gradient))
        }
    }
    let failing = Failing(flow.lattice().clone(), |field: &[f64], gradient: &mut [f64]| {
        let value = inner.gradient(field, gradient).unwrap();
        if calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 4 * 40 {
            gradient[3] = f64::NAN;
        }
        value
    });
    let (mut state, mut good) = (None, vec![]);
    let mut three = flow.copied().unwrap();
    train(&mut three, &mut None, &*inner, &TrainSpec { steps: 12, ..training() }, &mut |p| p.step == 3).unwrap_err();
    let error = train(&mut flow, &mut state, &failing, &training(), &mut |p| {
        good.push(p.step);
        false
    });
    let message = error.unwrap_err().to_string();
    assert!(message.starts_with("training step 5: expected a finite gradient of layers."), "{message}");
    assert_eq!(good, [1, 2, 3, 4]);
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
    // The update of step 4 led to parameters at which step 5 failed: the model of step 3 is left.
    assert!(flow.parameters().iter().zip(three.parameters()).all(close));
    assert_eq!(state.unwrap().step, 3);
}

#[test]
fn a_run_that_diverges_leaves_a_model_that_can_be_used() {
    for rate in [1e3, 1e160, 1e308] {
        let mut flow = flow(1, Precision::F64);
        let action = action(flow.lattice());
        let mut state = None;
        let spec = TrainSpec { learning_rate: rate, ..training() };
        if let Err(error) = train(&mut flow, &mut state, &*action, &spec, &mut |_| false) {
            assert!(error.status() == 4 && error.to_string().starts_with("training step "), "{error}");
        }
        let (mut fields, mut log_q) = (vec![0.0; 8 * 16], vec![0.0; 16]);
        flow.sample(0, 16, &mut fields, &mut log_q).unwrap();
    }
}

#[test]
fn a_stopped_run_goes_on_with_its_own_action_alone() {
    let path = crate::file::of_tests("resumed");
    let context = of_tests(5, Precision::F64, 1);
    let mut stopped = flow(1, Precision::F64);
    let lattice = stopped.lattice().clone();
    let of = |text: &str| -> Arc<dyn Action> {
        spec::parse::<ActionSpec>("action", text).unwrap().build(&crate::context::serial(), &lattice).unwrap().into()
    };
    let shifted = Callback::new(&lattice, {
        let inner = action(&lattice);
        move |field: &[f64], gradient: Option<&mut [f64]>| match gradient {
            Some(gradient) => Ok(inner.gradient(field, gradient)? + 7.5),
            None => Ok(inner.value(field)? + 7.5),
        }
    });
    let mut state = None;
    train(&mut stopped, &mut state, &*action(&lattice), &training(), &mut |p| p.step == 5).unwrap_err();
    save(&path, &stopped, state.as_ref()).unwrap();
    let (loaded, of_file) = load(&context, &lattice, &path).unwrap();
    assert!(of_file.as_ref().unwrap().action.is_some() && of_file == state);
    let couplings = "{type: 'phi4', mass_squared: -4, lambda: 8.001, source: 0.1}";
    let sum = "{type: 'sum', terms: [{type: 'phi4', mass_squared: -5, lambda: 8, source: 0.1}, \
               {type: 'phi4', form: 'kappa', kappa: 0, lambda: 0}]}";
    for other in [couplings, "{type: 'phi4', mass_squared: -4, lambda: 8, source: -0.1}"] {
        let (mut flow, mut now) = (loaded.copied().unwrap(), of_file.clone());
        let error = train(&mut flow, &mut now, &*of(other), &training(), &mut |_| false).unwrap_err();
        assert!(error.status() == 4 && error.to_string().contains("{resume: false}"), "{error}");
        assert_eq!((bits(&flow), &now), (bits(&loaded), &of_file));
        // Not resumed, a new run of all steps begins from the parameters of the stopped one.
        let (mut steps, anew) = (vec![], TrainSpec { resume: false, ..training() });
        let mut count = |p: &Progress| {
            steps.push(p.step);
            false
        };
        train(&mut flow, &mut now, &*of(other), &anew, &mut count).unwrap();
        assert_eq!((steps.len(), steps[0], now.unwrap().samples), (12, 1, (5 + 12) * 40));
        assert_ne!(bits(&flow), bits(&loaded));
    }
    // The same weight exp(-S) in other words: a host's function, another constant, a sum of two terms.
    let mut ends = vec![];
    for same in [&*action(&lattice), &called(&lattice), &shifted, &*of(sum)] {
        let (mut flow, mut now) = (loaded.copied().unwrap(), of_file.clone());
        train(&mut flow, &mut now, same, &training(), &mut |_| false).unwrap();
        ends.push(flow.parameters().to_vec());
    }
    let straight = &ends[0];
    assert!(ends.iter().all(|end| end.iter().zip(straight).all(|(a, b)| (a - b).abs() < 1e-9)));

    // Files of earlier versions do not hold their action's fingerprint; after a finished run any action may follow.
    let (mut flow, mut old) =
        (loaded.copied().unwrap(), of_file.clone().map(|state| TrainingState { action: None, ..state }));
    save(&path, &flow, old.as_ref()).unwrap();
    assert_eq!(load(&context, &lattice, &path).unwrap().1, old);
    train(&mut flow, &mut old, &*of(couplings), &training(), &mut |_| false).unwrap();
    train(&mut flow, &mut old, &*action(&lattice), &training(), &mut |p| p.step == 1).unwrap_err();
    // An action that was not known is known once the run has gone on with it.
    let error = train(&mut flow, &mut old, &*of(couplings), &training(), &mut |_| false).unwrap_err();
    assert_eq!(error.status(), 4);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_host_s_action_that_knows_no_value_on_the_fixed_fields_is_accepted_and_one_that_stops_stops() {
    let mut flow = flow(1, Precision::F64);
    let lattice = flow.lattice().clone();
    let inner = called(&lattice);
    let part = Callback::new(&lattice, move |field: &[f64], gradient: Option<&mut [f64]>| match gradient {
        Some(gradient) => inner.gradient(field, gradient),
        None => Ok(f64::INFINITY),
    });
    let mut state = None;
    train(&mut flow, &mut state, &part, &training(), &mut |p| p.step == 5).unwrap_err();
    assert_eq!(state.as_ref().unwrap().action, None);
    train(&mut flow, &mut state, &*action(&lattice), &training(), &mut |p| p.step == 7).unwrap_err();
    let before = (bits(&flow), state.clone());
    let stops = Callback::new(&lattice, |_, _| Err(Error::Stopped("the host stops".into())));
    assert_eq!(train(&mut flow, &mut state, &stops, &training(), &mut |_| false).unwrap_err().status(), 8);
    assert_eq!((bits(&flow), state), before);
}

#[test]
fn a_stopped_run_cannot_end_before_it_was_stopped() {
    let mut flow = flow(1, Precision::F64);
    let action = action(flow.lattice());
    let mut state = None;
    train(&mut flow, &mut state, &*action, &training(), &mut |p| p.step == 5).unwrap_err();
    let before = (flow.parameters().to_vec(), state.clone());
    let spec = TrainSpec { steps: 4, ..training() };
    let error = train(&mut flow, &mut state, &*action, &spec, &mut |_| false).unwrap_err();
    assert_eq!(error.to_string(), "steps: expected at least 5, which are done, got 4");
    assert_eq!((flow.parameters().to_vec(), state), before);
}
