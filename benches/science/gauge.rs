//! Exact values of gauge theories in two dimensions by heat bath and by hybrid Monte Carlo.
//!
//! From character expansions, S = β Σ_p (1 − Re tr U_p/N), all digits hold; values of SU(2) and SU(3) are those of
//! one plaquette, which a torus of 8 x 8 sites changes by less than 10⁻⁸. For U(1) log Z is that of S = −β Σ cos P with the
//! Haar measure normalised to 1:
//!
//! ```text
//! plaquette = I₁(β)/I₀(β),    Wilson loop of area A = plaquette^A,    log Z(β) = V ∫₀^β ⟨cos P⟩ dβ′
//! ```
//!
//! A. A. Migdal, Sov. Phys. JETP 42, 413 (1975).

use super::chains::{Kernel, SEED, mean};
use super::figure::{Aim, Declared, Figure, Row};
use super::run::Form;
use super::theory::build;
use instanton::action::Action;
use instanton::error::Result;
use instanton::gauge::{Gauge, Group, charge, observables};
use instanton::lattice::Lattice;
use instanton::statistics::autocorrelation;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "u1-plaquette-heatbath",
        about: "Plaquette of U(1) by heat bath with overrelaxation; set-ups are L and β.",
        set_ups: |_| exact(&U1_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::U1, HEATBATH, &U1_PLAQUETTES),
    },
    Row {
        name: "u1-plaquette-hmc",
        about: "Plaquette of U(1) by hybrid Monte Carlo.",
        set_ups: |_| exact(&U1_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::U1, HMC, &U1_PLAQUETTES),
    },
    Row {
        name: "u1-charge-heatbath",
        about: "⟨Q²⟩ of U(1) by heat bath with overrelaxation.",
        set_ups: |_| exact(&U1_CHARGES),
        measure: |run| charges(run.form, HEATBATH),
    },
    Row {
        name: "u1-charge-hmc",
        about: "⟨Q²⟩ of U(1) by hybrid Monte Carlo.",
        set_ups: |_| exact(&U1_CHARGES),
        measure: |run| charges(run.form, HMC),
    },
    Row {
        name: "u1-loops-heatbath",
        about: "Wilson loops of U(1) by heat bath with overrelaxation; set-ups are L, β and the side of a square.",
        set_ups: |form| {
            squares(form).into_iter().map(|(exact, side)| (loop_name(exact, side), Some(exact.2))).collect()
        },
        measure: |run| loops(run.form),
    },
    Row {
        name: "u1-log-z-heatbath",
        about: "log Z of U(1) by integrating the plaquette over β.",
        set_ups: |_| exact(&U1_LOG_Z),
        measure: |run| log_z(run.form),
    },
    Row {
        name: "su2-plaquette-heatbath",
        about: "Plaquette of SU(2) by heat bath with overrelaxation.",
        set_ups: |_| exact(&SU2_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::Su2, HEATBATH, &SU2_PLAQUETTES),
    },
    Row {
        name: "su2-plaquette-hmc",
        about: "Plaquette of SU(2) by hybrid Monte Carlo.",
        set_ups: |_| exact(&SU2_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::Su2, HMC, &SU2_PLAQUETTES),
    },
    Row {
        name: "su3-plaquette-heatbath",
        about: "Plaquette of SU(3) by heat bath with overrelaxation.",
        set_ups: |_| exact(&SU3_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::Su3, HEATBATH, &SU3_PLAQUETTES),
    },
    Row {
        name: "su3-plaquette-hmc",
        about: "Plaquette of SU(3) by hybrid Monte Carlo.",
        set_ups: |_| exact(&SU3_PLAQUETTES),
        measure: |run| plaquettes(run.form, Group::Su3, HMC, &SU3_PLAQUETTES),
    },
];

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1, start: 'hot'}";
const HEATBATH: &str = "{type: 'heatbath', overrelaxation: 2, start: 'hot'}";
pub const SOURCE: &str = "character-expansion";

/// L, β and a value.
pub type Exact = (usize, f64, f64);

pub const U1_PLAQUETTES: [Exact; 5] =
    [(8, 1.0, 0.446390), (8, 2.0, 0.697775), (16, 1.0, 0.446390), (16, 2.0, 0.697775), (16, 4.0, 0.863523)];
/// Where loops are measured.
const U1_LOOPS: [Exact; 2] = [U1_PLAQUETTES[1], U1_PLAQUETTES[4]];
pub const U1_CHARGES: [Exact; 4] = [(8, 1.0, 2.60072), (8, 2.0, 1.23930), (16, 1.0, 10.4029), (16, 2.0, 4.9572)];
pub const U1_LOG_Z: [Exact; 2] = [(8, 2.0, 52.73559), (16, 1.0, 60.39408)];
pub const SU2_PLAQUETTES: [Exact; 3] = [(8, 1.8, 0.399372), (8, 2.2, 0.464479), (8, 2.7, 0.532971)];
pub const SU3_PLAQUETTES: [Exact; 4] = [(8, 1.0, 0.060127), (8, 4.0, 0.279619), (8, 5.0, 0.353954), (8, 6.0, 0.422532)];

/// The name of L x L sites at β among the set-ups of a row.
pub fn name(length: usize, beta: f64) -> String {
    format!("{length}-{beta}")
}

