//! The Metropolis-adjusted Langevin proposal: one step of Langevin dynamics from the current field.
//!
//! With noise η from N(0, 1), G = dS/dφ at φ and G' at φ',
//!
//! ```text
//! φ' = φ + X,  X = √(2ε) η − ε G,      η' = √(ε/2) (G + G') − η
//! log ratio = η²/2 − η'²/2
//! ```
//!
//! where η' is the noise of the step back. For links φ' = exp(X) U, with η, G and X in the algebra and squares as those of momenta
//! ([`crate::space`]): the step back has −X, and the Haar measure is the same in both directions. Roberts and Tweedie, Bernoulli 2,
//! 341 (1996).

use super::proposal::{Current, Proposal, Proposed};
use crate::action::Action;
use crate::context::Team;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::memory;
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use crate::spec::expect;
use std::sync::{Arc, Mutex, PoisonError};

/// Parameters of the proposal.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct LangevinSpec {
    /// Step ε, above 0.
    pub step: f64,
    /// False for a kernel that takes every step: see [`super::PlainLangevin`].
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub adjusted: bool,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_true(adjusted: &bool) -> bool {
    *adjusted
}

/// An error where a step is not a finite number above 0.
pub(super) fn expect_step(step: f64) -> Result<()> {
    expect(step.is_finite() && step > 0.0, "step", "a finite number above 0", step)
}

/// What drives a step in place of the action's gradient G; any is exact.
pub trait Force: Send + Sync {
    /// Where its fields live.
    fn domain(&self) -> Domain;

    /// Threads that compute on a field.
    fn team(&self) -> Team;

    /// Writes G at a field.
    fn write(&self, field: &[f64], gradient: &mut [f64]) -> Result<()>;
}

impl Force for Arc<dyn Action> {
    fn domain(&self) -> Domain {
        Action::domain(&**self)
    }

    fn team(&self) -> Team {
        Action::team(&**self)
    }

    fn write(&self, field: &[f64], gradient: &mut [f64]) -> Result<()> {
        self.gradient(field, gradient).map(|_| ())
    }
}

/// Proposals from the current field along a force.
pub struct Langevin {
    force: Box<dyn Force>,
    domain: Domain,
    team: Team,
    step: f64,
    seed: u64,
    /// Fields with their gradients, those used last at the end.
    seen: Mutex<Vec<(Vec<f64>, Vec<f64>)>>,
}

/// Fields whose gradients are kept: the current and the proposed one of a few chains.
const MOST_SEEN: usize = 8;

impl Langevin {
    /// Proposals for an action without pseudofermions.
    pub fn new(action: Arc<dyn Action>, spec: &LangevinSpec, seed: u64) -> Result<Self> {
        expect(spec.adjusted, "adjusted", "true in a proposal, which is accepted or rejected", spec.adjusted)?;
        if action.has_pseudofermions() {
            return Err(Error::Unsupported("action: expected one without pseudofermions, got one with".into()));
        }
        if action.complex().is_some() {
            let expected = "expected one with real values, got one with complex values";
            return Err(Error::Unsupported(format!("action: {expected}")));
        }
        Self::along(Box::new(action), spec.step, seed)
    }

    /// Proposals along a force.
    pub fn along(force: Box<dyn Force>, step: f64, seed: u64) -> Result<Self> {
        expect_step(step)?;
        let (domain, team) = (force.domain(), force.team());
        Ok(Self { force, domain, team, step, seed, seen: Mutex::default() })
    }

    /// The gradient of a field, from an earlier call where it is known.
    fn gradient(&self, field: &[f64]) -> Result<Vec<f64>> {
        let lock = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = {
            let mut seen = lock();
            seen.iter().rposition(|(other, _)| other == field).map(|place| seen.remove(place))
        };
        let (field, gradient) = match known {
            Some(known) => known,
            None => {
                let mut gradient = memory::filled("gradient of the action", 0.0, field.len())?;
                self.force.write(field, &mut gradient)?;
                (memory::cloned("field", field)?, gradient)
            }
        };
        let result = memory::cloned("gradient of the action", &gradient)?;
        let mut seen = lock();
        if seen.len() >= MOST_SEEN {
            seen.remove(0);
        }
        seen.push((field, gradient));
        Ok(result)
    }
}

