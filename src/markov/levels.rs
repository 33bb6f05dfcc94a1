//! Several time scales in one trajectory: each term of a sum of actions is integrated at steps of its own.
//!
//! The drift of every level but the innermost is a trajectory of the level inside it: J. C. Sexton and D. H.
//! Weingarten, Nucl. Phys. B 380, 665 (1992). The levels are symmetric and keep the volume of phase space, and so does
//! the whole.

use super::integrators::{Integrator, IntegratorName, Phase, kick};
use crate::action::{Action, Past};
use crate::error::{Error, Result, expect_finite};
use crate::memory;
use crate::progress;
use std::sync::Arc;

/// Spec of an inner level: `{terms: [0], integrator: 'omelyan2', steps: 4}`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSpec {
    /// Indices of its actions among the terms of the sum.
    pub terms: Vec<usize>,
    /// Its integrator.
    #[serde(default)]
    pub integrator: IntegratorName,
    /// Its steps for each drift of the level around it, at least 1.
    pub steps: u64,
}

/// A level: the part of the action that it integrates, and how.
struct Level {
    action: Arc<dyn Action>,
    integrator: &'static Integrator,
    steps: u64,
    /// Name of its steps in progress reports: those of the outermost level are the steps of the trajectory.
    work: &'static str,
}

/// The levels of a trajectory, the outermost first.
pub(super) struct Levels {
    levels: Vec<Level>,
    /// Indices of the terms of each level in the sum.
    places: Vec<Vec<usize>>,
}

/// Gradient and value of one level's part of the action at the field of the phase.
pub(super) struct Force {
    gradient: Vec<f64>,
    value: f64,
    past: Past,
}

/// Most steps of a level.
const MOST_STEPS: u64 = 1_000_000;

impl Levels {
    /// The outermost level, of this integrator and number of steps, has all terms that are not named by one of the
    /// inner ones.
    pub fn new(action: &dyn Action, integrator: IntegratorName, steps: u64, inner: &[LevelSpec]) -> Result<Self> {
        let count = action.terms();
        if count == 0 {
            return Err(Error::BadSpec("levels: expected an action of type 'sum', got another".into()));
        }
        let mut left: Vec<usize> = (0..count).collect();
        for (i, level) in inner.iter().enumerate() {
            if !(1..=MOST_STEPS).contains(&level.steps) {
                let got = level.steps;
                return Err(Error::BadSpec(format!("levels[{i}].steps: expected 1 to {MOST_STEPS}, got {got}")));
            }
            for term in &level.terms {
                let place = left.iter().position(|other| other == term).ok_or_else(|| {
                    Error::BadSpec(format!("levels[{i}].terms: expected terms below {count}, each once, got {term}"))
                })?;
                left.remove(place);
            }
        }
        let own = LevelSpec { terms: left, integrator, steps };
        let build = |(i, level): (usize, &LevelSpec)| {
            let action = action
                .sum_of(&level.terms)
                .map_err(|_| Error::BadSpec("levels: expected a term for each, and one for the trajectory".into()))?;
            let work = if i == 0 { "trajectory" } else { "level" };
            Ok(Level { action, integrator: Integrator::of(level.integrator), steps: level.steps, work })
        };
        let levels = std::iter::once(&own).chain(inner).enumerate().map(build).collect::<Result<_>>()?;
        let places = std::iter::once(&own).chain(inner).map(|level| level.terms.clone()).collect();
        Ok(Self { levels, places })
    }

    /// The same levels of a sum of the same terms with other pseudofermions.
    pub fn of(&self, action: &dyn Action) -> Result<Self> {
        let level = |(level, terms): (&Level, &Vec<usize>)| Ok(Level { action: action.sum_of(terms)?, ..*level });
        let levels = self.levels.iter().zip(&self.places).map(level).collect::<Result<_>>()?;
        Ok(Self { levels, places: self.places.clone() })
    }

    /// The forces at the start of a trajectory.
    pub fn forces(&self, field: &[f64]) -> Result<Vec<Force>> {
        let force = |level: &Level| {
            let mut gradient = memory::filled("gradient of a level", 0.0, field.len())?;
            let mut past = Past::default();
            let value = level.action.gradient_along(&mut past, field, &mut gradient)?;
            expect_finite("gradient of the action", &gradient)?;
            Ok(Force { gradient, value, past })
        };
        self.levels.iter().map(force).collect()
    }

