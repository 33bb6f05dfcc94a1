//! The hot start: a field without order, of the size that fields of the action have.
//!
//! Scalars are φ = σ z with independent standard normal z, and σ such that
//!
//! ```text
//! Σ_x φ_x dS/dφ_x = V,
//! ```
//!
//! which holds on average in equilibrium (the virial theorem, ⟨φ_x dS/dφ_x⟩ = 1). So the forces at the start are of the
//! size that a trajectory meets later on. With σ = 1 a strong quartic coupling makes forces that no usual step can
//! follow: every trajectory is rejected, and the chain never leaves its start.
//!
//! Links come from the Haar measure, which is bounded and needs no scale.

use crate::action::Action;
use crate::error::{Error, Result};
use crate::memory;
use crate::random::Stream;
use crate::space::Space;

/// σ is searched for between 2^−100 and 2^100; where no such σ is found, it is 1.
const MOST_DOUBLINGS: i32 = 100;
/// Halvings of the last factor of 2 between one σ that is too small and one that is too large.
const HALVINGS: u32 = 10;

/// A hot start of an action.
pub(super) fn hot(action: &dyn Action, stream: &mut Stream) -> Result<Vec<f64>> {
    let mut field = action.space().hot(action.lattice(), stream)?;
    if action.space() == Space::Scalars {
        let width = width(action, &field)?;
        field.iter_mut().for_each(|phi| *phi *= width);
    }
    Ok(field)
}

