//! Couplings of the Fourier modes of a path.

use super::*;
use std::f64::consts::PI;

#[test]
fn flows_of_modes_have_exact_densities_inverses_and_scores() {
    for (count, layers, is_odd) in [
        (8, "{type: 'affine', mask: 'modes', repeat: 4, hidden: [5], activation: 'tanh'}", false),
        (5, "{type: 'affine', mask: 'modes', hidden: [4, 3], activation: 'tanh', symmetry: 'odd'}", true),
        (2, "{type: 'affine', mask: 'modes', repeat: 2, hidden: [3], activation: 'tanh', initial_output: 2}", false),
        (
            6,
            "{type: 'spectrum'}, {type: 'spline', mask: 'modes', repeat: 2, bins: 3, hidden: [4], activation: 'tanh', \
             initial_output: 0.5, symmetry: 'odd'}, {type: 'elementwise_spline', bins: 3, symmetry: 'odd', initial_output: 0.5}",
            true,
        ),
    ] {
        let flow = flow(&[count], &spec(&format!("{{type: 'chain', layers: [{layers}]}}")));
        assert_density(&flow, 2, (1e-12, 1e-3));
        assert_inverse(&flow);
        assert_score(&flow);
        if is_odd {
            assert_odd(&flow);
        }
    }
}

/// Coefficients of a path in the orthonormal basis, by its definition, with their frequencies.
fn modes(path: &[f64]) -> Vec<(usize, f64)> {
    let count = path.len();
    let mut found = vec![];
    for p in 0..=count / 2 {
        let is_single = p == 0 || 2 * p == count;
        let norm = (if is_single { 1.0 } else { 2.0 } / count as f64).sqrt();
        let sum = |f: fn(f64) -> f64| -> f64 {
            path.iter().enumerate().map(|(t, x)| x * f(2.0 * PI * (p * t) as f64 / count as f64)).sum()
        };
        found.push((p, norm * sum(f64::cos)));
        if !is_single {
            found.push((p, -norm * sum(f64::sin)));
        }
    }
    found
}

#[test]
fn a_coupling_moves_modes_of_odd_frequency_then_those_of_even_frequency() {
    for count in [8, 9] {
        for (frozen, parity) in [("even", 1), ("odd", 0)] {
            let layer =
                format!("{{type: 'affine', mask: 'modes', frozen: '{frozen}', hidden: [4], activation: 'tanh'}}");
            let flow = flow(&[count], &spec(&format!("{{type: 'chain', layers: [{layer}]}}")));
            let z = normals(2, 1, count);
            let path = run(&flow, flow.chain().sampling(), 2, &z).remove(0);
            for ((p, before), (_, after)) in modes(&z).into_iter().zip(modes(&path)) {
                let is_moved = (before - after).abs() > 1e-9;
                assert_eq!(is_moved, p % 2 == parity, "{count}, {frozen}, {p}: {before} {after}");
            }
        }
    }
}
