//! What tells models apart: spec, fixed values of conditions, and a hash of all parameters.

use super::condition::Values;
use super::spec::ModelSpec;
use crate::error::{Error, Result};
use crate::file;
use serde::{Deserialize, Serialize};

/// The identity of a model on a lattice. Specs are compared as values, so that keys which later versions add with a
/// default do not make another model.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    spec: ModelSpec,
    /// Values at which the conditions are fixed.
    at: Option<Values>,
    /// FNV-1a hash of the parameters, their bytes little-endian.
    parameters: String,
}

impl Identity {
    /// The identity of a model with given parameters.
    pub fn new(spec: &ModelSpec, at: Option<&Values>, parameters: &[f64]) -> Self {
        let hash = file::checksum_of(parameters.iter().flat_map(|x| x.to_le_bytes()));
        Self { spec: spec.clone(), at: at.cloned(), parameters: format!("{hash:016x}") }
    }

    /// Checks that another model, which was `got`, is this one.
    pub fn expect(&self, got: &Self) -> Result<()> {
        let differ = |what: &str, expected: String, got: String| {
            Err(Error::BadInput(format!("model: expected one with {what} {expected}, got one with {got}")))
        };
        if self.spec != got.spec {
            return differ("the spec", text(&self.spec)?, text(&got.spec)?);
        }
        if self.at != got.at {
            return differ("the condition", text(&self.at)?, text(&got.at)?);
        }
        if self.parameters != got.parameters {
            return differ("parameters of the hash", self.parameters.clone(), got.parameters.clone());
        }
        Ok(())
    }
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Internal(format!("identity: {e}")))
}
