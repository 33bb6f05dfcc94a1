//! Diffusion models: density, inverse and normalisation of the probability flow, whatever the network.

use super::*;

/// Networks of each kind with parameters of some size, on lattices of one to four dimensions.
fn cases() -> Vec<(&'static [usize], ModelSpec)> {
    let exploding = "process: 'variance_exploding', sigma_min: 0.2, sigma_max: 3, width: 0.8, steps: 48";
    let preserving = "process: 'variance_preserving', beta_max: 8, width: 0.8, steps: 48";
    let one = |extent: &'static [usize], process: &str, network: &str| {
        let size = if network.contains("initial_output") { "" } else { ", initial_output: 0.6" };
        (extent, spec(&format!("{{type: 'diffusion', {process}, network: {{{network}{size}}}}}")))
    };
    vec![
        one(&[4, 4], exploding, "type: 'convolutional', hidden: [3], times: 3"),
        one(
            &[6, 3],
            preserving,
            "type: 'convolutional', hidden: [3], times: 2, symmetry: 'odd', kernel: 1, forces: true, initial_output: 0.015",
        ),
        one(&[8], exploding, "type: 'convolutional', hidden: [], times: 3"),
        one(&[2, 2, 3], preserving, "type: 'convolutional', hidden: [2, 2], times: 2"),
        one(&[2, 2, 2, 2], exploding, "type: 'convolutional', hidden: [2], times: 2, symmetry: 'odd'"),
        one(&[6, 5], exploding, "type: 'spectral', channels: 2, harmonics: 2, times: 3, initial_output: 20"),
        one(&[4, 4], preserving, "type: 'unet', channels: [2, 4], groups: 2, times: 2, symmetry: 'odd'"),
        one(&[8], exploding, "type: 'unet', channels: [2, 2, 4], groups: 1, times: 2"),
        (
            &[4, 4],
            spec(&format!(
                "{{type: 'diffusion', {exploding}, network: {{type: 'sum', networks: [{{type: 'spectral', channels: 2, \
                 times: 3, initial_output: 9}}, {{type: 'convolutional', hidden: [2], times: 2, initial_output: 0.4}}]}}}}"
            )),
        ),
    ]
}

