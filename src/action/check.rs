//! The laws that every action keeps; a new action joins by one line in its own tests.

use super::Action;
use crate::random::{Purpose, Stream};

/// Standard normal numbers of a fixed stream.
pub fn random_field(volume: usize, counter: u64) -> Vec<f64> {
    let mut field = vec![0.0; volume];
    Stream::new(1, Purpose::Start, counter).normals(&mut field);
    field
}

/// gradient = central finite difference of the value, and both calls give the same S.
pub fn expect_gradient(action: &dyn Action, counter: u64) {
    let volume = action.lattice().volume();
    let mut field = random_field(volume, counter);
    let mut gradient = vec![0.0; volume];
    let value = action.gradient(&field, &mut gradient).unwrap();
    let direct = action.value(&field).unwrap();
    assert!((value - direct).abs() <= 1e-12 * (volume as f64 + value.abs()), "{value} against {direct}");
    // Fourth order in the step, which makes the difference exact for a quartic action up to rounding.
    const STEP: f64 = 1e-2;
    for site in 0..volume {
        let phi = field[site];
        let mut at = |shift: f64| {
            field[site] = phi + shift * STEP;
            action.value(&field).unwrap()
        };
        let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP);
        field[site] = phi;
        let error = (difference - gradient[site]).abs();
        assert!(error < 1e-10 * (value.abs() + volume as f64), "site {site}: {difference} {}", gradient[site]);
    }
}

/// S and its gradient do not change, but for the shift itself, where the field is shifted by `displacement`.
pub fn expect_translation_invariance(action: &dyn Action, displacement: &[i64]) {
    let lattice = action.lattice();
    let volume = lattice.volume();
    let field = random_field(volume, 2);
    let mut shifted = vec![0.0; volume];
    (0..volume).for_each(|site| shifted[lattice.shifted(site, displacement)] = field[site]);
    let (mut here, mut there) = (vec![0.0; volume], vec![0.0; volume]);
    let value = action.gradient(&field, &mut here).unwrap();
    let value_there = action.gradient(&shifted, &mut there).unwrap();
    assert!((value - value_there).abs() < 1e-12 * (value.abs() + volume as f64));
    for site in 0..volume {
        let moved = there[lattice.shifted(site, displacement)];
        assert!((here[site] - moved).abs() < 1e-12 * (1.0 + moved.abs()), "site {site}: {} {moved}", here[site]);
    }
}
