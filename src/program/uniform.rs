//! Uniform values: what is the same for all samples is computed once, when the program is bound.
//!
//! A value is uniform where it is computed from parameters, conditions and tables and from no input. A program is split
//! into a *prelude*, whose results are the uniform values that the rest reads, and the rest, in which these values and the
//! conditions are further parameters. Uniform values in the bodies of repeats move out of these first (`hoist.rs`). So both
//! executors run the rest as any program, and convolutions with computed weights have packed weights and the short
//! algorithms. The prelude runs in f64 on the CPU whatever the device. Derivatives are recorded before a program is split.
//!
//! ```text
//! numbers of a bound program:  parameters | conditions | uniform values
//! ```
//!
//! A wide number takes three of them, its digits as a sum of three floats (`parameter.rs`).

use super::dependence::{Dependence, Given, dependences, frontier};
use super::finished::{Output, Program};
use super::hoist::hoisted;
use super::operations::Op;
use super::operations::parameter::{PARTS, Parameter, parts};
use super::recorder::Recorder;
use super::value::{Node, Shape};

/// A program in two parts, and the shapes of what is handed over.
pub(super) struct Split {
    /// Gives the uniform values that the rest reads.
    pub prelude: Program,
    pub rest: Program,
    pub conditions: Vec<Shape>,
    pub values: Vec<Shape>,
}

/// Numbers that a value takes among those of a bound program.
pub(super) fn numbers_of(shape: &Shape) -> usize {
    if shape.wide { PARTS * shape.count() } else { shape.count() }
}

/// Writes values of some shapes, one after the other, as numbers of a bound program.
pub(super) fn write(shapes: &[Shape], mut values: &[f64], mut to: &mut [f64]) {
    for shape in shapes {
        let (own, rest) = std::mem::take(&mut to).split_at_mut(numbers_of(shape));
        if shape.wide {
            own.chunks_exact_mut(PARTS).zip(values).for_each(|(own, &x)| own.copy_from_slice(&parts(x)));
        } else {
            own.copy_from_slice(&values[..own.len()]);
        }
        (values, to) = (&values[shape.count()..], rest);
    }
}

/// Numbers that values of some shapes take.
pub(super) fn numbers_of_all(shapes: &[Shape]) -> usize {
    shapes.iter().map(numbers_of).sum()
}

impl Split {
    /// Splits a program; None where it has neither uniform values to compute nor conditions.
    pub fn new(program: &Program) -> Option<Self> {
        let program = hoisted(program);
        let recorder = &program.recorder;
        let results: Vec<Node> = program.outputs.iter().map(|output| output.node()).collect();
        let frontier = frontier(recorder, &dependences(recorder, &Given::new()), &results, Dependence::Uniform);
        if frontier.is_empty() && recorder.conditions == 0 {
            return None;
        }
        let shapes = |nodes: &[Node]| nodes.iter().map(|&node| recorder.shape(node)).collect::<Vec<_>>();
        let given: Vec<Node> = all_nodes(recorder).filter(|&n| matches!(recorder.op(n), Op::Condition(_))).collect();
        let mut prelude = recorder.clone();
        become_parameters(&mut prelude, &given);
        let mut rest = prelude.clone();
        become_parameters(&mut rest, &frontier);
        Some(Self {
            prelude: Program::new(prelude, frontier.iter().map(|&node| Output::PerSample(node)).collect()),
            rest: Program::new(rest, program.outputs.clone()),
            conditions: shapes(&given),
            values: shapes(&frontier),
        })
    }
}

fn all_nodes(recorder: &Recorder) -> impl Iterator<Item = Node> {
    (0..recorder.ops.len() as u32).map(Node)
}

/// Replaces values by the next parameters.
fn become_parameters(recorder: &mut Recorder, values: &[Node]) {
    for value in values {
        let offset = recorder.parameters;
        recorder.parameters += numbers_of(&recorder.shape(*value));
        recorder.ops[value.index()] = Op::Parameter(Parameter { offset });
    }
}
