//! Masks of couplings: which sites they move, and the laws of flows on each of them.

use super::*;

/// A chain of layers.
fn chain(layers: &str) -> ModelSpec {
    spec(&format!("{{type: 'chain', layers: [{layers}]}}"))
}

#[test]
fn flows_of_all_masks_have_exact_densities_inverses_and_scores() {
    const TANH: &str = "hidden: [3], activation: 'tanh'";
    for (extent, layers) in [
        (&[4, 4][..], format!("{{type: 'affine', mask: 'stripes', repeat: 8, {TANH}}}")),
        (
            &[2, 4],
            format!(
                "{{type: 'affine', mask: 'stripes', {TANH}}}, {{type: 'spline', mask: 'stripes', {TANH}, initial_output: 0.5}}"
            ),
        ),
        (&[2, 2, 2], format!("{{type: 'spline', mask: 'stripes', repeat: 6, bins: 3, {TANH}, initial_output: 0.5}}")),
        (&[4, 2], format!("{{type: 'affine', mask: 'hierarchical', repeat: 4, {TANH}}}")),
        (
            &[4, 4],
            format!(
                "{{type: 'affine', spacing: 2, repeat: 2, {TANH}}}, {{type: 'affine', mask: 'hierarchical', {TANH}}}, \
             {{type: 'spline', mask: 'hierarchical', {TANH}, initial_output: 0.5}}, {{type: 'affine', mask: 'stripes', spacing: 2, {TANH}}}"
            ),
        ),
        (
            &[8],
            format!(
                "{{type: 'affine', mask: 'hierarchical', spacing: 2, repeat: 3, {TANH}}}, {{type: 'affine', mask: 'hierarchical', {TANH}}}"
            ),
        ),
    ] {
        let flow = flow(extent, &chain(&layers));
        assert_density(&flow, 2, (1e-12, 1e-3));
        assert_inverse(&flow);
        assert_score(&flow);
    }
}

/// Sites that one coupling moves, after some others of its mask.
fn moved(extent: &[usize], keys: &str, before: usize) -> Vec<usize> {
    let layer = format!("{{type: 'affine', hidden: [2], activation: 'tanh', initial_output: 1, {keys}}}");
    let still = layer.replace("initial_output: 1", "initial_output: 0");
    let layers: Vec<&str> = std::iter::repeat_n(&*still, before).chain([&*layer]).collect();
    let flow = flow(extent, &chain(&layers.join(", ")));
    let z = normals(1, 1, flow.lattice().volume());
    let field = run(&flow, flow.chain().sampling(), 2, &z).remove(0);
    (0..z.len()).filter(|&site| (field[site] - z[site]).abs() > 1e-9).collect()
}

#[test]
fn couplings_move_the_sites_of_their_mask() {
    let sites = |extent: &[usize], of: &dyn Fn(&[usize]) -> bool| -> Vec<usize> {
        let lattice = Lattice::new(extent).unwrap();
        (0..lattice.volume()).filter(|&site| of(&lattice.coordinates(site))).collect()
    };
    for (before, [direction, parity]) in [(0, [0, 1]), (1, [0, 0]), (2, [1, 1]), (3, [1, 0]), (4, [0, 1])] {
        let expected = sites(&[4, 6], &|x| x[direction] % 2 == parity);
        assert_eq!(moved(&[4, 6], "mask: 'stripes'", before), expected, "{before}");
    }
    let expected = sites(&[4, 4], &|x| x[0] % 2 == 0);
    assert_eq!(moved(&[4, 4], "mask: 'stripes', frozen: 'odd'", 0), expected);
    // Centres of cells, then the middle of their sides; sites with even coordinates alone never move.
    for before in 0..4 {
        let expected = sites(&[4, 4], &|x| x.iter().any(|x| x % 2 == 1) && x.iter().sum::<usize>() % 2 == before % 2);
        assert_eq!(moved(&[4, 4], "mask: 'hierarchical'", before), expected, "{before}");
        assert_eq!(moved(&[8], "mask: 'hierarchical'", before), [1, 3, 5, 7]);
    }
    assert_eq!(moved(&[8], "mask: 'hierarchical', spacing: 2", 0), [2, 6]);
    assert_eq!(moved(&[8], "spacing: 2", 0), [2, 6]);
    assert_eq!(moved(&[8], "spacing: 2", 1), [0, 4]);
    assert_eq!(moved(&[8], "extent: 4", 1), [0, 4]);
    assert_eq!(moved(&[8], "extent: 16", 0), [0; 0]);
}

