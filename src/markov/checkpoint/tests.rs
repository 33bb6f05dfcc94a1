//! Chains on disk: what is read is what was written, and nothing else is read.

use super::*;
use crate::context::{Precision, of_tests};
use crate::flow::{Flow, Values};
use crate::lattice::Lattice;
use crate::markov::check::{Chain4, Gaussian};
use std::path::PathBuf;
use std::sync::Arc;

const CYCLE: &str =
    "{type: 'cycle', kernels: [{type: 'hmc', steps: 3, length: 0.7, repeat: 2}, {type: 'independence', repeat: 3}]}";

const MASSES: &str = "{type: 'hmc', steps: 2, length: 1.4, mass: {type: 'fourier', mass_squared: 0.5}}";
const CLUSTERS: &str = "{type: 'cluster', clusters: 2}";

fn chain(sites: usize, text: &str, quartic: f64) -> Chain {
    let model = Arc::new(Gaussian::new(sites, 0.8, 4));
    let action = Arc::new(Chain4::new(sites, 0.7, quartic));
    Chain::new(action, Some(model), &json5::from_str(text).unwrap(), 12).unwrap()
}

fn run(chain: &mut Chain, steps: usize) {
    for _ in 0..steps {
        chain.step().unwrap();
    }
}

fn path(name: &str) -> PathBuf {
    crate::file::of_tests(&format!("chain-{name}"))
}

fn bits(chain: &Chain) -> Vec<u64> {
    let numbers = chain.field().iter().chain([&chain.state.value]).map(|x| x.to_bits());
    numbers.chain([chain.counter, chain.seed]).collect()
}

