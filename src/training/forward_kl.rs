//! The forward Kullback-Leibler divergence up to a constant, −E_p[log q(φ)], on given fields of the density p, and its
//! gradient: maximum likelihood.
//!
//! Each sample of a batch is one of the fields, drawn uniformly by its key.

use super::objective::{Objective, Report, Samples, pieces};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::file;
use crate::flow::{Flow, Tensor};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Key, Program, Recorder, Shape};
use crate::random::Purpose;
use std::sync::Arc;

/// The forward divergence of given fields from a flow.
pub struct ForwardKl<'a> {
    context: Arc<Context>,
    fields: &'a [f64],
    volume: usize,
    tensors: Vec<Tensor>,
    program: Bound,
}

impl<'a> ForwardKl<'a> {
    /// The divergence of fields (count x numbers of a field), at least one, from a flow whose conditions are fixed.
    pub fn new(flow: &Flow, fields: &'a [f64]) -> Result<Self> {
        let (chain, context) = (flow.chain(), Arc::clone(flow.context()));
        let volume = chain.domain.count();
        if fields.is_empty() {
            return Err(Error::BadShape("fields: expected at least 1 field, got none".into()));
        }
        expect_length("fields", fields.len().next_multiple_of(volume), fields.len())?;
        expect_finite("fields", fields)?;
        let condition = flow.expect_condition()?;
        let mut recorder = Recorder::new();
        let field = chain.input(&mut recorder);
        let parameters = chain.parameters(&mut recorder);
        let (_, log_q) = chain.invert(&mut recorder, field, &parameters);
        let one = recorder.constant(1.0, Shape::WIDE);
        let program = Program::with_gradient(recorder, &[log_q], &[(log_q, one)], &parameters.all());
        let program = Arc::new(Executable::new(program, &context)?).bind_at(flow.parameters(), &condition)?;
        Ok(Self { context, fields, volume, tensors: chain.tensors(), program })
    }
}

impl Objective for ForwardKl<'_> {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        let &Samples { key, count, .. } = samples;
        let mut log_q = memory::filled("log q", 0.0, count)?;
        let mut gradient = memory::filled("gradient of the loss", 0.0, parameters.len())?;
        self.program.set_parameters(parameters)?;
        let mut outputs: Vec<&mut [f64]> = vec![&mut log_q];
        outputs.extend(pieces(&self.tensors, &mut gradient));
        self.program.run(
            &self.context,
            count,
            &[Feed::Rows(self.fields, Key { purpose: Purpose::Data, ..key })],
            &mut outputs,
        )?;
        gradient.iter_mut().for_each(|g| *g /= -(count as f64));
        let fault = log_q.iter().find(|q| !q.is_finite()).map(|q| format!("log q {q}"));
        let loss = -log_q.iter().sum::<f64>() / count as f64;
        Ok(Report { loss, ess: f64::NAN, gradient, fault })
    }

    fn name(&self) -> &'static str {
        "fields"
    }

    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        Ok(Some(fingerprint_of(self.fields, self.volume)))
    }
}

/// The number of fields and a hash of all their bits in two parts, by which other fields are recognised.
pub(super) fn fingerprint_of(fields: &[f64], volume: usize) -> Vec<f64> {
    let hash = file::checksum_of(fields.iter().flat_map(|x| x.to_le_bytes()));
    let (high, low) = ((hash >> 32) as f64, (hash & 0xffff_ffff) as f64);
    vec![0.0, (fields.len() / volume) as f64, high, low]
}