    /// Moves `phase` along a trajectory, and returns S at the end; None where it diverged.
    pub fn trajectory(&self, phase: &mut Phase, forces: &mut [Force], length: f64) -> Result<Option<f64>> {
        let arrived = run(&self.levels, phase, forces, length)?;
        Ok(arrived.then(|| forces.iter().map(|force| force.value).sum()))
    }
}

/// One trajectory of the first level, with those inside it; false where it diverged.
fn run(levels: &[Level], phase: &mut Phase, forces: &mut [Force], length: f64) -> Result<bool> {
    let (Some((level, inner)), Some((force, inner_forces))) = (levels.split_first(), forces.split_first_mut()) else {
        phase.drift(length);
        return Ok(true);
    };
    let step = length / level.steps as f64;
    let (kicks, drifts) = (level.integrator.kicks, level.integrator.drifts);
    let last = kicks[drifts.len()];
    for n in 0..level.steps {
        let merged = if n == 0 { kicks[0] } else { last + kicks[0] };
        for (kick, drift) in std::iter::once(merged).chain(kicks[1..].iter().copied()).zip(drifts) {
            force.kick(phase, kick * step);
            progress::step(level.work, f64::NAN)?;
            if !run(inner, phase, inner_forces, drift * step)? || !force.update(level, phase)? {
                return Ok(false);
            }
        }
    }
    force.kick(phase, last * step);
    Ok(true)
}

impl Force {
    fn kick(&mut self, phase: &mut Phase, time: f64) {
        kick(&phase.team, &mut phase.momentum, &self.gradient, time);
    }

    fn exchange(&mut self, phase: &mut Phase) {
        std::mem::swap(&mut self.gradient, &mut phase.gradient);
        std::mem::swap(&mut self.past, &mut phase.past);
    }

    /// Brings gradient and value up to date; false where the trajectory has diverged.
    fn update(&mut self, level: &Level, phase: &mut Phase) -> Result<bool> {
        // `Phase::force` is used for its checks: meanwhile the phase holds the gradient and earlier solutions of this
        // level.
        self.exchange(phase);
        let value = phase.force(&*level.action);
        self.exchange(phase);
        let Some(value) = value? else { return Ok(false) };
        self.value = value;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::context::serial;
    use crate::lattice::Lattice;
    use crate::markov::check::expect_mean;
    use crate::markov::{ChainState, Hmc, HmcSpec, Kernel, Key};
    use crate::random::{Purpose, Stream};

    const LINKS: &str = "{type: 'sum', terms: [{type: 'wilson', group: 'su2', beta: 1.5}, \
                         {type: 'iwasaki', group: 'su2', beta: 0.2}, {type: 'symanzik', group: 'su2', beta: 0.1}]}";
    const SCALARS: &str = "{type: 'sum', terms: [{type: 'phi4', form: 'half', mass_squared: 3, lambda: 1}, \
                           {type: 'phi4', form: 'kappa', kappa: 0.1, lambda: 0.1}]}";

    fn action(text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(&[4, 3]).unwrap()).unwrap().into()
    }

    fn inner(terms: &[usize], integrator: IntegratorName, steps: u64) -> LevelSpec {
        LevelSpec { terms: terms.to_vec(), integrator, steps }
    }

    fn phase(action: &dyn Action, counter: u64) -> Phase {
        let (space, count) = (action.space(), action.count());
        let field = space.hot(action.lattice(), &mut Stream::new(5, Purpose::Start, counter)).unwrap();
        let mut momentum = vec![0.0; count];
        space.draw_momenta(&mut Stream::new(5, Purpose::Momentum, counter), &mut momentum);
        Phase {
            team: action.team(),
            space,
            field,
            momentum,
            gradient: vec![0.0; count],
            past: Past::default(),
            velocity: None,
        }
    }

    fn run(levels: &Levels, phase: &mut Phase) -> f64 {
        let mut forces = levels.forces(&phase.field).unwrap();
        let start = phase.kinetic() + forces.iter().map(|force| force.value).sum::<f64>();
        levels.trajectory(phase, &mut forces, 1.0).unwrap().unwrap() + phase.kinetic() - start
    }

