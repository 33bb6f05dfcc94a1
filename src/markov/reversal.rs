//! Reversibility of trajectories: a trajectory, reversal of all momenta, and the trajectory back to the start.
//!
//! An integrator that is symmetric comes back exactly but for rounding. Forces that depend on more than the field
//! (solves that stop at a tolerance from another guess, a callback with a memory) do not, and then detailed balance is
//! broken: K. Jansen, C. Liu, Nucl. Phys. B 453, 375 (1995), hep-lat/9506020.

/// Distance from the start after the trajectory back; both numbers +∞ where it diverged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reversal {
    /// Largest |difference| of a number of the field.
    pub distance: f64,
    /// |H at the end of the way back − H at the start|, the sum of ΔH there and ΔH back.
    pub energy: f64,
}

impl Reversal {
    /// The reversal of a trajectory that diverged.
    pub const DIVERGED: Reversal = Reversal { distance: f64::INFINITY, energy: f64::INFINITY };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, ActionSpec};
    use crate::context::serial;
    use crate::error::Result;
    use crate::lattice::Lattice;
    use crate::markov::check::{Chain4, Gaussian};
    use crate::markov::{Chain, ChainSpec};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn chain(action: Arc<dyn Action>, text: &str) -> Chain {
        let model = Gaussian::new(action.lattice().volume(), 0.8, 4);
        let spec: ChainSpec = crate::spec::parse("chain", text).unwrap();
        Chain::new(action, Some(Arc::new(model)), &spec, 7).unwrap()
    }

    fn action(text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        // Scalars on a ring, the lattice of the model of the tests.
        let extent: &[usize] = if text.contains("phi4") { &[16] } else { &[4, 4] };
        spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
    }

    /// The reversal of the second step: if the check changed the chain, its numbers would differ.
    fn reversal(action: &Arc<dyn Action>, kernel: &str) -> Reversal {
        let (mut checked, mut other) = (chain(action.clone(), kernel), chain(action.clone(), kernel));
        let infos = [&mut checked, &mut other].map(|chain| chain.step().unwrap());
        assert_eq!(infos[0], infos[1]);
        let before = (checked.field().to_vec(), checked.value(), checked.counter());
        let reversal = checked.reversibility().unwrap();
        assert_eq!(checked.reversibility().unwrap(), reversal);
        assert_eq!((checked.field().to_vec(), checked.value(), checked.counter()), before);
        assert_eq!(checked.step().unwrap(), other.step().unwrap());
        assert_eq!(checked.field(), other.field());
        reversal
    }

    const LEVELS: &str = "levels: [{terms: [0], integrator: 'omelyan4', steps: 2}]";

    fn fermions(force_tolerance: f64, history: u64) -> String {
        format!(
            "{{type: 'sum', terms: [{{type: 'wilson', group: 'su2', beta: 2}}, {{type: 'two_flavour', group: 'su2', \
             tolerance: 1e-13, force_tolerance: {force_tolerance}, history: {history}, \
             dirac: {{type: 'wilson', mass: 0.3, boundary: [1, -1]}}}}]}}"
        )
    }

    #[test]
    fn trajectories_of_scalars_links_levels_and_pseudofermions_come_back() {
        let rational = "{type: 'sum', terms: [{type: 'wilson', group: 'u1', beta: 1}, {type: 'rational', group: 'u1', \
                        flavours: 1, range: [0.2, 12], tolerance: 1e-13, force_tolerance: 1e-13, \
                        dirac: {type: 'staggered', mass: 0.6, boundary: [1, -1]}}]}";
        let scalars = "{type: 'sum', terms: [{type: 'phi4', mass_squared: -4, lambda: 6.975}, \
                       {type: 'phi4', form: 'half', mass_squared: 3, lambda: 1}]}";
        let hmc = |levels: &str| format!("{{type: 'hmc', start: 'hot', integrator: 'leapfrog', {levels}}}");
        let cycle = "{type: 'cycle', start: 'hot', kernels: [{type: 'independence', repeat: 3}, {type: 'hmc'}]}";
        for (text, kernel) in [
            (scalars, hmc("")),
            (scalars, hmc(LEVELS)),
            (scalars, cycle.into()),
            ("{type: 'wilson', group: 'u1', beta: 1}", hmc("")),
            ("{type: 'symanzik', group: 'su2', beta: 2}", hmc("")),
            ("{type: 'wilson', group: 'su3', beta: 5}", hmc("")),
            (&fermions(1e-13, 0), hmc("")),
            (&fermions(1e-13, 0), hmc(LEVELS)),
            (rational, hmc(LEVELS)),
        ] {
            let got = reversal(&action(text), &kernel);
            // Rounding moves some numbers, and no more than that.
            assert!(got.distance > 0.0 && got.distance < 1e-10, "{text}, {kernel}: {got:?}");
            assert!(got.energy < 1e-9, "{text}, {kernel}: {got:?}");
        }
    }

    #[test]
    fn coarse_solves_from_earlier_solutions_do_not_come_back() {
        let kernel = format!("{{type: 'hmc', start: 'hot', {LEVELS}}}");
        let exact = reversal(&action(&fermions(1e-12, 4)), &kernel);
        let coarse = reversal(&action(&fermions(1e-3, 4)), &kernel);
        assert!(exact.distance < 1e-9 && coarse.distance > 1e-6, "{exact:?} {coarse:?}");
        assert!(coarse.energy > 1e3 * exact.energy, "{exact:?} {coarse:?}");
    }

    /// An action whose force depends on the number of calls before.
    struct Forgetful(Chain4, AtomicU64);

    impl Action for Forgetful {
        fn lattice(&self) -> &Lattice {
            self.0.lattice()
        }

        fn value(&self, field: &[f64]) -> Result<f64> {
            self.0.value(field)
        }

        fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
            let value = self.0.gradient(field, gradient)?;
            gradient[0] += 1e-3 * (self.1.fetch_add(1, Ordering::Relaxed) as f64).sin();
            Ok(value)
        }
    }

    #[test]
    fn a_force_with_a_memory_is_seen() {
        let action = Arc::new(Forgetful(Chain4::new(8, 0.7, 0.3), AtomicU64::new(0)));
        let got = chain(action, "{type: 'hmc'}").reversibility().unwrap();
        assert!(got.distance > 1e-7 && got.energy > 1e-8, "{got:?}");
    }

    #[test]
    fn trajectories_that_diverge_and_chains_without_any() {
        let phi4 = action("{type: 'phi4', mass_squared: -4, lambda: 6.975}");
        let wild = chain(phi4.clone(), "{type: 'hmc', steps: 20, length: 1e4}").reversibility().unwrap();
        assert_eq!(wild, Reversal::DIVERGED);
        let wilson = action("{type: 'wilson', group: 'su2', beta: 2}");
        for (action, kernel) in [(phi4, "{type: 'independence'}"), (wilson, "{type: 'heatbath'}")] {
            let error = chain(action, kernel).reversibility().unwrap_err();
            assert_eq!(
                error.to_string(),
                "chain: expected a kernel with trajectories, type 'hmc' or 'transformed_hmc', got none"
            );
            assert_eq!(error.status(), 9);
        }
    }
}
