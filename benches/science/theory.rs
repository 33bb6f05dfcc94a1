//! Scalar theories in two dimensions with their exact finite-volume values.
//!
//! φ⁴ by transfer matrices with Gauss quadrature in φ (those of L = 4 are computed anew in the tests); the free field S = Σ [(1/2) Σ_μ (φ_{x+μ} − φ_x)² + (1/2) m² φ²] by its
//! modes, ⟨φ²⟩ = (1/V) Σ_k 1/(k̂² + m²), χ = 1/m², log Z = (1/2) Σ_k log(2π/(k̂² + m²)). All digits hold.

use super::figure::Declared;
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::lattice::Lattice;
use instanton::spec;
use std::sync::Arc;

/// A theory on a lattice, by the name that ends the names of its figures: L and λ.
pub struct SetUp {
    /// Its name.
    pub name: &'static str,
    /// L of L x L sites.
    pub length: usize,
    /// The action's spec.
    pub action: &'static str,
}

/// A theory with its exact log Z, ⟨φ²⟩ and χ = (1/V)⟨(Σ φ)²⟩.
pub struct Theory {
    /// Its action and lattice.
    pub set_up: SetUp,
    /// log ∫ e^−S with the flat measure.
    pub log_z: f64,
    /// ⟨φ²⟩.
    pub phi_squared: f64,
    /// χ.
    pub susceptibility: f64,
    /// Where the values are from.
    pub source: &'static str,
}

/// Form A at L = 4.
pub const FORM_A_4: Theory = Theory {
    set_up: SetUp { name: "4-8", length: 4, action: "{type: 'phi4', mass_squared: -4, lambda: 8}" },
    log_z: 2.40513896,
    phi_squared: 0.14774621,
    susceptibility: 0.68396757,
    source: "transfer-matrix",
};

/// Form A at L = 4 and a weaker coupling.
pub const FORM_A_4_WEAKER: Theory = Theory {
    set_up: SetUp { name: "4-6", length: 4, action: "{type: 'phi4', mass_squared: -4, lambda: 6}" },
    log_z: 4.21772400,
    phi_squared: 0.19683829,
    susceptibility: 1.37939215,
    source: "transfer-matrix",
};

/// Form A at L = 6, the theory of a model of the repository.
pub const FORM_A_6: Theory = Theory {
    set_up: SetUp { name: "6-6.975", length: 6, action: "{type: 'phi4', mass_squared: -4, lambda: 6.975}" },
    log_z: 6.98494787,
    phi_squared: 0.16138658,
    susceptibility: 1.06307537,
    source: "transfer-matrix",
};

/// Form A at L = 8, the theory of arXiv:2101.08176.
pub const FORM_A_8: Theory = Theory {
    set_up: SetUp { name: "8-8", length: 8, action: "{type: 'phi4', mass_squared: -4, lambda: 8}" },
    log_z: 9.29136,
    phi_squared: 0.143450,
    susceptibility: 0.744135,
    source: "transfer-matrix",
};

/// Form kappa at L = 4.
pub const FORM_KAPPA_4: Theory = Theory {
    set_up: SetUp { name: "kappa-4", length: 4, action: "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}" },
    log_z: 10.16981484,
    phi_squared: 0.64581014,
    susceptibility: 2.55329407,
    source: "transfer-matrix",
};

/// The free field at L = 8.
pub const FREE_8: Theory = Theory {
    set_up: SetUp { name: "free-8", length: 8, action: "{type: 'phi4', form: 'half', mass_squared: 1.25, lambda: 0}" },
    log_z: 8.60833364,
    phi_squared: 0.23396700,
    susceptibility: 0.8,
    source: "modes",
};

/// All theories with exact values.
pub const THEORIES: [&Theory; 6] = [&FORM_A_4, &FORM_A_4_WEAKER, &FORM_A_6, &FORM_A_8, &FORM_KAPPA_4, &FREE_8];

/// Set-ups of theories with one of their exact values.
pub fn exact(theories: &[&Theory], of: fn(&Theory) -> f64) -> Vec<Declared> {
    theories.iter().map(|theory| (theory.set_up.name.into(), Some(of(theory)))).collect()
}

