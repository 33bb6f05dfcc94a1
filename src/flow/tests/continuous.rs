//! Continuous flows: density, inverse and score of the differential equation, up to the error of the integrator.

use super::*;

/// Chains of continuous layers, alone and among others, on lattices with odd extents too; with mean and shell, and a condition.
fn cases() -> Vec<(&'static [usize], ModelSpec)> {
    let few = "channels: 3, harmonics: 3, times: 3, steps: 24, initial_output: 12";
    let one = |extent: &'static [usize], keys: &str| {
        (extent, spec(&format!("{{type: 'chain', layers: [{{type: 'continuous', {few}{keys}}}]}}")))
    };
    let mixed = format!(
        "{{type: 'chain', prior: 'spectrum', layers: [{{type: 'affine', hidden: [3], activation: 'tanh'}}, \
         {{type: 'continuous', {few}}}, {{type: 'spline', hidden: [3], activation: 'tanh', initial_output: 1}}]}}"
    );
    vec![
        one(&[4, 4], ""),
        one(&[3, 5], ", integrator: 'dormand_prince'"),
        one(&[2, 3, 4], ""),
        one(&[5], ", mean: 2, shell: 3"),
        one(&[4, 4], ", mean: 1, shell: 1"),
        (&[4, 2], spec(&mixed)),
    ]
}

/// The flow with parameters of some size everywhere.
fn moved(extent: &[usize], spec: &ModelSpec) -> Flow {
    let mut flow = super::flow(extent, spec);
    let collective = |tensor: &Tensor| tensor.name.contains("mean") || tensor.name.contains("shell");
    let named = |t: &Tensor| vec![collective(t); t.count()];
    let own: Vec<bool> = flow.tensors().iter().flat_map(named).collect();
    let at = |(i, (&p, &own)): (usize, (&f64, &bool))| if own { 0.2 * (1.0 + i as f64).sin() } else { p };
    let parameters: Vec<f64> = flow.parameters().iter().zip(&own).enumerate().map(at).collect();
    flow.set_parameters(&parameters).unwrap();
    flow
}

#[test]
fn the_density_is_that_of_the_map() {
    cases().into_iter().for_each(|(extent, spec)| assert_density(&moved(extent, &spec), 2, (2e-7, 1e-2)));
}

#[test]
fn the_inverse_runs_back() {
    for (extent, spec) in cases() {
        let flow = moved(extent, &spec);
        let (volume, batch) = (flow.lattice().volume(), 5);
        let (mut fields, mut log_q) = (vec![0.0; batch * volume], vec![0.0; batch]);
        flow.sample(3, batch, &mut fields, &mut log_q).unwrap();
        let (mut z, mut again) = (vec![0.0; batch * volume], vec![0.0; batch]);
        flow.invert(batch, &fields, &mut z, &mut again).unwrap();
        assert_close(&z, &normals(3, batch, volume), 1e-6, "inverse");
        assert_close(&again, &log_q, 1e-6, "log q of the inverse");
        assert_ne!(z, normals(3, batch, volume), "{spec:?}: a flow that does not move");
    }
}

/// The error of log q falls with the fourth power of the step.
#[test]
fn the_error_of_log_q_falls_with_the_order() {
    let text = |steps: usize| {
        format!(
            "{{type: 'chain', layers: [{{type: 'continuous', channels: 3, harmonics: 4, steps: {steps}, initial_output: 25}}]}}"
        )
    };
    let density = |steps: usize| {
        let flow = super::flow(&[4, 4], &spec(&text(steps)));
        run(&flow, flow.chain().sampling(), 2, &normals(1, 1, 16))[1][0]
    };
    let [exact, coarse, fine] = [128, 4, 8].map(density);
    let order = ((coarse - exact) / (fine - exact)).abs().log2();
    assert!(order > 3.5 && (coarse - exact).abs() > 1e-7, "order {order}: {coarse} {fine} {exact}");
}

