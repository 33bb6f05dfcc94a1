//! The learned score of a diffusion model at one time, as a function of fields.

use super::model::Diffused;
use crate::context::Context;
use crate::error::{Result, expect_length};
use crate::program::{Bound, Executable, Feed, Output, Program, Recorder};
use crate::space::Domain;
use crate::spec::expect;
use std::sync::Arc;

/// The learned score at one time.
pub struct Score {
    context: Arc<Context>,
    domain: Domain,
    program: Bound,
}

impl Score {
    /// The score of a model at a time from 0 to 1.
    pub fn new(model: &Diffused, time: f64) -> Result<Self> {
        expect((0.0..=1.0).contains(&time), "time", "a number from 0 to 1", time)?;
        let mut recorder = Recorder::new();
        let tensors = model.diffusion.network.tensors();
        let parameters: Vec<_> = tensors.iter().map(|tensor| recorder.parameter(tensor.count())).collect();
        let score = model.diffusion.score_at(&mut recorder, time, &parameters);
        let program = Program::new(recorder, vec![Output::PerSample(score)]);
        let program = Arc::new(Executable::new(program, &model.context)?).bind(&model.parameters)?;
        Ok(Self { context: Arc::clone(&model.context), domain: model.domain.clone(), program })
    }

    /// The context it runs in.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Where the fields live.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Writes the scores of fields (batch x V).
    pub fn write(&self, fields: &[f64], scores: &mut [f64]) -> Result<()> {
        expect_length("scores", fields.len(), scores.len())?;
        let batch = fields.len() / self.domain.count();
        self.program.run(&self.context, batch, &[Feed::Array(fields)], &mut [scores]).map(|_| ())
    }
}
