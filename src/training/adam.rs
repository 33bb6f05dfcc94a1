//! Adam (Kingma and Ba, arXiv:1412.6980):
//!
//! ```text
//! m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g²,   x <- x - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
//! ```

use super::spec::TrainSpec;
use crate::error::Result;
use crate::memory;

/// State of a training run, from which a stopped run goes on exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingState {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Samples drawn so far, in this run and in all before it: the counter of the next.
    pub samples: u64,
    /// Mean gradient m.
    pub first: Vec<f64>,
    /// Mean squared gradient v.
    pub second: Vec<f64>,
    /// Fingerprint of the action of the run (`fingerprint.rs`); None where it is not known.
    pub action: Option<Vec<f64>>,
    /// Parameters that the optimiser changes, where the model has their average (`average.rs`).
    pub parameters: Option<Vec<f64>>,
}

impl TrainingState {
    /// The beginning of a run for `count` parameters, after `samples` samples of earlier runs.
    pub fn new(count: usize, steps: u64, samples: u64) -> Result<Self> {
        let zeros = || memory::filled("moments of the gradient", 0.0, count);
        Ok(Self { step: 0, steps, samples, first: zeros()?, second: zeros()?, action: None, parameters: None })
    }

    /// A copy; an error where there is no memory for it.
    pub fn copied(&self) -> Result<Self> {
        let copy = |moments: &[f64]| memory::cloned("moments of the gradient", moments);
        Ok(Self { first: copy(&self.first)?, second: copy(&self.second)?, ..Self::standing(self)? })
    }

    /// Copies another state of as many parameters into this one.
    pub fn copy(&mut self, other: &Self) -> Result<()> {
        let standing = Self::standing(other)?;
        let (mut first, mut second) = (std::mem::take(&mut self.first), std::mem::take(&mut self.second));
        first.copy_from_slice(&other.first);
        second.copy_from_slice(&other.second);
        *self = Self { first, second, ..standing };
        Ok(())
    }

    /// A copy without moments.
    fn standing(&self) -> Result<Self> {
        let action =
            self.action.as_ref().map(|values| memory::cloned("fingerprint of an action", values)).transpose()?;
        let parameters = self.parameters.as_ref().map(|values| memory::cloned("parameters", values)).transpose()?;
        let Self { step, steps, samples, .. } = *self;
        Ok(Self { step, steps, samples, first: vec![], second: vec![], action, parameters })
    }

    /// True where the run has done all its steps.
    pub fn is_finished(&self) -> bool {
        self.step >= self.steps
    }

    /// One step of least squares: parameters less what is given.
    pub fn subtract(&mut self, change: &[f64], parameters: &mut [f64]) {
        parameters.iter_mut().zip(change).for_each(|(x, change)| *x -= change);
        self.step += 1;
    }

    /// One step of Adam.
    pub fn update(&mut self, spec: &TrainSpec, gradient: &[f64], parameters: &mut [f64]) {
        let (b1, b2) = (spec.beta1, spec.beta2);
        let time = (self.step + 1) as f64;
        let (c1, c2) = (1.0 - b1.powf(time), 1.0 - b2.powf(time));
        let rate = spec.rate(self.step);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((x, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *x -= rate * (*m / c1) / ((*v / c2).sqrt() + spec.epsilon);
        }
        self.step += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate_and_a_valley_is_found() {
        let spec = TrainSpec { learning_rate: 0.1, steps: 400, ..TrainSpec::default() };
        let mut state = TrainingState::new(2, spec.steps, 0).unwrap();
        let mut x = [3.0, -2.0];
        state.update(&spec, &[6.0, -4.0], &mut x);
        assert!((x[0] - 2.9).abs() < 1e-8 && (x[1] + 1.9).abs() < 1e-8);
        for _ in 1..400 {
            let gradient = [2.0 * x[0], 2.0 * x[1]];
            state.update(&spec, &gradient, &mut x);
        }
        assert!(x[0].abs() < 1e-2 && x[1].abs() < 1e-2 && state.is_finished());
    }
}
