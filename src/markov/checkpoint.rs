//! A chain on disk: safetensors ([`crate::saved`]), from which the chain goes on bit for bit.
//!
//! Tensors: `field` f64 [V], or the numbers of all links; `value` f64 [1], S of the field; `log_density` f64 [1] where
//! the chain knows log q of the field; `counter` and `seed` u64 [1]. Kernels with further fields write `companions` f64
//! [fields, numbers of a field], and `numbers` f64 and `counts` u64 of their own.

use super::chain::Chain;
use super::kernel::{ChainState, Companions};
use super::spec::KernelSpec;
use crate::error::{Error, Result, expect_finite};
use crate::file;
use crate::flow::{Identity, Model};
use crate::memory;
use crate::saved::{self, Opened, Tensor, Tensors};
use crate::space::SavedDomain;
use safetensors::tensor::Dtype;
use std::path::Path;
use std::sync::Arc;

/// Header of a chain's file: where its field lives, its kernel, and the model that this is made from.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    domain: SavedDomain,
    /// Spec of the kernel, as JSON text.
    kernel: String,
    /// The model; None in files of kernels without one, and in those of versions that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<Identity>,
}

/// Header of a file of format 1.
#[derive(serde::Deserialize)]
struct First {
    /// Extents of the lattice, x first.
    extent: Vec<usize>,
    /// Spec of the kernel, as JSON text.
    kernel: String,
    /// FNV-1a of the tensors in the order field, value, log_density, counter, seed.
    checksum: String,
}

/// Most bytes of a file beyond the field itself.
const LARGEST_HEADER: u64 = 1 << 20;
/// Largest difference between the stored S and S computed again, relative to the volume and S: beyond the rounding
/// of a host's sums, far below what another action makes.
const ACTION_TOLERANCE: f64 = 1e-6;
/// Largest difference for log q, which has the rounding of a network in f32.
const DENSITY_TOLERANCE: f64 = 1e-4;

/// Names of the tensors, in the order of the checksum of format 1.
const NAMES: [&str; 5] = ["field", "value", "log_density", "counter", "seed"];

impl Chain {
    /// Writes the chain to a file; on an error the file that was there before is untouched.
    pub fn save(&self, path: &Path) -> Result<()> {
        let domain = SavedDomain::of(&self.action.domain());
        let content = Content { domain, kernel: self.kernel_text()?, model: self.identity() };
        let ChainState { field, value, log_density, .. } = &self.state;
        let mut tensors = vec![
            Tensor::reals("field", &[field.len()], field)?,
            Tensor::reals("value", &[1], &[*value])?,
            Tensor::whole("counter", self.counter),
            Tensor::whole("seed", self.seed),
        ];
        if let Some(log_density) = log_density {
            tensors.push(Tensor::reals("log_density", &[1], &[*log_density])?);
        }
        if let Some(Companions { fields, numbers, counts }) = &self.state.companions {
            let mut all = memory::reserved("further fields of a chain", fields.len() * field.len())?;
            fields.iter().for_each(|field| all.extend_from_slice(field));
            tensors.push(Tensor::reals("companions", &[fields.len(), field.len()], &all)?);
            tensors.push(Tensor::reals("numbers", &[numbers.len()], numbers)?);
            tensors.push(Tensor::wholes("counts", counts));
        }
        saved::write(path, "chain", content, &tensors)
    }

