//! Layers that are trained by the mean work of paths.

use crate::action::{Action, ActionSpec};
use crate::context::{Precision, of_tests};
use crate::error::{Error, Result};
use crate::flow::{Model, ModelSpec, Stout};
use crate::lattice::Lattice;
use crate::markov::{Chain, ChainSpec};
use crate::spec::parse;
use crate::training::{Learned, Progress, TrainSpec, TrainingState, load_any, save_layers, train_paths};
use std::sync::Arc;

const LAYERS: &str = "{type: 'stout', group: 'su2', defect: {size: [2]}, steps: 2, hidden: [4]}";
/// Without a hidden layer.
const PLAIN: &str = "{type: 'stout', group: 'su2', defect: {size: [2]}, steps: 2, loops: ['plaquette', 'rectangle']}";
const WILSON: &str = "{type: 'wilson', group: 'su2', beta: 4}";

fn layers(extent: &[usize]) -> Stout {
    of(LAYERS, extent)
}

fn of(text: &str, extent: &[usize]) -> Stout {
    let ModelSpec::Stout(spec) = parse("model", text).unwrap() else { panic!("{text}") };
    Stout::new(&of_tests(3, Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec).unwrap()
}

fn action(extent: &[usize], threads: usize, text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&of_tests(3, Precision::F64, threads), &Lattice::new(extent).unwrap()).unwrap().into()
}

fn spec(keys: &str) -> TrainSpec {
    let text = format!("{{batch: 4, learning_rate: 0.02, {keys}, paths: {{thermalise: 20, within: 1}}}}");
    parse("training", &text).unwrap()
}

/// Mean and error of the work of paths with some layers.
fn work(model: Option<&Stout>, length: usize) -> (f64, f64) {
    let chain: ChainSpec =
        parse("chain", "{type: 'jarzynski', defect: {size: [2]}, steps: 2, within: 1, between: 4, start: 'hot'}")
            .unwrap();
    let model = model.map(|model| Arc::new(model.clone()) as Arc<dyn Model>);
    let mut chain = Chain::new(action(&[length, length], 1, WILSON), model, &chain, 5).unwrap();
    let works: Vec<f64> = (0..2_000).map(|_| -chain.step().unwrap().delta).skip(50).collect();
    let mean = works.iter().sum::<f64>() / works.len() as f64;
    let variance = works.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / works.len() as f64;
    (mean, (variance / works.len() as f64).sqrt())
}

#[test]
fn training_lowers_the_mean_work_and_layers_fit_a_larger_lattice() {
    let (mut model, mut state) = (layers(&[6, 6]), None);
    let theory = action(&[6, 6], 1, WILSON);
    train_paths(&mut model, &mut state, &theory, &spec("steps: 150"), &mut |_| false).unwrap();
    for length in [6, 12] {
        let (before, after) = (work(None, length), work(Some(&model), length));
        // Never below −log(Z_1/Z_0) = −3 log(2 I_1(β) e^−β / β), which paths of any layers have in common.
        let least = 3.0 * 2.414910;
        assert!(after.0 < least + 0.6 * (before.0 - least), "{length}: {before:?} {after:?}, {least}");
        assert!(after.0 > least - 5.0 * after.1, "{length}: {after:?}, {least}");
    }
}

#[test]
fn least_squares_lower_the_work_of_a_path_and_its_variance() {
    let (mut model, mut state) = (of(PLAIN, &[6, 6]), None);
    let theory = action(&[6, 6], 2, WILSON);
    let keys = "optimiser: 'least_squares', batch: 400, paths: {thermalise: 20}";
    let spec = parse("training", &format!("{{steps: 2, {keys}}}")).unwrap();
    train_paths(&mut model, &mut state, &theory, &spec, &mut |_| false).unwrap();
    let (before, after) = (work(None, 12), work(Some(&model), 12));
    let least = 3.0 * 2.414910;
    assert!(after.0 < least + 0.5 * (before.0 - least), "{before:?} {after:?}, {least}");
    assert!(after.0 > least - 5.0 * after.1 && after.1 < 0.75 * before.1, "{before:?} {after:?}, {least}");
    // Further runs go over the rows again, and raise no variance.
    let mut again = |losses: &mut Vec<f64>| {
        let mut watch = |p: &Progress| {
            losses.push(p.loss);
            assert!(p.ess > 0.5 && p.ess <= 1.0, "{p:?}");
            false
        };
        train_paths(&mut model, &mut state, &theory, &spec, &mut watch).unwrap();
        work(Some(&model), 12)
    };
    for _ in 0..2 {
        let mut losses = vec![];
        let last = again(&mut losses);
        assert!(last.0 < least + 0.5 * (before.0 - least), "{before:?} {last:?}, {least}");
        assert!(last.0 > least - 5.0 * last.1 && last.1 < 0.75 * before.1, "{before:?} {last:?}, {least}");
        assert!(last.1 < 1.1 * after.1, "{after:?} {last:?}");
        // The variances that remain of both steps, beside that of a path without layers.
        let variance = 1950.0 * before.1.powi(2);
        let remain: f64 = losses.iter().sum();
        assert!(losses.len() == 2 && remain > 0.0 && remain < 0.75 * variance, "{losses:?} {variance}");
    }
}