/// A loop over the couplings of a cycle that cut fields in different ways is the chain of these couplings.
#[test]
fn loops_over_masks_are_the_unrolled_couplings() {
    for (mask, cycle) in [("stripes", 4), ("hierarchical", 2)] {
        let keys = format!("mask: '{mask}', hidden: [3], activation: 'tanh'");
        let mut looped = flow(&[4, 4], &chain(&format!("{{type: 'affine', repeat: {cycle}, {keys}}}")));
        let layers = vec![format!("{{type: 'affine', {keys}}}"); cycle].join(", ");
        let unrolled = flow(&[4, 4], &chain(&layers));
        looped.set_parameters(unrolled.parameters()).unwrap();
        let z = normals(5, 3, 16);
        let [a, b] = [&looped, &unrolled].map(|flow| run(flow, flow.chain().sampling(), 2, &z).concat());
        assert_close(&a, &b, 1e-13, mask);
        let [a, b] = [&looped, &unrolled].map(|flow| run(flow, score(flow.chain()), 2, &z).concat());
        assert_close(&a, &b, 1e-12, mask);
    }
}

#[test]
fn lattices_that_a_mask_does_not_fit_are_refused() {
    for (extent, layer, message) in [
        (
            &[4, 3][..],
            "mask: 'stripes'",
            "lattice: expected multiples of 2 as extents for mask 'stripes' of spacing 1, got 4 x 3",
        ),
        (
            &[4, 6],
            "mask: 'hierarchical', spacing: 2",
            "lattice: expected multiples of 4 as extents for mask 'hierarchical' of spacing 2, got 4 x 6",
        ),
        (
            &[6, 4],
            "spacing: 2",
            "lattice: expected multiples of 4 as extents for mask 'checkerboard' of spacing 2, got 6 x 4",
        ),
        (&[4, 4], "spacing: 0", "layers[0]: spacing: expected 1 to 4194304, got 0"),
        (&[4, 4], "extent: 0", "layers[0]: extent: expected a divisor of the first extent 4 of the lattice, got 0"),
        (&[4, 4], "extent: 3", "layers[0]: extent: expected a divisor of the first extent 4 of the lattice, got 3"),
        (&[4, 4], "extent: 4, spacing: 1", "layers[0]: extent: expected none beside a spacing, got 4"),
        (&[4, 4], "mask: 'stripes', repeat: 2", "layers[0]: repeat: expected 1 or a multiple of 4 up to 1024, got 2"),
        (
            &[4, 4],
            "mask: 'hierarchical', frozen: 'odd'",
            "layers[0]: frozen: expected none for mask 'hierarchical', got a parity",
        ),
        (&[4, 4], "mask: 'modes'", "lattice: expected one dimension of at least 2 sites for mask 'modes', got 4 x 4"),
        (&[14], "mask: 'modes'", "fourier: extent[0]: expected a product of factors 2, 3 and 5, got 14"),
        (&[8], "mask: 'modes', hidden: []", "layers[0]: hidden: expected a hidden layer for mask 'modes', got none"),
        (&[8], "mask: 'modes', spacing: 2", "layers[0]: spacing: expected 1 for mask 'modes', got 2"),
    ] {
        let text = format!("{{type: 'chain', layers: [{{type: 'affine', {layer}}}]}}");
        let lattice = Lattice::new(extent).unwrap();
        let built = Flow::new(&context(Precision::F64, 1), &lattice, &spec(&text));
        assert_eq!(
            built.err().unwrap().to_string().trim_start_matches("layers[0]: "),
            message.trim_start_matches("layers[0]: ")
        );
    }
}
