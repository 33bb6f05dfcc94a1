//! Heat bath with overrelaxation for Wilson's gauge action: one sweep that draws each link anew, then sweeps that
//! reflect each link at the same action.
//!
//! Links of one direction are updated together, those of even sites before those of odd ones: on lattices of even
//! extents no two of them share a plaquette.

use super::kernel::{ChainState, Info, Kernel, Key};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::gauge::{Group, Links, Loops, Matrix, heat, reflect, with_colours};
use crate::lattice::Neighbours;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::space::Space;
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
    group: Group,
    beta: f64,
    overrelaxation: u64,
    /// Even sites, then odd ones.
    sites: Vec<usize>,
    neighbours: Neighbours,
    plaquettes: Loops,
}

/// Most sweeps of overrelaxation in a step.
const MOST_SWEEPS: u64 = 1_000_000;

impl Heatbath {
    /// A kernel for an action that is a sum over plaquettes; another one is an error.
    pub fn new(action: Arc<dyn Action>, spec: &HeatbathSpec) -> Result<Self> {
        let (Some(beta), Space::Links(group)) = (action.plaquette_coupling(), action.space()) else {
            return Err(Error::Unsupported("type 'heatbath': expected an action of type 'wilson', got another".into()));
        };
        if spec.overrelaxation > MOST_SWEEPS {
            let got = spec.overrelaxation;
            return Err(Error::BadSpec(format!("overrelaxation: expected at most {MOST_SWEEPS}, got {got}")));
        }
        let lattice = action.lattice();
        let of_parity = |parity: usize| (0..lattice.volume()).filter(move |&site| lattice.parity(site) == parity);
        let mut sites = memory::reserved("sites in their order", lattice.volume())?;
        sites.extend(of_parity(0).chain(of_parity(1)));
        let (neighbours, plaquettes) = (Neighbours::new(lattice)?, Loops::plaquettes(lattice.dimensions()));
        Ok(Self { group, beta, overrelaxation: spec.overrelaxation, sites, neighbours, plaquettes, action })
    }
}

impl Kernel for Heatbath {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let mut field = memory::cloned("links of the sweep", &state.field)?;
        with_colours!(self.group, sweeps(self, key, &mut field))?;
        let value = self.action.value(&field)?;
        *state = ChainState { field, value, gradient: None, log_density: None };
        Ok(Info { accepted: true, delta: 0.0 })
    }
}

fn sweeps<const N: usize>(kernel: &Heatbath, key: &Key, field: &mut [f64]) -> Result<()> {
    let _work = progress::begin("heatbath", 1 + kernel.overrelaxation);
    // Each link has a stream of its own, so that its random numbers do not depend on the order of the links.
    let seed = key.stream(Purpose::Heatbath).bits();
    kernel.sweep::<N>(field, |link, staples, index| {
        heat(link, staples, &mut Stream::new(seed, Purpose::Heatbath, index as u64))
    })?;
    for _ in 0..kernel.overrelaxation {
        kernel.sweep::<N>(field, |link, staples, _| reflect(link, staples))?;
    }
    Ok(())
}

/// Sites in each part of a thread's work, and sites shared out to the threads at a time.
const PART: usize = 64;
const TOGETHER: usize = 1 << 14;

impl Heatbath {
    /// Replaces every link by `update(U, B, index)`, with the density exp(Re tr U B).
    fn sweep<const N: usize>(
        &self,
        field: &mut [f64],
        update: impl Fn(&Matrix<N>, &Matrix<N>, usize) -> Matrix<N> + Sync,
    ) -> Result<()> {
        let (lattice, sites) = (self.action.lattice(), &self.sites[..]);
        let (dimensions, coupling) = (lattice.dimensions(), self.beta / N as f64);
        let updated = |field: &[f64], site: usize, mu: usize| {
            let links = Links { numbers: field, neighbours: &self.neighbours };
            let staples = self.plaquettes.staple::<N>(&links, site, mu).scale(coupling.into());
            update(&links.link(site, mu), &staples, site * dimensions + mu)
        };
        let place = |site: usize, mu: usize| (site * dimensions + mu) * 2 * N * N;
        if !lattice.is_bipartite() {
            for (mu, &site) in (0..dimensions).flat_map(|mu| sites.iter().map(move |site| (mu, site))) {
                progress::check_at(site)?;
                updated(field, site, mu).to_reals(&mut field[place(site, mu)..][..2 * N * N]);
            }
            return progress::step("heatbath", f64::NAN);
        }
        // Links that share no plaquette are computed from one field, and stored afterwards.
        let mut new = memory::filled("links of half the sites", Matrix::<N>::ZERO, sites.len() / 2)?;
        for (mu, sites) in (0..dimensions).flat_map(|mu| sites.chunks(sites.len() / 2).map(move |half| (mu, half))) {
            let old = &*field;
            for (new, sites) in new.chunks_mut(TOGETHER).zip(sites.chunks(TOGETHER)) {
                progress::check()?;
                self.action.team().share_chunks(new, PART, |i, new| {
                    new.iter_mut().zip(&sites[i * PART..]).for_each(|(new, &site)| *new = updated(old, site, mu));
                });
            }
            new.iter().zip(sites).for_each(|(new, &site)| new.to_reals(&mut field[place(site, mu)..][..2 * N * N]));
        }
        progress::step("heatbath", f64::NAN)
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

    fn start(action: &dyn Action) -> ChainState {
        let field = action.space().hot(action.lattice(), &mut Stream::new(5, Purpose::Start, 1)).unwrap();
        ChainState::new(action, &field).unwrap()
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
        // β/18 + β²/216 + ... is the integral over one plaquette, as in two dimensions: 0.060127 at β = 1. The four
        // cubes that a plaquette belongs to add 4 (β/18)⁵.
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

    /// Links updated in parallel are the same as links updated one after the other.
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
