//! Symmetric symplectic integrators of dφ/dτ = p, dp/dτ = −dS/dφ, as a table of coefficients.
//!
//! One step of size ε is kick(a_0 ε) drift(b_0 ε) kick(a_1 ε) ... drift(b_{n-1} ε) kick(a_n ε), where kick(t) is
//! p ← p − t dS/dφ and drift(t) is φ ← φ + t p, or U ← exp(t P) U for links. The last kick of a step and the first of
//! the next are one, so that a trajectory of N steps takes N n forces beside the force at its start. Minimum-norm
//! coefficients: I. P. Omelyan, I. M. Mryglod, R. Folk, Comput. Phys. Commun. 151, 272 (2003); the fourth-order one is
//! their 4MN5FV.

use super::masses::Velocity;
use crate::action::{Action, Past, PhasePoint};
use crate::context::Team;
use crate::error::{Error, Result};
use crate::progress;
use crate::space::{Space, are_finite};

/// Names of the integrators in a spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegratorName {
    /// Leapfrog, second order, 1 force a step.
    Leapfrog,
    /// Minimum norm, second order, 2 forces a step.
    #[default]
    Omelyan2,
    /// Minimum norm, fourth order, 5 forces a step.
    Omelyan4,
}

/// Coefficients of one integrator.
#[derive(Debug)]
pub struct Integrator {
    /// Its name in a spec.
    pub name: IntegratorName,
    /// The energy error of a trajectory falls as ε to this power.
    pub order: i32,
    /// a_0 ... a_n, in units of the step.
    pub kicks: &'static [f64],
    /// b_0 ... b_{n-1}, in units of the step.
    pub drifts: &'static [f64],
}

const LAMBDA: f64 = 0.193_183_327_503_783_6;
const THETA: f64 = 0.083_983_152_628_766_93;
const RHO: f64 = 0.253_978_510_841_059_5;
const CHI: f64 = 0.682_236_533_571_909;
const MU: f64 = -0.032_302_867_652_699_67;
const INNER: f64 = 0.5 - THETA - CHI;

/// All integrators.
pub const INTEGRATORS: &[Integrator] = &[
    Integrator { name: IntegratorName::Leapfrog, order: 2, kicks: &[0.5, 0.5], drifts: &[1.0] },
    Integrator {
        name: IntegratorName::Omelyan2,
        order: 2,
        kicks: &[LAMBDA, 1.0 - 2.0 * LAMBDA, LAMBDA],
        drifts: &[0.5, 0.5],
    },
    Integrator {
        name: IntegratorName::Omelyan4,
        order: 4,
        kicks: &[THETA, CHI, INNER, INNER, CHI, THETA],
        drifts: &[RHO, MU, 1.0 - 2.0 * (RHO + MU), MU, RHO],
    },
];

/// A point in phase space, with the gradient dS/dφ of its field.
#[derive(Clone, Debug)]
pub struct Phase {
    /// The threads that compute on it.
    pub team: Team,
    /// The kind of field: scalars, or links of a group.
    pub space: Space,
    /// φ, V numbers, or U.
    pub field: Vec<f64>,
    /// Momenta p, as many numbers as the field.
    pub momentum: Vec<f64>,
    /// dS/dφ at `field`, as many numbers as the field.
    pub gradient: Vec<f64>,
    /// Earlier solutions of this trajectory, as guesses for the solves of forces.
    pub past: Past,
    /// Velocity of momenta whose masses depend on the mode; None where all masses are one.
    pub velocity: Option<Velocity>,
}

impl Phase {
    fn kick(&mut self, time: f64) {
        kick(&self.team, &mut self.momentum, &self.gradient, time);
    }

    pub(super) fn drift(&mut self, time: f64) {
        let momentum = &self.momentum;
        let velocity = self.velocity.as_mut().map_or(&momentum[..], |velocity| velocity.of(momentum));
        self.space.drift(&self.team, &mut self.field, velocity, time);
    }

    /// The kinetic energy, Σ p²/2, or that of momenta with masses.
    pub fn kinetic(&mut self) -> f64 {
        match &mut self.velocity {
            Some(velocity) => velocity.kinetic(&self.team, &self.momentum),
            None => self.space.kinetic(&self.team, &self.momentum),
        }
    }

