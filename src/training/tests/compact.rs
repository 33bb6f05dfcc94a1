//! Models without parameters: they are saved and loaded, and have nothing to train.

use super::super::{TrainSpec, load, save, train, train_on};
use crate::action::ActionSpec;
use crate::context::{Precision, of_tests};
use crate::flow::{Flow, Model};
use crate::lattice::Lattice;
use crate::spec::parse;

fn alone(prior: &str, extent: &[usize]) -> Flow {
    let spec = parse("model", &format!("{{type: 'chain', prior: {prior}, layers: []}}")).unwrap();
    Flow::new(&of_tests(8, Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec).unwrap()
}

#[test]
fn a_model_without_parameters_survives_its_file() {
    let path = crate::file::of_tests("compact");
    let priors = ["{type: 'haar', group: 'su3'}", "{type: 'haar', group: 'u1'}", "{type: 'uniform', on: 'links'}"];
    for prior in priors {
        let flow = alone(prior, &[3, 2]);
        save(&path, &flow, None).unwrap();
        let (again, state) = load(flow.context(), flow.lattice(), &path).unwrap();
        assert!(state.is_none());
        assert_eq!((again.domain(), again.spec()), (flow.domain(), flow.spec()));
        let draw = |flow: &Flow| {
            let (mut fields, mut log_q) = (vec![0.0; 5 * flow.domain().count()], [0.0; 5]);
            flow.sample(2, 5, &mut fields, &mut log_q).unwrap();
            (fields, log_q)
        };
        assert!(draw(&again) == draw(&flow), "{prior}");
        let other = Lattice::new(&[2, 3]).unwrap();
        let message = load(flow.context(), &other, &path).err().unwrap().to_string();
        assert!(message.ends_with("lattice: expected [2, 3], got [3, 2]"), "{message}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_model_without_parameters_is_not_trained() {
    let mut flow = alone("{type: 'haar', group: 'su2'}", &[2, 2]);
    let action: ActionSpec = parse("action", "{type: 'wilson', group: 'su2', beta: 1}").unwrap();
    let action = action.build(flow.context(), flow.lattice()).unwrap();
    let spec = TrainSpec { steps: 3, ..TrainSpec::default() };
    let expected = "model: expected one with parameters to train, got one without";
    let mut state = None;
    let error = train(&mut flow, &mut state, &*action, &spec, &mut |_| false).unwrap_err();
    assert_eq!((error.status(), error.to_string().as_str()), (9, expected));
    let fields = action.space().cold(flow.lattice()).unwrap();
    let error = train_on(&mut flow, &mut state, &fields, &spec, &mut |_| false).unwrap_err();
    assert_eq!((error.status(), error.to_string().as_str()), (9, expected));
    assert!(state.is_none());
    // A power spectrum without layers has parameters, for fields of scalars alone.
    let mut spectrum = alone("'spectrum'", &[2, 2]);
    let error = train(&mut spectrum, &mut state, &*action, &spec, &mut |_| false).unwrap_err();
    assert_eq!(error.to_string(), "action: expected fields of scalars, got links of SU(2)");
    let scalar: ActionSpec = parse("action", "{type: 'phi4', mass_squared: 1, lambda: 1}").unwrap();
    let scalar = scalar.build(spectrum.context(), spectrum.lattice()).unwrap();
    train(&mut spectrum, &mut state, &*scalar, &spec, &mut |_| false).unwrap();
    assert_eq!(state.unwrap().step, 3);
}
