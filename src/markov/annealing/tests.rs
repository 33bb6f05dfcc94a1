use crate::action::check::Transfer;
use crate::action::{Action, ActionSpec};
use crate::context::{Context, Precision};
use crate::lattice::Lattice;
use crate::markov::check::{Broken, Chain4, Fault, expect_log_z, expect_weighted};
use crate::markov::{Chain, ChainSpec};
use crate::progress;
use crate::spec::parse;
use std::sync::Arc;

const FORM_A: &str = "{type: 'phi4', mass_squared: -4, lambda: 8}";
const DOUBLE_WELL: &str = "{type: 'quantum_mechanics', mass: 0.5, spacing: 0.25, potential: [4, 0, -4, 0, 1]}";

fn action(threads: usize, extent: &[usize], text: &str) -> Arc<dyn Action> {
    let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
    parse::<ActionSpec>("action", text).unwrap().build(&context, &Lattice::new(extent).unwrap()).unwrap().into()
}

fn chain(action: &Arc<dyn Action>, keys: &str) -> Chain {
    let spec: ChainSpec = parse("chain", &format!("{{type: 'annealing', {keys}}}")).unwrap();
    Chain::new(Arc::clone(action), None, &spec, 3).unwrap()
}

/// A quantity of a field.
type Observable = fn(&[f64]) -> f64;

fn square(field: &[f64]) -> f64 {
    field.iter().map(|phi| phi * phi).sum::<f64>() / field.len() as f64
}

fn susceptibility(field: &[f64]) -> f64 {
    field.iter().sum::<f64>().powi(2) / field.len() as f64
}

/// log Z and averages over runs that give one field each are exact, and the chain's own log Z is that of its log weights.
fn expect_exact(action: &Arc<dyn Action>, keys: &str, log_z: f64, averages: &[(Observable, f64)]) {
    let mut chain = chain(action, keys);
    let (mut log_weights, mut series) = (vec![], vec![vec![]; averages.len()]);
    for _ in 0..1000 {
        let info = chain.step().unwrap();
        assert!(info.accepted && (info.value - action.value(chain.field()).unwrap()).abs() < 1e-10);
        log_weights.push(info.delta);
        averages.iter().zip(&mut series).for_each(|((of, _), series)| series.push(of(chain.field())));
    }
    expect_log_z(keys, &log_weights, log_z, 0.02);
    for ((_, exact), series) in averages.iter().zip(&series) {
        expect_weighted(keys, (&log_weights, log_z), series, (*exact, 0.1));
    }
    let told = &chain.describe().unwrap()["kernel"];
    let weights: Vec<f64> = log_weights.iter().map(|l| (l - log_z).exp()).collect();
    let (mean, square) = (weights.iter().sum::<f64>() / 1000.0, weights.iter().map(|w| w * w).sum::<f64>() / 1000.0);
    assert!((told["log_z"].as_f64().unwrap() - log_z - mean.ln()).abs() < 1e-10, "{told}");
    let error = ((square / (mean * mean) - 1.0) / 999.0).sqrt();
    assert!((told["log_z_error"].as_f64().unwrap() / error - 1.0).abs() < 1e-6, "{told}");
    assert_eq!(told["runs"], 1000);
}

/// 4 x 4 sites: numbers of transfer matrices.
#[test]
fn runs_of_phi4_have_the_exact_log_z_and_averages() {
    let a = action(1, &[4, 4], FORM_A);
    let exact: [(Observable, f64); 2] = [(square, 0.14774621), (susceptibility, 0.68396757)];
    for keys in [
        "population: 32, kernel: {type: 'hmc', steps: 4, length: 0.5}",
        "population: 16, steps: 12, resample: 1, sweeps: 2, kernel: {type: 'langevin', step: 0.03}",
        "population: 96, strengths: [0, 0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.75, 1], from: {type: 'white', width: 0.5}, resample: 0, sweeps: 3, \
         kernel: {type: 'cycle', kernels: [{type: 'hmc', steps: 3, length: 0.4, repeat: 2}, {type: 'langevin', step: 0.03}]}",
    ] {
        expect_exact(&a, keys, 2.40513896, &exact);
    }
    let kappa = action(1, &[4, 4], "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}");
    let keys = "population: 24, from: {type: 'free', mass_squared: 0.5, kinetic: 0.3}, ess: 0.95";
    expect_exact(&kappa, keys, 10.16981484, &[(square, 0.64581014), (susceptibility, 2.55329407)]);
}

