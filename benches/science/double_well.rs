//! Energies of a particle in a double well, V = (x² − f²)², from flows of paths, beside those of the transfer matrix of the same lattice.
//!
//! The particle has mass 1/2, as in M. Creutz and B. Freedman, Ann. Phys. 132, 427 (1981) and in S. Chen et al., Phys. Rev. D 107,
//! 056001 (2023). The matrix is T(x, y) = exp(−S_2(x, y)/2) with S_2 the action of two times, on a grid of equal distances.

use super::figure::{Aim, Declared, Figure, Row};
use super::run::Form;
use super::theory::build;
use faer::{Mat, Side};
use instanton::action::Action;
use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, Model, ModelSpec};
use instanton::lattice::Lattice;
use instanton::spec;
use instanton::statistics::{Energies, Estimate, Measurement, Paths, energies};
use instanton::training::{TrainSpec, train};
use std::sync::{Arc, OnceLock};

pub const ROWS: &[Row] = &[Row {
    name: "double-well",
    about: "E_0 by the virial theorem and E_1 − E_0 from correlators of paths of a double well, by a flow of modes.",
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
    /// Exact energies, computed once.
    exact: OnceLock<[f64; 2]>,
}

/// Spacing of the times.
const SPACING: f64 = 0.125;

/// All wells; the short form has two of them.
static WELLS: [Well; 5] = [
    Well::new("well-0", 0.0, 32),
    Well::new("well-1", 1.0, 32),
    Well::new("well-m1", -1.0, 32),
    Well::new("well-2", 2.0, 64),
    Well::new("well-3", 3.0, 64),
];

fn wells(form: Form) -> &'static [Well] {
    &WELLS[..form.pick(5, 1)]
}

/// All wells, for the table of set-ups.
pub fn all() -> &'static [Well] {
    &WELLS
}

impl Well {
    const fn new(name: &'static str, squared: f64, times: usize) -> Self {
        Self { name, squared, times, exact: OnceLock::new() }
    }

    /// Coefficients of (x² − f²)².
    fn potential(&self) -> [f64; 5] {
        [self.squared * self.squared, 0.0, -2.0 * self.squared, 0.0, 1.0]
    }

    /// The spec of its action.
    pub fn action(&self) -> String {
        format!("{{type: 'quantum_mechanics', mass: 0.5, spacing: {SPACING}, potential: {:?}}}", self.potential())
    }

    /// Names of its two figures with the exact values.
    fn declared(&self) -> [Declared; 2] {
        let exact = self.exact().unwrap_or([f64::NAN; 2]);
        [0, 1].map(|i| (format!("{}-{}", self.name, ["e0", "gap"][i]), Some(exact[i])))
    }

    /// E_0 as ⟨V + x V'/2⟩ on the lattice, and E_1 − E_0 from the eigenvalues of the transfer matrix.
    fn exact(&self) -> Result<[f64; 2]> {
        if let Some(known) = self.exact.get() {
            return Ok(*known);
        }
        const POINTS: usize = 161;
        const LARGEST: f64 = 4.0;
        let (two, step) = (build(&self.action(), &Lattice::new(&[2])?)?, 2.0 * LARGEST / (POINTS - 1) as f64);
        let place = |i: usize| i as f64 * step - LARGEST;
        let mut values = vec![];
        for i in 0..POINTS * POINTS {
            values.push((-0.5 * two.value(&[place(i / POINTS), place(i % POINTS)])?).exp());
        }
        let matrix = Mat::from_fn(POINTS, POINTS, |i, j| values[i * POINTS + j]);
        let failed = |_| Error::NotConverged("double-well: expected eigenvalues of a transfer matrix".into());
        let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(failed)?;
        let eigenvalues: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        let (mut sum, mut total) = (0.0, 0.0);
        for (n, value) in eigenvalues.iter().enumerate() {
            // The last one is the largest.
            let weight = (value / eigenvalues[POINTS - 1]).abs().powi(self.times as i32);
            total += weight;
            sum += weight * (0..POINTS).map(|i| eigen.U()[(i, n)].powi(2) * self.virial(place(i))).sum::<f64>();
        }
        let gap = (eigenvalues[POINTS - 1] / eigenvalues[POINTS - 2]).ln() / SPACING;
        Ok(*self.exact.get_or_init(|| [sum / total, gap]))
    }

    /// V + x V'/2.
    fn virial(&self, x: f64) -> f64 {
        self.potential().iter().enumerate().map(|(k, c)| c * (1.0 + 0.5 * k as f64) * x.powi(k as i32)).sum()
    }

    /// The trained flow.
    fn flow(&self, form: Form, action: &dyn Action) -> Result<Flow> {
        let context = Arc::new(Context::new(1, Precision::F32, 1)?);
        let model: ModelSpec = spec::parse("model", MODEL)?;
        let mut flow = Flow::new(&context, action.lattice(), &model)?;
        let training: TrainSpec = spec::parse("training", form.pick(LONG, SHORT))?;
        train(&mut flow, &mut None, action, &training, &mut |_| false)?;
        Ok(flow)
    }

    fn figures(&self, form: Form) -> Result<Vec<Figure>> {
        let action = build(&self.action(), &Lattice::new(&[self.times])?)?;
        let (flow, count) = (self.flow(form, &*action)?, form.pick(400_000, 10_000));
        let (mut numbers, mut log_q) = (vec![0.0; count * self.times], vec![0.0; count]);
        flow.sample(1 << 40, count, &mut numbers, &mut log_q)?;
        let weights = numbers.chunks(self.times).zip(&log_q).map(|(path, q)| Ok(-action.value(path)? - q));
        let log_weights = weights.collect::<Result<Vec<f64>>>()?;
        let paths = Paths { numbers: &numbers, times: self.times, log_weights: Some(&log_weights) };
        let (potential, eighth) = (self.potential(), self.times / 8);
        let how =
            Measurement { spacing: SPACING, potential: &potential, from: eighth / 2, by: eighth, bin: count / 100 };
        let Energies { ground, first, .. } = energies(&paths, &how)?;
        let figure = |((set_up, reference), found): ((String, Option<f64>), Estimate)| Figure {
            set_up,
            value: found.value,
            error: found.error,
            reference: reference.unwrap_or(f64::NAN),
            source: "transfer-matrix",
            aim: Aim::Equal,
        };
        Ok(self.declared().into_iter().zip([ground, first]).map(figure).collect())
    }
}

/// A spectrum, couplings of modes, and one spline for all times.
const MODEL: &str = "{type: 'chain', layers: [{type: 'spectrum'}, \
    {type: 'affine', mask: 'modes', repeat: 4, hidden: [32], activation: 'tanh', symmetry: 'odd', initial_output: 0.1}, \
    {type: 'elementwise_spline', range: 3, symmetry: 'odd'}]}";
const LONG: &str = "{steps: 6000, batch: 256, learning_rate: 0.005, schedule: 'cosine', warmup: 100, clip: 100}";
const SHORT: &str = "{steps: 400, batch: 64, learning_rate: 0.01, schedule: 'cosine', warmup: 50, clip: 100}";
