//! χ of a fine lattice from both levels of a flow from coarse to fine.
//!
//! Each sample φ of the fine flow has a sample of the coarse flow on every second site, exactly. With its weight w = exp(−S)/q
//!
//! ```text
//! ⟨χ⟩ = [⟨χ(φ)⟩_w − ⟨χ(coarse sites of φ)⟩_q] + ⟨χ⟩_q of the coarse flow,
//! ```
//!
//! where the bracket is from few fine samples, with a small variance where both are correlated, and the last term from many samples of the
//! coarse flow, which cost less. At the best numbers of both, the squared error times the time is (√(V_d c_f) + √(V_c c_c))², with the
//! variances V of the bracket and of the last term and the costs c of a sample; that of fine samples alone is V_f c_f (M. B. Giles, Oper.
//! Res. 56, 607 (2008)).

use super::chains::median;
use super::figure::{Aim, Figure, Row};
use super::models::Samples;
use super::run::{Form, Run};
use super::theory::{FORM_A_8, exact, susceptibility};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, Model};
use instanton::lattice::Lattice;
use instanton::statistics::{Estimate, reweighted, reweighted_difference};
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

pub const EXACT: &[Row] = &[Row {
    name: "multilevel-chi",
    about: "Susceptibility from both levels of a flow from coarse to fine: few fine samples, many coarse ones.",
    set_ups: |_| exact(&[&FORM_A_8], |theory| theory.susceptibility),
    measure: |run| Ok(vec![levels(run.form)?.figure()]),
}];

pub const RATIOS: &[Row] = &[Row {
    name: "multilevel-time",
    about: "Time for an error of the susceptibility: fine samples alone over both levels, each at its best numbers of samples.",
    set_ups: |_| vec![(FORM_A_8.set_up.name.into(), Some(1.0))],
    measure: |run| Ok(vec![ratio(run)?]),
}];

/// Coarse samples for each fine one.
const COARSE: usize = 8;

/// The fine flow of the repository and its coarse one.
fn flows() -> Result<[Flow; 2]> {
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/multilevel_8.safetensors");
    let fine = load(&context, &FORM_A_8.set_up.lattice()?, &path)?.0;
    let coarse = fine.transfer(&context, &Lattice::new(&[FORM_A_8.set_up.length / 2; 2])?)?;
    Ok([fine, coarse])
}

/// Estimates from samples of both levels.
struct Levels {
    /// By the fine samples alone.
    alone: Estimate,
    /// The difference of the levels.
    difference: Estimate,
    /// By the coarse flow without weights.
    coarse: Estimate,
    /// Fine samples.
    count: usize,
}

fn levels(form: Form) -> Result<Levels> {
    let (set_up, [fine, coarse]) = (&FORM_A_8.set_up, flows()?);
    let (length, count) = (set_up.length, form.pick(500_000, 10_000));
    let samples = Samples::new(set_up, &fine, count)?;
    let own: Vec<f64> = samples.fields().map(susceptibility).collect();
    let restricted: Vec<f64> = samples.fields().map(|field| susceptibility(&every_second(field, length))).collect();
    let difference = reweighted_difference((&samples.log_weights, &own), (&vec![0.0; count], &restricted))?;
    let (mut fields, mut log_q) = (vec![0.0; COARSE * count * coarse.domain().count()], vec![0.0; COARSE * count]);
    coarse.sample(0, COARSE * count, &mut fields, &mut log_q)?;
    let values: Vec<f64> = fields.chunks(coarse.domain().count()).map(susceptibility).collect();
    let coarse = reweighted(&vec![0.0; values.len()], &values)?;
    Ok(Levels { alone: reweighted(&samples.log_weights, &own)?, difference, coarse, count })
}

/// The field on sites of even coordinates.
fn every_second(field: &[f64], length: usize) -> Vec<f64> {
    field.chunks(2 * length).flat_map(|rows| rows[..length].iter().step_by(2).copied()).collect()
}

impl Levels {
    fn figure(&self) -> Figure {
        let (value, error) =
            (self.difference.value + self.coarse.value, self.difference.error.hypot(self.coarse.error));
        let (reference, source) = (FORM_A_8.susceptibility, FORM_A_8.source);
        Figure { set_up: FORM_A_8.set_up.name.into(), value, error, reference, source, aim: Aim::Equal }
    }
}

/// Samples whose time is measured.
const TIMED: usize = 1024;

fn ratio(run: &Run) -> Result<Figure> {
    let (found, [fine, coarse]) = (levels(run.form)?, flows()?);
    let action = FORM_A_8.set_up.build()?;
    let time = |flow: &Flow, is_weighted: bool| -> Result<Estimate> {
        let (mut fields, mut log_q) = (vec![0.0; TIMED * flow.domain().count()], vec![0.0; TIMED]);
        let times = (0..run.form.pick(31, 3)).map(|_| {
            let start = (run.clock)();
            flow.sample(0, TIMED, &mut fields, &mut log_q)?;
            if is_weighted {
                fields.chunks(flow.domain().count()).try_for_each(|field| action.value(field).map(|_| ()))?;
            }
            Ok((run.clock)() - start)
        });
        Ok(median(times.collect::<Result<_>>()?))
    };
    let (fine, coarse) = (time(&fine, true)?, time(&coarse, false)?);
    let count = found.count as f64;
    let [alone, difference] = [found.alone, found.difference].map(|e| e.error.powi(2) * count * fine.value);
    let cheap = found.coarse.error.powi(2) * count * COARSE as f64 * coarse.value;
    let value = alone / (difference.sqrt() + cheap.sqrt()).powi(2);
    let error = value * (fine.error / fine.value).hypot(coarse.error / coarse.value);
    let set_up = FORM_A_8.set_up.name.into();
    Ok(Figure { set_up, value, error, reference: 1.0, source: "one-level", aim: Aim::AtLeast })
}
