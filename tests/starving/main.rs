//! Shortage of memory: every function of the header with each of its large allocations refused in turn.
//!
//! A call that is refused memory gives INST_BAD_SHAPE with a message, leaves its objects as they were, and succeeds when it
//! is made again with memory. A process that aborts fails its test: each case runs in a process of its own. Lattices are
//! small, but large enough that whatever grows with them, with a batch or with a count is above the size of allocations
//! that are refused. For libraries that abort where memory is refused (faer) all allocations together have to fit into
//! a budget instead: the library checks that memory for them is available before it calls them.

#![allow(clippy::missing_safety_doc, reason = "functions of a host: the contract of the header")]

mod actions;
mod allocator;
mod calls;
mod fields;
mod ladders;
mod models;
mod operators;
mod statistics;
mod world;

use actions::*;
use calls::*;
use fields::*;
use instanton::ffi::*;
use ladders::*;
use models::*;
use operators::*;
use statistics::*;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_void};
use std::process::Command;
use std::ptr::{null, null_mut};
use world::*;

/// A case and its name.
type Case = (&'static str, fn());

const CASES: [Case; 12] = [
    ("context_and_lattice", context_and_lattice),
    ("gauge_fields", gauge_fields),
    ("layouts", layouts),
    ("ladders", ladders),
    ("gauge_actions", gauge_actions),
    ("two_flavours", two_flavours),
    ("rational_pseudofermions", rational_pseudofermions),
    ("chains_of_links", chains_of_links),
    ("scalars", scalars),
    ("models", models),
    ("dirac_operators", dirac_operators),
    ("spectra", spectra),
];

const CASE: &str = "INSTANTON_STARVING_CASE";
const MARK: &str = "called ";

/// Runs a case in a process of its own, and returns the functions that it called.
fn in_a_process(name: &str) -> Result<Vec<String>, String> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "every_function_of_the_header_survives_a_shortage", "--nocapture", "--test-threads=1"]);
    let output = child.env(CASE, name).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last: Vec<&str> = errors.lines().rev().take(12).collect();
        return Err(format!("{name}: {}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n")));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    Ok(printed.lines().filter_map(|line| line.strip_prefix(MARK)).map(String::from).collect())
}

#[test]
fn every_function_of_the_header_survives_a_shortage() {
    let cases = CASES.iter().chain(&[("statistics", statistics as fn())]);
    if let Ok(asked) = std::env::var(CASE) {
        cases.clone().filter(|(name, _)| *name == asked).for_each(|(_, case)| case());
        println!();
        CALLED.lock().unwrap().iter().for_each(|function| println!("{MARK}{function}"));
        return;
    }
    let results: Vec<_> = cases.map(|(name, _)| in_a_process(name)).collect();
    let failures: Vec<&String> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let called: BTreeSet<String> = results.into_iter().flatten().flatten().collect();
    let map = include_str!("../../src/ffi/instanton.map");
    let functions = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let functions: BTreeSet<String> = functions.filter(|name| name.starts_with("inst_")).map(String::from).collect();
    let missing: Vec<_> = functions.difference(&called).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
}