    /// Brings the gradient up to date and returns S; None where the trajectory has diverged.
    ///
    /// The action never sees a field that is not finite, so a NaN from it is an error.
    pub fn force(&mut self, action: &dyn Action) -> Result<Option<f64>> {
        if action.value_shows_divergence() {
            let value = action.gradient_along(&mut self.past, &self.field, &mut self.gradient)?;
            return Ok(Some(value).filter(|value| value.is_finite()));
        }
        if !self.space.is_bounded(&self.team, &self.field) {
            return Ok(None);
        }
        let value = action.gradient_along(&mut self.past, &self.field, &mut self.gradient)?;
        if value.is_nan() {
            return Err(Error::BadInput("action: expected a number, got NaN".into()));
        }
        if are_finite(&self.team, &self.gradient) {
            return Ok(Some(value).filter(|value| value.is_finite()));
        }
        match self.gradient.iter().position(|x| x.is_nan()) {
            Some(at) => {
                Err(Error::BadInput(format!("gradient of the action: expected a number, got NaN at index {at}")))
            }
            None => Ok(None),
        }
    }

    /// Brings the gradient up to date, moves momenta along it and returns S as [`Phase::force`]. Where the action does
    /// both in one call, the stored gradient does not change.
    fn force_and_kick(&mut self, action: &dyn Action, time: f64) -> Result<Option<f64>> {
        if let Some(value) = action.kick(&self.field, &mut self.momentum, time) {
            return Ok(Some(value).filter(|value| value.is_finite()));
        }
        let value = self.force(action)?;
        if value.is_some() {
            self.kick(time);
        }
        Ok(value)
    }

    /// Kicks and drifts, and a last kick; S at the end.
    fn trajectory(
        &mut self,
        action: &dyn Action,
        moves: impl Iterator<Item = (f64, f64)>,
        last: f64,
    ) -> Result<Option<f64>> {
        for (i, (kick, drift)) in moves.enumerate() {
            if i == 0 {
                self.kick(kick);
            } else if self.force_and_kick(action, kick)?.is_none() {
                return Ok(None);
            }
            self.drift(drift);
            progress::step("trajectory", f64::NAN)?;
        }
        let end = self.force(action)?;
        if end.is_some() {
            self.kick(last);
        }
        Ok(end)
    }

    /// The same trajectory computed by the action itself, with the same numbers; None where the action cannot.
    pub(super) fn whole_trajectory(
        &mut self,
        action: &dyn Action,
        mut moves: impl Iterator<Item = (f64, f64)>,
        last: f64,
    ) -> Result<Option<Option<f64>>> {
        // Trajectories of actions know masses of one alone.
        if self.velocity.is_some() {
            return Ok(None);
        }
        let mut point =
            PhasePoint { field: &mut self.field, momenta: &mut self.momentum, gradient: &mut self.gradient };
        let value = action.trajectory(&mut point, &mut moves, last)?;
        Ok(value.map(|value| Some(value).filter(|value| value.is_finite())))
    }
}

/// p ← p − t dS/dφ.
pub(super) fn kick(team: &Team, momentum: &mut [f64], gradient: &[f64], time: f64) {
    team.update(momentum, gradient, |momentum, gradient| {
        momentum.iter_mut().zip(gradient).for_each(|(p, gradient)| *p -= time * gradient);
    });
}

/// Steps of a trajectory.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// Their number.
    pub count: u64,
    /// The size ε of each.
    pub size: f64,
}

