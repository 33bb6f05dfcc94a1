//! The conventions of φ⁴ theory, as specs give them, and their normal form.
//!
//! ```text
//! form 'a'      S = Σ_x [ Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴ ]
//! form 'kappa'  S = Σ_x [ −2κ Σ_μ φ(x) φ(x+μ) + (1 − 2λ) φ² + λ φ⁴ ]
//! form 'half'   S = Σ_x [ ½ Σ_μ (φ(x+μ) − φ(x))² + ½ m² φ² + (λ/4!) φ⁴ ]
//! ```
//!
//! μ runs over the positive directions. To each form are added − Σ_x j_x φ(x) and − h Σ_x φ(x) φ(x+r) for every entry
//! {displacement: r, strength: h} of `hopping`; there is no ½ in front of these. m², λ and j are numbers, or lists
//! with one number for each site. Without `form`, a spec is of form 'a': `{type: 'phi4', mass_squared: -4, lambda: 8}`.

use super::{Coupling, Couplings, Hop, Phi4, Polynomial};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::spec;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;

/// Couplings of φ⁴ theory in one of three conventions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "form", rename_all = "snake_case", deny_unknown_fields)]
pub enum Phi4Spec {
    /// Form A, without factors ½.
    A {
        /// Bare mass squared m².
        mass_squared: Coupling,
        /// Quartic coupling λ.
        lambda: Coupling,
        /// Source j.
        #[serde(default)]
        source: Coupling,
        /// Hopping beyond the nearest neighbours' own.
        #[serde(default)]
        hopping: Vec<Hop>,
    },
    /// Form kappa, the one of hopping expansions.
    Kappa {
        /// Hopping parameter κ.
        kappa: f64,
        /// Quartic coupling λ.
        lambda: Coupling,
        /// Source j.
        #[serde(default)]
        source: Coupling,
        /// Hopping beyond the nearest neighbours' own.
        #[serde(default)]
        hopping: Vec<Hop>,
    },
    /// The half-normalised form of perturbation theory.
    Half {
        /// Bare mass squared m².
        mass_squared: Coupling,
        /// Quartic coupling λ, in front of φ⁴/4!.
        lambda: Coupling,
        /// Source j.
        #[serde(default)]
        source: Coupling,
        /// Hopping beyond the nearest neighbours' own.
        #[serde(default)]
        hopping: Vec<Hop>,
    },
}

impl Phi4Spec {
    /// Reads a spec in which `form` may be missing; for serde's `deserialize_with`.
    pub fn deserialize_any_form<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        spec::with_default_tag(deserializer, "form", "a")
    }

    /// The theory on a lattice. Lists of another length than V, numbers that are not finite, λ < 0, and λ = 0 without
    /// a positive definite quadratic part are errors.
    pub fn build(&self, lattice: &Lattice) -> Result<Phi4> {
        self.expect_fit(lattice)?;
        let (spec, same) = (self.clone(), lattice.clone());
        let renewal = move |couplings: &Couplings| spec.with(couplings)?.build(&same);
        Ok(Phi4::new(lattice, self.polynomial(lattice.dimensions()))?.renewable(self.couplings(), Arc::new(renewal)))
    }

    /// The same theory with other values of some couplings: `mass_squared`, `lambda`, `source` or `kappa`.
    pub fn with(&self, couplings: &Couplings) -> Result<Self> {
        let mut spec = self.clone();
        for (name, &value) in couplings {
            *spec.coupling(name)? = value;
        }
        Ok(spec)
    }

    /// Names of the couplings.
    fn couplings(&self) -> &'static [&'static str] {
        match self {
            Self::Kappa { .. } => &["kappa", "lambda", "source"],
            Self::A { .. } | Self::Half { .. } => &["mass_squared", "lambda", "source"],
        }
    }

    /// A coupling by its name, the same on all sites.
    fn coupling(&mut self, name: &str) -> Result<&mut f64> {
        let coupling = match (self, name) {
            (Self::Kappa { kappa, .. }, "kappa") => return Ok(kappa),
            (Self::A { mass_squared, .. } | Self::Half { mass_squared, .. }, "mass_squared") => mass_squared,
            (Self::A { lambda, .. } | Self::Kappa { lambda, .. } | Self::Half { lambda, .. }, "lambda") => lambda,
            (Self::A { source, .. } | Self::Kappa { source, .. } | Self::Half { source, .. }, "source") => source,
            _ => {
                let message = format!("action: expected a theory with a coupling '{name}', got one without");
                return Err(Error::Unsupported(message));
            }
        };
        if let Coupling::PerSite(_) = coupling {
            *coupling = Coupling::Uniform(0.0);
        }
        match coupling {
            Coupling::Uniform(value) => Ok(value),
            Coupling::PerSite(_) => Err(Error::Internal("coupling: expected a uniform one".into())),
        }
    }

    fn expect_fit(&self, lattice: &Lattice) -> Result<()> {
        let (Self::A { lambda, source, hopping, .. }
        | Self::Kappa { lambda, source, hopping, .. }
        | Self::Half { lambda, source, hopping, .. }) = self;
        match self {
            Self::A { mass_squared, .. } | Self::Half { mass_squared, .. } => {
                mass_squared.expect_fit("mass_squared", lattice)?;
            }
            Self::Kappa { kappa, .. } => spec::expect_finite("kappa", *kappa)?,
        }
        source.expect_fit("source", lattice)?;
        for (i, hop) in hopping.iter().enumerate() {
            hop.expect_fit(&format!("hopping[{i}]"), lattice)?;
        }
        lambda.expect_fit("lambda", lattice)?;
        let least = lambda.numbers().iter().copied().fold(f64::INFINITY, f64::min);
        spec::expect(least >= 0.0, "lambda", "at least 0", least)
    }

    /// The normal form in d dimensions; all lists of numbers per site have to be of one length.
    pub fn polynomial(&self, d: usize) -> Polynomial {
        let d_real = d as f64;
        let (quadratic, quartic, strength) = match self {
            Self::A { mass_squared, lambda, .. } => (mass_squared.map(|m2| 2.0 * d_real + m2), lambda.clone(), 2.0),
            Self::Kappa { kappa, lambda, .. } => (lambda.map(|l| 1.0 - 2.0 * l), lambda.clone(), 2.0 * kappa),
            Self::Half { mass_squared, lambda, .. } => {
                (mass_squared.map(|m2| d_real + 0.5 * m2), lambda.map(|l| l / 24.0), 1.0)
            }
        };
        let (Self::A { source, hopping, .. }
        | Self::Kappa { source, hopping, .. }
        | Self::Half { source, hopping, .. }) = self;
        let mut hops = nearest_neighbours(d, strength);
        hops.extend_from_slice(hopping);
        Polynomial { quadratic, quartic, source: source.clone(), hops, ..Polynomial::default() }
    }
}

/// One hop of the given strength in each of the d positive directions.
pub(super) fn nearest_neighbours(d: usize, strength: f64) -> Vec<Hop> {
    let along = |mu: usize| Hop { displacement: (0..d).map(|nu| i64::from(nu == mu)).collect(), strength };
    (0..d).map(along).collect()
}
