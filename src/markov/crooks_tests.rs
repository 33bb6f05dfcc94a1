//! Crooks' relation between paths of strengths and their reverse, with exact free energies.
//!
//! ```text
//! P(W) / P_back(−W) = exp(W − ΔF),    ΔF = log Z_0 − log Z_1
//! ```
//!
//! for works of paths from equilibrium at strength 0 and of reversed ones from equilibrium at strength 1. It is tested by its
//! integrals: <exp(−W)> = exp(−ΔF) from both sides, and equal parts of works on both sides of a few thresholds. On a torus of two
//! dimensions Z is a sum over characters, here of U(1).

use super::check::mean_and_error;
use super::path::{Surroundings, equidistant};
use crate::action::{Action, ActionSpec};
use crate::context::{Precision, of_tests};
use crate::gauge::Cuboid;
use crate::lattice::{Lattice, Neighbours};
use crate::random::{Purpose, Stream};
use crate::spec::parse;
use std::sync::Arc;

const BETA: f64 = 1.5;

/// Σ_n Π_P I_n(β w_P) exp(−β w_P) for 16 plaquettes, of which three are weighted.
fn partition(strength: f64) -> f64 {
    let bessel = |n: i32, x: f64| {
        let angles = (0..400).map(|k| f64::from(k) * std::f64::consts::PI / 200.0);
        angles.map(|t| (x * (t.cos() - 1.0)).exp() * (f64::from(n) * t).cos()).sum::<f64>() / 400.0
    };
    let weights = [strength, strength * strength, strength];
    let of = |n: i32| weights.iter().map(|w| bessel(n, BETA * w)).product::<f64>() * bessel(n, BETA).powi(13);
    (-20..=20).map(of).sum()
}

#[test]
fn works_of_paths_and_their_reverse_obey_crooks() {
    let lattice = Lattice::new(&[4, 4]).unwrap();
    let spec: ActionSpec = parse("action", &format!("{{type: 'wilson', group: 'u1', beta: {BETA}}}")).unwrap();
    let action: Arc<dyn Action> = spec.build(&of_tests(5, Precision::F64, 1), &lattice).unwrap().into();
    let sum = action.loop_sum().unwrap();
    let cuboid: Cuboid = parse("defect", "{size: [2]}").unwrap();
    let patch = sum.around(&Neighbours::new(&lattice).unwrap(), &cuboid.build(&lattice).unwrap()).unwrap();
    let all = Surroundings::new(&lattice, sum, &patch, (None, 1)).unwrap();
    let near = Surroundings::new(&lattice, sum, &patch, (Some(1), 1)).unwrap();
    // Few steps, so that much work is lost on the way.
    let works = |ends: [f64; 2], is_back: bool| -> Vec<f64> {
        let (team, mut random) = (action.team(), Stream::new(7, Purpose::Tempering, u64::from(is_back)));
        let mut chain = vec![0.0; action.count()];
        chain.iter_mut().step_by(2).for_each(|real| *real = 1.0);
        let mut all_works = vec![];
        for step in 0..12_200 {
            all.sweeps(&team, &mut chain, ends[0], (random.bits(), false)).unwrap();
            let mut field = chain.clone();
            let work = near.path(&team, &mut field, &equidistant(ends, 3), (random.bits(), is_back)).unwrap();
            if step >= 200 {
                all_works.push(work);
            }
        }
        all_works
    };
    let (forward, back) = (works([0.0, 1.0], false), works([1.0, 0.0], true));
    let exact = (partition(0.0) / partition(1.0)).ln();
    // Blocks of 100 paths are as good as independent.
    let means = |of: &dyn Fn(f64) -> f64, works: &[f64]| -> (f64, f64) {
        mean_and_error(&works.iter().map(|w| of(*w)).collect::<Vec<f64>>(), works.len() / 100)
    };
    let (one, error) = means(&|w| (exact - w).exp(), &forward);
    assert!(error < 0.02 && (one - 1.0).abs() < 5.0 * error, "{one} +- {error}");
    let (one, error) = means(&|w| (-exact - w).exp(), &back);
    assert!(error < 0.05 && (one - 1.0).abs() < 5.0 * error, "back: {one} +- {error}");
    let lost = means(&|w| w, &forward).0 + means(&|w| w, &back).0;
    assert!(lost > 0.3, "paths lose so little work that nothing is tested: {lost}");
    for threshold in [exact - 0.5, exact, exact + 0.5] {
        let part = |w: f64| if w < threshold { (exact - w).exp() } else { 0.0 };
        let ((one, a), (other, b)) = (means(&part, &forward), means(&|w| f64::from(u8::from(-w < threshold)), &back));
        assert!(
            a.hypot(b) < 0.03 && (one - other).abs() < 5.0 * a.hypot(b),
            "{threshold}: {one} +- {a}, {other} +- {b}"
        );
    }
}
