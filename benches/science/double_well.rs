//! Energies of a particle in a double well, V = (x² − f²)², by flows of paths, beside those of the Hamiltonian.
//!
//! Full figures are of continuous flows: couplings of Fourier modes, which short ones have, are left with a few thousandths of their samples
//! where f² is 2, continuous flows with most of them.
//!
//! The particle has mass m = 1/2, as in M. Creutz and B. Freedman, Ann. Phys. 132, 427 (1981) and in S. Chen et al., Phys. Rev. D 107,
//! 056001 (2023): H = p²/2m + V. The plain action of a lattice of times has E_0 off by a² times a number of order one, at a = 0.1
//! by more than ten times what is asked for. With the commutator [V, [T, V]] in the potential the error is of order a⁴
//! (M. Takahashi and M. Imada, J. Phys. Soc. Jpn. 53, 3765 (1984)):
//!
//! ```text
//! V_a = V + ε V'²,   ε = a²/(24 m),   E(T) = ⟨V + x V'/2 + ε (3 V'² + x (V'²)'/2)⟩
//! E_0 = E(T) − Δ/(1 + e^(T Δ)),   Δ = E_1 − E_0
//! ```
//!
//! The second line leaves out what the first excited state adds at a finite time T; the next ones are smaller by orders of magnitude.

use super::figure::{Aim, Declared, Figure, Row};
use super::run::Form;
use super::theory::build;
use faer::{Mat, Side};
use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, Model, ModelSpec};
use instanton::lattice::Lattice;
use instanton::spec;
use instanton::statistics::{Estimate, jackknife, reweighted};
use instanton::training::{TrainSpec, train};
use std::sync::{Arc, OnceLock};

pub const ROWS: &[Row] = &[Row {
    name: "double-well",
    about: "E_0 by the virial theorem and E_1 − E_0 from correlators of paths in double wells, by continuous flows of paths.",
    set_ups: |form| wells(form).iter().flat_map(Well::declared).collect(),
    measure: |run| {
        let of = |well: &'static Well| well.figures(run.form);
        Ok(wells(run.form).iter().map(of).collect::<Result<Vec<_>>>()?.concat())
    },
}];

/// A double well on a lattice of times.
pub struct Well {
    /// Its name among the set-ups.
    pub name: &'static str,
    /// f².
    squared: f64,
    /// Number of times.
    pub times: usize,
    /// Their distance a.
    spacing: f64,
    /// Exact energies, computed once.
    exact: OnceLock<[f64; 2]>,
}

/// All wells; the short form has the first one.
static WELLS: [Well; 5] = [
    Well::new("well-0", 0.0, 40, 0.1),
    Well::new("well-m1", -1.0, 30, 0.1),
    Well::new("well-1", 1.0, 60, 0.1),
    Well::new("well-2", 2.0, 100, 0.08),
    Well::new("well-3", 3.0, 128, 0.0625),
];

/// m.
const MASS: f64 = 0.5;

fn wells(form: Form) -> &'static [Well] {
    &WELLS[..form.pick(5, 1)]
}

/// All wells, for the table of set-ups.
pub fn all() -> &'static [Well] {
    &WELLS
}

