//! Complex Langevin dynamics for actions with complex values, with an adaptive step and the criterion of the drift.
//!
//! ```text
//! euler:  z' = z + ε K(z) + √(2ε) η
//! heun:   z' = z + (ε/2) [K(z) + K(z + ε K(z) + √(2ε) η)] + √(2ε) η
//! ε = min(ε_0, δ/max |K(z)|, what is left of the time of a step)
//! ```
//!
//! with K = −∂S/∂z and real normal η: averages of holomorphic observables have a bias of the order ε_0 by Euler's scheme, and of ε_0²
//! by Heun's. A step of the chain takes the Langevin time `between` ε_0, in more steps where these are shortened, so that its fields
//! are at equal distances in time and need no weights: G. Aarts, F. James, E. Seiler, I.-O. Stamatescu, Phys. Lett. B 687, 154 (2010),
//! arXiv:0912.0617. The step is a function of the field.
//!
//! Where the tail of the histogram of the drift is a power ([`super::drift_tail`]), steps are refused; with `criterion: 'report'` the
//! chain goes on and tells so.

use super::drift_tail::DriftTail;
use super::kernel::{ChainState, Companions, Info, Kernel, Key};
use crate::action::{Action, ComplexAction};
use crate::error::{Error, Result};
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::spec::expect;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How a Langevin step is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// One drift in each step.
    Euler,
    /// Two drifts in each step.
    #[default]
    Heun,
}

/// What happens where the tail of the drift is a power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Steps are errors.
    #[default]
    Refuse,
    /// The chain goes on; its description tells of the tail.
    Report,
}

/// Parameters of complex Langevin dynamics.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComplexLangevinSpec {
    /// Largest step ε_0 of Langevin time, above 0.
    pub step: f64,
    /// Langevin steps of length ε_0 in a step of the chain.
    pub between: u64,
    /// Scheme of a Langevin step.
    pub scheme: Scheme,
    /// Most that a number moves along its drift in a Langevin step, δ above 0.
    pub largest_move: f64,
    /// Steps of the chain before its drift is counted.
    pub thermalisation: u64,
    /// What happens where the tail of the drift is a power.
    pub criterion: Criterion,
}

impl Default for ComplexLangevinSpec {
    fn default() -> Self {
        let (scheme, criterion) = (Scheme::default(), Criterion::default());
        Self { step: 0.01, between: 10, scheme, largest_move: 0.5, thermalisation: 100, criterion }
    }
}

/// Most Langevin steps between fields.
const MOST: u64 = 1_000_000;
/// Langevin steps for each one of full length after which a step of the chain has run away.
const MOST_SHORTENED: u64 = 1000;
/// Steps of the chain from one look at the tail to the next.
const LOOK: u64 = 1000;

/// Complex Langevin dynamics.
pub struct ComplexLangevin {
    action: Arc<dyn Action>,
    spec: ComplexLangevinSpec,
}

/// A field on its way through a step of the chain.
struct Walk {
    field: Vec<f64>,
    drift: Vec<f64>,
    /// The field and the drift at the end of Euler's step.
    ahead: [Vec<f64>; 2],
    noise: Vec<f64>,
    /// Largest drift so far.
    largest: f64,
    /// Langevin steps, and shortened ones.
    steps: [u64; 2],
}

/// Largest |K| of a number; infinite where one is NaN.
fn largest(drift: &[f64]) -> f64 {
    let square = |[re, im]: &[f64; 2]| re * re + im * im;
    let most = |most: f64, square: f64| if square.is_nan() { f64::INFINITY } else { most.max(square) };
    drift.as_chunks().0.iter().map(square).fold(0.0, most).sqrt()
}

impl Walk {
    fn new(field: &[f64]) -> Result<Self> {
        let array = || memory::filled("drift", 0.0, field.len());
        Ok(Self {
            field: memory::cloned("field of a step", field)?,
            drift: array()?,
            ahead: [array()?, array()?],
            noise: memory::filled("noise", 0.0, field.len() / 2)?,
            largest: 0.0,
            steps: [0; 2],
        })
    }

    /// Makes a Langevin step of at most the time `most`, and gives its time.
    fn advance(&mut self, kernel: &ComplexLangevin, stream: &mut Stream, most: f64) -> Result<f64> {
        let (action, spec) = (kernel.complex()?, &kernel.spec);
        action.drift(&self.field, &mut self.drift)?;
        let drift = largest(&self.drift);
        if !drift.is_finite() {
            return Err(kernel.run_away(drift));
        }
        self.largest = self.largest.max(drift);
        let bound = spec.largest_move / drift;
        let time = spec.step.min(bound).min(most);
        self.steps[0] += 1;
        self.steps[1] += u64::from(bound < spec.step);
        stream.normals(&mut self.noise);
        let width = (2.0 * time).sqrt();
        if spec.scheme == Scheme::Heun {
            let [ahead, drift_ahead] = &mut self.ahead;
            ahead.copy_from_slice(&self.field);
            moved(ahead, (&self.drift, time), (&self.noise, width));
            action.drift(ahead, drift_ahead)?;
            self.drift.iter_mut().zip(drift_ahead).for_each(|(k, l)| *k = 0.5 * (*k + *l));
        }
        moved(&mut self.field, (&self.drift, time), (&self.noise, width));
        Ok(time)
    }
}