#[test]
fn least_squares_that_were_stopped_go_on_bit_for_bit_whatever_the_threads() {
    let run = |threads: usize, model: &mut Stout, state: &mut Option<TrainingState>, last: u64| {
        let keys = "{steps: 3, optimiser: 'least_squares', batch: 21, paths: {thermalise: 3, steps: 4}}";
        let theory = action(&[6, 6], threads, WILSON);
        train_paths(model, state, &theory, &parse("training", keys).unwrap(), &mut |p| p.step == last)
    };
    let (mut whole, mut state) = (of(PLAIN, &[6, 6]), None);
    run(1, &mut whole, &mut state, 0).unwrap();
    let (mut part, mut state) = (of(PLAIN, &[6, 6]), None);
    assert!(matches!(run(3, &mut part, &mut state, 1).unwrap_err(), Error::Stopped(_)));
    // Step 1 has found the first row alone.
    let count = part.spec().coefficients();
    assert!(part.parameters()[..count].iter().any(|x| *x != 0.0) && part.parameters()[count..] == vec![0.0; count]);
    let path = crate::file::of_tests("layers-in-least-squares");
    save_layers(&path, &part, state.as_ref()).unwrap();
    let (context, lattice) = (of_tests(3, Precision::F64, 2), Lattice::new(&[6, 6]).unwrap());
    let (Learned::Stout(mut part), mut state) = load_any(&context, &lattice, &path).unwrap() else { panic!("a flow") };
    run(2, &mut part, &mut state, 0).unwrap();
    assert_eq!(part.parameters(), whole.parameters());
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_run_that_was_stopped_goes_on_bit_for_bit_whatever_the_threads() {
    let run = |theory: &Arc<dyn Action>, model: &mut Stout, state: &mut Option<TrainingState>, last: u64| {
        train_paths(model, state, theory, &spec("steps: 6"), &mut |p| p.step == last)
    };
    let (mut whole, mut state) = (layers(&[6, 6]), None);
    run(&action(&[6, 6], 1, WILSON), &mut whole, &mut state, 0).unwrap();
    let (mut part, mut state) = (layers(&[6, 6]), None);
    let stopped = run(&action(&[6, 6], 3, WILSON), &mut part, &mut state, 2).unwrap_err();
    assert!(matches!(stopped, Error::Stopped(_)));
    let path = crate::file::of_tests("layers-in-training");
    save_layers(&path, &part, state.as_ref()).unwrap();
    // A file of layers fits other extents.
    let read = |extent: &[usize]| {
        let (context, lattice) = (of_tests(3, Precision::F64, 2), Lattice::new(extent).unwrap());
        let (Learned::Stout(model), state) = load_any(&context, &lattice, &path).unwrap() else { panic!("a flow") };
        (model, state)
    };
    assert_eq!(read(&[8, 4]).0.parameters(), part.parameters());
    let (mut part, mut state) = read(&[6, 6]);
    let other = run(&action(&[6, 6], 1, "{type: 'wilson', group: 'su2', beta: 5}"), &mut part, &mut state, 0);
    assert!(other.unwrap_err().to_string().starts_with("action: expected that of the run that was stopped"));
    run(&action(&[6, 6], 2, WILSON), &mut part, &mut state, 0).unwrap();
    assert_eq!(part.parameters(), whole.parameters());
    assert!(whole.parameters().iter().any(|theta| theta.abs() > 0.01));
    let context = of_tests(3, Precision::F64, 1);
    let refused = |extent: &[usize]| load_any(&context, &Lattice::new(extent).unwrap(), &path).err().unwrap();
    assert!(refused(&[4, 4, 4]).to_string().contains("defect: size: expected 2 numbers, got 1"));
    let flow = crate::training::load(&context, &Lattice::new(&[6, 6]).unwrap(), &path).err().unwrap().to_string();
    assert!(flow.ends_with("expected a model with a density, got type 'stout'"), "{flow}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let message = |theory: &str, keys: &str| {
        let run = |spec: &TrainSpec| -> Result<()> {
            train_paths(&mut layers(&[6, 6]), &mut None, &action(&[6, 6], 1, theory), spec, &mut |_| false)
        };
        run(&spec(keys)).unwrap_err().to_string()
    };
    let others = "action: expected a gauge action without a defect for layers of type 'stout', got another";
    assert_eq!(message("{type: 'phi4', mass_squared: 1, lambda: 1}", "steps: 1"), others);
    let open = "{type: 'wilson', group: 'su2', beta: 2, defect: {size: [2], strength: 0}}";
    assert_eq!(message(open, "steps: 1"), others);
    assert_eq!(
        message("{type: 'wilson', group: 'su3', beta: 2}", "steps: 1"),
        "model: expected layers of su3, got su2"
    );
    assert_eq!(
        message(WILSON, "steps: 1, gradient: 'path'"),
        "gradient: expected none for layers of type 'stout', where there is no estimator to choose, got one"
    );
    assert_eq!(
        message(WILSON, "steps: 1, optimiser: 'least_squares'"),
        "optimiser: expected 'adam' for a model with a hidden layer, got 'least_squares'"
    );
    let of_plain = |keys: &str| {
        let spec = parse("training", &format!("{{optimiser: 'least_squares', {keys}}}")).unwrap();
        let theory = action(&[6, 6], 1, WILSON);
        train_paths(&mut of(PLAIN, &[6, 6]), &mut None, &theory, &spec, &mut |_| false).unwrap_err().to_string()
    };
    assert_eq!(of_plain("batch: 1"), "batch: expected at least 2 fields for least squares, got 1");
    assert_eq!(
        of_plain("paths: {steps: 1}"),
        "paths: steps: expected at least 2, the steps of the model, for least squares, got 1"
    );
}