/// Set-ups with their exact values.
fn exact(values: &[Exact]) -> Vec<Declared> {
    values.iter().map(|(length, beta, value)| (name(*length, *beta), Some(*value))).collect()
}

/// The spec of Wilson's action.
pub fn wilson_spec(group: Group, beta: f64) -> String {
    format!("{{type: 'wilson', group: '{}', beta: {beta}}}", group.name())
}

/// Wilson's action on L x L sites.
pub fn wilson(length: usize, group: Group, beta: f64) -> Result<Arc<dyn Action>> {
    build(&wilson_spec(group, beta), &Lattice::new(&[length, length])?)
}

/// A number of each field of a chain of links.
pub fn of_links(kernel: &Kernel, group: Group, steps: usize, of: impl Fn(&Gauge) -> Result<f64>) -> Result<Vec<f64>> {
    let of_field = |links: &[f64]| {
        let gauge = Gauge::new(kernel.action.lattice(), group, links.to_vec());
        // A field that is no gauge field gives no number, which the analysis of the series refuses.
        gauge.and_then(|gauge| of(&gauge)).unwrap_or(f64::NAN)
    };
    kernel.series(steps, of_field)
}

/// The kernel of a single chain.
fn alone<'a>(action: &'a Arc<dyn Action>, spec: &'a str) -> Kernel<'a> {
    Kernel { action, model: None, spec, seed: SEED }
}

/// Steps of a chain on L x L sites: as many as take about as long on each lattice.
fn steps(form: Form, length: usize) -> usize {
    form.pick(200_000, 2_000) * 64 / (length * length)
}

fn plaquettes(form: Form, group: Group, kernel: &str, exact: &[Exact]) -> Result<Vec<Figure>> {
    let run = |(length, beta, value): &Exact| {
        let action = wilson(*length, group, *beta)?;
        let plaquette = |gauge: &Gauge| Ok(observables::plaquette(gauge));
        let series = of_links(&alone(&action, kernel), group, steps(form, *length), plaquette)?;
        mean(&name(*length, *beta), &series, *value, SOURCE)
    };
    exact.iter().map(run).collect()
}

fn charges(form: Form, kernel: &str) -> Result<Vec<Figure>> {
    let run = |(length, beta, value): &Exact| {
        let action = wilson(*length, Group::U1, *beta)?;
        let squared = |gauge: &Gauge| Ok(charge(gauge)?.powi(2));
        let series = of_links(&alone(&action, kernel), Group::U1, 2 * steps(form, *length), squared)?;
        mean(&name(*length, *beta), &series, *value, SOURCE)
    };
    U1_CHARGES.iter().map(run).collect()
}

/// Loops with their values and sides, at couplings where charges move; at larger ones τ_int of the charge exceeds the run.
fn squares(form: Form) -> Vec<(Exact, usize)> {
    let of_set_up = |(length, beta, plaquette): Exact| {
        [2, 3].map(|side: usize| ((length, beta, plaquette.powi((side * side) as i32)), side))
    };
    U1_LOOPS.into_iter().take(form.pick(2, 1)).flat_map(of_set_up).collect()
}

/// The name of a square among the set-ups.
fn loop_name((length, beta, _): Exact, side: usize) -> String {
    format!("{}-{side}", name(length, beta))
}

fn loops(form: Form) -> Result<Vec<Figure>> {
    squares(form).into_iter().map(|(exact, side)| wilson_loop(form, exact, side)).collect()
}

fn wilson_loop(form: Form, exact: Exact, side: usize) -> Result<Figure> {
    let (length, beta, value) = exact;
    let action = wilson(length, Group::U1, beta)?;
    let of = |gauge: &Gauge| observables::wilson_loop(gauge, [(0, side), (1, side)]);
    let series = of_links(&alone(&action, HEATBATH), Group::U1, 2 * steps(form, length), of)?;
    mean(&loop_name(exact, side), &series, value, SOURCE)
}

/// Points in (0, 1) and weights of Gauss and Legendre's rule with five points.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668, 0.118_463_442_528_094_5),
    (0.230_765_344_947_158_5, 0.239_314_335_249_683_2),
    (0.5, 0.284_444_444_444_444_4),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_2),
    (0.953_089_922_969_332, 0.118_463_442_528_094_5),
];

fn log_z(form: Form) -> Result<Vec<Figure>> {
    let run = |(length, beta, reference): Exact| {
        let (mut value, mut variance) = (0.0, 0.0);
        for (seed, (point, weight)) in GAUSS.into_iter().enumerate() {
            let action = wilson(length, Group::U1, beta * point)?;
            let plaquette = |gauge: &Gauge| Ok(observables::plaquette(gauge));
            // With random numbers in common the errors of the five points would not be independent.
            let kernel = Kernel { action: &action, model: None, spec: HEATBATH, seed: SEED + seed as u64 };
            let series = of_links(&kernel, Group::U1, steps(form, length), plaquette)?;
            let (found, factor) = (autocorrelation(&series)?, (length * length) as f64 * beta * weight);
            value += factor * found.mean;
            variance += (factor * found.error).powi(2);
        }
        let (set_up, error) = (name(length, beta), variance.sqrt());
        Ok(Figure { set_up, value, error, reference, source: SOURCE, aim: Aim::Equal })
    };
    U1_LOG_Z.into_iter().map(run).collect()
}