/// Actions of which nothing but value and gradient is known, and those of quantum mechanics.
#[test]
fn runs_of_other_actions_have_the_exact_log_z() {
    let two: Arc<dyn Action> = Arc::new(Chain4::new(2, 0.7, 0.3));
    let exact = Chain4::new(2, 0.7, 0.3).partition_function_of_two_sites().ln();
    expect_exact(&two, "population: 16, steps: 4, kernel: {type: 'hmc', steps: 3}", exact, &[]);
    let transfer = Transfer::new(&*action(1, &[2], DOUBLE_WELL), 5.0);
    let (log_z, averages) = transfer.averages(24, &[|x| x * x]);
    let double_well = action(1, &[24], DOUBLE_WELL);
    expect_exact(
        &double_well,
        "population: 192, ess: 0.97, kernel: {type: 'hmc', steps: 5}",
        log_z,
        &[(square, averages[0])],
    );
}

/// Each of several fields of a run has its distribution by itself; all fields of a population have their own weights.
#[test]
fn several_fields_of_a_run_are_weighted_as_one() {
    let a = action(1, &[4, 4], FORM_A);
    for (population, fields, resample) in [(32, 4, 0.5), (16, 16, 0.8)] {
        let keys = format!(
            "population: {population}, fields: {fields}, resample: {resample}, steps: 8, kernel: {{type: 'hmc', steps: 4, length: 0.5}}"
        );
        let mut chain = chain(&a, &keys);
        let mut places = vec![(vec![], vec![]); fields];
        for _ in 0..1000 {
            let mut sum = 0.0;
            for (weights, squares) in &mut places {
                let info = chain.step().unwrap();
                assert!((info.value - a.value(chain.field()).unwrap()).abs() < 1e-10);
                weights.push(info.delta);
                squares.push(square(chain.field()));
                sum += info.delta.exp() / fields as f64;
            }
            let told = chain.describe().unwrap()["kernel"]["last_run"]["log_z"].as_f64().unwrap();
            assert!((sum.ln() - told).abs() < 1e-10, "{} {told}", sum.ln());
        }
        for (weights, squares) in &places {
            expect_weighted(&keys, (weights, 2.40513896), squares, (0.14774621, 0.02));
        }
        // Fields of one run differ, but for those that were chosen twice.
        let (first, second) = (&places[0].1, &places[1].1);
        let equal = first.iter().zip(second).filter(|(a, b)| a == b).count();
        assert!(equal < 300, "{equal} of 1000");
    }
}

