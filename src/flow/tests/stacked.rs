//! Chains of layers: loops with stacked parameters are the unrolled chains, splines are monotonic and end in the identity.

use super::*;

/// The parameters of an unrolled chain, stacked for the same chain as a loop of pairs.
fn stacked(unrolled: &Flow, looped: &Flow) -> Vec<f64> {
    let mut of_layers = std::collections::HashMap::new();
    for (tensor, numbers) in unrolled.tensors().iter().zip(pieces(unrolled)) {
        of_layers.insert(tensor.name.clone(), numbers.to_vec());
    }
    let rows = |tensor: &Tensor| -> Vec<f64> {
        let Some(rest) = tensor.name.strip_prefix("layers.0.") else { return of_layers[&tensor.name].clone() };
        let (member, name) = rest.split_once('.').unwrap();
        let member: usize = member.parse().unwrap();
        (0..tensor.shape[0])
            .flat_map(|step| of_layers[&format!("layers.{}.{name}", 2 * step + member)].clone())
            .collect()
    };
    looped.tensors().iter().flat_map(rows).collect()
}

#[test]
fn sixteen_repeated_layers_are_the_sixteen_unrolled_ones() {
    for keys in ["hidden: [4, 3]", "hidden: [3], symmetry: 'odd', activation: 'tanh'"] {
        for prior in ["white", "spectrum"] {
            let unrolled = flow(&[4, 4], &spec(&format!("{{type: 'affine', prior: '{prior}', layers: 16, {keys}}}")));
            let text = format!("{{type: 'chain', prior: '{prior}', layers: [{{type: 'affine', repeat: 16, {keys}}}]}}");
            let mut looped = flow(&[4, 4], &spec(&text));
            let parameters = stacked(&unrolled, &looped);
            looped.set_parameters(&parameters).unwrap();
            let draws = [&unrolled, &looped].map(|flow| {
                let (mut fields, mut log_q) = (vec![0.0; 16 * 20], vec![0.0; 20]);
                flow.sample(5, 20, &mut fields, &mut log_q).unwrap();
                let mut densities = vec![0.0; 20];
                flow.log_density(20, &fields, &mut densities).unwrap();
                let z = normals(5, 20, 16);
                let score = run(flow, score(flow.chain()), 2, &z).remove(1);
                [fields, log_q, densities, score].concat()
            });
            assert_close(&draws[1], &draws[0], 1e-12, keys);
            let spread = draws[0][..320].iter().fold(0.0f64, |m, x| m.max(x.abs()));
            assert!(spread > 0.5, "fields that test nothing");
        }
    }
}

#[test]
fn a_spline_is_monotonic_maps_its_range_onto_itself_and_leaves_the_rest() {
    let text = "{type: 'chain', layers: [{type: 'spline', frozen: 'even', bins: 5, range: 1.5, hidden: [], initial_output: 20}]}";
    let flow = flow(&[2], &spec(text));
    // The odd site moves through the range at a fixed even one.
    let (count, even) = (401, 0.7);
    let place = |i: usize| -2.0 + 4.0 * i as f64 / (count - 1) as f64;
    let fields: Vec<f64> = (0..count).flat_map(|i| [even, place(i)]).collect();
    let results = run(&flow, flow.chain().sampling(), 2, &fields);
    let image: Vec<f64> = results[0].chunks(2).map(|field| field[1]).collect();
    assert!(image.windows(2).all(|pair| pair[1] > pair[0]));
    assert!(image.iter().enumerate().any(|(i, y)| (y - place(i)).abs() > 0.05), "a spline that tests nothing");
    for (i, y) in image.iter().enumerate().filter(|(i, _)| place(*i).abs() >= 1.5) {
        assert!((y - place(i)).abs() < 1e-12, "{} {y}", place(i));
    }
    // Outputs of zero are the identity.
    let mut still = flow.copied().unwrap();
    still.set_parameters(&vec![0.0; flow.parameters().len()]).unwrap();
    let same = run(&still, still.chain().sampling(), 2, &fields);
    assert_close(&same[0], &fields, 1e-12, "identity");
}

#[test]
fn specs_of_chains_are_checked_and_survive_writing() {
    for (text, message) in [
        (
            "{type: 'chain', layers: [], condition: {lambda: [1, 2]}}",
            "condition: expected layers that depend on it, got none",
        ),
        (
            "{type: 'chain', layers: [{type: 'affine', repeat: 3}]}",
            "layers[0]: repeat: expected 1 or an even number up to 1024, got 3",
        ),
        (
            "{type: 'chain', layers: [{type: 'affine'}, {type: 'spline', bins: 1}]}",
            "layers[1]: bins: expected 2 to 64, got 1",
        ),
        (
            "{type: 'chain', layers: [{type: 'spline', range: 0}]}",
            "layers[0]: range: expected a number from 0.001 to 1000, got 0",
        ),
        (
            "{type: 'chain', layers: [{type: 'spline', kernel: 2}]}",
            "layers[0]: kernel: expected an odd width from 1 to 15, got 2",
        ),
        (
            "{type: 'affine', condition: {lambda: [3, 2]}}",
            "condition: lambda: expected [low, high] with low < high, both within 1e100, got [3, 2]",
        ),
    ] {
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let built = parse("model", text).and_then(|spec| Flow::new(&context(Precision::F64, 1), &lattice, &spec));
        assert_eq!(built.err().unwrap().to_string(), message);
    }
    for spec in specs() {
        let stored = serde_json::to_string(&spec).unwrap();
        assert_eq!(parse::<ModelSpec>("model", &stored).unwrap(), spec, "{stored}");
    }
    let unknown = parse::<ModelSpec>("model", "{type: 'chain', layers: [{type: 'spline', colour: 'odd'}]}");
    assert!(unknown.unwrap_err().to_string().contains("layers[0]: unknown key 'colour'"));
}
