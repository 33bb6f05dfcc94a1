//! Training on fields and on a range of couplings, and the files of its models.

use super::super::forward_kl::ForwardKl;
use super::super::objective::{Objective, Samples};
use super::super::{TrainSpec, load, save, train, train_on};
use super::{action, bits, called, flow, flow_of, key, training};
use crate::action::{Action, ActionSpec};
use crate::context::{Precision, of_tests};
use crate::flow::{Flow, Model, ModelSpec, Values};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::spec;
use std::sync::Arc;

/// Of the forward divergence as well, and of conditional models at their own couplings.
#[test]
fn the_gradient_on_fields_is_the_derivative_of_the_loss() {
    for model in [
        "{type: 'affine', prior: 'spectrum', layers: 2, hidden: [3], activation: 'tanh'}",
        "{type: 'chain', layers: [{type: 'spline', bins: 3, hidden: [2], activation: 'tanh'}, \
         {type: 'affine', repeat: 2, hidden: [2], activation: 'tanh'}]}",
    ] {
        let flow = flow_of(model, 1, Precision::F64);
        let mut fields = vec![0.0; 7 * 8];
        Stream::new(3, Purpose::Start, 0).normals(&mut fields);
        let mut objective = ForwardKl::new(&flow, &fields).unwrap();
        let samples = Samples { key: key(), step: 0, count: 9 };
        let found = objective.run(flow.parameters(), &samples).unwrap();
        assert!(found.ess.is_nan() && found.fault.is_none());
        let h = 1e-3;
        for i in (0..found.gradient.len()).step_by(5) {
            let mut at = |shift: f64| {
                let mut parameters = flow.parameters().to_vec();
                parameters[i] += shift;
                objective.run(&parameters, &samples).unwrap().loss
            };
            let difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            assert!((found.gradient[i] - difference).abs() < 1e-7 * (1.0 + difference.abs()), "{model} {i}");
        }
    }
}

/// A spec that names an estimator of the gradient is refused, and nothing is trained.
#[test]
fn an_estimator_of_the_gradient_is_refused_on_fields() {
    let mut flow = flow_of("{type: 'affine', layers: 2, hidden: [2]}", 1, Precision::F64);
    let before = bits(&flow);
    for gradient in ["path", "reparametrised"] {
        let spec: TrainSpec = spec::parse("training", &format!("{{steps: 1, gradient: '{gradient}'}}")).unwrap();
        let (mut state, fields) = (None, [0.5; 8]);
        let error = train_on(&mut flow, &mut state, &fields, &spec, &mut |_| false).unwrap_err();
        let expected = "gradient: expected none for training on fields, where there is no estimator to choose, got one";
        assert_eq!((error.status(), error.to_string().as_str()), (2, expected));
        assert!(state.is_none() && bits(&flow) == before);
    }
    let null = spec::parse::<TrainSpec>("training", "{gradient: null}").unwrap_err().to_string();
    assert!(null.starts_with("training: gradient: expected 'reparametrised' or 'path', got null"), "{null}");
}

/// A model trained on fields of N(0.5, 0.3²) has their density: KL divergence from the exact entropy.
#[test]
fn likelihood_on_fields_of_a_density_finds_the_density() {
    let mut flow = flow_of("{type: 'affine', layers: 4, hidden: [4]}", 2, Precision::F32);
    let mut fields = vec![0.0; 8 * 4000];
    Stream::new(3, Purpose::Start, 0).normals(&mut fields);
    fields.iter_mut().for_each(|x| *x = 0.5 + 0.3 * *x);
    let spec: TrainSpec =
        spec::parse("training", "{steps: 600, batch: 200, learning_rate: 0.01, schedule: 'cosine'}").unwrap();
    let mut last = 0.0;
    let mut state = None;
    train_on(&mut flow, &mut state, &fields, &spec, &mut |p| {
        last = p.loss;
        assert!(p.ess.is_nan());
        false
    })
    .unwrap();
    // Other fields of the density, so that what was learned of the noise of the first ones counts against the model.
    const COUNT: usize = 20_000;
    let (mut numbers, mut log_q) = (vec![0.0; 8 * COUNT], vec![0.0; COUNT]);
    Stream::new(4, Purpose::Start, 0).normals(&mut numbers);
    let fields: Vec<f64> = numbers.iter().map(|x| 0.5 + 0.3 * x).collect();
    flow.log_density(COUNT, &fields, &mut log_q).unwrap();
    let log_norm = 8.0 * (0.3 * (2.0 * std::f64::consts::PI).sqrt()).ln();
    let log_p = numbers.chunks(8).map(|z| -0.5 * z.iter().map(|z| z * z).sum::<f64>() - log_norm);
    let excess: Vec<f64> = log_p.zip(&log_q).map(|(log_p, log_q)| log_p - log_q).collect();
    let mean = excess.iter().sum::<f64>() / COUNT as f64;
    let variance = excess.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (COUNT - 1) as f64;
    let error = (variance / COUNT as f64).sqrt();
    // The divergence is positive; that of the start, a normal distribution of width 1, is 7.
    assert!(mean > -5.0 * error && mean < 0.03, "KL {mean} +- {error}, last loss {last}");
}

