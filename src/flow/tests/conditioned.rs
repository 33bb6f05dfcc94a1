//! Layers of few numbers that depend on conditions.

use super::*;

/// At a condition u a layer is that without conditions with the numbers θ_0 + a u + b u², and its parameters move its fields.
#[test]
fn numbers_are_quadratic_functions_of_the_conditions() {
    for layer in [
        "type: 'elementwise_spline', bins: 4, range: 2",
        "type: 'elementwise_spline', symmetry: 'odd'",
        "type: 'spectrum', terms: 5",
    ] {
        let of =
            |keys: &str, condition: &str| spec(&format!("{{type: 'chain', layers: [{{{layer}{keys}}}]{condition}}}"));
        let new =
            |spec: &ModelSpec| Flow::new(&context(Precision::F64, 1), &Lattice::new(&[4, 6]).unwrap(), spec).unwrap();
        let open = of(", conditional: true", ", condition: {lambda: [2, 6], kappa: [0, 1]}");
        let (mut open, mut closed) = (new(&open), new(&of("", "")));
        let count = closed.parameters().len();
        assert_eq!(open.parameters().len(), 5 * count);
        // Tensors: θ_0, then for each number kappa, lambda, and their squares: conditions are in the order of their names.
        let parameters: Vec<f64> = (0..5 * count).map(|i| 0.4 * (1.0 + i as f64).sin()).collect();
        open.set_parameters(&parameters).unwrap();
        let draw = |flow: &Flow| {
            let (mut fields, mut log_q) = (vec![0.0; 3 * 24], vec![0.0; 3]);
            flow.sample(0, 3, &mut fields, &mut log_q).unwrap();
            (fields, log_q)
        };
        let mut seen = vec![];
        for (lambda, kappa, u) in [(5.0, 0.25, [-0.5, 0.5]), (2.0, 1.0, [1.0, -1.0]), (4.0, 0.5, [0.0, 0.0])] {
            let at = parse("condition", &format!("{{lambda: {lambda}, kappa: {kappa}}}")).unwrap();
            let fixed = open.at(&at).unwrap();
            let number = |n: usize| {
                let own = &parameters[count + 4 * n..][..4];
                parameters[n] + own[0] * u[0] + own[1] * u[1] + own[2] * u[0] * u[0] + own[3] * u[1] * u[1]
            };
            closed.set_parameters(&(0..count).map(number).collect::<Vec<_>>()).unwrap();
            let (fields, log_q) = draw(&fixed);
            let (expected, density) = draw(&closed);
            assert_close(&fields, &expected, 1e-12, "fields at a condition");
            assert_close(&log_q, &density, 1e-12, "log q at a condition");
            let mut again = vec![0.0; 3];
            fixed.log_density(3, &fields, &mut again).unwrap();
            assert_close(&again, &log_q, 1e-10, "log q of the inverse at a condition");
            assert!(!seen.contains(&fields));
            seen.push(fields);
        }
    }
}

#[test]
fn layers_without_conditions_stay_as_they_were() {
    let lattice = Lattice::new(&[4, 6]).unwrap();
    let layers =
        "layers: [{type: 'elementwise_spline', initial_output: 1}, {type: 'spectrum'}, {type: 'affine', hidden: [2]}]";
    let spec = spec(&format!("{{type: 'chain', {layers}, condition: {{lambda: [2, 6]}}}}"));
    let names: Vec<String> = flow(&[4, 6], &spec).tensors().iter().map(|tensor| tensor.name.clone()).collect();
    assert!(
        names.iter().any(|name| name.ends_with("log_spectrum"))
            && !names.iter().any(|name| name.contains("_condition"))
    );
    assert!(!serde_json::to_string(&spec).unwrap().contains("conditional"));
    let refused = super::spec("{type: 'chain', layers: [{type: 'spectrum', conditional: true}]}");
    let error = Flow::new(&context(Precision::F64, 1), &lattice, &refused).err().unwrap();
    assert_eq!(
        error.to_string(),
        "layers[0]: conditional: expected true in a model with a `condition` alone, got it in another"
    );
}