/// The theory of the repository's model of 8 x 8 sites; no exact values are known.
pub const MODEL_8: SetUp =
    SetUp { name: "8-6.008", length: 8, action: "{type: 'phi4', mass_squared: -4, lambda: 6.008}" };

/// The theory of the repository's model of 10 x 10 sites; no exact values are known.
pub const MODEL_10: SetUp =
    SetUp { name: "10-5.55", length: 10, action: "{type: 'phi4', mass_squared: -4, lambda: 5.55}" };

/// The theories of the repository's models.
pub const OF_MODELS: [&SetUp; 3] = [&FORM_A_6.set_up, &MODEL_8, &MODEL_10];

/// Form A with a correlation length near L/4, where hybrid Monte Carlo slows down; no exact values are known.
pub const SLOW_16: SetUp =
    SetUp { name: "16-4.9", length: 16, action: "{type: 'phi4', mass_squared: -4, lambda: 4.9}" };

/// The same at twice the extent.
pub const SLOW_32: SetUp =
    SetUp { name: "32-4.572", length: 32, action: "{type: 'phi4', mass_squared: -4, lambda: 4.572}" };

/// The same at four times the extent.
pub const SLOW_64: SetUp =
    SetUp { name: "64-4.398", length: 64, action: "{type: 'phi4', mass_squared: -4, lambda: 4.398}" };

/// Form A at a coupling of arXiv:2207.00283; no exact values are known.
pub const SLOW_12: SetUp =
    SetUp { name: "12-5.276", length: 12, action: "{type: 'phi4', mass_squared: -4, lambda: 5.276}" };

/// Another of them.
pub const SLOW_20: SetUp =
    SetUp { name: "20-4.807", length: 20, action: "{type: 'phi4', mass_squared: -4, lambda: 4.807}" };

/// Form kappa at its critical point in infinite volume.
pub const CRITICAL_32: SetUp =
    SetUp { name: "critical-32", length: 32, action: "{type: 'phi4', form: 'kappa', kappa: 0.340301, lambda: 1}" };

/// The same at L = 8.
pub const CRITICAL_8: SetUp =
    SetUp { name: "critical-8", length: 8, action: "{type: 'phi4', form: 'kappa', kappa: 0.340301, lambda: 1}" };

/// Form kappa at the end of annealed paths from κ = 0.2.
pub const QUENCH_16: SetUp =
    SetUp { name: "quench-16", length: 16, action: "{type: 'phi4', form: 'kappa', kappa: 0.25, lambda: 0.022}" };

/// The same at L = 8.
pub const QUENCH_8: SetUp =
    SetUp { name: "quench-8", length: 8, action: "{type: 'phi4', form: 'kappa', kappa: 0.25, lambda: 0.022}" };

/// Form kappa in the broken phase.
pub const BROKEN_16: SetUp =
    SetUp { name: "broken-16", length: 16, action: "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}" };

/// Form kappa in the symmetric phase; no exact values are known.
pub const SYMMETRIC_16: SetUp =
    SetUp { name: "kappa-16", length: 16, action: "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}" };

/// The same at twice the extent.
pub const SYMMETRIC_32: SetUp =
    SetUp { name: "kappa-32", length: 32, action: "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}" };

/// Form kappa near the transition.
pub const CRITICAL_64: SetUp =
    SetUp { name: "critical-64", length: 64, action: "{type: 'phi4', form: 'kappa', kappa: 0.2705, lambda: 0.022}" };

impl SetUp {
    /// Its lattice.
    pub fn lattice(&self) -> Result<Lattice> {
        Lattice::new(&[self.length, self.length])
    }

    /// Its action, on one thread.
    pub fn build(&self) -> Result<Arc<dyn Action>> {
        build(self.action, &self.lattice()?)
    }
}

/// An action on a lattice, on one thread.
pub fn build(action: &str, lattice: &Lattice) -> Result<Arc<dyn Action>> {
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    Ok(spec::parse::<ActionSpec>("action", action)?.build(&context, lattice)?.into())
}

/// χ of a field.
pub fn susceptibility(field: &[f64]) -> f64 {
    field.iter().sum::<f64>().powi(2) / field.len() as f64
}

/// ⟨φ²⟩ of a field.
pub fn phi_squared(field: &[f64]) -> f64 {
    field.iter().map(|phi| phi * phi).sum::<f64>() / field.len() as f64
}