impl Proposal for Langevin {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let (count, space, team) = (self.domain.count(), self.domain.space, &self.team);
        expect_length("current", count, current.field.len())?;
        expect_length("proposed", count, proposed.len())?;
        // Links that are off their group by no more than single precision are put back onto it.
        let start = space.admit(&self.domain.lattice, current.field).map_err(|e| e.within("current"))?;
        let force = self.gradient(&start)?;
        expect_finite("gradient of the action", &force)?;
        let mut noise = memory::filled("noise", 0.0, count)?;
        let stream = &mut Stream::new(self.seed, Purpose::Langevin, counter);
        space.draw_momenta_of(&self.domain.lattice, &start, (stream, &mut noise));
        let (width, step) = ((2.0 * self.step).sqrt(), self.step);
        let moved = memory::collected("move", noise.iter().zip(&force).map(|(eta, g)| width * eta - step * g))?;
        let mut field = memory::cloned("proposed field", &start)?;
        space.drift(team, &mut field, &moved, 1.0);
        let rejected = Proposed { log_ratio: f64::NEG_INFINITY, log_densities: None };
        if !space.is_bounded(team, &field) {
            proposed.copy_from_slice(current.field);
            return Ok(rejected);
        }
        let back = self.gradient(&field)?;
        let half = 0.5 * width;
        let noise_back = memory::collected(
            "noise",
            noise.iter().zip(force.iter().zip(&back)).map(|(eta, (g, h))| half * (g + h) - eta),
        )?;
        let log_ratio = space.kinetic(team, &noise) - space.kinetic(team, &noise_back);
        if !log_ratio.is_finite() {
            proposed.copy_from_slice(current.field);
            return Ok(rejected);
        }
        proposed.copy_from_slice(&field);
        Ok(Proposed { log_ratio, log_densities: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::Metropolis;
    use crate::markov::check::{Chain4, keeps_the_distribution};

    fn langevin(action: Arc<dyn Action>, step: f64) -> Langevin {
        Langevin::new(action, &LangevinSpec { step, adjusted: true }, 5).unwrap()
    }

    #[test]
    fn langevin_keeps_the_distribution_whatever_the_step() {
        for step in [0.05, 0.4] {
            keeps_the_distribution(&|action, _| {
                Box::new(Metropolis::new(action.clone(), Box::new(langevin(action, step))))
            });
        }
    }

    #[test]
    fn the_log_ratio_is_that_of_the_transition_densities() {
        let action = Arc::new(Chain4::new(6, 0.7, 0.3));
        let (step, current) = (0.3, [0.4, -0.2, 1.1, 0.0, 0.7, -0.9]);
        let mut proposed = [0.0; 6];
        let outcome = langevin(action.clone(), step)
            .propose(9, &Current { field: &current, log_density: None }, &mut proposed)
            .unwrap();
        // log q(y | x) up to a constant: −|y − x + ε G(x)|² / 4ε.
        let log_q = |to: &[f64], from: &[f64]| {
            let mut gradient = [0.0; 6];
            action.gradient(from, &mut gradient).unwrap();
            let miss = to.iter().zip(from).zip(&gradient).map(|((y, x), g)| (y - x + step * g).powi(2));
            -miss.sum::<f64>() / (4.0 * step)
        };
        let expected = log_q(&current, &proposed) - log_q(&proposed, &current);
        assert!((outcome.log_ratio - expected).abs() < 1e-12, "{} {expected}", outcome.log_ratio);
        assert!(expected.abs() > 1e-2);
    }

    #[test]
    fn each_field_s_gradient_is_computed_once() {
        let action = Arc::new(Chain4::new(6, 0.7, 0.3));
        let (proposal, mut current, mut proposed) = (langevin(action.clone(), 0.1), [0.3; 6], [0.0; 6]);
        for counter in 0..10 {
            proposal.propose(counter, &Current { field: &current, log_density: None }, &mut proposed).unwrap();
            if counter % 2 == 0 {
                current = proposed;
            }
        }
        assert_eq!(action.forces(), 11);
    }

    #[test]
    fn links_that_are_in_no_group_are_refused() {
        let spec: crate::action::ActionSpec =
            crate::spec::parse("action", "{type: 'wilson', group: 'su2', beta: 2}").unwrap();
        let lattice = crate::lattice::Lattice::new(&[2, 2]).unwrap();
        let action: Arc<dyn Action> = spec.build(&crate::context::serial(), &lattice).unwrap().into();
        let mut links = action.space().cold(&lattice).unwrap();
        let (proposal, mut proposed) = (langevin(action, 0.1), vec![0.0; links.len()]);
        proposal.propose(0, &Current { field: &links, log_density: None }, &mut proposed).unwrap();
        links[0] = 3.0;
        let error = proposal.propose(0, &Current { field: &links, log_density: None }, &mut proposed).unwrap_err();
        assert!(
            error.status() == 4 && error.to_string().starts_with("current: field: expected links in su2"),
            "{error}"
        );
    }

    #[test]
    fn proposals_are_adjusted_and_of_real_actions() {
        let real = Arc::new(Chain4::new(2, 0.7, 0.3));
        let plain = Langevin::new(real, &LangevinSpec { step: 0.1, adjusted: false }, 5).err().unwrap();
        let expected = "adjusted: expected true in a proposal, which is accepted or rejected, got false";
        assert_eq!(plain.to_string(), expected);
        let text = "{type: 'complex_phi4', mass_squared: 1, lambda: 1}";
        let spec: crate::action::ActionSpec = crate::spec::parse("action", text).unwrap();
        let lattice = crate::lattice::Lattice::new(&[2, 2]).unwrap();
        let complex: Arc<dyn Action> = spec.build(&crate::context::serial(), &lattice).unwrap().into();
        let error = Langevin::new(complex, &LangevinSpec { step: 0.1, adjusted: true }, 5).err().unwrap();
        assert_eq!(error.to_string(), "action: expected one with real values, got one with complex values");
    }

    #[test]
    fn steps_out_of_range_and_fields_that_overflow() {
        let action = Arc::new(Chain4::new(2, 0.7, 0.3));
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error =
                Langevin::new(action.clone(), &LangevinSpec { step, adjusted: true }, 5).err().unwrap().to_string();
            assert!(error.starts_with("step: expected a finite number above 0, got"), "{error}");
        }
        let mut proposed = [0.0; 2];
        let far = Current { field: &[1e40, 0.0], log_density: None };
        let outcome = langevin(action, 0.5).propose(0, &far, &mut proposed).unwrap();
        assert_eq!((outcome.log_ratio, proposed), (f64::NEG_INFINITY, [1e40, 0.0]));
    }
}
