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
//!
//! Below the onset nothing depends on μ at zero temperature. Four times are the temperature 1/4, at which worldlines have |φ|² rise by
//! 0.4 % from μ = 0 to 0.5 and by 4 % to 0.9.

use super::chains::{Kernel, SEED};
use super::figure::{Aim, Declared, Figure, Row};
use super::run::{Form, Run};
use super::theory::build;
use instanton::error::Result;
use instanton::lattice::Lattice;
use instanton::statistics::autocorrelation;
use num_complex::Complex64;

/// A chemical potential with the density and |φ|² of worldlines, each with its standard error.
pub struct Gas {
    /// Its name.
    pub name: &'static str,
    /// μ.
    pub mu: f64,
    /// None where it is zero for each field.
    density: Option<[f64; 2]>,
    square: [f64; 2],
}

/// L of the lattice, and its dimensions.
pub const LENGTH: usize = 4;
pub const DIMENSIONS: usize = 4;

/// Where references are from.
pub const SOURCE: &str = "worldlines";

/// Chemical potentials below and beyond the onset. Without one the density is zero by the symmetry of charges.
pub static GASES: [Gas; 6] = [
    Gas { name: "mu-0", mu: 0.0, density: None, square: [0.1193551, 1.86e-05] },
    Gas { name: "mu-0.5", mu: 0.5, density: Some([0.0031577, 3.18e-05]), square: [0.1198815, 2.08e-05] },
    Gas { name: "mu-0.9", mu: 0.9, density: Some([0.0189096, 0.0001416]), square: [0.1236762, 5.81e-05] },
    Gas { name: "mu-1.1", mu: 1.1, density: Some([0.0715535, 0.0009006]), square: [0.1386076, 0.0003088] },
    Gas { name: "mu-1.3", mu: 1.3, density: Some([0.9362014, 0.001762]), square: [0.3751759, 0.0004608] },
    Gas { name: "mu-1.5", mu: 1.5, density: Some([2.9403086, 0.0018267]), square: [0.7757881, 0.0003491] },
];

/// Chemical potentials of short forms: one below the onset, one beyond.
const QUICK: [usize; 2] = [1, 5];

pub const ROWS: &[Row] = &[Row {
    name: "bose",
    about: "Density and |φ|² of the relativistic Bose gas at chemical potential μ by complex Langevin dynamics.",
    set_ups: |form| gases(form).into_iter().flat_map(declared).collect(),
    measure: |run| {
        gases(run.form).into_iter().map(|gas| measured(run, gas)).collect::<Result<Vec<_>>>().map(|all| all.concat())
    },
}];

fn gases(form: Form) -> Vec<&'static Gas> {
    form.pick(GASES.iter().collect(), QUICK.map(|place| &GASES[place]).to_vec())
}

/// The action's spec.
pub fn spec(mu: f64) -> String {
    format!("{{type: 'bose_gas', mass: 1, lambda: 1, mu: {mu}}}")
}

/// Names of figures and of observables of a gas, with their references.
fn quantities(gas: &Gas) -> Vec<(String, &'static str, [f64; 2])> {
    let density = gas.density.map(|reference| (format!("{}-density", gas.name), "density", reference));
    density.into_iter().chain([(format!("{}-phi2", gas.name), "phi_squared", gas.square)]).collect()
}

fn declared(gas: &Gas) -> Vec<Declared> {
    quantities(gas).into_iter().map(|(set_up, _, [reference, _])| (set_up, Some(reference))).collect()
}

/// Real parts of density and |φ|² along a chain; their imaginary parts vanish on average.
fn measured(run: &Run, gas: &Gas) -> Result<Vec<Figure>> {
    let action = build(&spec(gas.mu), &Lattice::new(&[LENGTH; DIMENSIONS])?)?;
    // The bias of |φ|² by modes of curvature a is −(a ε)²/4: 0.3 % at ε = 0.01, which full figures see.
    let step = run.form.pick("step: 0.004, between: 25", "step: 0.01, between: 10");
    let kernel = format!("{{type: 'complex_langevin', {step}}}");
    let of = |field: &[f64]| action.complex().map_or(Ok(vec![]), |complex| complex.observables(field));
    let chain = Kernel { action: &action, model: None, spec: &kernel, seed: SEED };
    let fields = chain.series(run.form.pick(100_000, 1_500), of)?.into_iter().collect::<Result<Vec<_>>>()?;
    let figure = |(set_up, name, [reference, width]): (String, &str, [f64; 2])| {
        let of_name = |(known, value): &(&str, Complex64)| (*known == name).then_some(value.re);
        let series: Vec<f64> = fields.iter().flat_map(|observables| observables.iter().filter_map(of_name)).collect();
        let found = autocorrelation(&series)?;
        let error = found.error.hypot(width);
        Ok(Figure { set_up, value: found.mean, error, reference, source: SOURCE, aim: Aim::Equal })
    };
    quantities(gas).into_iter().map(figure).collect()
}
