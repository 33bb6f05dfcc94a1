//! The prior with a power spectrum.

use super::*;

#[test]
fn the_prior_has_its_power_spectrum() {
    // With networks whose output is zero a sample is C z: its Fourier components have the variance V lambda(k)^2.
    let spec = spec("{type: 'affine', prior: 'spectrum', layers: 1, hidden: [], initial_output: 0}");
    let lattice = Lattice::new(&[4, 6]).unwrap();
    let mut flow = Flow::new(&context(Precision::F64, 1), &lattice, &spec).unwrap();
    let network = flow.parameters().len() - 3 * 4;
    let mut parameters = vec![0.0; flow.parameters().len()];
    // Orbits (n_x, n_y) in lexicographic order, n_x = 0 .. 2, n_y = 0 .. 3.
    let parameter = |nx: usize, ny: usize| 0.3 * nx as f64 - 0.2 * ny as f64 + 0.1;
    let exponent = |nx: usize, ny: usize| 4.0 * (parameter(nx, ny) / 4.0).tanh();
    for (nx, ny) in (0..3).flat_map(|nx| (0..4).map(move |ny| (nx, ny))) {
        parameters[network + 4 * nx + ny] = parameter(nx, ny);
    }
    flow.set_parameters(&parameters).unwrap();
    let (batch, volume) = (20_000, 24);
    let (mut fields, mut log_q) = (vec![0.0; batch * volume], vec![0.0; batch]);
    flow.sample(0, batch, &mut fields, &mut log_q).unwrap();
    for (nx, ny) in [(0, 0), (1, 0), (0, 2), (2, 3), (3, 5)] {
        let power = fields.chunks(volume).map(|field| {
            let phase =
                |s: usize| 2.0 * std::f64::consts::PI * ((nx * (s % 4)) as f64 / 4.0 + (ny * (s / 4)) as f64 / 6.0);
            let sum = |f: fn(f64) -> f64| field.iter().enumerate().map(|(s, x)| x * f(phase(s))).sum::<f64>();
            sum(f64::cos).powi(2) + sum(f64::sin).powi(2)
        });
        let mean = power.sum::<f64>() / (batch * volume) as f64;
        let expected = (2.0 * exponent(nx.min(4 - nx), if ny > 3 { 6 - ny } else { ny })).exp();
        // The relative error of a mean power is at most sqrt(2 / batch) = 0.01.
        assert!((mean / expected - 1.0).abs() < 0.05, "{nx} {ny}: expected {expected}, got {mean}");
    }
    // log q by hand, from the sample's Fourier components alone: the inverse gives z back.
    let mut prior = vec![0.0; volume];
    let mut again = vec![0.0];
    flow.invert(1, &fields[..volume], &mut prior, &mut again).unwrap();
    assert!((again[0] - log_q[0]).abs() < 1e-10);
    let total: f64 = (0..volume).map(|k| exponent((k % 4).min(4 - k % 4), (k / 4).min(6 - k / 4))).sum();
    let square: f64 = prior.iter().map(|z| z * z).sum();
    let expected = -0.5 * square - 12.0 * (2.0 * std::f64::consts::PI).ln() - total;
    assert!((log_q[0] - expected).abs() < 1e-10, "expected {expected}, got {}", log_q[0]);
}

#[test]
fn a_spectrum_of_any_size_keeps_its_density() {
    for (precision, tolerance) in [(Precision::F32, 0.05), (Precision::F64, 1e-9)] {
        let spec = spec("{type: 'affine', prior: 'spectrum', layers: 2, hidden: [2]}");
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let mut flow = Flow::new(&context(precision, 1), &lattice, &spec).unwrap();
        for size in [-1e300, -20.0, 20.0, 1e300] {
            let mut parameters = flow.parameters().to_vec();
            let last = parameters.len() - 1;
            parameters[last] = size;
            flow.set_parameters(&parameters).unwrap();
            let (mut fields, mut log_q, mut again) = (vec![0.0; 64], vec![0.0; 4], vec![0.0; 4]);
            flow.sample(0, 4, &mut fields, &mut log_q).unwrap();
            flow.log_density(4, &fields, &mut again).unwrap();
            assert_close(&again, &log_q, tolerance, "log density");
        }
    }
}
