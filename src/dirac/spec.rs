//! Dirac operators by spec: the registry.

use super::basis::{Basis, Spin};
use super::end_slices::EndSlices;
use super::kernels::staggered::First;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// An operator and its parameters.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DiracSpec {
    /// Wilson's operator, with clover term and twisted mass.
    Wilson(WilsonSpec),
    /// The naive staggered operator.
    Staggered(StaggeredSpec),
}

/// Wilson's operator, of mass M = 1/(2 κ) - d.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WilsonSpec {
    /// Hopping parameter κ; or the mass is given.
    pub kappa: Option<f64>,
    /// Bare mass M.
    pub mass: Option<f64>,
    /// Factor of a spinor that goes around the lattice in each direction: 1 (the default), -1, 0 for a wall, or a
    /// phase.
    pub boundary: Option<Vec<Phase>>,
    /// Anisotropy of the directions but the last.
    pub anisotropy: Anisotropy,
    /// Clover coefficient c: of all planes, or of those in space and those with the last direction.
    pub clover: Option<Coefficient>,
    /// Twisted mass t.
    pub twist: f64,
    /// Basis of the gamma matrices in which spinors are given and taken, in four dimensions.
    pub basis: Basis,
    /// Numbers of a link of SU(3) in memory: 18 (the default, 'auto'); 12, two rows, from which the third is computed;
    /// or 8, from which all 18 are computed.
    pub links: LinkNumbers,
    /// c_F, with spinors that vanish on the first and the last slice of the last direction; None: spinors live on all slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_f: Option<f64>,
}

/// Numbers of a link that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "links: expected 'auto', 18, 12 or 8")]
pub enum LinkNumbers {
    /// Chosen by the library.
    Chosen(Choice),
    /// This number.
    Number(u32),
}

/// A choice that is left to the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The library chooses.
    Auto,
}

impl Default for LinkNumbers {
    fn default() -> Self {
        Self::Chosen(Choice::Auto)
    }
}

/// The naive staggered operator of mass m.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StaggeredSpec {
    /// Mass m.
    pub mass: f64,
    /// Phases of the boundary in each direction, as for Wilson's operator.
    #[serde(default)]
    pub boundary: Option<Vec<Phase>>,
    /// Where the phases begin: `x`, or `time` as in MILC.
    #[serde(default)]
    pub first: First,
}

/// A boundary condition.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "boundary: expected a list of numbers or {angle: number}, one for each direction")]
pub enum Phase {
    /// A real factor.
    Factor(f64),
    /// exp(i angle).
    Angle {
        /// In radians.
        angle: f64,
    },
}

impl Phase {
    /// The number.
    pub fn number(self) -> Complex64 {
        match self {
            Phase::Factor(factor) => factor.into(),
            Phase::Angle { angle } => Complex64::from_polar(1.0, angle),
        }
    }
}

/// Clover coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "clover: expected a number or {space: number, time: number}")]
pub enum Coefficient {
    /// One coefficient for all planes.
    One(f64),
    /// Of two directions in space, and of one in space and time.
    Two {
        /// Space and space.
        space: f64,
        /// Space and time.
        time: f64,
    },
}

/// Weights of the directions: ν / ξ0 in space, 1 in time.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anisotropy {
    /// Bare gauge anisotropy.
    pub xi0: f64,
    /// Ratio of the hopping terms.
    pub nu: f64,
}

impl Default for Anisotropy {
    fn default() -> Self {
        Self { xi0: 1.0, nu: 1.0 }
    }
}

/// Boundary factors of the directions.
pub(crate) fn factors(boundary: &Option<Vec<Phase>>, dimensions: usize) -> Result<Vec<Complex64>> {
    let Some(phases) = boundary else { return Ok(vec![1.0.into(); dimensions]) };
    if phases.len() != dimensions {
        return Err(Error::BadSpec(format!("boundary: expected {dimensions} factors, got {}", phases.len())));
    }
    let numbers: Vec<Complex64> = phases.iter().map(|phase| phase.number()).collect();
    match numbers.iter().find(|z| !(z.norm() < 1e-12 || (z.norm() - 1.0).abs() < 1e-12)) {
        Some(z) => Err(Error::BadSpec(format!("boundary: expected 0 or a phase of modulus 1, got {z}"))),
        None => Ok(numbers),
    }
}

