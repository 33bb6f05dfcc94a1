//! Paths with layers of random coefficients, which are far from any good: exact numbers stay what they are.

use super::check::expect_mean;
use super::{Chain, ChainSpec, Ingredients, ProposalSpec, Surroundings};
use crate::action::{Action, ActionSpec};
use crate::context::{Precision, Team, of_tests, serial};
use crate::error::Result;
use crate::flow::{Model, ModelSpec, Stout};
use crate::gauge::{Cuboid, Gauge, Group, Patch, charge, observables::plaquette};
use crate::lattice::{Lattice, Neighbours};
use crate::random::{Purpose, Stream};
use crate::spec::parse;
use std::sync::Arc;

fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
}

/// Layers with coefficients drawn at random, for lattices of any extents.
fn random(dimensions: usize, keys: &str, size: f64) -> Arc<Stout> {
    let spec: ModelSpec = parse("model", &format!("{{type: 'stout', {keys}}}")).unwrap();
    let ModelSpec::Stout(spec) = spec else { panic!("{spec:?}") };
    let lattice = Lattice::new(&vec![4; dimensions]).unwrap();
    let mut model = Stout::new(&of_tests(1, Precision::F64, 1), &lattice, &spec).unwrap();
    let mut theta = vec![0.0; model.parameters().len()];
    Stream::new(11, Purpose::Parameters, 3).normals(&mut theta);
    theta.iter_mut().for_each(|theta| *theta *= size);
    model.set_parameters(&theta).unwrap();
    Arc::new(model)
}

fn chain(action: &Arc<dyn Action>, model: &Arc<Stout>, text: &str) -> Result<Chain> {
    let spec: ChainSpec = parse("chain", text)?;
    Chain::new(Arc::clone(action), Some(Arc::clone(model) as Arc<dyn Model>), &spec, 17)
}

/// Modified Bessel function I_n(x).
fn bessel(n: i32, x: f64) -> f64 {
    let first = (1..=n).fold(1.0, |term, k| term * x / 2.0 / f64::from(k));
    let next = |&(k, term): &(i32, f64)| Some((k + 1, term * x * x / 4.0 / f64::from((k + 1) * (k + 1 + n))));
    std::iter::successors(Some((0, first)), next).take(60).map(|(_, term)| term).sum()
}

/// In two dimensions plaquettes are independent up to terms of (I_1/I_0)^64, and an open defect of 2 links has 3 fewer.
#[test]
fn the_work_of_paths_with_bad_layers_gives_the_exact_ratio_of_partition_functions() {
    let one = |group: Group, beta: f64| match group {
        Group::U1 => bessel(0, beta) * (-beta).exp(),
        _ => 2.0 / beta * bessel(1, beta) * (-beta).exp(),
    };
    for (group, beta, loops) in [(Group::U1, 2.0, "'plaquette'"), (Group::Su2, 2.7, "'plaquette', 'rectangle'")] {
        let name = group.name();
        let theory = action(&[8, 8], &format!("{{type: 'wilson', group: '{name}', beta: {beta}}}"));
        let keys = format!("group: '{name}', defect: {{size: [2]}}, steps: 4, loops: [{loops}]");
        // Another number of steps than that of the layers.
        let spec = "{type: 'jarzynski', defect: {size: [2]}, steps: 10, within: 1, between: 2, start: 'hot'}";
        let mut chain = chain(&theory, &random(2, &keys, 0.08), spec).unwrap();
        let mut weights = vec![];
        for step in 0..6_000 {
            let info = chain.step().unwrap();
            if step >= 100 {
                weights.push(info.delta.exp());
            }
        }
        expect_mean(name, &weights, one(group, beta).powi(3));
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let square = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / weights.len() as f64;
        assert!((square / weights.len() as f64).sqrt() < 0.03 * mean, "{square} is too coarse to test {mean}");
    }
}

#[test]
fn chains_with_bad_layers_meet_the_exact_numbers() {
    let theory = action(&[8, 8], "{type: 'wilson', group: 'u1', beta: 2}");
    let model = random(2, "group: 'u1', defect: {size: [2]}, steps: 5, hidden: [3]", 0.1);
    for (text, steps) in [
        ("{type: 'tempering', defect: {size: [2]}, strengths: [1, 0.5, 0], switches: 2, start: 'hot'}", 8_000),
        ("{type: 'tempering', defect: {size: [2]}, strengths: [1, 0.4, 0], near: [{within: 1, sweeps: 1}]}", 8_000),
        (
            "{type: 'cycle', kernels: [{type: 'tempered', defect: {size: [2]}, steps: 5, within: 1, repeat: 2}, \
             {type: 'heatbath'}], start: 'hot'}",
            24_000,
        ),
    ] {
        let mut chain = chain(&theory, &model, text).unwrap();
        let (mut plaquettes, mut charges, mut accepted) = (vec![], vec![], 0);
        for step in 0..steps {
            let info = chain.step().unwrap();
            accepted += u64::from(info.accepted);
            if step >= 500 {
                let gauge = Gauge::new(theory.lattice(), Group::U1, chain.field().to_vec()).unwrap();
                plaquettes.push(plaquette(&gauge));
                charges.push(charge(&gauge).unwrap().powi(2));
            }
        }
        expect_mean("plaquette", &plaquettes, 0.697775);
        expect_mean("Q^2", &charges, 1.239299);
        assert!(accepted > steps / 3 + steps / 40, "{text}: {accepted}");
    }
}

