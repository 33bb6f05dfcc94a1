//! The relativistic Bose gas at a chemical potential by complex Langevin dynamics, on 4⁴ sites with m = λ = 1 as in arXiv:0810.2089.
//!
//! That paper has figures, no table: the density is near zero up to μ_c ≈ 1.15 and rises beyond, and |φ|² is near 0.12 below. The
//! references are of the same lattice action in its worldlines, which have positive weights for all μ (C. Gattringer, T. Kloiber,
//! arXiv:1206.2954): integers k with Σ_ν (k_ν(x) − k_ν(x−ν)) = 0 and l ≥ 0 on links,
//!
//! ```text
//! Z = Σ_(k,l) e^(μ Σ_x k_t(x)) Π 1/((|k|+l)! l!) Π_x W(Σ_ν [|k_ν(x)| + |k_ν(x−ν)| + 2 l_ν(x) + 2 l_ν(x−ν)])
//! W(f) = ∫ dr r^(f+1) exp(−(2d + m²) r² − λ r⁴),    n = ⟨k_t⟩,    |φ|² = ⟨W(f+2)/W(f)⟩
//! ```
//!
//! by a Metropolis chain of plaquettes, straight lines around the lattice and l, whose free gas is that of the modes. They have
//! standard errors of their own, which are part of the errors of the figures.

use super::chains::{Kernel, SEED};
use super::figure::{Aim, Declared, Figure, Row};
use super::run::{Form, Run};
use super::theory::build;
use instanton::error::Result;
use instanton::lattice::Lattice;
use instanton::statistics::autocorrelation;

/// A chemical potential with the density and |φ|² of worldlines, each with its standard error.
pub struct Gas {
    /// Its name.
    pub name: &'static str,
    /// μ.
    pub mu: f64,
    density: [f64; 2],
    square: [f64; 2],
}

/// L of the lattice, and its dimensions.
pub const LENGTH: usize = 4;
pub const DIMENSIONS: usize = 4;

/// Where references are from.
pub const SOURCE: &str = "worldlines";

GASES

/// Chemical potentials of short forms: one below the onset, one beyond.
const QUICK: [usize; 2] = [2, 6];

pub const ROWS: &[Row] = &[Row {
    name: "bose",
    about: "Density and |φ|² of the relativistic Bose gas at chemical potential μ by complex Langevin dynamics.",
    set_ups: |form| gases(form).into_iter().flat_map(declared).collect(),
    measure: |run| gases(run.form).into_iter().map(|gas| measured(run, gas)).collect::<Result<Vec<_>>>().map(|all| all.concat()),
}];

fn gases(form: Form) -> Vec<&'static Gas> {
    form.pick(GASES.iter().collect(), QUICK.map(|place| &GASES[place]).to_vec())
}

/// The action's spec.
pub fn spec(mu: f64) -> String {
    format!("{{type: 'bose_gas', mass: 1, lambda: 1, mu: {mu}}}")
}

/// Figures of a gas: density and |φ|².
fn names(gas: &Gas) -> [String; 2] {
    ["density", "phi2"].map(|what| format!("{}-{what}", gas.name))
}

fn declared(gas: &Gas) -> Vec<Declared> {
    names(gas).into_iter().zip([gas.density[0], gas.square[0]]).map(|(name, value)| (name, Some(value))).collect()
}

/// Real parts of density and |φ|² along a chain; their imaginary parts vanish on average.
fn measured(run: &Run, gas: &Gas) -> Result<Vec<Figure>> {
    let action = build(&spec(gas.mu), &Lattice::new(&[LENGTH; DIMENSIONS])?)?;
    let kernel = "{type: 'complex_langevin', step: 0.01, between: 10}";
    let of = |field: &[f64]| -> Result<[f64; 2]> {
        let observables = action.complex().map(|complex| complex.observables(field)).transpose()?.unwrap_or_default();
        let of_name = |name: &str| observables.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, o)| o.re);
        Ok([of_name("density"), of_name("phi_squared")])
    };
    let chain = Kernel { action: &action, model: None, spec: kernel, seed: SEED };
    let series = chain.series(run.form.pick(100_000, 1_500), of)?.into_iter().collect::<Result<Vec<_>>>()?;
    let figure = |(place, (set_up, [reference, width])): (usize, (String, [f64; 2]))| {
        let found = autocorrelation(&series.iter().map(|both| both[place]).collect::<Vec<_>>())?;
        let error = found.error.hypot(width);
        Ok(Figure { set_up, value: found.mean, error, reference, source: SOURCE, aim: Aim::Equal })
    };
    names(gas).into_iter().zip([gas.density, gas.square]).enumerate().map(figure).collect()
}