/// A polynomial at a place.
fn at(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

impl Well {
    const fn new(name: &'static str, squared: f64, times: usize, spacing: f64) -> Self {
        Self { name, squared, times, spacing, exact: OnceLock::new() }
    }

    /// Coefficients of V = (x² − f²)², and of V'².
    fn potential(&self) -> [[f64; 7]; 2] {
        let f = self.squared;
        [[f * f, 0.0, -2.0 * f, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 16.0 * f * f, 0.0, -32.0 * f, 0.0, 16.0]]
    }

    /// ε.
    fn correction(&self) -> f64 {
        self.spacing * self.spacing / (24.0 * MASS)
    }

    /// Coefficients of V_a.
    fn improved(&self) -> Vec<f64> {
        let [plain, slope] = self.potential();
        plain.iter().zip(slope).map(|(c, w)| c + self.correction() * w).collect()
    }

    /// Coefficients of what has the mean E(T).
    fn energy(&self) -> Vec<f64> {
        let [plain, slope] = self.potential();
        let term = |(k, (c, w)): (usize, (&f64, f64))| {
            c * (1.0 + 0.5 * k as f64) + self.correction() * w * (3.0 + 0.5 * k as f64)
        };
        plain.iter().zip(slope).enumerate().map(term).collect()
    }

    /// The spec of its action.
    pub fn action(&self) -> String {
        let (spacing, potential) = (self.spacing, self.improved());
        format!("{{type: 'quantum_mechanics', mass: {MASS}, spacing: {spacing}, potential: {potential:?}}}")
    }

    /// Names of its two figures with the exact values.
    fn declared(&self) -> [Declared; 2] {
        let exact = self.exact().unwrap_or([f64::NAN; 2]);
        [0, 1].map(|i| (format!("{}-{}", self.name, ["e0", "gap"][i]), Some(exact[i])))
    }

    /// E_0 and E_1 − E_0 of H between points of equal distances h, on which functions are sums of sin(π x/h)/(π x/h): the kinetic
    /// energy is then (−1)^(i−j)/(m h² (i − j)²), and π²/(6 m h²) for i = j. D. T. Colbert and W. H. Miller, J. Chem. Phys. 96, 1982 (1992).
    fn exact(&self) -> Result<[f64; 2]> {
        if let Some(known) = self.exact.get() {
            return Ok(*known);
        }
        const POINTS: usize = 121;
        const STEP: f64 = 0.07;
        let [potential, _] = self.potential();
        let matrix = Mat::from_fn(POINTS, POINTS, |i, j| {
            let (unit, distance) = (1.0 / (MASS * STEP * STEP), i.abs_diff(j));
            let sign = if distance.is_multiple_of(2) { 1.0 } else { -1.0 };
            match distance {
                0 => {
                    unit * std::f64::consts::PI.powi(2) / 6.0 + at(&potential, (i as f64 - (POINTS / 2) as f64) * STEP)
                }
                _ => sign * unit / (distance as f64).powi(2),
            }
        });
        let failed = |_| Error::NotConverged("double-well: expected eigenvalues of a Hamiltonian".into());
        let values = matrix.self_adjoint_eigenvalues(Side::Lower).map_err(failed)?;
        Ok(*self.exact.get_or_init(|| [values[0], values[1] - values[0]]))
    }

    /// The trained flow. Deep wells are trained after shallower ones on the same times, so that paths find both of them.
    fn flow(&self, form: Form, lattice: &Lattice) -> Result<Flow> {
        let context = Arc::new(Context::new(1, Precision::F32, 1)?);
        let model: ModelSpec = spec::parse("model", &form.pick(continuous(TRAINED_STEPS), MODES.into()))?;
        let mut flow = Flow::new(&context, lattice, &model)?;
        let training: TrainSpec = spec::parse("training", form.pick(LONG, SHORT))?;
        let before = (2..).map(|n| 0.5 * f64::from(n)).take_while(|squared| *squared < self.squared);
        for squared in before.chain([self.squared]) {
            let action = build(&Well::new(self.name, squared, self.times, self.spacing).action(), lattice)?;
            train(&mut flow, &mut None, &*action, &training, &mut |_| false)?;
        }
        match form {
            Form::Quick => Ok(flow),
            // Training makes use of the errors of the integrator, which the density that weights are made of must not have.
            Form::Full => {
                let model: ModelSpec = spec::parse("model", &continuous(2 * TRAINED_STEPS))?;
                Flow::with_parameters(&context, lattice, &model, flow.parameters().to_vec())
            }
        }
    }

    /// Δ from C(t) = ⟨x(s) x(s + t)⟩ at three times of equal distances: ½ [C(t + s) + C(t − s)] = cosh(s a Δ) C(t) where one gap alone
    /// contributes. In deep wells x and x³ are so nearly the same operator that a generalised eigenvalue problem of both is noise.
    fn gap(&self, numbers: &[f64], log_weights: &[f64]) -> Result<Estimate> {
        let eighth = self.times / 8;
        let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let correlator = |distance: usize| -> Vec<f64> {
            let of_path = |(path, log_weight): (&[f64], &f64)| {
                let later = path[distance..].iter().chain(&path[..distance]);
                (log_weight - largest).exp() * path.iter().zip(later).map(|(x, y)| x * y).sum::<f64>()
            };
            numbers.chunks(self.times).zip(log_weights).map(of_path).collect()
        };
        let series = [1, 2, 3].map(|n| correlator(n * eighth));
        let gap = |means: &[f64]| {
            ((means[0] + means[2]) / (2.0 * means[1])).max(1.0).acosh() / (eighth as f64 * self.spacing)
        };
        let found = jackknife(&gap, &[&series[0], &series[1], &series[2]], log_weights.len() / 100)?;
        Ok(Estimate { value: found.value, error: found.error })
    }

    fn figures(&self, form: Form) -> Result<Vec<Figure>> {
        let lattice = Lattice::new(&[self.times])?;
        let (flow, action, count) =
            (self.flow(form, &lattice)?, build(&self.action(), &lattice)?, form.pick(200_000, 10_000));
        let (mut numbers, mut log_q) = (vec![0.0; count * self.times], vec![0.0; count]);
        flow.sample(1 << 40, count, &mut numbers, &mut log_q)?;
        let weights = numbers.chunks(self.times).zip(&log_q).map(|(path, q)| Ok(-action.value(path)? - q));
        let log_weights = weights.collect::<Result<Vec<f64>>>()?;
        let of_energy = self.energy();
        let mean = |path: &[f64]| path.iter().map(|x| at(&of_energy, *x)).sum::<f64>() / self.times as f64;
        let energy = reweighted(&log_weights, &numbers.chunks(self.times).map(mean).collect::<Vec<f64>>())?;
        let gap = self.gap(&numbers, &log_weights)?;
        let time = self.times as f64 * self.spacing;
        let thermal = gap.value / (1.0 + (time * gap.value).exp());
        let ground =
            Estimate { value: energy.value - thermal, error: energy.error.hypot(gap.error * thermal / gap.value) };
        let figure = |((set_up, reference), found): (Declared, Estimate)| Figure {
            set_up,
            value: found.value,
            error: found.error,
            reference: reference.unwrap_or(f64::NAN),
            source: "Hamiltonian",
            aim: Aim::Equal,
        };
        Ok(self.declared().into_iter().zip([ground, gap]).map(figure).collect())
    }
}

/// Steps of the integrator in training.
const TRAINED_STEPS: usize = 14;

/// A continuous flow between two spectra, whose kernels are as wide as the path.
fn continuous(steps: usize) -> String {
    let layer = format!("{{type: 'continuous', channels: 4, harmonics: 6, times: 4, steps: {steps}}}");
    format!("{{type: 'chain', layers: [{{type: 'spectrum'}}, {layer}, {{type: 'spectrum'}}]}}")
}
const LONG: &str =
    "{steps: 1000, batch: 128, learning_rate: 0.01, schedule: 'cosine', warmup: 100, clip: 100, resume: false}";
/// A spectrum, couplings of Fourier modes, and one spline for all times: enough for a single well.
const MODES: &str = "{type: 'chain', layers: [{type: 'spectrum'}, \
    {type: 'affine', mask: 'modes', repeat: 4, hidden: [32], activation: 'tanh', symmetry: 'odd', initial_output: 0.1}, \
    {type: 'elementwise_spline', range: 3, symmetry: 'odd'}]}";
const SHORT: &str = "{steps: 400, batch: 64, learning_rate: 0.01, schedule: 'cosine', warmup: 50, clip: 100}";
