//! Hybrid Monte Carlo: H = Σ p²/2 + S(φ), momenta p drawn from N(0, 1) (for links p_a, in the basis
//! of [`crate::space`]), accepted with min(1, exp(−ΔH)). For scalars momenta may have masses ([`super::masses`]).
//!
//! S. Duane, A. D. Kennedy, B. J. Pendleton, D. Roweth, Phys. Lett. B 195, 216 (1987). A trajectory that diverges
//! counts as ΔH = +∞ and is rejected: it passes the same points in both directions, so detailed balance holds.

use super::integrators::{Integrator, IntegratorName, Phase, Steps};
use super::kernel::{ChainState, Info, Kernel, Key};
use super::levels::{LevelSpec, Levels};
use super::masses::{MassSpec, Masses, Velocity};
use super::reversal::Reversal;
use crate::action::{Action, Past};
use crate::error::{Error, Result, expect_finite};
use crate::memory;
use crate::progress;
use crate::random::Purpose;
use std::sync::Arc;

/// Parameters of hybrid Monte Carlo.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HmcSpec {
    /// Integrator of the trajectory.
    pub integrator: IntegratorName,
    /// Number of steps of a trajectory, at least 1.
    pub steps: u64,
    /// Length of a trajectory in units of the fictitious time τ, above 0.
    pub length: f64,
    /// Inner levels, the one next to the trajectory first, for terms of a sum at steps of their own. The terms that no
    /// level names are integrated at the steps of the trajectory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelSpec>,
    /// Masses of the momenta of scalars; one where they are not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mass: Option<MassSpec>,
}

impl Default for HmcSpec {
    fn default() -> Self {
        Self { integrator: IntegratorName::default(), steps: 10, length: 1.0, levels: vec![], mass: None }
    }
}

/// Hybrid Monte Carlo for any action.
pub struct Hmc {
    action: Arc<dyn Action>,
    integrator: &'static Integrator,
    steps: u64,
    step: f64,
    levels: Option<Levels>,
    masses: Option<Arc<Masses>>,
}

/// Most steps of a trajectory.
const MOST_STEPS: u64 = 1_000_000;

impl Hmc {
    /// A kernel for `action`; a step count or length out of range is an error that names it.
    pub fn new(action: Arc<dyn Action>, spec: &HmcSpec) -> Result<Self> {
        if !(1..=MOST_STEPS).contains(&spec.steps) {
            return Err(Error::BadSpec(format!("steps: expected 1 to {MOST_STEPS}, got {}", spec.steps)));
        }
        if !(spec.length > 0.0 && spec.length.is_finite()) {
            return Err(Error::BadSpec(format!("length: expected a finite number above 0, got {}", spec.length)));
        }
        let step = spec.length / spec.steps as f64;
        let nest = || Levels::new(&*action, spec.integrator, spec.steps, &spec.levels);
        let levels = if spec.levels.is_empty() { None } else { Some(nest()?) };
        let masses = spec.mass.as_ref().map(|mass| mass.build(&*action)).transpose()?;
        Ok(Self { action, integrator: Integrator::of(spec.integrator), steps: spec.steps, step, levels, masses })
    }

    /// The phase point at the start: field, new momenta, and forces where there are no inner levels.
    fn phase(&self, key: &Key, state: &ChainState, action: &dyn Action) -> Result<Phase> {
        let (space, count) = (action.space(), state.field.len());
        let mut momentum = memory::filled("momenta", 0.0, count)?;
        let stream = &mut key.stream(Purpose::Momentum);
        space.draw_momenta_of(action.lattice(), &state.field, (stream, &mut momentum));
        let mut velocity = self.masses.as_ref().map(Velocity::new).transpose()?;
        if let Some(velocity) = &mut velocity {
            velocity.give_masses(&mut momentum);
        }
        let (team, field) = (self.action.team(), memory::cloned("field of the trajectory", &state.field)?);
        let gradient = memory::filled("gradient of the action", 0.0, count)?;
        let mut phase = Phase { team, space, field, momentum, gradient, past: Past::default(), velocity };
        if self.levels.is_some() {
            return Ok(phase);
        }
        match state.gradient.as_ref().filter(|_| !action.has_pseudofermions()) {
            Some(gradient) => phase.gradient.copy_from_slice(gradient),
            None => {
                action.gradient_along(&mut phase.past, &phase.field, &mut phase.gradient)?;
                expect_finite("gradient of the action", &phase.gradient)?;
            }
        }
        Ok(phase)
    }
}

