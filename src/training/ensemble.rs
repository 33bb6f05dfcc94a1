//! Fields of a chain for an action, on which a model is trained, and the forces on them.
//!
//! Fields follow from the action, the spec and the seed of the context alone: a run that goes on draws the same ones once more.

use super::spec::FieldsSpec;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::markov::Chain;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Draws the fields (count x numbers of a field). A chain without a seed of its own has another one than the chains of the host.
pub fn draw(action: &Arc<dyn Action>, spec: &FieldsSpec, seed: u64) -> Result<Vec<f64>> {
    if action.complex().is_some() {
        return Err(Error::Unsupported("action: expected one with real values, got one with complex values".into()));
    }
    let seed = Stream::new(seed, Purpose::Data, u64::MAX).bits();
    let within = |error: Error| error.within("fields: chain");
    let mut chain = Chain::new(Arc::clone(action), None, &spec.chain, seed).map_err(within)?;
    if chain.is_weighted() {
        let expected = "expected one whose fields have equal weights, got one of paths with weights";
        return Err(Error::BadSpec(format!("fields: chain: {expected}")));
    }
    let mut fields = memory::reserved("fields of a chain", spec.count.saturating_mul(action.count()))?;
    let _work = progress::begin("fields", spec.thermalise + spec.between * spec.count as u64);
    let steps = |chain: &mut Chain, count: u64| {
        (0..count).try_for_each(|_| {
            let value = chain.step()?.value;
            progress::step("fields", value)
        })
    };
    steps(&mut chain, spec.thermalise)?;
    for _ in 0..spec.count {
        steps(&mut chain, spec.between)?;
        fields.extend_from_slice(chain.field());
    }
    Ok(fields)
}

/// dS/dφ of each field, and the mean square of its numbers.
pub fn forces(action: &dyn Action, fields: &[f64]) -> Result<(Vec<f64>, f64)> {
    if action.has_pseudofermions() {
        return Err(Error::Unsupported("action: expected one without pseudofermions, got one with them".into()));
    }
    let mut forces = memory::filled("forces on fields", 0.0, fields.len())?;
    let count = action.count();
    let _work = progress::begin("forces", (fields.len() / count) as u64);
    for (field, force) in fields.chunks_exact(count).zip(forces.chunks_exact_mut(count)) {
        let value = action.gradient(field, force)?;
        progress::step("forces", value)?;
    }
    let square = forces.iter().map(|f| f * f).sum::<f64>() / forces.len() as f64;
    if square.is_finite() && square > 0.0 {
        return Ok((forces, square));
    }
    Err(Error::BadInput(format!("forces on fields: expected a finite mean square above 0, got {square}")))
}