    /// Goes on from a saved chain of the same lattice, spec, action and model; on an error the chain stays as it is.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let fields = 1 + self.kernel.companions() as u64;
        let bytes = file::read(path, LARGEST_HEADER + 8 * fields * self.action.count() as u64)?;
        let located = |error: Error| error.within(&path.display().to_string());
        let (state, counter, seed) = self.parse(&bytes).map_err(located)?;
        self.check(&state).map_err(located)?;
        (self.state, self.counter, self.seed) = (state, counter, seed);
        Ok(())
    }

    fn kernel_text(&self) -> Result<String> {
        serde_json::to_string(&self.spec).map_err(|e| Error::Internal(format!("spec: {e}")))
    }

    /// The model that the kernel is made from.
    fn identity(&self) -> Option<Identity> {
        let is_used =
            |model: &&Arc<dyn Model>| self.spec.needs_model() || (model.stout().is_some() && self.spec.takes_layers());
        self.model.as_ref().filter(is_used)?.identity()
    }

    fn parse(&self, bytes: &[u8]) -> Result<(ChainState, u64, u64)> {
        let tensors = match saved::open::<Content>(bytes, "chain")? {
            Opened::Present(content, tensors) => {
                self.expect_same(&content)?;
                tensors
            }
            Opened::First(tensors) => {
                let (_, first): (_, First) = file::parse(bytes, "chain")?;
                let domain = SavedDomain { extent: first.extent, ..SavedDomain::of(&self.action.domain()) };
                self.expect_same(&Content { domain, kernel: first.kernel, model: None })?;
                self.expect_checksum(&tensors, &first.checksum)?;
                tensors
            }
        };
        let real = |name: &str| tensors.reals(name, &[1]).map(|numbers| numbers[0]);
        let state = ChainState {
            field: tensors.reals("field", &[self.action.count()])?,
            value: real("value")?,
            gradient: None,
            log_density: tensors.has("log_density").then(|| real("log_density")).transpose()?,
            companions: self.companions(&tensors)?,
        };
        let whole = |name: &str| word(&tensors.bytes(name, Dtype::U64, &[1])?);
        Ok((state, whole("counter")?, whole("seed")?))
    }

    /// Further fields of the kernel, and its numbers.
    fn companions(&self, tensors: &Tensors) -> Result<Option<Companions>> {
        if !tensors.has("companions") {
            return Ok(None);
        }
        let count = self.action.count();
        let all = tensors.reals("companions", &[self.kernel.companions(), count])?;
        let fields = all.chunks_exact(count).map(|field| self.action.space().admit(self.action.lattice(), field));
        let companions = Companions {
            fields: fields.collect::<Result<_>>().map_err(|error| error.within("companions"))?,
            numbers: tensors.reals("numbers", &tensors.shape("numbers"))?,
            counts: tensors.wholes("counts")?,
        };
        self.kernel.check(&companions)?;
        Ok(Some(companions))
    }

    /// Checks domain, kernel and model of a file.
    fn expect_same(&self, content: &Content) -> Result<()> {
        content.domain.expect(&self.action.domain())?;
        // As values: a key that a later version adds is its default in files of before.
        let saved = serde_json::from_str::<KernelSpec>(&content.kernel);
        if saved.ok().as_ref() != Some(&self.spec) {
            let expected = self.kernel_text()?;
            return Err(Error::BadSpec(format!("spec: expected {expected}, got {}", content.kernel)));
        }
        match (self.identity(), &content.model) {
            (Some(own), Some(saved)) => own.expect(saved),
            _ => Ok(()),
        }
    }

    /// Checks the checksum of a file of format 1.
    fn expect_checksum(&self, tensors: &Tensors, expected: &str) -> Result<()> {
        let mut all = vec![];
        for name in NAMES.into_iter().filter(|name| *name != "log_density" || tensors.has(name)) {
            let dtype = if matches!(name, "counter" | "seed") { Dtype::U64 } else { Dtype::F64 };
            let count = if name == "field" { self.action.count() } else { 1 };
            all.push(tensors.bytes(name, dtype, &[count])?);
        }
        let got = format!("{:016x}", file::checksum_of(all.iter().flatten().copied()));
        if got != expected {
            return Err(Error::BadInput(format!("checksum: expected {expected}, got {got}")));
        }
        Ok(())
    }

    /// The file may be of another action or model: then its S or log q differ from those of its field.
    fn check(&self, state: &ChainState) -> Result<()> {
        self.action.space().admit(self.action.lattice(), &state.field)?;
        expect_finite("value", &[state.value])?;
        let scale = state.field.len() as f64;
        let close = |what: &str, tolerance: f64, (stored, now): (f64, f64)| {
            if stored == now || (now.is_finite() && (stored - now).abs() <= tolerance * (scale + now.abs())) {
                return Ok(());
            }
            Err(Error::BadInput(format!("{what} of the saved field: expected {now}, got {stored}")))
        };
        // S cannot be computed again, since the pseudofermions are not stored.
        if !self.action.has_pseudofermions() {
            close("action", ACTION_TOLERANCE, (state.value, self.action.value(&state.field)?))?;
        }
        if let (Some(stored), Some(model)) = (state.log_density, &self.model) {
            let mut log_q = [0.0];
            model.log_density(1, &state.field, &mut log_q)?;
            close("log density", DENSITY_TOLERANCE, (stored, log_q[0]))?;
        }
        Ok(())
    }
}

/// The first word of a tensor, which was checked to have one.
fn word(bytes: &[u8]) -> Result<u64> {
    let word = bytes.first_chunk().ok_or_else(|| Error::Internal("tensor: expected a word, got none".into()))?;
    Ok(u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests;