#[test]
fn the_density_is_that_of_the_map() {
    cases().into_iter().for_each(|(extent, spec)| assert_density(&flow(extent, &spec), 2, (1e-4, 1e-2)));
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
        assert_close(&z, &normals(3, batch, volume), 1e-4, "inverse");
        assert_close(&again, &log_q, 1e-4, "log q of the inverse");
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

/// Odd networks give densities that are even.
#[test]
fn odd_networks_keep_the_sign() {
    for (extent, spec) in [cases()[1].clone(), cases()[5].clone(), cases()[6].clone()] {
        let flow = flow(extent, &spec);
        let z = normals(0, 1, flow.lattice().volume());
        let minus: Vec<f64> = z.iter().map(|z| -z).collect();
        let [plus, mirrored] = [&z, &minus].map(|z| run(&flow, flow.chain().sampling(), 2, z));
        let negated: Vec<f64> = mirrored[0].iter().map(|x| -x).collect();
        assert_close(&negated, &plus[0], 1e-10, "field");
        assert_close(&mirrored[1], &plus[1], 1e-10, "log q");
    }
}

/// A network that moves tiles alike on all lattices keeps its parameters; kernels over the lattice are padded.
/// With random networks and few steps, on two sites: of paths from noise exp(-W) p(phi) has mean 1 for any density p, and of noising
/// paths from fields of p exp(W) / p(phi), so that both directions are the same ratio.
#[test]
fn paths_of_both_directions_have_one_ratio() {
    const COUNT: usize = 40_000;
    const WIDTH: f64 = 0.8;
    let log_p = |field: &[f64]| -> f64 {
        let square = |x: &f64| -0.5 * (x / WIDTH).powi(2) - (WIDTH * (2.0 * std::f64::consts::PI).sqrt()).ln();
        field.iter().map(square).sum()
    };
    let corrected = |steps| Some(CorrectorSpec { steps, size: 0.1 });
    let network = "network: {type: 'convolutional', hidden: [4], times: 3, initial_output: 0.4}";
    for process in ["sigma_min: 0.3, sigma_max: 2", "process: 'variance_preserving', beta_max: 5"] {
        let flow = flow(&[2], &spec(&format!("{{type: 'diffusion', {process}, width: {WIDTH}, {network}}}")));
        for (steps, corrector) in [(3, None), (3, corrected(1)), (2, corrected(3))] {
            let spec = PathRatioSpec { steps, corrector };
            let paths = Paths::new(&flow.diffused().unwrap(), &spec).unwrap();
            let (mut fields, mut weights) = (vec![0.0; 2 * COUNT], vec![0.0; COUNT]);
            paths.denoise(0, &mut fields, &mut weights).unwrap();
            let drawn: Vec<f64> = fields.chunks(2).zip(&weights).map(|(field, w)| (log_p(field) - w).exp()).collect();
            let fields: Vec<f64> = normals(7, COUNT, 2).iter().map(|x| WIDTH * x).collect();
            paths.noise(0, &fields, &mut weights).unwrap();
            let noised: Vec<f64> = fields.chunks(2).zip(&weights).map(|(field, w)| (w - log_p(field)).exp()).collect();
            for (way, ratios) in [("denoising", drawn), ("noising", noised)] {
                let mean = ratios.iter().sum::<f64>() / COUNT as f64;
                let variance = ratios.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (COUNT - 1) as f64;
                let error = (variance / COUNT as f64).sqrt();
                assert!(
                    (mean - 1.0).abs() < 5.0 * error && error < 0.03,
                    "{process} {spec:?} {way}: {mean} +- {error}"
                );
                assert!(variance > 1e-3, "{process} {spec:?} {way}: ratios that do not vary");
            }
        }
    }
}

#[test]
fn models_go_to_other_lattices() {
    for case in [0, 5, 8] {
        let (extent, spec) = cases()[case].clone();
        let small = flow(extent, &spec);
        let other: Vec<usize> = extent.iter().map(|length| 2 * length).collect();
        let large = small.transfer(&context(Precision::F64, 1), &Lattice::new(&other).unwrap()).unwrap();
        let volume = large.lattice().volume();
        let z = normals(3, 1, small.lattice().volume());
        let tile = |s: usize| s % other[0] % extent[0] + extent[0] * (s / other[0] % extent[1]);
        let tiled: Vec<f64> = (0..volume).map(|s| z[tile(s)]).collect();
        let fields =
            [(&small, &z), (&large, &tiled)].map(|(flow, z)| run(flow, flow.chain().sampling(), 2, z).remove(0));
        let expected: Vec<f64> = (0..volume).map(|s| fields[0][tile(s)]).collect();
        assert_close(&fields[1], &expected, 1e-11, "tiles");
    }
}

#[test]
fn precisions_and_threads_agree() {
    for case in [0, 1, 6, 8] {
        let (extent, spec) = cases()[case].clone();
        expect_precisions_and_threads(&flow(extent, &spec), &spec, 1e-3);
    }
}

#[test]
fn specs_out_of_range_are_refused() {
    let refusal = |extent: &[usize], keys: &str| {
        let spec = spec(&format!("{{type: 'diffusion'{keys}}}"));
        Flow::new(&context(Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec).err().unwrap().to_string()
    };
    for (extent, keys, expected) in [
        (&[4, 4][..], ", steps: 0", "steps: expected 1 to 4096, got 0"),
        (&[4, 4], ", width: 0", "width: expected 0.001 to 1000, got 0"),
        (&[4, 4], ", beta_min: 1", "beta_min: expected sigma_min and sigma_max for this process, got 1"),
        (&[4, 4], ", sigma_min: 20", "sigma_min: expected sigma_min < sigma_max, both from 1e-6 to 1e6, got 20 and 10"),
        (&[4, 4], ", network: {type: 'convolutional', times: 0}", "network: times: expected 1 to 64, got 0"),
        (
            &[6, 6],
            ", network: {type: 'unet', channels: [4, 4, 4]}",
            "network: channels: expected extents of at least 8",
        ),
        (&[4, 4], ", network: {type: 'unet', channels: [4, 6]}", "network: groups: expected a divisor"),
        (&[4, 4], ", network: {type: 'sum', networks: []}", "network: networks: expected 1 to 8 entries, got 0"),
        (&[7], ", network: {type: 'spectral'}", "expected a product of factors 2, 3 and 5, got 7"),
    ] {
        assert!(refusal(extent, keys).contains(expected), "{}", refusal(extent, keys));
    }
    // A model whose density would cost too much has none, and is a model all the same.
    let text = "{type: 'diffusion', network: {type: 'unet', channels: [2, 2], groups: 1}}";
    let large = flow(&[20, 20], &spec(text));
    let error = large.sample(0, 1, &mut [0.0; 400], &mut [0.0]).unwrap_err();
    assert!(error.status() == 9 && error.to_string().contains("got 400 on 20 x 20"), "{error}");
    assert!(large.log_density(1, &[0.0; 400], &mut [0.0]).is_err());
    let paths = Paths::new(&large.diffused().unwrap(), &PathRatioSpec { steps: 3, corrector: None }).unwrap();
    let (mut fields, mut weights) = (vec![0.0; 400], [0.0]);
    paths.denoise(0, &mut fields, &mut weights).unwrap();
    assert!(weights[0].is_finite());
}
