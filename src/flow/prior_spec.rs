//! Specs of priors: the registry. A new prior is its file and one line in each of the two tables here.

use super::haar::{Haar, HaarSpec};
use super::mixture::{Mixture, MixtureSpec};
use super::prior::{Prior, White};
use super::spectrum::Spectrum;
use super::uniform::{Uniform, UniformSpec};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::spec::Value;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// The distribution that layers start from, by its type: `{type: 'haar', group: 'su3'}`. A name is short for an object with
/// that type alone: `'white'`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PriorSpec {
    /// White noise: independent standard normal numbers.
    White {},
    /// A trainable power spectrum, on lattices of up to 1024 sites.
    Spectrum {},
    /// A mixture of Gaussians.
    Mixture(MixtureSpec),
    /// Uniform angles.
    Uniform(UniformSpec),
    /// Links from the Haar measure.
    Haar(HaarSpec),
}

impl PriorSpec {
    /// The prior on a lattice.
    pub fn build(&self, lattice: &Lattice) -> Result<Arc<dyn Prior>> {
        Ok(match self {
            PriorSpec::White {} => Arc::new(White),
            PriorSpec::Spectrum {} => Arc::new(Spectrum::new(lattice)?),
            PriorSpec::Mixture(spec) => Arc::new(Mixture::new(spec)?),
            PriorSpec::Uniform(spec) => Arc::new(Uniform::new(spec)),
            PriorSpec::Haar(spec) => Arc::new(Haar::new(spec, lattice)),
        })
    }
}

impl Default for PriorSpec {
    fn default() -> Self {
        PriorSpec::White {}
    }
}

impl<'de> Deserialize<'de> for PriorSpec {
    /// Reads a name, or an object with a type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value {
            Value::Map(_) => PriorSpec::deserialize(value.reader()),
            _ => value.reader::<D::Error>().deserialize_any(PriorName),
        }
    }
}

/// Reads the name of a prior that needs no keys; the message for any other value states the forms of a prior.
struct PriorName;

impl Visitor<'_> for PriorName {
    type Value = PriorSpec;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("'white', 'spectrum', 'uniform' or an object {type: 'mixture', means: [...]} or {type: 'haar', group: 'su3'}")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<PriorSpec, E> {
        let object = Value::Map(vec![("type".into(), Value::Text(name.into()))]);
        PriorSpec::deserialize(object.reader::<E>()).map_err(|_| E::invalid_value(Unexpected::Str(name), &self))
    }
}

impl Serialize for PriorSpec {
    /// Writes priors without keys as names, as earlier versions of the library did and read them.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            PriorSpec::White {} => serializer.serialize_str("white"),
            PriorSpec::Spectrum {} => serializer.serialize_str("spectrum"),
            _ => PriorSpec::serialize(self, serializer),
        }
    }
}
