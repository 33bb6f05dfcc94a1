//! Chains with pseudofermions on several levels: bit for bit the same after a resume and for any number of threads.

use super::{Chain, ChainSpec, StepInfo};
use crate::action::{Action, ActionSpec};
use crate::context::{Context, Precision};
use crate::lattice::Lattice;
use std::path::PathBuf;
use std::sync::Arc;

/// A chain whose `terms` are those of a sum of actions; the first one, of the gauge field, is the innermost level.
fn chain((extent, terms): (&[usize], &str), kernel: &str, threads: usize) -> Chain {
    let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
    let spec: ActionSpec = crate::spec::parse("action", &format!("{{type: 'sum', terms: [{terms}]}}")).unwrap();
    let action: Arc<dyn Action> = spec.build(&context, &Lattice::new(extent).unwrap()).unwrap().into();
    Chain::new(action, None, &crate::spec::parse::<ChainSpec>("chain", kernel).unwrap(), 12).unwrap()
}

fn bits(chain: &Chain) -> Vec<u64> {
    let numbers = chain.field().iter().chain([&chain.state.value]).map(|x| x.to_bits());
    numbers.chain([chain.counter, chain.seed]).collect()
}

/// A kernel of two levels, or of three, so coarse that some steps are rejected.
const KERNELS: [&str; 3] = [
    "{type: 'hmc', integrator: 'leapfrog', steps: 3, length: 1.5, start: 'hot', levels: [{terms: [0], steps: 2}]}",
    "{type: 'hmc', integrator: 'omelyan2', steps: 2, length: 2, start: 'hot', levels: [{terms: [2], steps: 1}, {terms: [0], steps: 2}]}",
    "{type: 'hmc', integrator: 'leapfrog', steps: 4, length: 1.5, start: 'hot'}",
];

/// Two masses with clover terms, earlier solutions as guesses, and a rational power.
const TERMS: &str = "{type: 'wilson', group: 'u1', beta: 1.5}, \
    {type: 'two_flavour', group: 'u1', history: 3, dirac: {type: 'wilson', mass: 0.3, clover: 1, boundary: [1, -1]}, \
     over: {type: 'wilson', mass: 1, clover: 1, boundary: [1, -1]}}, \
    {type: 'rational', group: 'u1', flavours: 1, range: [0.1, 30], dirac: {type: 'wilson', mass: 1, boundary: [1, -1]}}";

#[test]
fn a_resumed_chain_of_pseudofermions_is_the_uninterrupted_one_bit_for_bit() {
    for (i, kernel) in KERNELS.into_iter().enumerate() {
        let mut whole = chain((&[4, 4], TERMS), kernel, 1);
        let path = |step: usize| -> PathBuf { crate::file::of_tests(&format!("pseudofermions-{i}-{step}")) };
        let mut infos: Vec<StepInfo> = vec![];
        for step in 0..12 {
            whole.save(&path(step)).unwrap();
            infos.push(whole.step().unwrap());
        }
        // Accepted and rejected steps come before and after a resume.
        assert!(
            infos.iter().any(|info| info.accepted) && infos.iter().any(|info| !info.accepted),
            "{kernel}: {infos:?}"
        );
        for step in 0..12 {
            let mut resumed = chain((&[4, 4], TERMS), kernel, 1);
            // A trajectory with another seed, whose pseudofermions and solutions must not survive the load.
            resumed.seed = 7;
            resumed.step().unwrap();
            resumed.load(&path(step)).unwrap();
            let again: Vec<StepInfo> = (step..12).map(|_| resumed.step().unwrap()).collect();
            assert_eq!(again, infos[step..], "{kernel}: resumed at {step}");
            assert_eq!(bits(&resumed), bits(&whole), "{kernel}: resumed at {step}");
            std::fs::remove_file(path(step)).unwrap();
        }
    }
}

#[test]
fn threads_do_not_change_a_chain_of_pseudofermions() {
    // More sites than one piece of a thread's work, more numbers than one block of a sum has.
    const EXTENT: &[usize] = &[8, 4, 8, 8];
    let gauge = "{type: 'wilson', group: 'su3', beta: 5.5}";
    let wilson = "{type: 'wilson', mass: 0.8, clover: 1, boundary: [1, 1, 1, -1]}";
    let heavier = "{type: 'wilson', mass: 2, clover: 1, boundary: [1, 1, 1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.8, boundary: [1, 1, 1, -1]}";
    let loose = "group: 'su3', tolerance: 1e-9, force_tolerance: 1e-7";
    let terms = [
        format!("{gauge}, {{type: 'two_flavour', {loose}, history: 2, dirac: {wilson}, over: {heavier}}}"),
        format!("{gauge}, {{type: 'two_flavour', {loose}, even_odd: false, dirac: {wilson}}}"),
        format!(
            "{gauge}, {{type: 'rational', {loose}, error: 1e-7, flavours: 2, range: [0.5, 20], dirac: {staggered}}}"
        ),
        format!(
            "{gauge}, {{type: 'rational', {loose}, error: 1e-7, flavours: 1, range: [0.2, 100], dirac: {heavier}}}"
        ),
    ];
    let kernel =
        "{type: 'hmc', integrator: 'leapfrog', steps: 2, length: 0.1, start: 'hot', levels: [{terms: [0], steps: 2}]}";
    for terms in terms {
        let run = |threads: usize| {
            let mut chain = chain((EXTENT, &terms), kernel, threads);
            let info = chain.step().unwrap();
            (info, bits(&chain))
        };
        let alone = run(1);
        assert!(alone.0.accepted, "{terms}: a rejected step shows little");
        for threads in [2, 3] {
            assert!(run(threads) == alone, "{terms}: {threads} threads");
        }
    }
}
