//! Chains that do not move at all: how many times the cost of an independent Q² falls at least.
//!
//! Where the charge hardly moves in a run, τ_int of Q² cannot be measured, but it has a lower bound: for a reversible chain, as
//! hybrid Monte Carlo is,
//!
//! ```text
//! τ_int ≥ ½ (1 + ρ(1)) / (1 − ρ(1)),    1 − ρ(1) = <(Q²_{t+1} − Q²_t)²> / (2 Var Q²)
//! ```
//!
//! since τ_int is the mean of ½ (1 + λ) / (1 − λ), a convex function, over the spectrum of the chain. Var Q² is taken from the chain
//! that thaws. N steps without any change bound the rate of changes by 3/N with a confidence of 95 %. Sweeps in a fixed order are not
//! reversible: for them the bound is an estimate, by how often and how far the charge moves.

use super::chains::Kernel;
use super::cheapest::{Purpose, cheapest};
use super::cost::independent;
use super::figure::{Aim, Figure, Row};
use super::gauge::{name, of_links, wilson};
use super::layers;
use super::run::{Form, Run};
use super::thaw::squared;
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision, Team};
use instanton::error::Result;
use instanton::gauge::{Gauge, Group, clover_charge, stout};
use instanton::lattice::Lattice;
use instanton::spec;
use instanton::statistics::Estimate;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "u1-thaw-64",
        about: "Cost of an independent Q² of U(1) on a large lattice: hybrid Monte Carlo, by its lower bound, over replica exchange.",
        set_ups: |form| vec![(name(set_up(form).0, set_up(form).1), Some(ASKED))],
        measure: large,
    },
    Row {
        name: "dbw2-thaw",
        about: "Cost of an independent Q² of SU(3) with the DBW2 action: sweeps, by their lower bound, over replica exchange.",
        set_ups: |form| vec![(dbw2_name(form), Some(ASKED_OF_DBW2))],
        measure: dbw2,
    },
];

/// L and β, for full figures and in the short form.
pub const LARGE: [(usize, f64); 2] = [(64, 16.0), (16, 8.0)];
/// The ratio of costs that is asked for.
const ASKED: f64 = 1000.0;

fn set_up(form: Form) -> (usize, f64) {
    form.pick(LARGE[0], LARGE[1])
}

/// Replica exchange: sweeps near the defect make charge, sweeps of the whole lattice spread it.
const TEMPERING: [&str; 3] = [
    "{type: 'tempering', defect: {size: [6]}, replicas: 8, tune: 400, near: [{within: 2, sweeps: 24}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [4]}, replicas: 12, tune: 400, near: [{within: 2, sweeps: 16}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [4]}, replicas: 8, tune: 400, near: [{within: 2, sweeps: 16}], start: 'hot'}",
];

/// Trajectories of about the length that is best where the charge still moves.
const TRAJECTORY: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 12, length: 2, start: 'hot'}";

fn large(run: &Run) -> Result<Vec<Figure>> {
    let (length, beta) = set_up(run.form);
    let rivals = Rivals {
        action: wilson(length, Group::U1, beta)?,
        group: Group::U1,
        still: TRAJECTORY,
        moving: &TEMPERING[run.form.pick(0, TEMPERING.len() - 1)..],
        steps: run.form.pick([40_000, 6_000], [4_000, 600]),
        squared,
    };
    Ok(vec![rivals.figure(run, &name(length, beta), ASKED)?])
}

/// L and β of DBW2 in four dimensions, for full figures and in the short form.
pub const DBW2: [(usize, f64); 2] = [(12, 1.04), (4, 0.9)];
/// The ratio of costs that is asked for.
const ASKED_OF_DBW2: f64 = 20.0;

/// The action of DBW2.
pub fn dbw2_spec(beta: f64) -> String {
    format!("{{type: 'dbw2', group: 'su3', beta: {beta}}}")
}

fn dbw2_name(form: Form) -> String {
    let (length, beta) = form.pick(DBW2[0], DBW2[1]);
    layers::name(length, beta)
}

/// Replica exchange of DBW2: one sweep of all links to several near the defect.
const TEMPERING_OF_DBW2: [&str; 1] =
    ["{type: 'tempering', defect: {size: [3, 3, 3]}, replicas: 14, tune: 60, near: [{within: 1, sweeps: 8}], \
     sweep: {type: 'heatbath', overrelaxation: 1}, start: 'hot'}"];

