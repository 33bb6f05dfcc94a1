//! What the values of a recording depend on: parameters, conditions and tables alone, the step of a repeat, or inputs.

use super::operations::Op;
use super::operations::repeat::Repeat;
use super::recorder::Recorder;
use super::uses::uses;
use super::value::Node;
use std::collections::HashMap;

/// What a value depends on; in the body of a repeat, in each step of that repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dependence {
    /// A constant or a table, or a copy of its numbers.
    Fixed,
    /// Computed from parameters, conditions, constants or tables: the same for all samples, and in all steps.
    Uniform,
    /// The same for all samples, and different in each step: computed from rows of such values.
    Stepwise,
    /// Computed from inputs or carried values.
    Varying,
}

/// The dependences of the arguments of a body. Carried values are not among them: they vary.
pub(super) type Given = HashMap<Node, Dependence>;

/// The dependence of each value of a recording, or of a body whose arguments have given ones.
pub(super) fn dependences(recorder: &Recorder, given: &Given) -> Vec<Dependence> {
    let mut all: Vec<Dependence> = vec![];
    for (index, op) in recorder.ops.iter().enumerate() {
        let own = match op {
            Op::Argument(_) => given.get(&Node(index as u32)).copied().unwrap_or(Dependence::Varying),
            _ if op.operation().varies() => Dependence::Varying,
            // The number of its steps depends on the step around it.
            Op::Repeat(repeat) if repeat.short.is_some() => Dependence::Stepwise,
            Op::Constant(_) | Op::Table(_) | Op::Channels(_) | Op::Spread(_) | Op::SpreadSites(_) => Dependence::Fixed,
            _ => Dependence::Uniform,
        };
        all.push(op.arguments().iter().map(|a| all[a.index()]).fold(own, Dependence::max));
    }
    all
}

/// The dependences of the arguments of a repeat's body, from those of the values around the repeat.
pub(super) fn in_body(dependences: &[Dependence], repeat: &Repeat) -> Given {
    let arguments = &repeat.body.arguments;
    let row = |value: Node| dependences[value.index()].max(Dependence::Stepwise);
    // What differs between the steps around a repeat is the same in all of its own.
    let captured = |value: Node| match dependences[value.index()] {
        Dependence::Stepwise => Dependence::Uniform,
        other => other,
    };
    let rows = arguments.rows.iter().zip(&repeat.rows).map(|(&argument, &value)| (argument, row(value)));
    let all = arguments.captured.iter().zip(&repeat.captured).map(|(&argument, &value)| (argument, captured(value)));
    rows.chain(all).collect()
}

/// The values of one dependence that are to be computed elsewhere: those that a result or a value of a higher one reads.
pub(super) fn frontier(recorder: &Recorder, dependences: &[Dependence], results: &[Node], of: Dependence) -> Vec<Node> {
    let needed = uses(recorder, results).needed;
    let mut read = vec![false; recorder.ops.len()];
    results.iter().for_each(|result| read[result.index()] = true);
    let mut frontier = vec![];
    for index in (0..recorder.ops.len()).rev().filter(|&index| needed[index]) {
        let op = &recorder.ops[index];
        let stays = match op {
            _ if dependences[index] > of => true,
            // What copies a number to many places is cheaper than reading them, and a view of an argument takes no step.
            Op::Spread(_) | Op::SpreadSites(_) => read[index],
            Op::Channels(view) if matches!(recorder.op(view.x), Op::Argument(_)) => read[index],
            Op::Parameter(_) | Op::Condition(_) | Op::Argument(_) => false,
            _ => {
                frontier.extend((read[index] && dependences[index] == of).then_some(Node(index as u32)));
                false
            }
        };
        if stays {
            op.arguments().iter().for_each(|argument| read[argument.index()] = true);
        }
    }
    frontier.reverse();
    frontier
}
