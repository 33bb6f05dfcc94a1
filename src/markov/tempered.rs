//! Tempered transitions: a proposal from the current field along a path that switches the links of a defect off and on again.
//!
//! ```text
//! s: 1 → ... → 0 → ... → 1,    accepted with min(1, exp(−W)) for a gauge action, W the work of the whole path
//! log ratio = −W + S(φ') − S(φ),  S the gauge action with strength 1
//! ```
//!
//! so that a host that accepts by its own action, with further terms in it, keeps the distribution of that action. Sweeps on
//! the way back are the reversed ones of those on the way there, in the reverse order ([`super::path`]). The place of the defect
//! is drawn for each proposal; sweeps touch links around it alone. R. M. Neal, Stat. Comput. 6, 353 (1996).

use super::path::{Surroundings, equidistant, expect_path};
use super::proposal::{Current, Proposal, Proposed};
use crate::action::Action;
use crate::error::{Error, Result, expect_length};
use crate::flow::Stout;
use crate::gauge::Cuboid;
use crate::lattice::Neighbours;
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Parameters of tempered transitions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TemperedSpec {
    /// The links that are switched off, and on again.
    pub defect: Cuboid,
    /// Changes of the strength on the way to 0, in equal steps; this or `strengths` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Strengths on the way, from 1 to 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// Largest distance of moved links from the defect, along each direction.
    #[serde(default = "within")]
    pub within: u64,
    /// Sweeps of overrelaxation beside each heat bath.
    #[serde(default)]
    pub overrelaxation: u64,
    /// False: the defect stays at its place.
    #[serde(default = "yes")]
    pub translate: bool,
}

fn within() -> u64 {
    2
}

fn yes() -> bool {
    true
}

/// Most changes of the strength.
const MOST: u64 = 1_000_000;

/// Tempered transitions for an action with a sum over loops.
pub struct Tempered {
    domain: Domain,
    /// The gauge action, and the action that it is a term of.
    gauge: Arc<dyn Action>,
    surroundings: Surroundings,
    strengths: Vec<f64>,
    translate: bool,
    seed: u64,
}

/// The strengths of a path from the keys of a spec.
pub(super) fn strengths(steps: Option<u64>, given: Option<&Vec<f64>>, [from, to]: [f64; 2]) -> Result<Vec<f64>> {
    let strengths = match (steps, given) {
        (None, Some(strengths)) => strengths.clone(),
        (Some(steps), None) if (1..=MOST).contains(&steps) => equidistant([from, to], steps),
        (Some(steps), None) => return Err(Error::BadSpec(format!("steps: expected 1 to {MOST}, got {steps}"))),
        (None, None) => return Err(Error::BadSpec("steps: expected these or strengths, got neither".into())),
        _ => return Err(Error::BadSpec("steps: expected these or strengths, got both".into())),
    };
    expect_path(&strengths, [from, to])?;
    Ok(strengths)
}

/// The gauge action that an action is, or has as its only term of loops.
pub(super) fn gauge_action(action: &Arc<dyn Action>) -> Result<Arc<dyn Action>> {
    if action.loop_sum().is_some() {
        return Ok(Arc::clone(action));
    }
    if action.loops_of_links().is_some() {
        for term in 0..action.terms() {
            let term = action.sum_of(&[term])?;
            if term.loop_sum().is_some() {
                return Ok(term);
            }
        }
    }
    Err(Error::Unsupported("action: expected a gauge action or a sum with exactly one, got another".into()))
}

impl Tempered {
    /// A proposal for the fields of an action, with learned layers at the changes of the strength where there are some.
    pub fn new(action: &Arc<dyn Action>, spec: &TemperedSpec, seed: u64, layers: Option<&Stout>) -> Result<Self> {
        let (gauge, lattice) = (gauge_action(action)?, action.lattice());
        let Some(sum) = gauge.loop_sum().filter(|sum| sum.patch.is_none()) else {
            return Err(Error::Unsupported("action: expected one without a defect of its own, got one with it".into()));
        };
        let strengths = strengths(spec.steps, spec.strengths.as_ref(), [1.0, 0.0])?;
        let patch = sum.around(&Neighbours::new(lattice)?, &spec.defect.build(lattice)?)?;
        let surroundings = Surroundings::new(lattice, sum, &patch, (Some(spec.within), spec.overrelaxation))
            .and_then(|surroundings| surroundings.with(lattice, &spec.defect, layers))
            .map_err(|error| error.within("type 'tempered'"))?;
        Ok(Self { domain: action.domain(), gauge, surroundings, strengths, translate: spec.translate, seed })
    }

    /// Takes a field there and back; the work.
    fn transition(&self, field: &mut [f64], random: &mut Stream) -> Result<f64> {
        let (team, mut seed) = (self.gauge.team(), || random.bits());
        let mut back = self.strengths.clone();
        back.reverse();
        let mut work = self.surroundings.path(&team, field, &self.strengths, (seed(), false))?;
        // A sweep and the reversed one, so that the whole path reads the same in both directions.
        for is_reversed in [false, true] {
            self.surroundings.sweeps(&team, field, 0.0, (seed(), is_reversed))?;
        }
        work += self.surroundings.path(&team, field, &back, (seed(), true))?;
        Ok(work)
    }
}