    #[test]
    fn nested_trajectories_turn_back_to_their_start() {
        use IntegratorName::{Leapfrog, Omelyan2, Omelyan4};
        for (text, inner) in [
            (LINKS, vec![inner(&[2], Omelyan4, 2), inner(&[0], Leapfrog, 3)]),
            (SCALARS, vec![inner(&[0], Omelyan2, 2)]),
        ] {
            let action = action(text);
            let levels = Levels::new(&*action, Omelyan2, 6, &inner).unwrap();
            let start = phase(&*action, 1);
            let mut phase = start.clone();
            run(&levels, &mut phase);
            phase.momentum.iter_mut().for_each(|p| *p = -*p);
            run(&levels, &mut phase);
            let farthest = phase.field.iter().zip(&start.field).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(farthest < 1e-11, "{text}: {farthest}");
        }
    }

    #[test]
    fn the_energy_error_of_nested_trajectories_falls_with_the_order() {
        use IntegratorName::{Omelyan2, Omelyan4};
        for (integrator, order, steps) in [(Omelyan2, 2.0, 20), (Omelyan4, 4.0, 24)] {
            for (text, inner) in [(LINKS, inner(&[0, 2], integrator, 2)), (SCALARS, inner(&[0], integrator, 2))] {
                let action = action(text);
                let error = |steps: u64| {
                    let levels = Levels::new(&*action, integrator, steps, std::slice::from_ref(&inner)).unwrap();
                    (0..8).map(|counter| run(&levels, &mut phase(&*action, counter)).powi(2)).sum::<f64>().sqrt()
                };
                let slope = (error(steps) / error(2 * steps)).log2();
                assert!((slope - order).abs() < 0.2, "{text}, {integrator:?}: {slope}");
            }
        }
    }

    #[test]
    fn the_mean_of_exp_of_minus_the_energy_error_of_nested_trajectories_is_one() {
        for text in [LINKS, SCALARS] {
            let action = action(text);
            let levels = vec![inner(&[0], IntegratorName::Leapfrog, 2)];
            let spec =
                HmcSpec { integrator: IntegratorName::Leapfrog, steps: 4, length: 1.4, levels, ..HmcSpec::default() };
            let hmc = Hmc::new(action.clone(), &spec).unwrap();
            let mut state = ChainState::new(&*action, &phase(&*action, 3).field).unwrap();
            let (mut series, mut largest) = (Vec::new(), 0.0f64);
            for counter in 0..10_200 {
                let info = hmc.step(&Key { seed: 3, counter }, &mut state).unwrap();
                assert!(counter % 1000 != 0 || (state.value() - action.value(state.field()).unwrap()).abs() < 1e-10);
                if counter >= 200 {
                    series.push((-info.delta).exp());
                    largest = largest.max(info.delta.abs());
                }
            }
            assert!(largest > 0.3, "{text}: got energy errors of at most {largest}");
            expect_mean("exp(-dH)", &series, 1.0);
        }
    }

    #[test]
    fn levels_that_make_no_sense_are_named() {
        let message = |text: &str, levels: Vec<LevelSpec>| {
            Hmc::new(action(text), &HmcSpec { levels, ..HmcSpec::default() }).err().unwrap().to_string()
        };
        let leapfrog = |terms: &[usize], steps| vec![inner(terms, IntegratorName::Leapfrog, steps)];
        assert_eq!(
            message("{type: 'phi4', mass_squared: 1, lambda: 1}", leapfrog(&[0], 1)),
            "levels: expected an action of type 'sum', got another"
        );
        assert_eq!(message(LINKS, leapfrog(&[0], 0)), "levels[0].steps: expected 1 to 1000000, got 0");
        for terms in [&[3][..], &[1, 1]] {
            let expected = format!("levels[0].terms: expected terms below 3, each once, got {}", terms[0]);
            assert_eq!(message(LINKS, leapfrog(terms, 1)), expected);
        }
        for terms in [&[][..], &[0, 1, 2]] {
            let expected = "levels: expected a term for each, and one for the trajectory";
            assert_eq!(message(LINKS, leapfrog(terms, 1)), expected);
        }
    }
}