fn dbw2(run: &Run) -> Result<Vec<Figure>> {
    let (length, beta) = run.form.pick(DBW2[0], DBW2[1]);
    let spec: ActionSpec = spec::parse("action", &dbw2_spec(beta))?;
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    let rivals = Rivals {
        action: spec.build(&context, &Lattice::new(&[length; 4])?)?.into(),
        group: Group::Su3,
        still: "{type: 'heatbath', overrelaxation: 4, start: 'hot'}",
        moving: &TEMPERING_OF_DBW2,
        steps: run.form.pick([1_200, 400], [200, 200]),
        squared: smooth_squared,
    };
    Ok(vec![rivals.figure(run, &dbw2_name(run.form), ASKED_OF_DBW2)?])
}

/// Q² of smeared links in four dimensions, from the field strength.
fn smooth_squared(gauge: &Gauge) -> Result<f64> {
    let mut smooth = gauge.copied()?;
    stout(&Team::default(), &mut smooth, 0.1, 15)?;
    Ok(clover_charge(&smooth)?.powi(2))
}

/// A kernel that hardly moves Q², and some that do.
struct Rivals<'a> {
    action: Arc<dyn Action>,
    group: Group,
    still: &'a str,
    moving: &'a [&'a str],
    /// Steps of the kernel that hardly moves, and of those that do.
    steps: [usize; 2],
    squared: fn(&Gauge) -> Result<f64>,
}

impl Rivals<'_> {
    fn kernel<'a>(&'a self, spec: &'a str, purpose: Purpose) -> Kernel<'a> {
        Kernel { action: &self.action, model: None, spec, seed: purpose.seed() }
    }

    /// The ratio of costs: of the lower bound of the one over the cheapest of the others.
    fn figure(&self, run: &Run, set_up: &str, asked: f64) -> Result<Figure> {
        let series = |kernel: &Kernel, count: usize| of_links(kernel, self.group, count, self.squared);
        let cost = |spec: &&str, purpose: Purpose| {
            let (kernel, count) =
                (self.kernel(spec, purpose), self.steps[1] / if purpose == Purpose::Search { 3 } else { 1 });
            independent(&[&series(&kernel, count)?], kernel.time_of_step(run.clock, count / 10)?).map(Some)
        };
        // One kernel needs no search.
        let (spec, found) = match self.moving {
            [spec] => (spec, cost(spec, Purpose::Figure)?.unwrap_or(Estimate { value: f64::NAN, error: f64::NAN })),
            _ => cheapest(self.moving, cost)?,
        };
        let moving = series(&self.kernel(spec, Purpose::Search), self.steps[1] / 2)?;
        let still = self.kernel(self.still, Purpose::Figure);
        let each = still.time_of_step(run.clock, self.steps[0] / 40)?;
        let least = 2.0 * each.value * least_time(&series(&still, self.steps[0])?, &moving);
        let value = least / found.value;
        let error = value * (found.error / found.value).hypot(each.error / each.value);
        Ok(Figure { set_up: set_up.into(), value, error, reference: asked, source: "asked", aim: Aim::AtLeast })
    }
}

/// Lower bound of τ_int of Q² in steps of a reversible chain, from its series and one of a chain that moves.
fn least_time(still: &[f64], moving: &[f64]) -> f64 {
    let Estimate { value: mean, error: spread } = moments(moving);
    let changes: Vec<f64> = still.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).collect();
    let found = moments(&changes);
    let count = changes.len() as f64;
    // A change of Q by one moves Q² by 2|Q| + 1: of mean square 4 <Q²> + 1.
    let none = 3.0 / count * (4.0 * mean + 1.0);
    let moved = (found.value + 2.0 * found.error / count.sqrt()).max(none);
    let rest = moved / (2.0 * spread * spread);
    (1.0 / rest - 0.5).max(0.5)
}

/// Mean and standard deviation of a series.
fn moments(series: &[f64]) -> Estimate {
    let count = series.len() as f64;
    let value = series.iter().sum::<f64>() / count;
    let variance = series.iter().map(|x| (x - value).powi(2)).sum::<f64>() / count;
    Estimate { value, error: variance.sqrt() }
}
