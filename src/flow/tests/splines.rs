//! Splines: those that are odd functions, one for all sites, and their ends; the learned spectrum as a layer.

use super::*;

#[test]
fn odd_splines_and_layers_of_whole_fields_keep_all_laws() {
    const KEYS: &str = "hidden: [3], activation: 'tanh', initial_output: 0.5, symmetry: 'odd'";
    for (extent, layers, is_odd) in [
        (
            &[4, 4][..],
            format!("{{type: 'spline', bins: 4, range: 2, {KEYS}}}, {{type: 'spline', bins: 5, {KEYS}}}"),
            true,
        ),
        (&[4, 2], format!("{{type: 'spline', repeat: 2, bins: 2, {KEYS}}}, {{type: 'affine', {KEYS}}}"), true),
        (&[3, 3], "{type: 'elementwise_spline', bins: 5, range: 2, initial_output: 0.5}".into(), false),
        (&[5], "{type: 'elementwise_spline', bins: 4, symmetry: 'odd', initial_output: 0.5}".into(), true),
        (
            &[3, 5],
            "{type: 'spectrum', terms: 3}, {type: 'elementwise_spline', bins: 3, symmetry: 'odd', initial_output: 0.5}"
                .into(),
            true,
        ),
        (&[4, 4], "{type: 'spectrum'}, {type: 'affine', hidden: [3], activation: 'tanh'}".into(), false),
        (&[3, 2, 2], "{type: 'spectrum', terms: 2}".into(), true),
    ] {
        let flow = flow(extent, &spec(&format!("{{type: 'chain', layers: [{layers}]}}")));
        assert_density(&flow, 2, (1e-12, 1e-3));
        assert_inverse(&flow);
        assert_score(&flow);
        if is_odd {
            assert_odd(&flow);
        }
    }
}

/// A spline of an odd flow depends on odd numbers, too: its image of zero moves with the neighbours.
#[test]
fn an_odd_spline_moves_with_its_neighbours() {
    let text = "{type: 'chain', layers: [{type: 'spline', frozen: 'even', bins: 4, range: 2, hidden: [3], \
                activation: 'tanh', initial_output: 5, symmetry: 'odd'}]}";
    let flow = flow(&[2], &spec(text));
    let image = |even: f64| run(&flow, flow.chain().sampling(), 2, &[even, 0.0])[0][1];
    assert!(image(0.0).abs() < 1e-14 && image(1.0).abs() > 1e-3, "{} {}", image(0.0), image(1.0));
}

/// Beyond its range a spline is the identity, and its slope reaches one at both ends from within.
#[test]
fn ends_of_splines_are_smooth() {
    let text = "{type: 'chain', layers: [{type: 'elementwise_spline', bins: 5, range: 1.5, initial_output: 2}]}";
    let flow = flow(&[2], &spec(text));
    let at = |x: f64| {
        let results = run(&flow, flow.chain().sampling(), 2, &[x, 2.0]);
        // The other site lies beyond the range, where the slope is one.
        let log_normal = -0.5 * (x * x + 4.0) - (2.0 * std::f64::consts::PI).ln();
        (results[0][0], (log_normal - results[1][0]).exp())
    };
    for sign in [-1.0, 1.0] {
        for x in [1.5, 1.6, 40.0] {
            let (y, slope) = at(sign * x);
            assert!((y - sign * x).abs() < 1e-13 * x && (slope - 1.0).abs() < 1e-11, "{x}: {y} {slope}");
        }
        // Value and slope are continuous: what is left falls in proportion to the distance.
        for distance in [1e-3, 1e-5, 1e-7] {
            let (y, slope) = at(sign * (1.5 - distance));
            assert!((y - sign * 1.5).abs() < 2.0 * distance, "{distance}: {y}");
            assert!((slope - 1.0).abs() < 100.0 * distance, "{distance}: {slope}");
        }
        let (_, slope) = at(sign * 1.2);
        assert!((slope - 1.0).abs() > 0.05, "a spline that tests nothing: {slope}");
    }
}

/// Plane waves are multiplied by λ(k), computed by hand, on every lattice to which the model is transferred.
#[test]
fn the_layer_of_a_spectrum_multiplies_waves_by_its_function_of_the_momentum() {
    let small = Lattice::new(&[4, 6]).unwrap();
    let mut flow = Flow::new(
        &context(Precision::F64, 1),
        &small,
        &spec("{type: 'chain', layers: [{type: 'spectrum', terms: 3}]}"),
    )
    .unwrap();
    assert_eq!(flow.parameters(), [0.0; 3]);
    let c = [0.4, -0.7, 0.3];
    flow.set_parameters(&c).unwrap();
    for extent in [[4, 6], [10, 3]] {
        let lattice = Lattice::new(&extent).unwrap();
        let moved = flow.transfer(flow.context(), &lattice).unwrap();
        for (p, q) in [(0, 0), (1, 0), (0, 1), (2, 1)] {
            let k = [p as f64 / extent[0] as f64, q as f64 / extent[1] as f64]
                .map(|part| 2.0 * std::f64::consts::PI * part);
            let squared: f64 = k.iter().map(|k| 2.0 - 2.0 * k.cos()).sum();
            let u = 2.0 * (1.0 + 16.0 * squared).ln() / 129f64.ln() - 1.0;
            let theta = c[0] + c[1] * u + c[2] * (2.0 * u * u - 1.0);
            let factor = (4.0 * (theta / 4.0).tanh()).exp();
            let wave = |site: usize| {
                let x = lattice.coordinates(site);
                (k[0] * x[0] as f64 + k[1] * x[1] as f64 + 0.3).cos()
            };
            let z: Vec<f64> = (0..lattice.volume()).map(wave).collect();
            let expected: Vec<f64> = z.iter().map(|z| factor * z).collect();
            let field = run(&moved, moved.chain().sampling(), 2, &z).remove(0);
            assert_close(&field, &expected, 1e-12, &format!("{extent:?}, {p} {q}"));
        }
    }
}
