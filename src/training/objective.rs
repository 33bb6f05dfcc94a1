//! The interface of objectives: what a training run minimises.
//!
//! An objective records the programs that it needs, and what the host computes between them: a called action, a determinant,
//! a solve. The trainer sees its report alone.

use crate::error::{Error, Result};
use crate::flow::Tensor;
use crate::program::Key;

/// Samples of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Samples {
    /// Random streams of the batch.
    pub key: Key,
    /// Steps of the run before this one.
    pub step: u64,
    /// Number of samples.
    pub count: usize,
}

/// Loss and gradient of one batch.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Mean loss.
    pub loss: f64,
    /// Normalised effective sample size of the batch; NaN where the objective has no weights.
    pub ess: f64,
    /// Gradient of the mean loss with respect to each parameter; in least squares what is taken away from each.
    pub gradient: Vec<f64>,
    /// A part of the loss that is not finite, for messages.
    pub fault: Option<String>,
}

/// A function of the parameters that is minimised.
pub trait Objective {
    /// Loss and gradient at given parameters on some samples.
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report>;

    /// What it is made of, for messages: an action, or fields.
    fn name(&self) -> &'static str;

    /// Numbers by which a stopped run recognises its objective; None where they are not known.
    fn fingerprint(&self) -> Result<Option<Vec<f64>>>;
}

/// One slice for each tensor.
pub fn pieces<'a>(tensors: &[Tensor], mut all: &'a mut [f64]) -> Vec<&'a mut [f64]> {
    let mut pieces = vec![];
    for tensor in tensors {
        let (piece, rest) = std::mem::take(&mut all).split_at_mut(tensor.count());
        pieces.push(piece);
        all = rest;
    }
    pieces
}

impl Report {
    /// An error where loss or gradient is not finite: a run ends before the parameters are updated with them.
    pub fn check(&self, tensors: &[Tensor], step: u64) -> Result<()> {
        let bad = |what: String| Err(Error::BadInput(format!("training step {step}: expected a finite {what}")));
        if let Some(fault) = &self.fault {
            return bad(format!("loss, got {fault}"));
        }
        let mut offset = 0;
        for tensor in tensors {
            let gradient = &self.gradient[offset..offset + tensor.count()];
            if let Some(number) = gradient.iter().find(|g| !g.is_finite()) {
                return bad(format!("gradient of {}, got {number}", tensor.name));
            }
            offset += tensor.count();
        }
        Ok(())
    }
}
