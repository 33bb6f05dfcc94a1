//! The training loop.

use super::adam::TrainingState;
use super::average::Weights;
use super::fingerprint;
use super::freeze::frozen;
use super::objective::{Objective, Report, Samples};
use super::spec::{Optimiser, TrainSpec};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::{Flow, Stout, Tensor};
use crate::program::Key;
use crate::progress::{begin, step};
use crate::random::Purpose;
use std::sync::Arc;

/// Progress of a run after a step of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Mean loss of the batch: of log q + S for an action, an upper bound of −log Z; of −log q for given fields; of the work
    /// of paths; in least squares the variance of the work of one of their steps that remains on some fields.
    pub loss: f64,
    /// Normalised effective sample size of the batch; NaN for given fields.
    pub ess: f64,
}

/// Called after each step; returns true to stop the run.
pub type Watcher<'a> = &'a mut dyn FnMut(&Progress) -> bool;

/// Parameters that are trained.
pub(super) trait Trained {
    fn context(&self) -> &Arc<Context>;
    fn tensors(&self) -> Vec<Tensor>;
    fn parameters(&self) -> &[f64];
    fn set_parameters(&mut self, parameters: &[f64]) -> Result<()>;
}

macro_rules! trained {
    ($type:ty, $tensors:expr) => {
        impl Trained for $type {
            fn context(&self) -> &Arc<Context> {
                self.context()
            }

            fn tensors(&self) -> Vec<Tensor> {
                $tensors(self)
            }

            fn parameters(&self) -> &[f64] {
                self.parameters()
            }

            fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
                self.set_parameters(parameters)
            }
        }
    };
}

trained!(Flow, Flow::tensors);
trained!(Stout, |model: &Stout| model.spec().tensors());

/// Minimises an objective of a flow's parameters.
pub(super) fn minimise(
    flow: &mut dyn Trained,
    state: &mut Option<TrainingState>,
    objective: &mut dyn Objective,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    let _work = begin("training", spec.steps);
    let fingerprint = objective.fingerprint()?;
    let stopped = state.as_ref().filter(|stopped| spec.resume && !stopped.is_finished());
    if let Some(stopped) = stopped {
        check_resumed(stopped, spec, (objective.name(), fingerprint.as_deref()))?;
    }
    let mut now = match (stopped.is_some(), state.as_ref()) {
        (true, Some(stopped)) => TrainingState { steps: spec.steps, ..stopped.copied()? },
        (_, earlier) => TrainingState::new(flow.parameters().len(), spec.steps, earlier.map_or(0, |s| s.samples))?,
    };
    now.action = fingerprint.or(now.action);
    let own = now.parameters.take();
    let mut weights = Weights::new(flow.parameters(), own.as_deref(), spec.average)?;
    let begun = now.step;
    let mut training = Training { flow, objective, spec };
    let ended = training.run(&mut now, &mut weights, progress);
    let (parameters, own) = weights.into_parts();
    flow.set_parameters(&parameters)?;
    now.parameters = own.filter(|_| !now.is_finished());
    // A run whose first step failed is no run that was stopped.
    if ended.is_ok() || now.step > begun {
        *state = Some(now);
    }
    ended
}

/// Checks that a stopped run goes on with the same action, and to no fewer steps than are done.
fn check_resumed(stopped: &TrainingState, spec: &TrainSpec, now: (&str, Option<&[f64]>)) -> Result<()> {
    let (done, steps) = (stopped.step, spec.steps);
    if done > steps {
        return Err(Error::BadSpec(format!("steps: expected at least {done}, which are done, got {steps}")));
    }
    match (&stopped.action, now.1) {
        (Some(expected), Some(got)) => fingerprint::expect_same(now.0, expected, got),
        _ => Ok(()),
    }
}

/// Flow, objective and spec of a training run.
struct Training<'a> {
    flow: &'a dyn Trained,
    objective: &'a mut dyn Objective,
    spec: &'a TrainSpec,
}