#[test]
fn a_stopped_run_on_fields_goes_on_with_the_same_fields_alone() {
    let model = "{type: 'affine', layers: 2, hidden: [2]}";
    let mut fields = vec![0.0; 8 * 50];
    Stream::new(3, Purpose::Start, 0).normals(&mut fields);
    let (mut straight, mut stopped) = (flow_of(model, 1, Precision::F64), flow_of(model, 2, Precision::F64));
    train_on(&mut straight, &mut None, &fields, &training(), &mut |_| false).unwrap();
    let mut state = None;
    train_on(&mut stopped, &mut state, &fields, &training(), &mut |p| p.step == 5).unwrap_err();
    let mut other = fields.clone();
    other[17] += 0.5;
    let error = train_on(&mut stopped, &mut state, &other, &training(), &mut |_| false).unwrap_err();
    assert!(error.status() == 4 && error.to_string().contains("{resume: false}"), "{error}");
    let error = train(&mut stopped, &mut state, &*action(straight.lattice()), &training(), &mut |_| false);
    assert_eq!(error.unwrap_err().status(), 4);
    train_on(&mut stopped, &mut state, &fields, &training(), &mut |_| false).unwrap();
    assert_eq!(bits(&stopped), bits(&straight));
    for (fields, status) in [(&fields[..0], 3), (&fields[..7], 3), (&[f64::NAN; 8][..], 4)] {
        assert_eq!(
            train_on(&mut stopped, &mut None, fields, &training(), &mut |_| false).unwrap_err().status(),
            status
        );
    }
}

