//! Arguments of kernels and of the functions that hold their steps: types and names.

use super::super::finished::{Output, Program};
use super::super::steps::{Plan, inputs};
use super::writer::Argument;

/// Arguments that any step may use.
pub(super) fn of_steps(program: &Program, plan: &Plan, sum_count: usize) -> Vec<Argument> {
    let fixed = [
        ("AR V *", "a"),
        ("local D *", "wide"),
        ("global const T *", "weights"),
        ("global const T *", "numbers"),
        ("global const uint *", "tables"),
        ("global const ulong *", "keys"),
        ("const ulong ", "first"),
        ("const uint ", "samples"),
        ("const int ", "is_first"),
        ("const uint ", "me"),
    ];
    let sum = (sum_count > 0).then_some(("global E *", "sum"));
    fixed.into_iter().chain(sum).map(|(kind, name)| (kind, name.to_string())).chain(buffers(program, plan)).collect()
}

/// Arguments for inputs and outputs.
pub(super) fn buffers(program: &Program, plan: &Plan) -> Vec<Argument> {
    let inputs = inputs(plan).into_iter().enumerate().map(|(index, shape)| {
        let is_wide = shape.is_some_and(|shape| shape.wide);
        (if is_wide { "global const E *" } else { "global const T *" }, format!("input_{index}"))
    });
    let outputs = program.outputs.iter().enumerate().filter_map(|(index, output)| {
        let Output::PerSample(node) = output else { return None };
        let is_wide = program.recorder.shape(*node).wide;
        Some((if is_wide { "global E *" } else { "global T *" }, format!("output_{index}")))
    });
    inputs.chain(outputs).collect()
}
