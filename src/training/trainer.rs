//! The training loop.

use super::adam::State;
use super::loss::{Batch, Loss};
use super::spec::TrainSpec;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Flow, Model, Tensor};
use crate::program::Key;
use crate::random::Purpose;
use crate::statistics::reweighting;

/// What a step of training tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Mean of log q + S over the batch: an upper bound of −log Z.
    pub loss: f64,
    /// Normalised effective sample size of the batch.
    pub ess: f64,
}

/// Trains a flow for an action on the same lattice.
///
/// A run that was stopped (`state` tells) goes on where it stopped, bit for bit as if it never had; after a finished
/// run a new one begins. `progress` is called after each step and stops the run by returning true: then the error is
/// `Stopped`, and flow and state are those of that step. On any other error they are those of the last step whose loss
/// and gradient were numbers.
pub fn train(
    flow: &mut Flow,
    state: &mut Option<State>,
    action: &dyn Action,
    spec: &TrainSpec,
    progress: &mut dyn FnMut(&Progress) -> bool,
) -> Result<()> {
    spec.check()?;
    if flow.lattice() != action.lattice() {
        let (expected, got) = (flow.lattice().shape(), action.lattice().shape());
        return Err(Error::BadShape(format!("action: expected a lattice of {expected}, the model's, got {got}")));
    }
    let mut loss = Loss::new(flow, action, spec.gradient)?;
    let mut now = match state.take() {
        Some(stopped) if !stopped.is_finished() && stopped.step > spec.steps => {
            let done = stopped.step;
            *state = Some(stopped);
            return Err(Error::BadSpec(format!("steps: expected at least {done}, which are done, got {}", spec.steps)));
        }
        Some(stopped) if !stopped.is_finished() => State { steps: spec.steps, ..stopped },
        earlier => State::new(flow.parameters().len(), spec.steps, earlier.map_or(0, |s| s.samples)),
    };
    let mut parameters = flow.parameters().to_vec();
    let ended = run(flow, &mut loss, (&mut now, &mut parameters), (action, spec), progress);
    flow.set_parameters(&parameters)?;
    *state = Some(now);
    ended
}

fn run(
    flow: &Flow,
    loss: &mut Loss,
    (state, parameters): (&mut State, &mut Vec<f64>),
    (action, spec): (&dyn Action, &TrainSpec),
    progress: &mut dyn FnMut(&Progress) -> bool,
) -> Result<()> {
    let tensors = flow.tensors();
    let mut evaluate = |state: &State, parameters: &[f64]| {
        let key = Key { seed: flow.context().seed(), purpose: Purpose::Training, counter: state.samples };
        check_parameters(parameters, &tensors, state.step)?;
        let batch = loss.run(action, parameters, (key, spec.batch))?;
        check(&batch, &tensors, state.step).map(|()| batch)
    };
    // What the last evaluation was good for; the update after it may lead to where nothing is a number.
    let mut good = (state.clone(), parameters.clone());
    loop {
        let mut batch = match evaluate(state, parameters) {
            Ok(batch) => batch,
            Err(error) => {
                (*state, *parameters) = good;
                return Err(error);
            }
        };
        if state.is_finished() {
            return Ok(());
        }
        good = (state.clone(), parameters.clone());
        clip(spec.clip, &mut batch.gradient);
        state.update(spec, &batch.gradient, parameters);
        state.samples += spec.batch as u64;
        if progress(&summary(&batch, state)?) {
            return Err(Error::Stopped(format!("training: stopped by the callback after step {}", state.step)));
        }
    }
}

/// The tensor and number of the first parameter that is none.
fn check_parameters(parameters: &[f64], tensors: &[Tensor], step: u64) -> Result<()> {
    let names = tensors.iter().flat_map(|t| std::iter::repeat_n(&t.name, t.count()));
    match parameters.iter().zip(names).find(|(x, _)| !x.is_finite()) {
        None => Ok(()),
        Some((bad, name)) => {
            Err(Error::BadInput(format!("training step {step}: expected finite parameters of {name}, got {bad}")))
        }
    }
}

fn summary(batch: &Batch, state: &State) -> Result<Progress> {
    let weights: Vec<f64> = batch.log_q.iter().zip(&batch.action).map(|(q, s)| -s - q).collect();
    let loss = -weights.iter().sum::<f64>() / weights.len() as f64;
    let ess = if weights.len() < 2 { 1.0 } else { reweighting(&weights)?.ess };
    Ok(Progress { step: state.step, steps: state.steps, loss, ess })
}

/// A loss or gradient that is not a number ends the run before it can spoil the parameters.
fn check(batch: &Batch, tensors: &[Tensor], step: u64) -> Result<()> {
    let step = step + 1;
    if let Some(i) = (0..batch.log_q.len()).find(|&i| !(batch.log_q[i] + batch.action[i]).is_finite()) {
        let (q, s) = (batch.log_q[i], batch.action[i]);
        return Err(Error::BadInput(format!(
            "training step {step}: expected a finite loss, got log q {q}, action {s}"
        )));
    }
    let mut offset = 0;
    for tensor in tensors {
        let gradient = &batch.gradient[offset..offset + tensor.count()];
        if let Some(bad) = gradient.iter().find(|g| !g.is_finite()) {
            let name = &tensor.name;
            return Err(Error::BadInput(format!(
                "training step {step}: expected a finite gradient of {name}, got {bad}"
            )));
        }
        offset += tensor.count();
    }
    Ok(())
}

fn clip(limit: f64, gradient: &mut [f64]) {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if limit > 0.0 && norm > limit {
        gradient.iter_mut().for_each(|g| *g *= limit / norm);
    }
}

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_gradient_beyond_the_limit_is_shortened_to_it() {
        for (limit, expected) in [(2.5, [1.5, 2.0]), (5.0, [3.0, 4.0]), (0.0, [3.0, 4.0])] {
            let mut gradient = [3.0, 4.0];
            clip(limit, &mut gradient);
            assert_eq!(gradient, expected);
        }
    }
}
