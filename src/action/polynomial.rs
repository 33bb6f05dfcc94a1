//! Local polynomial actions, the normal form of all φ⁴ conventions.
//!
//! ```text
//! S = Σ_x [ q_x φ_x² + u_x φ_x⁴ − j_x φ_x + c + Σ_k w_k φ_x^k ] − Σ_r h_r Σ_x φ_x φ_{x+r}
//! ```

use super::powers::Powers;
use crate::error::{Error, Result, expect_length};
use crate::lattice::Lattice;
use crate::memory;
use crate::spec;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A coupling, the same on all sites or one for each; in a spec a number or a list of numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Coupling {
    /// The same number on all sites.
    Uniform(f64),
    /// One number for each site, x fastest.
    PerSite(Vec<f64>),
}

impl Default for Coupling {
    fn default() -> Self {
        Coupling::Uniform(0.0)
    }
}

impl Coupling {
    /// The coupling at a site.
    #[inline]
    pub fn at(&self, site: usize) -> f64 {
        match self {
            Coupling::Uniform(value) => *value,
            Coupling::PerSite(values) => values[site],
        }
    }

    /// All numbers: one, or V.
    pub fn numbers(&self) -> &[f64] {
        match self {
            Coupling::Uniform(value) => std::slice::from_ref(value),
            Coupling::PerSite(values) => values,
        }
    }

    /// Checks that the coupling is one finite number, or V of them; errors name the key of the spec.
    pub fn expect_fit(&self, key: &str, lattice: &Lattice) -> Result<()> {
        let Coupling::PerSite(values) = self else {
            return spec::expect_finite(key, self.at(0));
        };
        if values.len() != lattice.volume() {
            let (volume, shape) = (lattice.volume(), lattice.shape());
            return Err(Error::BadShape(format!("{key}: expected {volume} numbers ({shape}), got {}", values.len())));
        }
        let bad = values.iter().position(|value| !value.is_finite());
        bad.map_or(Ok(()), |site| spec::expect_finite(&format!("{key}[{site}]"), values[site]))
    }

    /// The coupling with the numbers `map(own, other)`.
    pub fn combined(&self, other: &Coupling, map: impl Fn(f64, f64) -> f64) -> Result<Coupling> {
        if let (Coupling::Uniform(own), Coupling::Uniform(other)) = (self, other) {
            return Ok(Coupling::Uniform(map(*own, *other)));
        }
        let sites = self.numbers().len().max(other.numbers().len());
        let numbers = (0..sites).map(|site| map(self.at(site), other.at(site)));
        Ok(Coupling::PerSite(memory::collected("coupling", numbers)?))
    }

    /// The coupling with `map` applied to each number.
    pub fn map(&self, map: impl Fn(f64) -> f64) -> Coupling {
        match self {
            Coupling::Uniform(value) => Coupling::Uniform(map(*value)),
            Coupling::PerSite(values) => Coupling::PerSite(values.iter().map(|&value| map(value)).collect()),
        }
    }
}

/// Reads a number or a list of numbers.
struct NumberOrList;

impl<'de> Visitor<'de> for NumberOrList {
    type Value = Coupling;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a number, or a list with one number for each site")
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Coupling, E> {
        Ok(Coupling::Uniform(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Coupling, E> {
        Ok(Coupling::Uniform(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Coupling, E> {
        Ok(Coupling::Uniform(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> std::result::Result<Coupling, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Coupling::PerSite(values))
    }
}

impl<'de> Deserialize<'de> for Coupling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Coupling, D::Error> {
        deserializer.deserialize_any(NumberOrList)
    }
}

/// One hopping term − h Σ_x φ_x φ_{x+r}.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Displacement r, x first.
    pub displacement: Vec<i64>,
    /// Strength h.
    pub strength: f64,
}

impl Hop {
    /// Checks that the displacement has one number for each dimension, and that the strength is finite.
    pub fn expect_fit(&self, key: &str, lattice: &Lattice) -> Result<()> {
        expect_length(&format!("{key}.displacement"), lattice.dimensions(), self.displacement.len())?;
        spec::expect_finite(&format!("{key}.strength"), self.strength)
    }
}

/// The couplings of a local polynomial action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polynomial {
    /// q_x, in front of φ².
    pub quadratic: Coupling,
    /// u_x, in front of φ⁴.
    pub quartic: Coupling,
    /// j_x, in front of −φ.
    pub source: Coupling,
    /// Hopping terms; each unordered pair of directions ±r is listed once.
    pub hops: Vec<Hop>,
    /// c, a constant on each site.
    pub constant: f64,
    /// w_k, in front of further powers of φ, the same on all sites.
    pub powers: Powers,
}

impl Polynomial {
    /// The couplings of (1 − t) S + t S', S with these and S' with other couplings.
    pub fn interpolated(&self, other: &Polynomial, t: f64) -> Result<Polynomial> {
        let mix = |a: f64, b: f64| (1.0 - t) * a + t * b;
        let mut hops: Vec<Hop> = vec![];
        for (hop, share) in self.hops.iter().map(|hop| (hop, 1.0 - t)).chain(other.hops.iter().map(|hop| (hop, t))) {
            let strength = share * hop.strength;
            match hops.iter_mut().find(|known| known.displacement == hop.displacement) {
                Some(known) => known.strength += strength,
                None => hops.push(Hop { displacement: hop.displacement.clone(), strength }),
            }
        }
        hops.retain(|hop| hop.strength != 0.0);
        Ok(Polynomial {
            quadratic: self.quadratic.combined(&other.quadratic, mix)?,
            quartic: self.quartic.combined(&other.quartic, mix)?,
            source: self.source.combined(&other.source, mix)?,
            hops,
            constant: mix(self.constant, other.constant),
            powers: self.powers.combined(&other.powers, mix),
        })
    }
}
