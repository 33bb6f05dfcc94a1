//! Heat bath with overrelaxation for Wilson's gauge action: one sweep that draws each link anew, then sweeps that
//! reflect each link at the same action.
//!
//! Links of one direction are updated together, those of even sites before those of odd ones: on lattices of even
//! extents they do not feel each other.

use super::kernel::{Info, Kernel, Key, State};
use crate::action::{Action, GaugeAction};
use crate::error::{Error, Result};
use crate::gauge::{Links, Matrix, heat, reflect, with_colours};
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Parameters of the heat bath.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeatbathSpec {
    /// Sweeps of overrelaxation after each sweep of the heat bath.
    pub overrelaxation: u64,
}

/// Heat bath with overrelaxation.
pub struct Heatbath {
    action: Arc<dyn Action>,
    overrelaxation: u64,
    /// Even sites, then odd ones.
    sites: Vec<usize>,
}

/// Most sweeps of overrelaxation in a step.
const MOST_SWEEPS: u64 = 1_000_000;

impl Heatbath {
    /// A kernel for an action that is a sum over plaquettes; another one is an error.
    pub fn new(action: Arc<dyn Action>, spec: &HeatbathSpec) -> Result<Self> {
        if !action.gauge().is_some_and(GaugeAction::has_only_plaquettes) {
            return Err(Error::Unsupported("type 'heatbath': expected an action of type 'wilson', got another".into()));
        }
        if spec.overrelaxation > MOST_SWEEPS {
            let got = spec.overrelaxation;
            return Err(Error::BadSpec(format!("overrelaxation: expected at most {MOST_SWEEPS}, got {got}")));
        }
        let lattice = action.lattice();
        let of_parity = |parity: usize| (0..lattice.volume()).filter(move |&site| lattice.parity(site) == parity);
        let sites = of_parity(0).chain(of_parity(1)).collect();
        Ok(Self { action, overrelaxation: spec.overrelaxation, sites })
    }
}

impl Kernel for Heatbath {
    fn step(&self, key: &Key, state: &mut State) -> Result<Info> {
        let Some(action) = self.action.gauge() else {
            return Err(Error::Internal("heat bath: expected a gauge action, got another".into()));
        };
        let mut field = state.field.clone();
        with_colours!(action.group(), sweeps(self, action, (key, &mut field)));
        let value = self.action.value(&field)?;
        *state = State { field, value, gradient: None, log_density: None };
        Ok(Info { accepted: true, delta: 0.0 })
    }
}

fn sweeps<const N: usize>(kernel: &Heatbath, action: &GaugeAction, (key, field): (&Key, &mut [f64])) {
    // Each link has a stream of its own, so that the order of the links does not matter to their numbers.
    let seed = key.stream(Purpose::Heatbath).bits();
    let links = (action.lattice().dimensions(), &kernel.sites[..]);
    sweep::<N>(action, (field, links), |link, staples, index| {
        heat(link, staples, &mut Stream::new(seed, Purpose::Heatbath, index as u64))
    });
    for _ in 0..kernel.overrelaxation {
        sweep::<N>(action, (field, links), |link, staples, _| reflect(link, staples));
    }
}

/// Sites of a part of the work.
const PART: usize = 64;