impl Integrator {
    /// The integrator of a name.
    pub fn of(name: IntegratorName) -> &'static Self {
        // Each name has its row: a test compares the order of the table.
        &INTEGRATORS[name as usize]
    }

    /// Moves `phase` along some steps, and returns S at the end; None where it diverged.
    ///
    /// `phase.gradient` must belong to `phase.field` before, and does so afterwards.
    pub fn trajectory(&self, action: &dyn Action, phase: &mut Phase, steps: Steps) -> Result<Option<f64>> {
        let Steps { count, size: step } = steps;
        let (first, last) = (self.kicks[0], self.kicks[self.drifts.len()]);
        // The kick before each drift, and the drift.
        let moves = (0..count).flat_map(|n| {
            let kick = move |i| match (n, i) {
                (0, 0) => first,
                (_, 0) => last + first,
                _ => self.kicks[i],
            };
            self.drifts.iter().enumerate().map(move |(i, drift)| (kick(i) * step, drift * step))
        });
        let whole = phase.whole_trajectory(action, moves.clone(), last * step)?;
        whole.map_or_else(|| phase.trajectory(action, moves, last * step), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::Chain4;
    use crate::random::{Purpose, Stream};
    use proptest::prelude::*;

    fn phase(action: &dyn Action, counter: u64) -> Phase {
        let mut numbers = vec![0.0; 2 * action.lattice().volume()];
        Stream::new(11, Purpose::Momentum, counter).normals(&mut numbers);
        let momentum = numbers.split_off(numbers.len() / 2);
        let gradient = vec![0.0; momentum.len()];
        let mut phase = Phase {
            team: action.team(),
            space: action.space(),
            gradient,
            field: numbers,
            momentum,
            past: Past::default(),
            velocity: None,
        };
        phase.force(action).unwrap().unwrap();
        phase
    }

    fn energy_error(integrator: &Integrator, steps: u64) -> f64 {
        let action = Chain4::new(6, 0.7, 0.3);
        let squares = (0..20).map(|counter| {
            let mut phase = phase(&action, counter);
            let start = action.value(&phase.field).unwrap() + phase.kinetic();
            let value = integrator
                .trajectory(&action, &mut phase, Steps { count: steps, size: 1.0 / steps as f64 })
                .unwrap()
                .unwrap();
            (value + phase.kinetic() - start).powi(2)
        });
        (squares.sum::<f64>() / 20.0).sqrt()
    }

    #[test]
    fn the_table_is_in_the_order_of_the_names_and_each_row_is_symmetric_and_sums_to_one() {
        for (row, integrator) in INTEGRATORS.iter().enumerate() {
            assert_eq!(integrator.name as usize, row);
            assert_eq!(integrator.kicks.len(), integrator.drifts.len() + 1);
            for coefficients in [integrator.kicks, integrator.drifts] {
                assert!((coefficients.iter().sum::<f64>() - 1.0).abs() < 1e-15);
                assert!(coefficients.iter().eq(coefficients.iter().rev()));
            }
        }
        assert_eq!(INTEGRATORS.len(), IntegratorName::Omelyan4 as usize + 1);
    }

    #[test]
    fn the_energy_error_falls_with_the_order() {
        for integrator in INTEGRATORS {
            let slope = (energy_error(integrator, 64) / energy_error(integrator, 128)).log2();
            assert!((slope - f64::from(integrator.order)).abs() < 0.1, "{:?}: {slope}", integrator.name);
        }
    }

    #[test]
    fn minimum_norm_integrators_are_better_than_leapfrog_at_equal_cost() {
        let errors: Vec<f64> = INTEGRATORS.iter().map(|i| energy_error(i, 40 / i.drifts.len() as u64)).collect();
        assert!(errors[0] > 2.0 * errors[1] && errors[1] > 2.0 * errors[2], "{errors:?}");
    }

    #[test]
    fn a_trajectory_takes_one_force_for_each_drift() {
        for integrator in INTEGRATORS {
            let action = Chain4::new(6, 0.7, 0.3);
            let mut phase = phase(&action, 0);
            let before = action.forces();
            integrator.trajectory(&action, &mut phase, Steps { count: 7, size: 0.1 }).unwrap().unwrap();
            assert_eq!(action.forces() - before, 7 * integrator.drifts.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: proptest::test_runner::RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn trajectories_are_reversible(
            points in proptest::collection::vec((-2.0..2.0f64, -3.0..3.0f64), 2..40),
            steps in 1u64..20, row in 0..INTEGRATORS.len(),
        ) {
            let action = Chain4::new(points.len(), 0.7, 0.3);
            let (field, momentum): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let gradient = vec![0.0; field.len()];
            let mut phase = Phase { team: action.team(), space: action.space(), gradient, field: field.clone(), momentum: momentum.clone(), past: Past::default(), velocity: None };
            phase.force(&action).unwrap();
            INTEGRATORS[row].trajectory(&action, &mut phase, Steps { count: steps, size: 0.05 }).unwrap().unwrap();
            phase.momentum.iter_mut().for_each(|p| *p = -*p);
            INTEGRATORS[row].trajectory(&action, &mut phase, Steps { count: steps, size: 0.05 }).unwrap().unwrap();
            for i in 0..field.len() {
                prop_assert!((phase.field[i] - field[i]).abs() <= 1e-11, "{} {}", phase.field[i], field[i]);
                prop_assert!((phase.momentum[i] + momentum[i]).abs() <= 1e-11);
            }
        }
    }
}
