//! What kernels, and the functions that hold their steps, are given.

use super::super::steps::{Plan, inputs};
use super::super::{Output, Program, Shape};
use super::source::Layout;

/// What steps name, in declarations and as arguments.
pub(super) fn names(program: &Program, plan: &Plan, layout: Layout, sum_count: usize) -> [Vec<String>; 2] {
    let a = if layout.is_local { "local" } else { "global" };
    let mut declared = vec![format!("{a} V *a")];
    let fixed = "local D *wide|global const T *weights|global const T *numbers|global const uint *tables|\
                 global const ulong *keys|const ulong first|const uint samples|const int is_first|const uint me";
    declared.extend(fixed.split('|').map(Into::into));
    declared.extend((sum_count > 0).then(|| "global E *sum".into()));
    declared.extend(buffers(program, plan));
    let name = |text: &String| text.rsplit([' ', '*']).next().unwrap_or_default().to_string();
    let given = declared.iter().map(name).collect();
    [declared, given]
}

/// Declarations of inputs and outputs.
pub(super) fn buffers(program: &Program, plan: &Plan) -> Vec<String> {
    let kind = |is_wide: bool| if is_wide { "E" } else { "T" };
    let input = |(index, shape): (usize, Option<Shape>)| {
        format!("global const {} *input_{index}", kind(shape.is_some_and(|shape| shape.wide)))
    };
    let output = |(index, output): (usize, &Output)| match output {
        Output::PerSample(node) => Some(format!("global {} *output_{index}", kind(program.recorder.shape(*node).wide))),
        Output::Summed(_) => None,
    };
    let inputs = inputs(plan).into_iter().enumerate().map(input);
    inputs.chain(program.outputs.iter().enumerate().filter_map(output)).collect()
}