/// One model for a range of couplings: after training it has a good effective sample size at both ends, where a model that was
/// trained at the other end has a worse one, and each fixed model has the density of the conditional one.
#[test]
fn a_conditional_model_learns_a_range_of_couplings() {
    let of = |lambda: f64, lattice: &Lattice| -> Arc<dyn Action> {
        let text = format!("{{type: 'phi4', mass_squared: 1, lambda: {lambda}}}");
        spec::parse::<ActionSpec>("action", &text).unwrap().build(&crate::context::serial(), lattice).unwrap().into()
    };
    let keys = "prior: 'spectrum', layers: 4, hidden: [4], symmetry: 'odd'";
    let spec: TrainSpec =
        spec::parse("training", "{steps: 700, batch: 100, learning_rate: 0.01, schedule: 'cosine'}").unwrap();
    let mut conditional =
        flow_of(&format!("{{type: 'affine', {keys}, condition: {{lambda: [0, 4]}}}}"), 2, Precision::F32);
    let mut narrow = flow_of(&format!("{{type: 'affine', {keys}}}"), 2, Precision::F32);
    let lattice = narrow.lattice().clone();
    train(&mut conditional, &mut None, &*of(7.0, &lattice), &spec, &mut |_| false).unwrap();
    train(&mut narrow, &mut None, &*of(0.0, &lattice), &spec, &mut |_| false).unwrap();
    let ess = |flow: &Flow, lambda: f64| {
        let (count, action) = (4000, of(lambda, &lattice));
        let (mut fields, mut log_q) = (vec![0.0; 8 * count], vec![0.0; count]);
        flow.sample(0, count, &mut fields, &mut log_q).unwrap();
        let weights: Vec<f64> =
            fields.chunks(8).zip(&log_q).map(|(field, q)| -action.value(field).unwrap() - q).collect();
        crate::statistics::reweighting(&weights).unwrap().ess
    };
    let at = |lambda: f64| conditional.at(&Values([("lambda".to_string(), lambda)].into())).unwrap();
    let (low, high, far) = (ess(&at(0.0), 0.0), ess(&at(4.0), 4.0), ess(&narrow, 4.0));
    assert!(low > 0.7 && high > 0.7 && high > far + 0.1, "{low} {high} {far}");
    // An open model cannot be drawn from; one at a value is saved and loaded with it.
    assert_eq!(conditional.sample(0, 1, &mut [0.0; 8], &mut [0.0]).unwrap_err().status(), 4);
    let path = crate::file::of_tests("conditional");
    for flow in [&conditional, &at(1.2)] {
        save(&path, flow, None).unwrap();
        let loaded = load(flow.context(), &lattice, &path).unwrap().0;
        assert_eq!((bits(&loaded), loaded.fixed_at()), (bits(flow), flow.fixed_at()));
    }
    std::fs::remove_file(&path).unwrap();
    let refused = |text: &str| conditional.at(&spec::parse("condition", text).unwrap()).err().unwrap().to_string();
    assert_eq!(refused("{}"), "condition: expected a value of 'lambda', got none");
    assert_eq!(refused("{lambda: -4}"), "lambda: expected a number from 0 to 4, got -4");
    assert_eq!(refused("{lambda: 2, kappa: 1}"), "condition: expected one of 'lambda', got 'kappa'");
    assert_eq!(narrow.at(&spec::parse("condition", "{lambda: 9}").unwrap()).err().unwrap().status(), 9);
    let error = train(&mut conditional, &mut None, &called(&lattice), &spec, &mut |_| false).unwrap_err();
    assert_eq!(error.to_string(), "action: expected one with the couplings lambda, got another");
}

/// Numbers of a spec with all their digits survive the file.
#[test]
fn specs_with_any_numbers_are_saved_and_loaded() {
    let (path, context) = (crate::file::of_tests("digits"), of_tests(5, Precision::F64, 1));
    let mut stream = Stream::new(3, Purpose::Start, 0);
    for _ in 0..60 {
        let (range, low) = (0.5 + 9.0 * stream.uniform(), stream.uniform());
        let text = format!(
            "{{type: 'chain', layers: [{{type: 'spline', range: {range}, hidden: []}}], condition: {{lambda: [{low}, 3]}}}}"
        );
        let model: ModelSpec = spec::parse("model", &text).unwrap();
        let flow = Flow::new(&context, &Lattice::new(&[2]).unwrap(), &model).unwrap();
        save(&path, &flow, None).unwrap();
        assert_eq!(load(&context, flow.lattice(), &path).unwrap().0.spec(), &model);
    }
    std::fs::remove_file(&path).unwrap();
}

/// A run whose first step failed was not stopped: any other may follow, and the file can be read.
#[test]
fn a_run_that_failed_at_once_leaves_nothing_behind() {
    let (mut flow, mut state) = (flow(1, Precision::F64), None);
    let fields = [1e305; 16];
    train_on(&mut flow, &mut state, &fields, &training(), &mut |_| false).unwrap_err();
    assert!(state.is_none());
    let action = action(flow.lattice());
    train(&mut flow, &mut state, &*action, &training(), &mut |_| false).unwrap();
}

/// S and the numbers of the optimiser: models of the repository were written in format 1.
#[test]
fn files_of_the_first_format_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let context = of_tests(5, Precision::F64, 1);
    let flow = load(&context, &Lattice::new(&[6, 6]).unwrap(), &folder.join("phi4_6x6.safetensors")).unwrap().0;
    assert_eq!(flow.tensors().iter().map(|t| t.count()).sum::<usize>(), flow.parameters().len());
    let error = load(&context, &Lattice::new(&[8, 6]).unwrap(), &folder.join("phi4_6x6.safetensors")).err().unwrap();
    assert!(error.to_string().ends_with("lattice: expected [8, 6], got [6, 6]"), "{error}");
}