#[test]
fn a_path_without_sweeps_goes_back_with_the_work_of_the_other_sign() {
    for (name, extent) in [("u1", &[4, 4][..]), ("su2", &[4, 4, 3]), ("su3", &[4, 3, 4])] {
        let theory = action(extent, &format!("{{type: 'symanzik', group: '{name}', beta: 2}}"));
        let d = extent.len();
        let keys = format!("group: '{name}', defect: {{size: {:?}}}, steps: 3, hidden: [4]", vec![2; d - 1]);
        let (model, cuboid) = (random(d, &keys, 1.0), Cuboid { size: vec![2; d - 1], across: None, at: None });
        let (lattice, sum) = (theory.lattice(), theory.loop_sum().unwrap());
        let defect = cuboid.build(lattice).unwrap();
        let patch = Arc::new(Patch::new(&Neighbours::new(lattice).unwrap(), &sum.terms, (&defect, None)));
        let surroundings = Surroundings::new(lattice, sum, &patch, (Some(0), 0)).unwrap();
        let surroundings = surroundings.with(lattice, &cuboid, Some(&model)).unwrap();
        let start = theory.space().hot(lattice, &mut Stream::new(2, Purpose::Start, 0)).unwrap();
        let mut links = start.clone();
        let up = surroundings.path(&Team::default(), &mut links, &[0.2, 0.7], (1, false)).unwrap();
        let down = surroundings.path(&Team::default(), &mut links, &[0.7, 0.2], (1, true)).unwrap();
        assert!(up.abs() > 0.1 && (up + down).abs() < 1e-11 * up.abs().max(1.0), "{name}: {up} {down}");
        let farthest = links.iter().zip(&start).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(farthest < 1e-13, "{name}: {farthest}");
    }
}

#[test]
fn threads_do_not_change_paths_with_layers() {
    let model = random(3, "group: 'su2', defect: {size: [2, 2]}, steps: 4", 0.3);
    let spec: ActionSpec = parse("action", "{type: 'wilson', group: 'su2', beta: 2}").unwrap();
    let ends = [1, 3].map(|threads| {
        let context = of_tests(1, Precision::F64, threads);
        let theory: Arc<dyn Action> = spec.clone().build(&context, &Lattice::new(&[6, 4, 6]).unwrap()).unwrap().into();
        let text = "{type: 'tempering', defect: {size: [2, 2]}, replicas: 3, tune: 0, switches: 2, start: 'hot'}";
        let mut chain = chain(&theory, &model, text).unwrap();
        for _ in 0..4 {
            chain.step().unwrap();
        }
        (chain.field().to_vec(), chain.describe().unwrap().to_string())
    });
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn layers_that_do_not_fit_are_refused_and_a_file_knows_its_model() {
    let theory = action(&[4, 4], "{type: 'wilson', group: 'u1', beta: 2}");
    let text = "{type: 'jarzynski', defect: {size: [2]}, steps: 2}";
    let message = |d, keys: &str, text: &str| chain(&theory, &random(d, keys, 0.1), text).err().unwrap().to_string();
    for (d, keys, expected) in [
        (2, "group: 'su2', defect: {size: [2]}, steps: 2", "model: expected layers of u1, got su2"),
        (3, "group: 'u1', defect: {size: [2, 2]}, steps: 2", "model: expected layers of 2 dimensions, got 3"),
        (
            2,
            "group: 'u1', defect: {size: [1]}, steps: 2",
            "model: expected layers for a defect of [2] across 1, got [1] across 1",
        ),
        (
            2,
            "group: 'u1', defect: {size: [2], across: 0}, steps: 2",
            "model: expected layers for a defect of [2] across 1, got [2] across 0",
        ),
    ] {
        assert_eq!(message(d, keys, text), expected);
        assert!(message(d, keys, &text.replace("jarzynski", "tempered")).ends_with(expected));
    }
    let keys = "group: 'u1', defect: {size: [2]}, steps: 2";
    let hmc = "{type: 'tempering', defect: {size: [2]}, replicas: 3, sweep: {type: 'hmc'}}";
    assert!(message(2, keys, hmc).contains("expected a sweep of type 'heatbath' with switches, layers or sweeps near"));
    let density = "model: expected one with a density, got type 'stout', which has layers alone";
    assert_eq!(message(2, keys, "{type: 'independence'}"), density);
    let model = random(2, keys, 0.1);
    let from = Ingredients { seed: 1, model: Some(model.clone()), action: None };
    assert_eq!(parse::<ProposalSpec>("proposal", "").unwrap().build(from).err().unwrap().to_string(), density);
    // A chain goes on with the layers that it was saved with.
    let mut one = chain(&theory, &model, text).unwrap();
    one.step().unwrap();
    let path = crate::file::of_tests("layers");
    one.save(&path).unwrap();
    let mut same = chain(&theory, &model, text).unwrap();
    same.load(&path).unwrap();
    assert_eq!((same.step().unwrap(), same.field()), (one.step().unwrap(), one.field()));
    let error = chain(&theory, &random(2, keys, 0.2), text).unwrap().load(&path).unwrap_err().to_string();
    assert!(error.contains("model: expected one with parameters of the hash"), "{error}");
    std::fs::remove_file(&path).unwrap();
}