/// Moves a field along a drift and by real noise.
fn moved(field: &mut [f64], (drift, time): (&[f64], f64), (noise, width): (&[f64], f64)) {
    let numbers = field.as_chunks_mut::<2>().0.iter_mut().zip(drift.as_chunks::<2>().0);
    for (([re, im], [along_re, along_im]), eta) in numbers.zip(noise) {
        *re += time * along_re + width * eta;
        *im += time * along_im;
    }
}

impl ComplexLangevin {
    /// Dynamics of an action with complex values; another one is an error.
    pub fn new(action: Arc<dyn Action>, spec: &ComplexLangevinSpec) -> Result<Self> {
        if action.complex().is_none() {
            return Err(Error::Unsupported(
                "type 'complex_langevin': expected an action of type 'bose_gas' or 'complex_phi4', got another".into(),
            ));
        }
        for (key, number) in [("step", spec.step), ("largest_move", spec.largest_move)] {
            expect(number.is_finite() && number > 0.0, key, "a finite number above 0", number)?;
        }
        expect((1..=MOST).contains(&spec.between), "between", &format!("1 to {MOST}"), spec.between)?;
        Ok(Self { action, spec: spec.clone() })
    }

    fn complex(&self) -> Result<&dyn ComplexAction> {
        self.action.complex().ok_or_else(|| Error::Internal("action: expected complex values, got real ones".into()))
    }

    fn run_away(&self, drift: f64) -> Error {
        let expected = "expected a drift that stays bounded, got one that ran away to";
        Error::NotConverged(format!("type 'complex_langevin': {expected} {drift:.3e}, at step {}", self.spec.step))
    }

    /// An error where the tail of the drift is a power. It is looked at from time to time, by the number of steps alone.
    fn expect_trusted(&self, tail: &DriftTail) -> Result<()> {
        let is_due = tail.steps() > 0 && tail.steps().is_multiple_of(LOOK);
        if self.spec.criterion == Criterion::Report || !is_due || tail.is_trusted() != Some(false) {
            return Ok(());
        }
        let worst = tail.tails().into_iter().map(|tail| tail.shape).fold(0.0, f64::max);
        let (power, counted) = (1.0 + 1.0 / worst, tail.counted());
        let expected = "expected a drift u whose probability falls exponentially, got one that falls about as";
        let message = format!("u^-{power:.1} in {counted} steps: complex Langevin averages are wrong here");
        Err(Error::NotConverged(format!("type 'complex_langevin': {expected} {message} (criterion: 'refuse')")))
    }
}

impl Kernel for ComplexLangevin {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let mut tail = state.companions.as_ref().map_or_else(DriftTail::new, DriftTail::of)?;
        self.expect_trusted(&tail)?;
        let _work = progress::begin("complex langevin", self.spec.between);
        let (mut walk, mut stream) = (Walk::new(&state.field)?, key.stream(Purpose::Noise));
        let mut rest = self.spec.step * self.spec.between as f64;
        // Times that are rounding of the sum of steps are none.
        let none = 1e-9 * self.spec.step;
        while rest > none {
            if walk.steps[0] == MOST_SHORTENED * self.spec.between {
                return Err(self.run_away(walk.largest));
            }
            rest -= walk.advance(self, &mut stream, rest)?;
            progress::step("complex langevin", f64::NAN)?;
        }
        let value = self.action.value(&walk.field)?;
        if !value.is_finite() {
            return Err(self.run_away(walk.largest));
        }
        let is_counted = tail.steps() >= self.spec.thermalisation;
        tail.count(is_counted.then_some(walk.largest), walk.steps);
        state.go_to(walk.field, value);
        state.companions = Some(tail.into_companions());
        Ok(Info { accepted: true, delta: 0.0 })
    }

    fn check(&self, companions: &Companions) -> Result<()> {
        DriftTail::of(companions).map(drop)
    }

    fn describe(&self, state: &ChainState) -> Option<Value> {
        let tail = state.companions.as_ref().map_or_else(DriftTail::new, DriftTail::of).ok()?;
        let observables = self.action.complex()?.observables(&state.field).ok()?;
        let pairs: Map<_, _> = observables.into_iter().map(|(name, o)| (name.into(), json!([o.re, o.im]))).collect();
        let mut description = tail.describe();
        description["observables"] = Value::Object(pairs);
        Some(description)
    }
}

#[cfg(test)]
mod tests;