impl Hmc {
    /// Moves `phase` along a trajectory, and returns S at the end; None where it diverged.
    fn trajectory(&self, phase: &mut Phase, action: &dyn Action, levels: Option<&Levels>) -> Result<Option<f64>> {
        let Some(levels) = levels else {
            return self.integrator.trajectory(action, phase, Steps { count: self.steps, size: self.step });
        };
        let mut forces = levels.forces(&phase.field)?;
        levels.trajectory(phase, &mut forces, self.steps as f64 * self.step)
    }

    /// The trajectory of a step, and the one back from its end with all momenta reversed.
    fn there_and_back(
        &self,
        key: &Key,
        state: &ChainState,
        (action, levels): (&dyn Action, Option<&Levels>),
    ) -> Result<Reversal> {
        let _work = progress::begin("trajectory", 2 * self.steps * self.integrator.drifts.len() as u64);
        let mut phase = self.phase(key, state, action)?;
        let start = phase.kinetic() + action.value(&phase.field)?;
        if self.trajectory(&mut phase, action, levels)?.is_none() {
            return Ok(Reversal::DIVERGED);
        }
        phase.momentum.iter_mut().for_each(|p| *p = -*p);
        if levels.is_none() {
            action.gradient(&phase.field, &mut phase.gradient)?;
        }
        if self.trajectory(&mut phase, action, levels)?.is_none() {
            return Ok(Reversal::DIVERGED);
        }
        let end = phase.kinetic() + action.value(&phase.field)?;
        Ok(Reversal { distance: action.space().farthest(&phase.field, &state.field), energy: (end - start).abs() })
    }

    /// The end of a trajectory from a state, without a decision, and its ΔH; None where it diverged. For actions without
    /// pseudofermions.
    pub(super) fn end(&self, key: &Key, state: &ChainState) -> Result<Option<(Vec<f64>, f64)>> {
        let mut phase = self.phase(key, state, &*self.action)?;
        let start = phase.kinetic() + state.value;
        let end = self.trajectory(&mut phase, &*self.action, self.levels.as_ref())?;
        let delta = end.map_or(f64::INFINITY, |value| phase.kinetic() + value - start);
        Ok(delta.is_finite().then_some((phase.field, delta)))
    }

    /// A step with pseudofermions that were drawn for it. S is computed at both ends, since forces may be less
    /// accurate.
    fn refreshed_step(&self, key: &Key, state: &mut ChainState, action: &dyn Action) -> Result<Info> {
        let levels = self.levels.as_ref().map(|levels| levels.of(action)).transpose()?;
        let mut phase = self.phase(key, state, action)?;
        let value = action.value(&phase.field)?;
        let start = phase.kinetic() + value;
        let arrived = self.trajectory(&mut phase, action, levels.as_ref())?;
        let end = arrived.map(|_| action.value(&phase.field)).transpose()?;
        let delta = end.map_or(f64::INFINITY, |value| phase.kinetic() + value - start);
        let accepted = key.accepts(-delta);
        match end {
            Some(value) if accepted => state.go_to(phase.field, value),
            _ => {
                let field = std::mem::take(&mut state.field);
                state.go_to(field, value);
            }
        }
        Ok(Info { accepted, delta })
    }
}