/// σ of given numbers z.
fn width(action: &dyn Action, numbers: &[f64]) -> Result<f64> {
    let mut field = memory::cloned("start field", numbers)?;
    let mut gradient = memory::filled("gradient of the start field", 0.0, numbers.len())?;
    let mut is_too_wide = |width: f64| {
        field.iter_mut().zip(numbers).for_each(|(phi, z)| *phi = width * z);
        match action.gradient(&field, &mut gradient) {
            Ok(_) => {
                let virial: f64 = field.iter().zip(&gradient).map(|(phi, force)| phi * force).sum();
                // A virial that is NaN counts as too large: the field is beyond all bounds.
                Ok(virial.is_nan() || virial > numbers.len() as f64)
            }
            // A host's action that is not finite counts as too large as well.
            Err(Error::BadInput(_)) => Ok(true),
            Err(error) => Err(error),
        }
    };
    let starts_too_wide = is_too_wide(1.0)?;
    let factor = if starts_too_wide { 0.5 } else { 2.0 };
    let mut width = 1.0;
    for _ in 0..MOST_DOUBLINGS {
        width *= factor;
        if is_too_wide(width)? != starts_too_wide {
            let mut low = if starts_too_wide { width } else { 0.5 * width };
            let mut ratio: f64 = 2.0;
            for _ in 0..HALVINGS {
                ratio = ratio.sqrt();
                low *= if is_too_wide(low * ratio)? { 1.0 } else { ratio };
            }
            return Ok(low);
        }
    }
    Ok(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionSpec, Callback};
    use crate::context::serial;
    use crate::lattice::Lattice;
    use crate::markov::check::mean_and_error;
    use crate::markov::{Chain, ChainSpec};
    use crate::random::Purpose;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::sync::Arc;

    fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
    }

    fn chain(action: &Arc<dyn Action>, start: &str) -> Chain {
        let spec: ChainSpec = crate::spec::parse("chain", &format!("{{type: 'hmc', start: '{start}'}}")).unwrap();
        Chain::new(action.clone(), None, &spec, 3).unwrap()
    }

    fn stream() -> Stream {
        Stream::new(3, Purpose::Start, 0)
    }

    #[test]
    fn the_virial_theorem_holds_at_the_start() {
        for text in [
            "{type: 'phi4', mass_squared: -4, lambda: 6.975}",
            "{type: 'phi4', mass_squared: 2, lambda: 0}",
            "{type: 'phi4', mass_squared: -1e6, lambda: 1e-6}",
            "{type: 'phi4', form: 'kappa', kappa: 0.2, lambda: 1e8}",
            "{type: 'sum', terms: [{type: 'phi4', form: 'half', mass_squared: 1e-3, lambda: 0.1}, \
             {type: 'phi4', mass_squared: 1, lambda: 1}]}",
        ] {
            let action = action(&[6, 6], text);
            let start = hot(&*action, &mut stream()).unwrap();
            let virial = |scale: f64| {
                let field: Vec<f64> = start.iter().map(|phi| scale * phi).collect();
                let mut gradient = vec![0.0; 36];
                action.gradient(&field, &mut gradient).unwrap();
                field.iter().zip(&gradient).map(|(phi, force)| phi * force).sum::<f64>()
            };
            assert!(virial(0.998) < 36.0 && virial(1.002) > 36.0, "{text}: {} {}", virial(0.998), virial(1.002));
        }
        // Free fields of one site each, S = q φ²: the sample's own ⟨φ²⟩ is 1/(2 q) exactly.
        let free = action(&[4, 4], "{type: 'phi4', form: 'kappa', kappa: 0, lambda: 0}");
        let square: f64 = hot(&*free, &mut stream()).unwrap().iter().map(|phi| phi * phi).sum();
        assert!((square / 8.0 - 1.0).abs() < 0.002, "{square}");
    }

    /// With unit normal numbers none of 2000 trajectories was accepted here.
    #[test]
    fn default_hmc_of_strongly_coupled_scalars_moves_from_its_hot_start() {
        let action = action(&[4, 4], "{type: 'phi4', mass_squared: -4, lambda: 6.975}");
        let mut chain = chain(&action, "hot");
        let accepted = (0..2000).filter(|_| chain.step().unwrap().accepted).count();
        assert!(accepted > 1800, "{accepted}");
    }

    #[test]
    fn an_action_of_the_host_gets_the_same_scale_and_one_without_scale_unit_numbers() {
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let callback = |scale: f64, largest: f64| {
            Callback::new(&lattice, move |field: &[f64], gradient: Option<&mut [f64]>| {
                if field.iter().any(|phi| phi.abs() > largest) {
                    return Ok(f64::INFINITY);
                }
                if let Some(gradient) = gradient {
                    gradient.iter_mut().zip(field).for_each(|(g, phi)| *g = 4.0 * scale * phi.powi(3));
                }
                Ok(field.iter().map(|phi| scale * phi.powi(4)).sum())
            })
        };
        let fourth = |field: &[f64]| field.iter().map(|phi| phi.powi(4)).sum::<f64>();
        for (scale, largest) in [(1e-40, 1e300), (1.0, 1e300), (1e20, 0.1)] {
            let field = hot(&callback(scale, largest), &mut stream()).unwrap();
            assert!((4.0 * scale * fourth(&field) / 16.0 - 1.0).abs() < 0.01, "{scale}");
        }
        let flat = hot(&callback(0.0, 1e300), &mut stream()).unwrap();
        assert_eq!(flat, Space::Scalars.hot(&lattice, &mut stream()).unwrap());
        let stops = Callback::new(&lattice, |_, _| Err(Error::Stopped("the host stops".into())));
        assert_eq!(hot(&stops, &mut stream()).unwrap_err().status(), 8);
    }

    /// Couplings of each form that default trajectories follow in equilibrium.
    fn theories() -> impl Strategy<Value = (Vec<usize>, String)> {
        let extent = prop_oneof![Just(vec![4, 4]), Just(vec![9]), Just(vec![3, 2, 4]), Just(vec![2, 2, 2, 2])];
        // No barrier between the two wells of a site is higher than 2: otherwise the signs of the start would persist.
        let a = (-4.0f64..6.0, 0.1..10.0).prop_map(|(m2, above)| {
            let lambda = above + m2.min(0.0).powi(2) / 8.0;
            format!("mass_squared: {m2}, lambda: {lambda}")
        });
        let kappa =
            (-0.2..0.2, 0.0..2.0).prop_map(|(k, lambda)| format!("form: 'kappa', kappa: {k}, lambda: {lambda}"));
        let half = (-4.0f64..6.0, 2.0..250.0).prop_map(|(m2, above)| {
            let lambda = above + 0.75 * m2.min(0.0).powi(2);
            format!("form: 'half', mass_squared: {m2}, lambda: {lambda}")
        });
        let source = prop_oneof![Just(0.0), -1.0..1.0];
        (extent, prop_oneof![a, kappa, half], source)
            .prop_map(|(extent, couplings, j)| (extent, format!("{{type: 'phi4', {couplings}, source: {j}}}")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn default_hmc_accepts_from_a_hot_start_and_forgets_it((extent, text) in theories()) {
            let action = action(&extent, &text);
            let measured = ["hot", "cold"].map(|start| {
                let mut chain = chain(&action, start);
                let early = (0..100).filter(|_| chain.step().unwrap().accepted).count();
                let series: Vec<f64> = (0..2000).map(|_| chain.step().unwrap().value).collect();
                (early, mean_and_error(&series, 20))
            });
            let [(early, hot), (_, cold)] = measured;
            prop_assert!(early > 50, "{} of 100 accepted", early);
            prop_assert!((hot.0 - cold.0).abs() < 5.0 * hot.1.hypot(cold.1), "{:?} {:?}", hot, cold);
        }
    }
}
