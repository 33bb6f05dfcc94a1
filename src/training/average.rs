//! Parameters of a run, and their exponential moving average.
//!
//! ```text
//! average <- d average + (1 − d) x,   d = min(average of the spec, (1 + n) / (10 + n)) after n steps
//! ```
//!
//! so that the first steps do not hold on to the initial parameters. Where a run has an average, the model has the averaged
//! parameters, and the state those that the optimiser changes.

use crate::error::Result;
use crate::memory;

/// Parameters that the optimiser changes, and their average.
#[derive(Debug)]
pub(super) struct Weights {
    pub now: Vec<f64>,
    pub average: Option<Vec<f64>>,
}

impl Weights {
    /// From the parameters of a model and those of the optimiser, where they are others; an average begins where there is a decay.
    pub fn new(model: &[f64], own: Option<&[f64]>, decay: f64) -> Result<Self> {
        let now = memory::cloned("parameters", own.unwrap_or(model))?;
        let average = (decay > 0.0).then(|| memory::cloned("averaged parameters", model)).transpose()?;
        Ok(Self { now, average })
    }

    /// A copy; an error where there is no memory for it.
    pub fn copied(&self) -> Result<Self> {
        let average =
            self.average.as_ref().map(|average| memory::cloned("averaged parameters", average)).transpose()?;
        Ok(Self { now: memory::cloned("parameters", &self.now)?, average })
    }

    /// Copies others of as many parameters.
    pub fn copy(&mut self, other: &Self) {
        self.now.copy_from_slice(&other.now);
        if let (Some(average), Some(other)) = (&mut self.average, &other.average) {
            average.copy_from_slice(other);
        }
    }

    /// Takes the parameters after `step` steps into the average.
    pub fn take(&mut self, decay: f64, step: u64) {
        let n = step as f64;
        let decay = decay.min((1.0 + n) / (10.0 + n));
        if let Some(average) = &mut self.average {
            average.iter_mut().zip(&self.now).for_each(|(a, x)| *a = decay * *a + (1.0 - decay) * x);
        }
    }

    /// The parameters of the model, and those that the optimiser goes on from where they are others.
    pub fn into_parts(self) -> (Vec<f64>, Option<Vec<f64>>) {
        match self.average {
            None => (self.now, None),
            Some(average) => (average, Some(self.now)),
        }
    }
}
