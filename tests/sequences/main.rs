//! Random sequences of calls of the C interface: objects of all kinds made and freed in any order, used when they are
//! alive, after they were freed, as another kind, and as NULL. A model of the host's state predicts the status of
//! each call.

#![allow(clippy::missing_safety_doc, reason = "functions of a host: the contract of the header")]

mod host;

use host::Host;
use instanton::ffi::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Context,
    Lattice,
    Action,
    Model,
    Proposal,
    Chain,
    Gauge,
    Layout,
    Dirac,
    Ladder,
}
use Kind::*;

/// One call: the function, and numbers that choose its objects and spec.
#[derive(Clone, Debug)]
struct Call {
    function: usize,
    objects: [usize; 2],
    spec: usize,
}

const OK: i32 = 0;
const NULL: i32 = 1;
const BAD_SPEC: i32 = 2;
const BAD_SHAPE: i32 = 3;
const BAD_INPUT: i32 = 4;
const UNSUPPORTED: i32 = 9;

/// An array large enough for each field and result here.
const NUMBERS: usize = 1024;

const FUNCTIONS: usize = 41;

/// Resident memory of this process in bytes; 0 where it is not known.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// Sequences that begin with objects of most kinds, so that later calls find some.
fn sequence() -> impl Strategy<Value = Vec<Call>> {
    // The last ones that live.
    let first = |function: usize| Just(Call { function, objects: [6, 6], spec: 0 });
    let begin = (first(0), first(1), first(2), 3usize..8).prop_map(|(c, l, a, next)| {
        let next = match next {
            3 | 6 => vec![Call { function: next, objects: [6, 6], spec: 0 }],
            _ => vec![],
        };
        [vec![c, l, a], next].concat()
    });
    let function = prop_oneof![0..9usize, 0..FUNCTIONS, 18..FUNCTIONS];
    let call = (function, any::<[u16; 2]>(), 0..60usize).prop_map(|(function, objects, spec)| Call {
        function,
        objects: objects.map(usize::from),
        spec,
    });
    (begin, prop::collection::vec(call, 10..40)).prop_map(|(begin, rest)| [begin, rest].concat())
}

#[test]
fn any_sequence_of_calls_does_what_it_says() {
    let cases = std::env::var("INSTANTON_SEQUENCES").ok().map_or(10_000, |text| text.parse().unwrap());
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let (met, run, early) = (std::cell::RefCell::new(HashMap::new()), std::cell::Cell::new(0), std::cell::Cell::new(0));
    let result = runner.run(&sequence(), |calls| {
        run.set(run.get() + 1);
        if run.get() == cases / 5 {
            early.set(resident());
        }
        let field = (0..NUMBERS).map(|i| 0.1 * ((i * 7) % 11) as f64).collect();
        let mut host = Host {
            seen: vec![],
            living: HashMap::new(),
            field,
            result: [vec![0.0; NUMBERS], vec![7.25; 16]].concat(),
            met: HashMap::new(),
        };
        calls.iter().for_each(|call| host.run(call));
        for (key, count) in host.end() {
            *met.borrow_mut().entry(key).or_insert(0) += count;
        }
        Ok(())
    });
    result.unwrap();
    // No leak: one leaked model in each sequence would take ten times this memory.
    let grown = resident().saturating_sub(early.get());
    assert!(grown < 16 << 20, "{grown} bytes more than after a fifth of the sequences");
    // Each function was called with live objects, with NULL, and with addresses that are no objects or freed ones.
    let met = met.into_inner();
    let counts = |function: usize, status: i32| met.get(&(function, status)).copied().unwrap_or(0);
    for function in (0..FUNCTIONS).filter(|function| !(9..18).contains(function) && *function != 37) {
        assert!(counts(function, OK) > 10, "{function}: {met:?}");
        assert!(function == 0 || counts(function, NULL) > 10, "{function}: {met:?}");
        assert!(function == 0 || counts(function, BAD_INPUT) > 10, "{function}: {met:?}");
    }
}
