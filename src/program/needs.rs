//! Which values of a program are needed, and what they cost.

use super::Program;
use super::recorder::{Node, Op};

/// Floating-point operations per sample of the needed convolutions and correlations.
pub(super) fn flops(program: &Program) -> usize {
    let recorder = &program.recorder;
    let needed = needed(program);
    let mut sum = 0;
    for index in (0..recorder.ops.len()).filter(|&i| needed[i]) {
        let channels = |n: Node| recorder.shape(n).channels;
        sum += match &recorder.ops[index] {
            Op::Convolve { x, stencil, .. } => 2 * stencil.reads() * channels(*x) * recorder.shapes[index].channels,
            Op::Correlate { x, g, stencil, .. } => 2 * stencil.reads() * channels(*x) * channels(*g),
            _ => 0,
        };
    }
    sum
}

/// For each value whether an output depends on it.
pub(super) fn needed(program: &Program) -> Vec<bool> {
    let ops = &program.recorder.ops;
    let mut needed = vec![false; ops.len()];
    for output in &program.outputs {
        needed[output.node().0 as usize] = true;
    }
    for index in (0..ops.len()).rev() {
        if needed[index] {
            for argument in ops[index].arguments() {
                needed[argument.0 as usize] = true;
            }
        }
    }
    needed
}