/// Replaces every link by `update(U, B, index)`, with the density exp(Re tr U B).
fn sweep<const N: usize>(
    action: &GaugeAction,
    (field, (dimensions, sites)): (&mut [f64], (usize, &[usize])),
    update: impl Fn(&Matrix<N>, &Matrix<N>, usize) -> Matrix<N> + Sync,
) {
    let coupling = action.beta() / N as f64;
    let updated = |field: &[f64], site: usize, mu: usize| {
        let links = Links { numbers: field, neighbours: action.neighbours() };
        let staples = action.staple::<N>(&links, site, mu).scale(coupling.into());
        update(&links.link(site, mu), &staples, site * dimensions + mu)
    };
    let place = |site: usize, mu: usize| (site * dimensions + mu) * 2 * N * N;
    if !action.lattice().is_bipartite() {
        for (mu, &site) in (0..dimensions).flat_map(|mu| sites.iter().map(move |site| (mu, site))) {
            updated(field, site, mu).to_reals(&mut field[place(site, mu)..][..2 * N * N]);
        }
        return;
    }
    // Links that do not feel each other are made from one field, and then take their places.
    let mut new = vec![Matrix::<N>::ZERO; sites.len() / 2];
    for (mu, sites) in (0..dimensions).flat_map(|mu| sites.chunks(sites.len() / 2).map(move |half| (mu, half))) {
        let parts = new.chunks_mut(PART).zip(sites.chunks(PART)).collect();
        let old = &*field;
        action.team().share(parts, |(new, sites): (&mut [Matrix<N>], &[usize])| {
            new.iter_mut().zip(sites).for_each(|(new, &site)| *new = updated(old, site, mu));
        });
        new.iter().zip(sites).for_each(|(new, &site)| new.to_reals(&mut field[place(site, mu)..][..2 * N * N]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::context::{Context, Precision, serial};
    use crate::gauge::{Gauge, Group, observables::plaquette};
    use crate::lattice::Lattice;
    use crate::markov::check::expect_mean;

    fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
    }

    fn start(action: &dyn Action) -> State {
        let field = action.space().hot(action.lattice(), &mut Stream::new(5, Purpose::Start, 1)).unwrap();
        State::new(action, &field).unwrap()
    }

    #[test]
    fn overrelaxation_keeps_the_action() {
        for group in ["u1", "su2", "su3"] {
            let action = action(&[4, 3, 2], &format!("{{type: 'wilson', group: '{group}', beta: 2}}"));
            let values = [0, 5].map(|overrelaxation| {
                let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation }).unwrap();
                let mut state = start(&*action);
                kernel.step(&Key { seed: 1, counter: 2 }, &mut state).unwrap();
                state
            });
            assert!(
                (values[0].value - values[1].value).abs() < 1e-10,
                "{group}: {} {}",
                values[0].value,
                values[1].value
            );
            assert!(values[0].field.iter().zip(&values[1].field).any(|(a, b)| (a - b).abs() > 0.1));
        }
    }

    #[test]
    fn the_strong_coupling_plaquette_of_su3_in_four_dimensions() {
        // β/18 + β²/216 + ... is the integral over one plaquette, as in two dimensions: 0.060127 at β = 1. The four cubes
        // that a plaquette belongs to add 4 (β/18)⁵.
        let action = action(&[4, 4, 4, 4], "{type: 'wilson', group: 'su3', beta: 1}");
        let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation: 1 }).unwrap();
        let mut state = start(&*action);
        let mut series = Vec::new();
        for counter in 0..420 {
            kernel.step(&Key { seed: 4, counter }, &mut state).unwrap();
            if counter >= 20 {
                let gauge = Gauge::new(action.lattice(), Group::Su3, state.field.clone()).unwrap();
                series.push(plaquette(&gauge));
            }
        }
        let u = 1.0f64 / 18.0;
        expect_mean("plaquette", &series, 0.060127 + 4.0 * u.powi(5));
    }

    /// Links that are updated together are those that would have been updated one after the other.
    #[test]
    fn threads_do_not_change_the_links() {
        let spec: ActionSpec = crate::spec::parse("action", "{type: 'wilson', group: 'su3', beta: 5}").unwrap();
        for extent in [&[4, 4, 4][..], &[5, 4, 3]] {
            let fields = [1, 3].map(|threads| {
                let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
                let action: Arc<dyn Action> =
                    spec.clone().build(&context, &Lattice::new(extent).unwrap()).unwrap().into();
                let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation: 2 }).unwrap();
                let mut state = start(&*action);
                kernel.step(&Key { seed: 1, counter: 2 }, &mut state).unwrap();
                state.field
            });
            assert_eq!(fields[0], fields[1], "{extent:?}");
        }
    }

    #[test]
    fn actions_that_it_does_not_know_are_refused() {
        let improved = action(&[4, 4], "{type: 'symanzik', group: 'su2', beta: 2}");
        let scalars = action(&[4, 4], "{type: 'phi4', mass_squared: 1, lambda: 1}");
        for other in [improved, scalars] {
            let message = Heatbath::new(other, &HeatbathSpec::default()).err().unwrap().to_string();
            assert_eq!(message, "type 'heatbath': expected an action of type 'wilson', got another");
        }
        let wilson = action(&[4, 4], "{type: 'wilson', group: 'su2', beta: 2}");
        let many = Heatbath::new(wilson, &HeatbathSpec { overrelaxation: 1_000_001 }).err().unwrap().to_string();
        assert_eq!(many, "overrelaxation: expected at most 1000000, got 1000001");
    }
}
