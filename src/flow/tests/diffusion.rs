//! Diffusion models: density, inverse and normalisation of the probability flow, whatever the network.

use super::*;

/// Networks of each kind with parameters of some size, on lattices of one to four dimensions.
fn cases() -> Vec<(&'static [usize], ModelSpec)> {
    let exploding = "process: 'variance_exploding', sigma_min: 0.2, sigma_max: 3, width: 0.8, steps: 48";
    let preserving = "process: 'variance_preserving', beta_max: 8, steps: 48";
    let one = |extent: &'static [usize], process: &str, network: &str| {
        (extent, spec(&format!("{{type: 'diffusion', {process}, network: {{{network}, initial_output: 0.6}}}}")))
    };
    vec![
        one(&[4, 4], exploding, "type: 'convolutional', hidden: [3], times: 3"),
        one(&[6, 3], preserving, "type: 'convolutional', hidden: [3], times: 2, symmetry: 'odd', kernel: 1, forces: true"),
        one(&[8], exploding, "type: 'convolutional', hidden: [], times: 3"),
        one(&[2, 2, 3], preserving, "type: 'convolutional', hidden: [2, 2], times: 2"),
        one(&[2, 2, 2, 2], exploding, "type: 'convolutional', hidden: [2], times: 2, symmetry: 'odd'"),
    ]
}

#[test]
fn the_density_is_that_of_the_map() {
    cases().into_iter().for_each(|(extent, spec)| assert_density(&flow(extent, &spec), 2, (1e-5, 1e-2)));
}

#[test]
fn the_inverse_runs_back() {
    for (extent, spec) in cases() {
        let flow = flow(extent, &spec);
        let (volume, batch) = (flow.lattice().volume(), 5);
        let (mut fields, mut log_q) = (vec![0.0; batch * volume], vec![0.0; batch]);
        flow.sample(3, batch, &mut fields, &mut log_q).unwrap();
        let (mut z, mut again) = (vec![0.0; batch * volume], vec![0.0; batch]);
        flow.invert(batch, &fields, &mut z, &mut again).unwrap();
        assert_close(&z, &normals(3, batch, volume), 1e-5, "inverse");
        assert_close(&again, &log_q, 1e-5, "log q of the inverse");
        assert_ne!(z, normals(3, batch, volume), "{spec:?}: a flow that does not move");
    }
}

/// On two sites, by the trapezoidal rule.
#[test]
fn the_density_integrates_to_one() {
    let text = "{type: 'diffusion', sigma_min: 0.2, sigma_max: 3, steps: 40, \
                network: {type: 'convolutional', hidden: [4], times: 3, initial_output: 0.8}}";
    let flow = flow(&[2], &spec(text));
    const POINTS: usize = 161;
    let at = |i: usize| 0.1 * (i as f64 - 80.0);
    let fields: Vec<f64> = (0..POINTS * POINTS).flat_map(|i| [at(i / POINTS), at(i % POINTS)]).collect();
    let mut log_q = vec![0.0; POINTS * POINTS];
    flow.log_density(POINTS * POINTS, &fields, &mut log_q).unwrap();
    let integral: f64 = log_q.iter().map(|log_q| log_q.exp()).sum::<f64>() * 0.01;
    assert!((integral - 1.0).abs() < 1e-5, "{integral}");
    // The same density has the moments of the samples.
    let square: f64 = fields.chunks(2).zip(&log_q).map(|(field, log_q)| field[0] * field[0] * log_q.exp() * 0.01).sum();
    const BATCH: usize = 20_000;
    let (mut drawn, mut log_q) = (vec![0.0; 2 * BATCH], vec![0.0; BATCH]);
    flow.sample(0, BATCH, &mut drawn, &mut log_q).unwrap();
    let squares: Vec<f64> = drawn.chunks(2).map(|field| field[0] * field[0]).collect();
    let mean = squares.iter().sum::<f64>() / BATCH as f64;
    let variance = squares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / BATCH as f64;
    assert!((mean - square).abs() < 5.0 * (variance / BATCH as f64).sqrt(), "{mean} {square}");
}
