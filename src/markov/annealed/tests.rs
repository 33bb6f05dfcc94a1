use super::*;
use crate::action::ActionSpec;
use crate::context::{Context, Precision};
use crate::flow::{Flow, Model, ModelSpec};
use crate::lattice::Lattice;
use crate::markov::check::{expect_log_z, expect_mean, expect_weighted, keeps_the_distribution, mean_and_error};
use crate::markov::spec::{KernelSpec, annealing_kernel};
use crate::markov::{Chain, ChainSpec, Metropolis};
use crate::spec::parse;

const FORM_A: &str = "{type: 'phi4', mass_squared: -4, lambda: 8}";

fn context(threads: usize) -> Arc<Context> {
    Arc::new(Context::new(3, Precision::F64, threads).unwrap())
}

fn action(threads: usize, extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&context(threads), &Lattice::new(extent).unwrap()).unwrap().into()
}

/// A flow with random parameters, which knows nothing of the action.
fn bad_flow(extent: &[usize], layers: &str) -> Arc<Flow> {
    let spec: ModelSpec = parse("model", &format!("{{type: 'chain', layers: [{layers}]}}")).unwrap();
    Arc::new(Flow::new(&context(1), &Lattice::new(extent).unwrap(), &spec).unwrap())
}

const LAYERS: &str = "{type: 'affine', repeat: 2, hidden: [4], initial_output: 0.05}, {type: 'spline', repeat: 2, hidden: [4], initial_output: 0.05, bins: 4}, \
     {type: 'affine', hidden: [4], initial_output: 0.05}, {type: 'affine', hidden: [4], initial_output: 0.05}";

fn proposal(action: &Arc<dyn Action>, model: Option<&Arc<Flow>>, keys: &str) -> Annealed {
    let spec: AnnealedSpec<Box<KernelSpec>> = parse("proposal", &format!("{{{keys}}}")).unwrap();
    let builder = annealing_kernel("annealed", spec.kernel.as_deref()).unwrap();
    let layers = model.map(|model| model.stages().unwrap());
    Annealed::new(Arc::clone(action), &spec, (builder, layers), 5).unwrap()
}

/// Two sites, exact by integrals, without layers: few changes, so that paths are far from equilibrium.
#[test]
fn paths_keep_the_distribution() {
    for keys in [
        "steps: 1, kernel: {type: 'hmc', steps: 3}",
        "steps: 3, from: {type: 'white', width: 0.7}, sweeps: 3, kernel: {type: 'cycle', kernels: [{type: 'langevin', step: 0.1}, \
         {type: 'hmc', steps: 2, length: 0.5, repeat: 2}]}",
    ] {
        keeps_the_distribution(&|action, _| {
            let proposal = proposal(&action, None, keys);
            Box::new(Metropolis::new(action, Box::new(proposal)))
        });
    }
}

/// 4 x 4 sites, numbers of transfer matrices; layers with random parameters, so that the work of each path differs.
#[test]
fn chains_with_layers_are_exact_whatever_the_layers_are() {
    let a = action(1, &[4, 4], FORM_A);
    let model: Arc<dyn Model> = bad_flow(&[4, 4], LAYERS);
    let spec: ChainSpec = parse(
        "chain",
        "{type: 'annealed', strengths: [0, 0.1, 0.3, 0.6, 1], from: {type: 'white', width: 0.4}, sweeps: 2, kernel: {type: 'hmc', steps: 4, length: 0.5}}",
    )
    .unwrap();
    let mut chain = Chain::new(Arc::clone(&a), Some(model), &spec, 4).unwrap();
    let (mut squares, mut accepted) = (vec![], 0);
    for _ in 0..6000 {
        accepted += u32::from(chain.step().unwrap().accepted);
        squares.push(chain.field().iter().map(|phi| phi * phi).sum::<f64>() / 16.0);
    }
    assert!(accepted > 600 && accepted < 5400, "{accepted}");
    expect_mean("phi^2", &squares, 0.14774621);
}

/// Runs without resampling, and populations with it, have the exact log Z with bad layers too; a proposal's works are those of runs.
#[test]
fn runs_with_layers_have_the_exact_log_z() {
    let a = action(2, &[4, 4], FORM_A);
    let model: Arc<dyn Model> = bad_flow(&[4, 4], LAYERS);
    for (keys, steps) in [
        ("population: 64, fields: 64, resample: 0, from: {type: 'white', width: 0.4}", 6400),
        ("population: 64, resample: 0.7, from: {type: 'free', mass_squared: 4}", 300),
    ] {
        let text = format!("{{type: 'annealing', {keys}, sweeps: 2, kernel: {{type: 'hmc', steps: 4, length: 0.5}}}}");
        let spec: ChainSpec = parse("chain", &text).unwrap();
        let mut chain = Chain::new(Arc::clone(&a), Some(Arc::clone(&model)), &spec, 4).unwrap();
        let (mut weights, mut squares) = (vec![], vec![]);
        for _ in 0..steps {
            weights.push(chain.step().unwrap().delta);
            squares.push(chain.field().iter().map(|phi| phi * phi).sum::<f64>() / 16.0);
        }
        expect_log_z(keys, &weights, 2.40513896, 0.05);
        expect_weighted(keys, (&weights, 2.40513896), &squares, (0.14774621, 0.05));
    }
}