impl Proposal for Tempered {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let (count, lattice, space) = (self.domain.count(), &self.domain.lattice, self.domain.space);
        expect_length("current", count, current.field.len())?;
        expect_length("proposed", count, proposed.len())?;
        let start = space.admit(lattice, current.field).map_err(|error| error.within("current"))?;
        let mut random = Stream::new(self.seed, Purpose::Tempering, counter);
        let place = if self.translate { self.surroundings.sum.random_shift(lattice, random.bits()) } else { 0 };
        // The field is shifted so that the defect lies where it was made, and back.
        let mut field = lattice.shifted_field(&start, place, true)?;
        let work = self.transition(&mut field, &mut random)?;
        let field = lattice.shifted_field(&field, place, false)?;
        let change = self.gauge.value(&field)? - self.gauge.value(&start)?;
        proposed.copy_from_slice(&field);
        Ok(Proposed { log_ratio: change - work, log_densities: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionSpec, Sum};
    use crate::context::serial;
    use crate::gauge::{Gauge, Group, charge, observables::plaquette};
    use crate::lattice::Lattice;
    use crate::markov::check::expect_mean;
    use crate::markov::{ChainState, Hmc, HmcSpec, Kernel, Key, Metropolis};
    use crate::space::Space;
    use crate::spec::parse;

    fn action(text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(&[8, 8]).unwrap()).unwrap().into()
    }

    /// An action of which proposals know nothing but its value, as that of a host.
    struct Host(Arc<dyn Action>);

    impl Action for Host {
        fn lattice(&self) -> &Lattice {
            self.0.lattice()
        }

        fn space(&self) -> Space {
            self.0.space()
        }

        fn value(&self, field: &[f64]) -> Result<f64> {
            self.0.value(field)
        }

        fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
            self.0.gradient(field, gradient)
        }
    }

    /// Half of the action is the host's: the path knows the other half alone.
    #[test]
    fn a_host_with_further_terms_keeps_the_distribution_of_its_own_action() {
        let half = "{type: 'wilson', group: 'u1', beta: 1}";
        let sum: Arc<dyn Action> = Arc::new(Sum::new(vec![action(half), Arc::new(Host(action(half)))]).unwrap());
        let spec: TemperedSpec = parse("proposal", "{defect: {size: [1]}, steps: 6, within: 1}").unwrap();
        let proposal = Tempered::new(&sum, &spec, 3, None).unwrap();
        let hmc = HmcSpec { steps: 4, length: 1.0, ..HmcSpec::default() };
        let kernels: [Box<dyn Kernel>; 2] = [
            Box::new(Hmc::new(Arc::clone(&sum), &hmc).unwrap()),
            Box::new(Metropolis::new(Arc::clone(&sum), Box::new(proposal))),
        ];
        let mut state = ChainState::new(&*sum, &sum.space().cold(sum.lattice()).unwrap()).unwrap();
        let (mut plaquettes, mut charges, mut accepted) = (vec![], vec![], 0);
        for counter in 0..16_000 {
            kernels[0].step(&Key { seed: 4, counter }, &mut state).unwrap();
            accepted += u64::from(kernels[1].step(&Key { seed: 4, counter }, &mut state).unwrap().accepted);
            if counter >= 1_000 {
                let gauge = Gauge::new(sum.lattice(), Group::U1, state.field().to_vec()).unwrap();
                plaquettes.push(plaquette(&gauge));
                charges.push(charge(&gauge).unwrap().powi(2));
            }
        }
        assert!(accepted > 1_000, "{accepted} of 16000 are too few to see anything");
        // Exact numbers at beta = 2.
        expect_mean("plaquette", &plaquettes, 0.697775);
        expect_mean("Q^2", &charges, 1.239299);
    }

    /// Proposals from a field of equilibrium have <exp(−W)> = 1: what is accepted follows from it.
    #[test]
    fn the_mean_of_exp_of_minus_the_work_is_one() {
        let theory = action("{type: 'wilson', group: 'su2', beta: 2}");
        let spec: TemperedSpec =
            parse("proposal", "{defect: {size: [2]}, steps: 8, within: 1, overrelaxation: 1}").unwrap();
        let proposal = Tempered::new(&theory, &spec, 3, None).unwrap();
        let kernel = crate::markov::Heatbath::new(Arc::clone(&theory), &Default::default()).unwrap();
        let mut state = ChainState::new(&*theory, &theory.space().cold(theory.lattice()).unwrap()).unwrap();
        let mut weights = vec![];
        for counter in 0..8_000 {
            kernel.step(&Key { seed: 4, counter }, &mut state).unwrap();
            let mut proposed = vec![0.0; state.field().len()];
            let current = Current { field: state.field(), log_density: None };
            let info = proposal.propose(counter, &current, &mut proposed).unwrap();
            let work = theory.value(&proposed).unwrap() - state.value() - info.log_ratio;
            if counter >= 100 {
                weights.push((-work).exp());
            }
        }
        expect_mean("exp(-W)", &weights, 1.0);
    }

    #[test]
    fn faults_of_a_spec_are_named() {
        let message = |theory: &str, keys: &str| {
            let spec: TemperedSpec = parse("proposal", &format!("{{defect: {{size: [2]}}, {keys}}}")).unwrap();
            Tempered::new(&action(theory), &spec, 1, None).err().unwrap().to_string()
        };
        let wilson = "{type: 'wilson', group: 'u1', beta: 2}";
        assert_eq!(message(wilson, "within: 1"), "steps: expected these or strengths, got neither");
        assert_eq!(message(wilson, "steps: 0"), "steps: expected 1 to 1000000, got 0");
        assert_eq!(message(wilson, "strengths: [1, 2, 0]"), "strengths: expected numbers from 0 to 1, got 2");
        let scalars = "{type: 'phi4', mass_squared: 1, lambda: 1}";
        assert_eq!(
            message(scalars, "steps: 2"),
            "action: expected a gauge action or a sum with exactly one, got another"
        );
        let both = format!("{{type: 'sum', terms: [{wilson}, {wilson}]}}");
        assert_eq!(
            message(&both, "steps: 2"),
            "action: expected a gauge action or a sum with exactly one, got another"
        );
    }
}
