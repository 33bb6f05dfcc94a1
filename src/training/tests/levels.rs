//! Training level by level: frozen tensors stay, whatever is trained; and flows of theories with two vacua keep both.

use super::*;
use crate::context::Context;
use crate::statistics::{mode_balance_of_independent, reweighting};

const LEVELS: &str = "{type: 'chain', layers: [\
    {type: 'affine', extent: 2, repeat: 4, hidden: [4], activation: 'tanh'}, \
    {type: 'affine', mask: 'hierarchical', extent: 4, repeat: 4, hidden: [4], activation: 'tanh'}]}";

fn model(text: &str, extent: &[usize]) -> Flow {
    let model: ModelSpec = spec::parse("model", text).unwrap();
    Flow::new(&of_tests(5, Precision::F64, 1), &Lattice::new(extent).unwrap(), &model).unwrap()
}

fn trained(flow: &mut Flow, action: &dyn Action, keys: &str) -> Vec<f64> {
    let spec = spec::parse("training", keys).unwrap();
    let mut losses = vec![];
    train(flow, &mut None, action, &spec, &mut |progress| {
        losses.push(progress.loss);
        false
    })
    .unwrap();
    losses
}

#[test]
fn levels_are_trained_one_after_the_other() {
    let mut coarse = model(LEVELS, &[2, 2]);
    let before = coarse.parameters().to_vec();
    let coarse_action = action(coarse.lattice());
    trained(&mut coarse, &*coarse_action, "{steps: 50, batch: 64, learning_rate: 0.01}");
    assert_ne!(coarse.parameters(), before);
    let context: &Arc<Context> = coarse.context();
    let mut fine = coarse.transfer(context, &Lattice::new(&[4, 4]).unwrap()).unwrap();
    let start = fine.parameters().to_vec();
    let keys = "{steps: 120, batch: 64, learning_rate: 0.01, freeze: ['layers.0']}";
    let fine_action = action(fine.lattice());
    let losses = trained(&mut fine, &*fine_action, keys);
    let own = coarse.parameters().len();
    assert_eq!(&fine.parameters()[..own], coarse.parameters());
    let moved = fine.parameters()[own..].iter().zip(&start[own..]).filter(|(a, b)| a != b).count();
    assert!(2 * moved > start.len() - own, "{moved}");
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (first, last) = (mean(&losses[..10]), mean(&losses[110..]));
    println!("loss {first} -> {last}");
    assert!(last < first - 1.0, "{first} {last}");
}

#[test]
fn frozen_tensors_stay_in_a_run_that_goes_on() {
    let mut flow = model(LEVELS, &[4, 4]);
    let action = action(flow.lattice());
    let spec = |freeze: &str| spec::parse("training", &format!("{{steps: 6, batch: 20, freeze: {freeze}}}")).unwrap();
    let mut state = None;
    train(&mut flow, &mut state, &*action, &spec("[]"), &mut |p| p.step == 3).unwrap_err();
    let kept = flow.parameters().to_vec();
    train(&mut flow, &mut state, &*action, &spec("['layers.1', 'layers.0.0.convolution.0.bias']"), &mut |_| false)
        .unwrap();
    let mut place = 0;
    for tensor in flow.tensors() {
        let range = place..place + tensor.count();
        let is_frozen = tensor.name.starts_with("layers.1.") || tensor.name == "layers.0.0.convolution.0.bias";
        assert_eq!(flow.parameters()[range.clone()] == kept[range], is_frozen, "{}", tensor.name);
        place += tensor.count();
    }
    for (freeze, message) in [
        ("['layer']", "freeze: expected names of tensors, or beginnings such as 'layers.0', got 'layer'"),
        ("['layers.0', 'layers.1']", "freeze: expected a tensor that is left to train, got none"),
    ] {
        let error = train(&mut flow, &mut None, &*action, &spec(freeze), &mut |_| false).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// In the broken phase a flow from two vacua, trained by the reverse divergence, keeps both.
#[test]
fn a_mixture_keeps_both_vacua() {
    let text = "{type: 'chain', prior: {type: 'mixture', means: [-2, 2], width: 0.8}, layers: [\
                {type: 'affine', repeat: 4, hidden: [4], symmetry: 'odd', initial_output: 0.1}]}";
    let mut flow = model(text, &[4, 4]);
    let broken = "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}";
    let action = spec::parse::<ActionSpec>("action", broken).unwrap();
    let action = action.build(&crate::context::serial(), flow.lattice()).unwrap();
    let losses =
        trained(&mut flow, &*action, "{steps: 300, batch: 64, learning_rate: 0.01, schedule: 'cosine', clip: 100}");
    let count = 4000;
    let (mut fields, mut log_q) = (vec![0.0; 16 * count], vec![0.0; count]);
    flow.sample(0, count, &mut fields, &mut log_q).unwrap();
    let weights: Vec<f64> = fields.chunks(16).zip(&log_q).map(|(field, q)| -action.value(field).unwrap() - q).collect();
    let ess = reweighting(&weights).unwrap().ess;
    let labels: Vec<f64> = fields.chunks(16).map(|field| field.iter().sum()).collect();
    let share = mode_balance_of_independent(&labels, 0.5).unwrap().share;
    println!("loss {} -> {}, ess {ess}, share {share:?}", losses[0], losses[299]);
    assert!(ess > 0.02 && losses[299] < losses[0] - 2.0, "{ess}");
    assert!((share.value - 0.5).abs() < 5.0 * share.error && share.error < 0.01, "{share:?}");
    // Fields lie in two vacua: few of them have a magnetisation near zero.
    let size = labels.iter().map(|m| m.abs()).sum::<f64>() / count as f64;
    let between = labels.iter().filter(|m| m.abs() < 0.25 * size).count() as f64 / count as f64;
    assert!(between < 0.2, "{between}");
}
