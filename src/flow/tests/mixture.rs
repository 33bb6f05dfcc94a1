//! The prior with several vacua.

use super::*;

#[test]
fn a_mixture_has_the_density_and_the_fractions_of_its_components() {
    let text = "{type: 'chain', prior: {type: 'mixture', means: [-1.5, 0.5, 2], width: 0.4, weights: [1, 2, 5]}, \
                layers: [{type: 'affine', hidden: [], initial_output: 0}]}";
    let flow = flow(&[2, 2], &spec(text));
    let count = 20_000;
    let (mut fields, mut log_q) = (vec![0.0; 4 * count], vec![0.0; count]);
    flow.sample(0, count, &mut fields, &mut log_q).unwrap();
    let (means, weights, width) = ([-1.5, 0.5, 2.0], [0.125, 0.25, 0.625], 0.4f64);
    let density = |field: &[f64]| -> f64 {
        let component = |(m, w): (&f64, &f64)| {
            let square: f64 = field.iter().map(|x| (x - m).powi(2)).sum();
            w * (-0.5 * square / (width * width)).exp() / (2.0 * std::f64::consts::PI * width * width).powi(2)
        };
        means.iter().zip(&weights).map(component).sum::<f64>().ln()
    };
    let expected: Vec<f64> = fields.chunks(4).map(density).collect();
    assert_close(&log_q, &expected, 1e-12, "log q");
    let mut again = vec![0.0; count];
    flow.log_density(count, &fields, &mut again).unwrap();
    assert_close(&again, &expected, 1e-12, "log density");
    for (m, w) in means.iter().zip(weights) {
        let near = fields.chunks(4).filter(|field| (field.iter().sum::<f64>() / 4.0 - m).abs() < 0.8).count() as f64;
        let error = (w * (1.0 - w) / count as f64).sqrt();
        // The mean of four sites lies within four of its widths of the component's.
        assert!((near / count as f64 - w).abs() < 5.0 * error + 1e-3, "{m}: {near}");
    }
    let action: Arc<dyn Action> = Arc::new(free_field(&[2, 2]));
    assert_eq!(flow.pulled_back(action).err().unwrap().status(), 9);
}

#[test]
fn mixtures_train_and_bad_ones_are_refused() {
    let text = "{type: 'chain', prior: {type: 'mixture', means: [-1, 1], width: 0.5}, \
                layers: [{type: 'affine', repeat: 2, hidden: [3], activation: 'tanh'}, {type: 'spline', hidden: [2], activation: 'tanh'}]}";
    let spec_of = spec(text);
    let stored = serde_json::to_string(&spec_of).unwrap();
    assert_eq!(parse::<ModelSpec>("model", &stored).unwrap(), spec_of, "{stored}");
    let flow = flow(&[4, 2], &spec_of);
    // The score is the gradient of log q.
    let volume = 8;
    let key = crate::program::Key { seed: SEED, purpose: Purpose::Prior, counter: 0, stream: 0 };
    let program = score(flow.chain());
    let bound = Arc::new(Executable::new(program, flow.context()).unwrap()).bind(flow.parameters()).unwrap();
    let (mut fields, mut scores) = (vec![0.0; 3 * volume], vec![0.0; 3 * volume]);
    bound.run(flow.context(), 3, &flow.chain().feeds(key), &mut [&mut fields, &mut scores]).unwrap();
    for (i, &found) in scores.iter().enumerate() {
        let at = |n: f64| {
            let mut moved = fields[i / volume * volume..][..volume].to_vec();
            moved[i % volume] += n * 1e-3;
            let mut log_q = [0.0];
            flow.log_density(1, &moved, &mut log_q).unwrap();
            log_q[0]
        };
        let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / 12e-3;
        assert!((found - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{i}: {found} {slope}");
    }
    for (prior, message) in [
        ("{type: 'mixture', means: []}", "prior: means: expected 1 to 64 numbers, got 0"),
        ("{type: 'mixture', means: [1], width: 0}", "prior: width: expected a number from 0.0001 to 1e6, got 0"),
        (
            "{type: 'mixture', means: [1, 2], weights: [1]}",
            "prior: weights: expected a number from 1e-6 to 1e6 for each mean, got [1.0]",
        ),
    ] {
        let text = format!("{{type: 'affine', prior: {prior}}}");
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let built = parse("model", &text).and_then(|spec| Flow::new(&context(Precision::F64, 1), &lattice, &spec));
        assert_eq!(built.err().unwrap().to_string(), message);
    }
}