impl WilsonSpec {
    /// The bare mass on a lattice of `dimensions`.
    pub fn mass(&self, dimensions: usize) -> Result<f64> {
        let value = match (&self.kappa, &self.mass) {
            (Some(kappa), None) if *kappa > 0.0 => 0.5 / kappa - dimensions as f64,
            (None, Some(mass)) => *mass,
            (Some(kappa), None) => {
                return Err(Error::BadSpec(format!("kappa: expected a number above 0, got {kappa}")));
            }
            (None, None) => return Err(Error::BadSpec("kappa: expected kappa or mass, got neither".into())),
            (Some(_), Some(_)) => return Err(Error::BadSpec("kappa: expected kappa or mass, got both".into())),
        };
        if value.is_finite() {
            Ok(value)
        } else {
            Err(Error::BadSpec(format!("mass: expected a finite number, got {value}")))
        }
    }

    /// Clover coefficients `[mu][nu]`, mu < nu, if there is a clover term.
    pub fn clover(&self, dimensions: usize) -> Result<Option<Vec<Vec<f64>>>> {
        let Some(coefficient) = &self.clover else { return Ok(None) };
        let (space, time) = match *coefficient {
            Coefficient::One(c) => (c, c),
            Coefficient::Two { space, time } => (space, time),
        };
        if !(space.is_finite() && time.is_finite()) {
            return Err(Error::BadSpec(format!("clover: expected finite numbers, got {space} and {time}")));
        }
        let row = |_| (0..dimensions).map(|nu| if nu + 1 == dimensions { time } else { space }).collect();
        Ok(Some((0..dimensions).map(row).collect()))
    }

    /// Rotation between the gamma basis of the kernels and that of the spec; None where they are the same.
    pub(super) fn rotation(&self, dimensions: usize) -> Result<Option<Spin>> {
        match self.basis.rotation() {
            Some(_) if dimensions != 4 => Err(Error::BadSpec(format!(
                "basis: expected none but the usual one in {dimensions} dimensions, got another"
            ))),
            rotation => Ok(rotation),
        }
    }

    /// Numbers of a link of SU(3) in memory.
    pub fn link_numbers(&self) -> Result<usize> {
        match self.links {
            LinkNumbers::Chosen(Choice::Auto) => Ok(18),
            LinkNumbers::Number(number @ (18 | 12 | 8)) => Ok(number as usize),
            LinkNumbers::Number(other) => {
                Err(Error::BadSpec(format!("links: expected 'auto', 18, 12 or 8, got {other}")))
            }
        }
    }

    /// The slices on which spinors vanish, if there are such.
    pub(super) fn end_slices(&self, lattice: &Lattice) -> Result<Option<EndSlices>> {
        match self.links {
            LinkNumbers::Number(8) if self.c_f.is_some() => {
                Err(Error::Unsupported("links: expected 'auto', 18 or 12 with c_f, got 8".into()))
            }
            _ => self.c_f.map(|c_f| EndSlices::new(lattice, c_f)).transpose(),
        }
    }

    /// Weights w of the directions.
    pub fn weights(&self, dimensions: usize) -> Result<Vec<f64>> {
        let Anisotropy { xi0, nu } = self.anisotropy;
        if !(xi0 > 0.0 && nu > 0.0 && (nu / xi0).is_finite()) {
            return Err(Error::BadSpec(format!("anisotropy: expected xi0 and nu above 0, got {xi0} and {nu}")));
        }
        let mut weights = vec![nu / xi0; dimensions];
        weights[dimensions - 1] = 1.0;
        Ok(weights)
    }
}