#[test]
fn the_score_is_the_gradient_of_log_q() {
    const STEP: f64 = 1e-3;
    for (extent, spec) in cases() {
        let flow = moved(extent, &spec);
        let volume = flow.lattice().volume();
        let results = run(&flow, score(flow.chain()), 2, &normals(8, 1, volume));
        let at = |n: f64| {
            let moved = |i: usize| results[0][i % volume] + if i / volume == i % volume { n * STEP } else { 0.0 };
            let fields: Vec<f64> = (0..volume * volume).map(moved).collect();
            let mut log_q = vec![0.0; volume];
            flow.log_density(volume, &fields, &mut log_q).unwrap();
            log_q
        };
        let [a, b, c, d] = [2.0, 1.0, -1.0, -2.0].map(at);
        let slope = |i: usize| (8.0 * (b[i] - c[i]) - (a[i] - d[i])) / (12.0 * STEP);
        let expected: Vec<f64> = (0..volume).map(slope).collect();
        assert_close(&results[1], &expected, 2e-6, &format!("{extent:?}, {spec:?}"));
    }
}

/// The density integrates to one: over a lattice of one site, by the trapezoidal rule.
#[test]
fn the_density_integrates_to_one() {
    let text = "{type: 'chain', layers: [{type: 'continuous', channels: 3, harmonics: 4, steps: 40, mean: 2, initial_output: 2}]}";
    let flow = moved(&[2], &spec(text));
    const POINTS: usize = 161;
    let at = |i: usize| 0.1 * (i as f64 - 80.0);
    let fields: Vec<f64> = (0..POINTS * POINTS).flat_map(|i| [at(i / POINTS), at(i % POINTS)]).collect();
    let mut log_q = vec![0.0; POINTS * POINTS];
    flow.log_density(POINTS * POINTS, &fields, &mut log_q).unwrap();
    let integral: f64 = log_q.iter().map(|log_q| log_q.exp()).sum::<f64>() * 0.01;
    assert!((integral - 1.0).abs() < 1e-6, "{integral}");
}

/// Shifts, reflections and rotations of z move the field alike, and so does its sign.
#[test]
fn the_flow_has_the_symmetries_of_the_lattice() {
    let flow = moved(&[4, 4], &cases()[4].1);
    let z = normals(0, 1, 16);
    let drawn = |z: &[f64]| run(&flow, flow.chain().sampling(), 2, z);
    let [field, log_q] = [0, 1].map(|i| drawn(&z)[i].clone());
    let turned = |from: &[f64], site: fn(usize, usize) -> usize| -> Vec<f64> {
        (0..16).map(|s| from[site(s % 4, s / 4)]).collect()
    };
    let moves: [fn(usize, usize) -> usize; 4] =
        [|x, y| (x + 1) % 4 + 4 * y, |x, y| x + 4 * ((y + 3) % 4), |x, y| y + 4 * x, |x, y| (4 - x) % 4 + 4 * y];
    for site in moves {
        let other = drawn(&turned(&z, site));
        assert_close(&other[0], &turned(&field, site), 1e-12, "field");
        assert_close(&other[1], &log_q, 1e-12, "log q");
    }
    let minus: Vec<f64> = z.iter().map(|z| -z).collect();
    let mirrored: Vec<f64> = drawn(&minus)[0].iter().map(|x| -x).collect();
    assert_close(&mirrored, &field, 1e-13, "field of -z");
}