impl Kernel for Hmc {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let _work = progress::begin("trajectory", self.steps * self.integrator.drifts.len() as u64);
        if let Some(action) = self.action.refreshed(key.draw(), &state.field)? {
            return self.refreshed_step(key, state, &*action);
        }
        let mut phase = self.phase(key, state, &*self.action)?;
        if state.gradient.is_none() && self.levels.is_none() {
            state.gradient = Some(memory::cloned("gradient of the action", &phase.gradient)?);
        }
        let start = phase.kinetic() + state.value;
        let end = self.trajectory(&mut phase, &*self.action, self.levels.as_ref())?;
        let delta = end.map_or(f64::INFINITY, |value| phase.kinetic() + value - start);
        let accepted = key.accepts(-delta);
        if let (true, Some(value)) = (accepted, end) {
            // The levels keep gradients of their own parts alone.
            let gradient = self.levels.is_none().then_some(phase.gradient);
            state.go_to(phase.field, value);
            state.gradient = gradient;
        }
        Ok(Info { accepted, delta })
    }

    fn reversal(&self, key: &Key, state: &ChainState) -> Result<Option<Reversal>> {
        let Some(action) = self.action.refreshed(key.draw(), &state.field)? else {
            return self.there_and_back(key, state, (&*self.action, self.levels.as_ref())).map(Some);
        };
        let levels = self.levels.as_ref().map(|levels| levels.of(&*action)).transpose()?;
        self.there_and_back(key, state, (&*action, levels.as_ref())).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Broken, Chain4, Fault, expect_mean, keeps_the_distribution};

    fn state(action: &dyn Action) -> ChainState {
        ChainState::new(action, &vec![0.1; action.lattice().volume()]).unwrap()
    }

    #[test]
    fn hmc_keeps_the_distribution() {
        for (integrator, steps) in
            [(IntegratorName::Leapfrog, 4), (IntegratorName::Omelyan2, 2), (IntegratorName::Omelyan4, 1)]
        {
            let spec = HmcSpec { integrator, steps, ..HmcSpec::default() };
            keeps_the_distribution(&|action, _| Box::new(Hmc::new(action, &spec).unwrap()));
        }
    }

    #[test]
    fn the_mean_of_exp_of_minus_the_energy_error_is_one() {
        for (row, integrator) in
            [IntegratorName::Leapfrog, IntegratorName::Omelyan2, IntegratorName::Omelyan4].into_iter().enumerate()
        {
            let action = Arc::new(Chain4::new(16, 0.7, 0.3));
            // Steps so coarse that the energy error is of order one.
            let spec =
                HmcSpec { integrator, steps: [3, 2, 1][row], length: [1.2, 1.4, 1.4][row], ..HmcSpec::default() };
            let hmc = Hmc::new(action.clone(), &spec).unwrap();
            let mut state = state(&*action);
            let mut series = Vec::new();
            let mut largest = 0.0f64;
            for counter in 0..20_200 {
                let info = hmc.step(&Key { seed: 2, counter }, &mut state).unwrap();
                if counter >= 200 {
                    series.push((-info.delta).exp());
                    largest = largest.max(info.delta.abs());
                }
            }
            assert!(largest > 0.3, "the test needs energy errors to see anything, got at most {largest}");
            expect_mean("exp(-dH)", &series, 1.0);
        }
    }

    /// <x²> of the harmonic oscillator with m = ω = 1 on 100 times of spacing 0.1: the exact number of the lattice.
    #[test]
    fn the_harmonic_oscillator_has_its_exact_width() {
        let text = "{type: 'quantum_mechanics', spacing: 0.1, potential: [0, 0, 0.5]}";
        let spec: crate::action::ActionSpec = crate::spec::parse("action", text).unwrap();
        let lattice = crate::lattice::Lattice::new(&[100]).unwrap();
        let action: Arc<dyn Action> = spec.build(&crate::context::serial(), &lattice).unwrap().into();
        let hmc = Hmc::new(action.clone(), &HmcSpec { steps: 16, length: 4.0, ..HmcSpec::default() }).unwrap();
        let mut state = state(&*action);
        let mut series = vec![];
        for counter in 0..10_200 {
            hmc.step(&Key { seed: 2, counter }, &mut state).unwrap();
            if counter >= 200 {
                series.push(state.field.iter().map(|x| x * x).sum::<f64>() / 100.0);
            }
        }
        expect_mean("<x²>", &series, 0.49942170);
    }

    #[test]
    fn a_diverging_trajectory_is_rejected_and_the_state_stays() {
        let action = Arc::new(Chain4::new(8, 0.7, 0.3));
        let hmc = Hmc::new(action.clone(), &HmcSpec { steps: 50, length: 1e4, ..HmcSpec::default() }).unwrap();
        let mut state = state(&*action);
        let before = state.clone();
        for counter in 0..10 {
            let info = hmc.step(&Key { seed: 2, counter }, &mut state).unwrap();
            assert_eq!(info, Info { accepted: false, delta: f64::INFINITY });
            assert_eq!((&state.field, state.value), (&before.field, before.value));
        }
    }

    #[test]
    fn an_action_that_fails_or_gives_nan_is_an_error_and_the_state_stays() {
        for (fault, status) in [(Fault::Nan, 4), (Fault::Stops, 8)] {
            for good_calls in [1, 2, 8] {
                let action = Arc::new(Broken::new(8, good_calls, fault));
                let hmc = Hmc::new(action.clone(), &HmcSpec::default()).unwrap();
                let mut state = state(&*action);
                let before = state.clone();
                let error = hmc.step(&Key { seed: 2, counter: 0 }, &mut state).unwrap_err();
                assert_eq!(error.status(), status, "{error}");
                assert_eq!((&state.field, state.value), (&before.field, before.value));
            }
        }
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let build = |steps, length| {
            let spec = HmcSpec { steps, length, ..HmcSpec::default() };
            Hmc::new(Arc::new(Chain4::new(8, 0.7, 0.3)), &spec).err().unwrap().to_string()
        };
        assert_eq!(build(0, 1.0), "steps: expected 1 to 1000000, got 0");
        assert_eq!(build(1, f64::NAN), "length: expected a finite number above 0, got NaN");
        assert_eq!(build(1, -1.0), "length: expected a finite number above 0, got -1");
    }
}
