//! A diffusion model with its parameters, from which programs other than those of its density are made.

use super::Diffusion;
use crate::context::Context;
use crate::space::Domain;
use std::sync::Arc;

/// A diffusion model with its parameters.
pub struct Diffused {
    /// The context it runs in.
    pub context: Arc<Context>,
    /// Where its fields live.
    pub domain: Domain,
    /// The model.
    pub diffusion: Diffusion,
    /// Its parameters.
    pub parameters: Vec<f64>,
}