/// On a field that repeats itself the flow is that on a tile of it, from a smaller lattice and from a larger one.
#[test]
fn a_flow_moves_tiles_alike_on_all_lattices() {
    let keys = "type: 'continuous', channels: 3, harmonics: 4, times: 3, steps: 12, initial_output: 30";
    let spec = spec(&format!("{{type: 'chain', layers: [{{{keys}}}, {{{keys}}}]}}"));
    for (tile, extent) in [([4, 3], [8, 9]), ([3, 5], [6, 5]), ([4, 4], [8, 12]), ([4, 4], [12, 12])] {
        let (context, volume) = (context(Precision::F64, 1), extent[0] * extent[1]);
        let other = Lattice::new(&extent).unwrap();
        let z = normals(3, 1, tile[0] * tile[1]);
        let tiled = |from: &[f64]| -> Vec<f64> {
            (0..volume).map(|s| from[s % extent[0] % tile[0] + tile[0] * (s / extent[0] % tile[1])]).collect()
        };
        let tiles = (volume / (tile[0] * tile[1])) as f64;
        // Fields alike; log q only where kernels are padded: wound around a tile, W(0) is the sum over all tiles.
        let compare = |small: &Flow, large: &Flow| {
            let [small, large] =
                [(small, &z), (large, &tiled(&z))].map(|(flow, z)| run(flow, flow.chain().inversion(), 2, z));
            assert_close(&large[0], &tiled(&small[0]), 1e-11, "field");
            [tiles * small[1][0], large[1][0]]
        };
        let small = super::flow(&tile, &spec);
        let [expected, log_q] = compare(&small, &small.transfer(&context, &other).unwrap());
        assert_close(&[log_q], &[expected], 1e-10, "log q");
        if tile[0] == tile[1] && extent[0] != extent[1] {
            // Kernels of the tile are the same in both directions, those of the lattice are not.
            continue;
        }
        let large = super::flow(&extent, &spec);
        compare(&large.transfer(&context, small.lattice()).unwrap(), &large);
    }
}

#[test]
fn tensors_of_one_lattice_are_not_transferred() {
    let flow = super::flow(&[4, 4], &spec("{type: 'affine', prior: 'spectrum', layers: 2, hidden: [2]}"));
    let error = flow.transfer(&context(Precision::F64, 1), &Lattice::new(&[6, 4]).unwrap()).err().unwrap();
    assert!(error.status() == 9 && error.to_string().contains("expected numbers that fit all extents"), "{error}");
    let error = flow.transfer(&context(Precision::F64, 1), &Lattice::new(&[4]).unwrap()).err().unwrap();
    assert_eq!(error.to_string(), "lattice: expected 2 dimensions, the model's, got 1");
}

#[test]
fn a_condition_moves_the_flow() {
    let text =
        "{type: 'chain', condition: {lambda: [2, 6]}, layers: [{type: 'continuous', channels: 2, times: 2, mean: 1}]}";
    let flow = super::flow(&[4, 4], &spec(text));
    let at = |lambda: f64| {
        let fixed = flow.at(&parse("condition", &format!("{{lambda: {lambda}}}")).unwrap()).unwrap();
        let (mut fields, mut log_q) = (vec![0.0; 16], vec![0.0]);
        fixed.sample(0, 1, &mut fields, &mut log_q).unwrap();
        fields
    };
    assert_ne!(at(3.0), at(5.0));
    assert_eq!(at(3.0), at(3.0));
}

#[test]
fn precisions_and_threads_agree() {
    for (extent, spec) in cases().into_iter().take(4) {
        expect_precisions_and_threads(&moved(extent, &spec), &spec, 3e-5);
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    let refusal = |extent: &[usize], keys: &str| {
        let spec = spec(&format!("{{type: 'chain', layers: [{{type: 'continuous'{keys}}}]}}"));
        Flow::new(&context(Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec).err().unwrap().to_string()
    };
    for (extent, keys, expected) in [
        (&[4, 4][..], ", steps: 0", "layers[0]: steps: expected 1 to 4096, got 0"),
        (&[4, 4], ", channels: 65", "layers[0]: channels: expected 1 to 64, got 65"),
        (&[2, 2], ", shell: 1", "layers[0]: shell: expected 0 on a lattice without an extent of at least 3, got 1"),
        (&[7, 4], "", "extent[0]: expected a product of factors 2, 3 and 5, got 7"),
        (&[2048, 2048], "", "orbits times modes"),
    ] {
        assert!(refusal(extent, keys).contains(expected), "{}", refusal(extent, keys));
    }
}