#[test]
fn a_resumed_chain_is_the_uninterrupted_one_bit_for_bit() {
    for text in ["{type: 'hmc', steps: 3}", MASSES, CLUSTERS, "{type: 'independence'}", CYCLE] {
        // Stops at every place of the cycle, after accepted and after rejected steps.
        for stop in 0..12 {
            let path = path(&format!("resume-{stop}"));
            let mut whole = chain(8, text, 0.3);
            let mut infos = Vec::new();
            for step in 0..40 {
                if step == stop {
                    whole.save(&path).unwrap();
                }
                infos.push(whole.step().unwrap());
            }
            let mut resumed = chain(8, text, 0.3);
            resumed.seed = 1;
            resumed.load(&path).unwrap();
            let again: Vec<_> = (stop..40).map(|_| resumed.step().unwrap()).collect();
            assert_eq!(again, infos[stop..]);
            assert_eq!(bits(&resumed), bits(&whole));
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_loaded_chain_saves_the_same_bytes() {
    let (first, second) = (path("bytes-1"), path("bytes-2"));
    let mut original = chain(8, CYCLE, 0.3);
    run(&mut original, 5);
    original.save(&first).unwrap();
    let mut copy = chain(8, CYCLE, 0.3);
    copy.load(&first).unwrap();
    copy.save(&second).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    std::fs::remove_file(first).unwrap();
    std::fs::remove_file(second).unwrap();
}

#[test]
fn a_file_of_another_chain_is_refused_and_the_chain_stays() {
    let path = path("other");
    let mut saved = chain(8, CYCLE, 0.3);
    run(&mut saved, 30);
    saved.save(&path).unwrap();
    for (mut other, status, part) in [
        (chain(6, CYCLE, 0.3), 3, "lattice: expected [6], got [8]"),
        (chain(8, "{type: 'hmc'}", 0.3), 2, "spec: expected {\"type\":\"hmc\""),
        (chain(8, CYCLE, 0.5), 4, "action of the saved field: expected"),
    ] {
        other.step().unwrap();
        let before = bits(&other);
        let error = other.load(&path).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(bits(&other), before);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_of_another_model_is_refused() {
    let path = path("model");
    let mut saved = chain(8, "{type: 'independence'}", 0.3);
    run(&mut saved, 3);
    saved.save(&path).unwrap();
    saved.model = Some(Arc::new(Gaussian::new(8, 0.81, 4)));
    let error = saved.load(&path).unwrap_err();
    assert!(error.status() == 4 && error.to_string().contains("log density of the saved field"), "{error}");
    std::fs::remove_file(path).unwrap();
}

/// A flow on a ring of 8 sites.
fn flow(spec: &str, seed: u64) -> Flow {
    let spec = crate::spec::parse("model", spec).unwrap();
    Flow::new(&of_tests(seed, Precision::F64, 1), &Lattice::new(&[8]).unwrap(), &spec).unwrap()
}

fn of_flow(kernel: &str, flow: Flow) -> Chain {
    let action = Arc::new(Chain4::new(8, 0.7, 0.3));
    Chain::new(action, Some(Arc::new(flow)), &json5::from_str(kernel).unwrap(), 12).unwrap()
}

const TANH: &str = "{type: 'affine', layers: 2, hidden: [3], activation: 'tanh', initial_output: 0.3}";
const OPEN: &str = "{type: 'affine', layers: 2, hidden: [3], condition: {lambda: [1, 2]}}";
const TRANSFORMED: &str = "{type: 'transformed_hmc', steps: 2, length: 0.5}";

/// log q of the field is in no file of trajectories in the field of a flow: the model is known by its identity.
#[test]
fn trajectories_in_the_field_of_another_flow_are_refused() {
    let path = path("flow");
    let condition = |value: f64| flow(OPEN, 1).at(&Values([("lambda".to_string(), value)].into())).unwrap();
    let (other_spec, other_parameters) = (TANH.replace("0.3", "0.4"), || flow(TANH, 2));
    let cycle = format!("{{type: 'cycle', kernels: [{{type: 'hmc'}}, {TRANSFORMED}]}}");
    for (kernel, saved, same, others) in [
        (
            TRANSFORMED,
            flow(TANH, 1),
            flow(TANH, 1),
            vec![
                (flow(&other_spec, 1), "model: expected one with the spec {\"type\":\"affine\""),
                (other_parameters(), "model: expected one with parameters of the hash "),
            ],
        ),
        (&cycle, flow(TANH, 1), flow(TANH, 1), vec![(other_parameters(), "parameters of the hash")]),
        (
            TRANSFORMED,
            condition(1.25),
            condition(1.25),
            vec![(
                condition(1.5),
                "model: expected one with the condition {\"lambda\":1.5}, got one with {\"lambda\":1.25}",
            )],
        ),
    ] {
        let mut saved = of_flow(kernel, saved);
        run(&mut saved, 3);
        saved.save(&path).unwrap();
        let mut same = of_flow(kernel, same);
        same.load(&path).unwrap();
        run(&mut same, 2);
        run(&mut saved, 2);
        assert_eq!(bits(&same), bits(&saved));
        for (other, part) in others {
            let mut other = of_flow(kernel, other);
            let before = bits(&other);
            let error = other.load(&path).unwrap_err();
            assert!(error.status() == 4 && error.to_string().contains(part), "{error}");
            assert_eq!(bits(&other), before);
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn files_without_a_model_are_read_and_kernels_without_one_write_none() {
    let path = path("without-model");
    let mut saved = of_flow("{type: 'hmc'}", flow(TANH, 1));
    run(&mut saved, 2);
    assert_eq!(saved.identity(), None);
    saved.save(&path).unwrap();
    of_flow("{type: 'hmc'}", flow(TANH, 2)).load(&path).unwrap();
    assert!(!String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("model"));
    // A file as versions wrote it that knew no identity: that of a model which has none, with another kernel.
    let mut transformed = of_flow(TRANSFORMED, flow(TANH, 1));
    run(&mut transformed, 2);
    let model = transformed.model.replace(Arc::new(Gaussian::new(8, 0.8, 4)));
    transformed.save(&path).unwrap();
    assert!(!String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("model"));
    transformed.model = model;
    let mut other = of_flow(TRANSFORMED, flow(TANH, 2));
    other.load(&path).unwrap();
    assert_eq!(bits(&other), bits(&transformed));
    std::fs::remove_file(path).unwrap();
}

/// A text that another version would write for the same kernel: other spaces, another order, without keys that have
/// their defaults here.
#[test]
fn specs_of_kernels_are_compared_as_values() {
    let content = |kernel: &str| Content {
        domain: SavedDomain::of(&chain(8, CYCLE, 0.3).action.domain()),
        kernel: kernel.to_string(),
        model: None,
    };
    let hmc = chain(8, "{type: 'hmc', steps: 3}", 0.3);
    for same in ["{\"type\":\"hmc\",\"steps\":3}", "{\"steps\": 3, \"length\": 1, \"type\": \"hmc\"}"] {
        assert_ne!(hmc.kernel_text().unwrap(), same);
        hmc.expect_same(&content(same)).unwrap();
    }
    let cycle = "{\"type\":\"cycle\",\"kernels\":[{\"type\":\"hmc\",\"steps\":3,\"length\":0.7,\"repeat\":2},\
                 {\"repeat\":3,\"type\":\"independence\"}]}";
    chain(8, CYCLE, 0.3).expect_same(&content(cycle)).unwrap();
    for other in ["{\"type\":\"hmc\",\"steps\":4}", "{\"type\":\"hmc\"}", "{\"type\":\"later\"}", "hmc", cycle] {
        let error = hmc.expect_same(&content(other)).unwrap_err();
        assert_eq!(error.status(), 2);
        assert!(error.to_string().ends_with(&format!("got {other}")), "{error}");
    }
    // What is written is read as the same numbers, whatever digits they have.
    for length in [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1e300] {
        let chain = chain(8, &format!("{{type: 'hmc', length: {length:e}}}"), 0.3);
        chain.expect_same(&content(&chain.kernel_text().unwrap())).unwrap();
    }
}

#[test]
fn a_model_is_no_chain() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/phi4_6x6.safetensors");
    let error = chain(8, CYCLE, 0.3).parse(&std::fs::read(model).unwrap()).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "expected a saved chain, got a saved model");
}

#[test]
fn every_damaged_byte_and_every_cut_is_seen() {
    let path = path("damaged");
    let mut chain = chain(8, CYCLE, 0.3);
    run(&mut chain, 4);
    chain.save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let before = bits(&chain);
    let mut harmless = 0;
    for place in 0..whole.len() {
        assert!(matches!(chain.parse(&whole[..place]), Err(Error::BadInput(_))), "cut at {place}");
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        // Only changes of the version and padding of the header go unnoticed: these hold no data.
        harmless += usize::from(chain.parse(&damaged).is_ok());
    }
    assert!(harmless <= env!("CARGO_PKG_VERSION").len() + 16, "{harmless}");
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(chain.load(&path).unwrap_err().status(), 4);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(chain.load(&path).unwrap_err().status(), 5);
    assert_eq!(chain.save(&path.join("below")).unwrap_err().status(), 5);
    assert_eq!(bits(&chain), before);
}