/// Paths from another coupling: log of the ratio of both partition functions by numbers of transfer matrices.
#[test]
fn paths_from_other_couplings_have_the_exact_ratio_of_partition_functions() {
    let a = action(2, &[4, 4], FORM_A);
    let text = "{type: 'annealing', population: 64, fields: 64, resample: 0, steps: 4, from: {type: 'chain', couplings: {lambda: 6}, \
         thermalise: 60}, kernel: {type: 'hmc', steps: 6, length: 1}}";
    let spec: ChainSpec = parse("chain", text).unwrap();
    let mut chain = Chain::new(a, None, &spec, 4).unwrap();
    let weights: Vec<f64> = (0..6400).map(|_| chain.step().unwrap().delta).collect();
    expect_log_z("from lambda 6 to 8", &weights, 2.40513896 - 4.21772400, 0.01);
}

/// exp(−W') over paths forward has the mean Z/Z_0, and 1/exp(−W) over paths backward from fields of the target its inverse.
#[test]
fn works_of_both_directions_satisfy_crooks_relation() {
    let a = action(1, &[2], "{type: 'phi4', mass_squared: 1, lambda: 1}");
    let model = bad_flow(
        &[2],
        "{type: 'spline', repeat: 2, hidden: [2], initial_output: 0.2, bins: 4}, {type: 'affine', repeat: 2, hidden: [2], initial_output: 0.2}",
    );
    let proposal =
        proposal(&a, Some(&model), "from: {type: 'white', width: 0.5}, kernel: {type: 'hmc', steps: 3, length: 1}");
    let spec: ChainSpec = parse("chain", "{type: 'hmc', steps: 6, length: 2}").unwrap();
    let mut chain = Chain::new(Arc::clone(&a), None, &spec, 4).unwrap();
    let count = 20_000;
    let forward: Vec<f64> =
        (0..count).step_by(100).flat_map(|c| proposal.forward(c, 100).unwrap()).map(|m| m.log_weight.exp()).collect();
    let backward: Vec<f64> = (0..count)
        .map(|counter| {
            chain.step().unwrap();
            chain.step().unwrap();
            (-proposal.backward(counter, proposal.path.member(chain.field()).unwrap()).unwrap()).exp()
        })
        .collect();
    let [(from, from_error), (back, back_error)] = [&forward, &backward].map(|series| mean_and_error(series, 100));
    let (product, error) = (from * back, from * back * (from_error / from).hypot(back_error / back));
    assert!(error < 0.05 && (product - 1.0).abs() < 5.0 * error, "{product} +- {error}");
    // Paths of each kind with exp(−W) in a window, in the ratio of its place.
    let inside = |w: f64| if w > from && w < 1.3 * from { 1.0 } else { 0.0 };
    let weighted: Vec<f64> = forward.iter().map(|w| inside(*w) * w / from).collect();
    let reverse: Vec<f64> = backward.iter().map(|inverse| inside(1.0 / inverse)).collect();
    let [(expected, a), (found, b)] = [&weighted, &reverse].map(|series| mean_and_error(series, 100));
    let error = a.hypot(b).hypot(expected * from_error / from);
    assert!(expected > 0.02 && (found - expected).abs() < 5.0 * error, "{found} {expected} +- {error}");
}

#[test]
fn proposals_are_pure_functions_of_counter_and_field() {
    let extent = [4, 4];
    let model = bad_flow(&extent, LAYERS);
    let keys = "kernel: {type: 'langevin', step: 0.02}";
    let run = |threads: usize, counters: &[u64]| -> Vec<(Proposed, Vec<f64>)> {
        let proposal = proposal(&action(threads, &extent, FORM_A), Some(&model), keys);
        let field = [0.3; 16];
        counters
            .iter()
            .map(|&counter| {
                let mut proposed = vec![0.0; 16];
                let current = Current { field: &field, log_density: None };
                (proposal.propose(counter, &current, &mut proposed).unwrap(), proposed)
            })
            .collect()
    };
    let (forward, backward) = (run(1, &[31, 32, 33, u64::MAX]), run(3, &[u64::MAX, 33, 32, 31]));
    assert!(forward.iter().eq(backward.iter().rev()));
    assert!(forward.iter().all(|(proposed, _)| proposed.log_ratio.is_finite()));
}

#[test]
fn faults_are_named() {
    let refused = |model: Option<Arc<dyn Model>>, keys: &str| {
        let spec: ChainSpec = parse("chain", &format!("{{type: 'annealed', {keys}}}")).unwrap();
        Chain::new(action(1, &[4, 4], FORM_A), model, &spec, 1).err().unwrap().to_string()
    };
    assert_eq!(refused(None, ""), "steps: expected these or strengths, got neither");
    let flow: Arc<dyn Model> = bad_flow(&[4, 4], LAYERS);
    let got = refused(Some(Arc::clone(&flow)), "steps: 3");
    assert_eq!(got, "strengths: expected 4 changes, as many as the model has layers, got 3");
    let other: Arc<dyn Model> = bad_flow(&[6, 6], LAYERS);
    assert!(refused(Some(other), "").contains("4 x 4"));
    let spec: ModelSpec = parse("model", "{type: 'chain', prior: 'spectrum', layers: [{type: 'affine'}]}").unwrap();
    let spectrum = Arc::new(Flow::new(&context(1), &Lattice::new(&[4, 4]).unwrap(), &spec).unwrap());
    assert_eq!(refused(Some(spectrum), ""), "model: expected the prior 'white' of layers one by one, got 'spectrum'");
    let couplings = refused(None, "steps: 2, from: {type: 'chain', couplings: {kappa: 0.2}}");
    assert!(couplings.starts_with("from: ") && couplings.contains("kappa"), "{couplings}");
    let kernel = refused(None, "steps: 2, kernel: {type: 'cluster'}");
    assert_eq!(kernel, "type 'annealed': kernel: expected type 'hmc', 'langevin' or a cycle of these, got another");
}