/// Without resampling fields are independent, and the error of a run is that of independent weights; resampling makes it an
/// upper bound, within about a factor of two.
#[test]
fn the_error_of_one_run_is_that_of_many() {
    let a = action(1, &[4, 4], FORM_A);
    for (resample, least) in [(0.0, 0.77), (1.0, 0.2)] {
        let keys =
            format!("population: 200, steps: 10, resample: {resample}, kernel: {{type: 'hmc', steps: 4, length: 0.5}}");
        let mut chain = chain(&a, &keys);
        let pulls: Vec<f64> = (0..800)
            .map(|_| {
                let info = chain.step().unwrap();
                let told = &chain.describe().unwrap()["kernel"]["last_run"]["log_z_error"];
                ((info.delta - 2.40513896) / told.as_f64().unwrap()).powi(2)
            })
            .collect();
        let mean = pulls.iter().sum::<f64>() / 800.0;
        // Squares of 800 normal numbers have a mean with an error of 0.05.
        assert!(mean > least && mean < 1.25, "resample {resample}: {mean}");
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    for keys in
        ["population: 50, fields: 3", "population: 20, steps: 5, resample: 1, kernel: {type: 'langevin', step: 0.03}"]
    {
        let steps = |threads: usize| {
            let mut chain = chain(&action(threads, &[4, 4], FORM_A), keys);
            (0..5).map(|_| (chain.step().unwrap(), chain.field().to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(steps(1), steps(3));
    }
}

#[test]
fn a_saved_chain_goes_on_bit_for_bit() {
    let path = crate::file::of_tests("annealing");
    let a = action(1, &[4, 4], FORM_A);
    for (keys, fields) in
        [("population: 12, fields: 3", 3), ("population: 12", 1), ("population: 4, fields: 4, steps: 3", 4)]
    {
        for before in 0..=fields + 1 {
            let (mut first, mut second) = (chain(&a, keys), chain(&a, keys));
            for _ in 0..before {
                first.step().unwrap();
            }
            first.save(&path).unwrap();
            second.step().unwrap();
            second.load(&path).unwrap();
            for _ in 0..2 * fields + 1 {
                assert_eq!(first.step().unwrap(), second.step().unwrap());
                assert_eq!(first.field(), second.field());
                assert_eq!(first.describe().unwrap(), second.describe().unwrap());
            }
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_field_of_the_host_begins_a_new_run() {
    let mut chain = chain(&action(1, &[4, 4], FORM_A), "population: 12, fields: 3");
    let told = |chain: &Chain| chain.describe().unwrap()["kernel"].clone();
    assert_eq!(told(&chain), serde_json::json!({}));
    for _ in 0..4 {
        chain.step().unwrap();
    }
    assert_eq!(told(&chain)["runs"], 2);
    let strengths = told(&chain)["strengths"].clone();
    chain.set_field(&[0.1; 16]).unwrap();
    chain.step().unwrap();
    // The same strengths are found again.
    assert_eq!((&told(&chain)["runs"], &told(&chain)["strengths"]), (&serde_json::json!(1), &strengths));
}

#[test]
fn a_run_that_is_stopped_or_fails_leaves_the_chain_as_it_was() {
    let a = action(2, &[4, 4], FORM_A);
    let keys = "population: 1000, steps: 400";
    let mut stopped = chain(&a, keys);
    progress::watch(Some(Box::new(|report| i32::from(report.work == "annealing" && report.total == 400))));
    assert_eq!(stopped.step().unwrap_err().status(), 8);
    progress::watch(None);
    assert_eq!((stopped.counter(), stopped.field()), (0, &[0.0; 16][..]));
    assert_eq!(stopped.describe().unwrap()["kernel"], serde_json::json!({}));
    for (fault, status) in [(Fault::Nan, 4), (Fault::Stops, 8)] {
        let broken: Arc<dyn Action> = Arc::new(Broken::new(8, 500, fault));
        let mut chain = chain(&broken, "population: 8, steps: 10");
        assert_eq!(chain.step().unwrap_err().status(), status);
        assert_eq!((chain.counter(), chain.field()), (0, &[0.0; 8][..]));
    }
}

#[test]
fn faults_of_a_spec_are_named() {
    let built = |theory: &str, keys: &str| {
        let spec: ChainSpec = parse("chain", &format!("{{type: 'annealing', {keys}}}"))?;
        Chain::new(action(1, &[4, 4], theory), None, &spec, 3)
    };
    let message = |keys: &str| built(FORM_A, keys).err().unwrap().to_string();
    for (keys, expected) in [
        ("population: 1", "population: expected 2 to 16777216, got 1"),
        ("population: 8, fields: 9", "fields: expected 1 to 8, got 9"),
        ("sweeps: 0", "sweeps: expected 1 to 1000000, got 0"),
        ("resample: -1", "resample: expected a number from 0 to 1, got -1"),
        ("ess: 1", "ess: expected a number between 0 and 1, got 1"),
        ("ess: 0.5, steps: 3", "path: expected one of steps, strengths, layers and ess, got more"),
        ("strengths: [0, 2, 1]", "strengths: expected numbers from 0 to 1, got 2"),
        ("steps: 0", "steps: expected 1 to 1000000, got 0"),
        ("steps: 10001", "strengths: expected at most 10000 changes, got 10001"),
        ("from: {type: 'white', width: 0}", "from: width: expected a finite number above 0, got 0"),
        ("from: {type: 'free', mass_squared: -1}", "from: mass_squared: expected a finite number above 0, got -1"),
        ("kernel: {type: 'hmc', steps: 0}", "kernel: steps: expected 1 to 1000000, got 0"),
        (
            "kernel: {type: 'heatbath'}",
            "type 'annealing': kernel: expected type 'hmc', 'langevin' or a cycle of these, got another",
        ),
    ] {
        assert_eq!(message(keys), expected);
    }
    assert!(message("from: {type: 'haar'}").contains("from.type: expected 'white' or 'free' or 'chain', got 'haar'"));
    assert!(message("populatoin: 3").contains("unknown key 'populatoin'"));
    let links = built("{type: 'wilson', group: 'u1', beta: 1}", "").err().unwrap();
    assert_eq!(links.to_string(), "action: expected one of scalars, got one of links of U(1)");
    let spec: ChainSpec = parse("chain", "{type: 'cycle', kernels: [{type: 'annealing'}]}").unwrap();
    assert_eq!(Chain::new(action(1, &[4, 4], FORM_A), None, &spec, 3).err().unwrap().status(), 9);
}
