//! Quantum mechanics of one particle on a periodic lattice of imaginary times.
//!
//! ```text
//! S = Σ_t [ (m / 2a) (x(t+1) − x(t))² + a V(x(t)) ],    V(x) = Σ_k c_k x^k
//! ```
//!
//! `{type: 'quantum_mechanics', mass: m, spacing: a, potential: [c_0, c_1, ...]}` on a lattice of one dimension, whose N sites
//! are the times 0, a, ..., (N − 1) a, so that exp(−S) is that of the partition function tr exp(−N a H), H = p²/2m + V, up to
//! O(a²) and the measure: Z = ∫ Π_t dx(t) exp(−S) has the factor (2π a/m)^(N/2) more. The harmonic oscillator of frequency ω is
//! `[0, 0, m ω²/2]`, the double well (x² − f²)² is `[f⁴, 0, −2 f², 0, 1]`. Energies: E_0 = ⟨V + x V'/2⟩ by the virial theorem
//! for long times N a, E_1 − E_0 from the decay of ⟨x(0) x(t)⟩. M. Creutz and B. Freedman, Ann. Phys. 132, 427 (1981).
//!
//! In the normal form of [`Polynomial`]: q = m/a + a c_2, u = a c_4, j = −a c_1, h = m/a for the hop by one time.

use super::phi4_spec::nearest_neighbours;
use super::{Coupling, Couplings, Phi4, Polynomial, Powers};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::spec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Mass, spacing and potential.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QuantumMechanicsSpec {
    /// Mass m of the particle, above 0.
    #[serde(default = "one")]
    pub mass: f64,
    /// Spacing a of the times, above 0.
    #[serde(default = "one")]
    pub spacing: f64,
    /// Coefficients c_0, c_1, ... of the potential, whose highest power is even and has a coefficient above 0.
    pub potential: Vec<f64>,
}

fn one() -> f64 {
    1.0
}

/// Highest power of a potential.
const HIGHEST: usize = 16;

/// Names of the couplings in the order of [`QuantumMechanicsSpec::with`].
const COUPLINGS: [&str; 11] = ["mass", "spacing", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];

impl QuantumMechanicsSpec {
    /// The action on a lattice of one dimension, which is time.
    pub fn build(&self, lattice: &Lattice) -> Result<Phi4> {
        if lattice.dimensions() != 1 {
            let expected = "expected one dimension, time, for type 'quantum_mechanics'";
            return Err(Error::BadShape(format!("lattice: {expected}, got {}", lattice.dimensions())));
        }
        for (key, number) in [("mass", self.mass), ("spacing", self.spacing)] {
            spec::expect(number.is_finite() && number > 0.0, key, "a finite number above 0", number)?;
        }
        let most = format!("at most {} numbers", HIGHEST + 1);
        spec::expect(self.potential.len() <= HIGHEST + 1, "potential", &most, self.potential.len())?;
        for (power, c) in self.potential.iter().enumerate() {
            spec::expect_finite(&format!("potential[{power}]"), *c)?;
        }
        let highest = self.potential.iter().rposition(|c| *c != 0.0).unwrap_or(0);
        let is_bounded = highest > 0 && highest.is_multiple_of(2) && self.potential[highest] > 0.0;
        let expected = "coefficients [c0, c1, ...] whose last one but zeros is above 0 and in front of an even power";
        spec::expect(is_bounded, "potential", expected, format!("{:?}", self.potential))?;
        let (spec, same) = (self.clone(), lattice.clone());
        let renewal = move |couplings: &Couplings| spec.with(couplings)?.build(&same);
        Ok(Phi4::new(lattice, self.polynomial())?.renewable(&COUPLINGS, Arc::new(renewal)))
    }

    /// The same with other values of some couplings: `mass`, `spacing`, or `c0` to `c8` of the potential.
    pub fn with(&self, couplings: &Couplings) -> Result<Self> {
        let mut spec = self.clone();
        for (name, &value) in couplings {
            match COUPLINGS.iter().position(|known| known == name) {
                Some(0) => spec.mass = value,
                Some(1) => spec.spacing = value,
                Some(place) => {
                    spec.potential.resize(spec.potential.len().max(place - 1), 0.0);
                    spec.potential[place - 2] = value;
                }
                None => {
                    let message = format!("action: expected one with a coupling '{name}', got one without");
                    return Err(Error::Unsupported(message));
                }
            }
        }
        Ok(spec)
    }

    /// The normal form.
    fn polynomial(&self) -> Polynomial {
        let (a, stiffness) = (self.spacing, self.mass / self.spacing);
        let scaled: Vec<f64> = self.potential.iter().map(|c| a * c).collect();
        let c = |power: usize| scaled.get(power).copied().unwrap_or(0.0);
        Polynomial {
            quadratic: Coupling::Uniform(stiffness + c(2)),
            quartic: Coupling::Uniform(c(4)),
            source: Coupling::Uniform(-c(1)),
            hops: nearest_neighbours(1, stiffness),
            constant: c(0),
            powers: Powers::of(&scaled),
        }
    }
}

#[cfg(test)]
mod tests;