impl Training<'_> {
    /// Trains until the last step, an error, or a stop.
    fn run(&mut self, state: &mut TrainingState, weights: &mut Weights, progress: Watcher) -> Result<()> {
        let (tensors, spec) = (self.flow.tensors(), self.spec);
        let frozen = frozen(&spec.freeze, &tensors)?;
        // Last state with finite loss and gradient; after the next update they may be infinite or NaN.
        let mut good = (state.copied()?, weights.copied()?);
        loop {
            let report = if state.is_finished() && spec.optimiser == Optimiser::LeastSquares {
                // Least squares know nothing of the parameters that they give, but whether they are finite.
                check_parameters(&weights.now, &tensors, state.step).map(|()| Report::default())
            } else {
                self.evaluate(state, &weights.now, &tensors)
            };
            let mut report = match report {
                Ok(report) => report,
                Err(error) => {
                    (*state, *weights) = good;
                    return Err(error);
                }
            };
            if state.is_finished() {
                return Ok(());
            }
            good.0.copy(state)?;
            good.1.copy(weights);
            match spec.optimiser {
                Optimiser::Adam => {
                    frozen.iter().for_each(|range| report.gradient[range.clone()].fill(0.0));
                    clip(spec.clip, &mut report.gradient);
                    state.update(spec, &report.gradient, &mut weights.now);
                }
                Optimiser::LeastSquares => state.subtract(&report.gradient, &mut weights.now),
            }
            // A run that goes on may have moments of numbers that are frozen now.
            frozen.iter().for_each(|range| weights.now[range.clone()].copy_from_slice(&good.1.now[range.clone()]));
            weights.take(spec.average, state.step);
            state.samples += spec.batch as u64;
            let Report { loss, ess, .. } = report;
            let stopped = match progress(&Progress { step: state.step, steps: state.steps, loss, ess }) {
                true => Err(Error::Stopped(format!("training: stopped by the callback after step {}", state.step))),
                false => step("training", loss),
            };
            if stopped.is_err() {
                // The update may have made parameters infinite, which the next evaluation would have found.
                if check_parameters(&weights.now, &tensors, state.step).is_err() {
                    (*state, *weights) = good;
                }
                return stopped;
            }
        }
    }

    /// Loss and gradient on the next samples, all finite.
    fn evaluate(&mut self, state: &TrainingState, parameters: &[f64], tensors: &[Tensor]) -> Result<Report> {
        let seed = self.flow.context().seed();
        let key = Key { seed, purpose: Purpose::Training, counter: state.samples, stream: 0 };
        check_parameters(parameters, tensors, state.step)?;
        let report = self.objective.run(parameters, &Samples { key, step: state.step, count: self.spec.batch })?;
        report.check(tensors, state.step + 1).map(|()| report)
    }
}

/// An error with the tensor of the first parameter that is not finite.
fn check_parameters(parameters: &[f64], tensors: &[Tensor], step: u64) -> Result<()> {
    let names = tensors.iter().flat_map(|t| std::iter::repeat_n(&t.name, t.count()));
    match parameters.iter().zip(names).find(|(x, _)| !x.is_finite()) {
        None => Ok(()),
        Some((bad, name)) => {
            Err(Error::BadInput(format!("training step {step}: expected finite parameters of {name}, got {bad}")))
        }
    }
}

fn clip(limit: f64, gradient: &mut [f64]) {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if limit > 0.0 && norm > limit {
        gradient.iter_mut().for_each(|g| *g *= limit / norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Precision, of_tests};
    use crate::lattice::Lattice;
    use crate::spec;

    /// Loss and gradient 1 at any parameters.
    struct Slope(usize);

    impl Objective for Slope {
        fn run(&mut self, _: &[f64], _: &Samples) -> Result<Report> {
            Ok(Report { loss: 1.0, ess: 1.0, gradient: vec![1.0; self.0], fault: None })
        }

        fn name(&self) -> &'static str {
            "slope"
        }

        fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
            Ok(None)
        }
    }

    /// The first step takes all parameters to -1.5e308, the second one to minus infinity.
    #[test]
    fn a_run_stopped_at_infinite_parameters_keeps_the_last_finite_ones() {
        let model = spec::parse("model", "{type: 'affine', layers: 2, hidden: [2]}").unwrap();
        let mut flow = Flow::new(&of_tests(5, Precision::F64, 1), &Lattice::new(&[4]).unwrap(), &model).unwrap();
        let initial = flow.parameters().to_vec();
        let spec = TrainSpec { steps: 9, learning_rate: 1.5e308, ..TrainSpec::default() };
        let mut slope = Slope(initial.len());
        let mut reached = |from: &[f64], state: &mut Option<TrainingState>, last: u64| {
            flow.set_parameters(from).unwrap();
            let error = minimise(&mut flow, state, &mut slope, &spec, &mut |p| p.step == last).unwrap_err();
            assert!(error.status() == 8 && error.to_string().ends_with(&format!("after step {last}")), "{error}");
            flow.parameters().to_vec()
        };
        let (mut first, mut second) = (None, None);
        let after_one = reached(&initial, &mut first, 1);
        assert!(after_one.iter().all(|x| x.is_finite() && *x < -1e308));
        assert_eq!(reached(&initial, &mut second, 2), after_one);
        assert!(second == first && first.unwrap().step == 1);
        // A call that has made no other step leaves what it was given.
        assert_eq!(reached(&after_one, &mut second, 2), after_one);
        assert_eq!(second.unwrap().step, 1);
    }

    #[test]
    fn a_gradient_beyond_the_limit_is_shortened_to_it() {
        for (limit, expected) in [(2.5, [1.5, 2.0]), (5.0, [3.0, 4.0]), (0.0, [3.0, 4.0])] {
            let mut gradient = [3.0, 4.0];
            clip(limit, &mut gradient);
            assert_eq!(gradient, expected);
        }
    }
}
