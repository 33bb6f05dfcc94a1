//! Values that results depend on, and their number of operations.

use super::finished::{Output, Program};
use super::flat::Flat;
use super::operations::Op;
use super::operations::storage::Destination;
use super::value::Node;
use std::collections::HashMap;

impl Program {
    /// Floating-point operations per sample that convolutions and correlations need: two for each multiply-add.
    pub fn flops(&self) -> usize {
        let flat = Flat::new(self);
        let (recorder, needed) = (&flat.recorder, needed(&flat));
        let (mut flops, mut times, mut around) = (0, 1, vec![]);
        for index in (0..recorder.ops.len()).filter(|&index| needed[index]) {
            match &recorder.ops[index] {
                Op::Begin(begin) => {
                    around.push(times);
                    times *= begin.0.count;
                }
                Op::End(_) => times = around.pop().unwrap_or(1),
                op => flops += times * op.operation().flops(recorder, recorder.shapes[index]),
            }
        }
        flops
    }
}

/// For each value of a flat recording whether an output depends on it.
pub(super) fn needed(flat: &Flat) -> Vec<bool> {
    let ops = &flat.recorder.ops;
    let mut needed = vec![false; ops.len()];
    let mut stores: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut open: Vec<usize> = flat.outputs.iter().flatten().map(|output: &Output| output.node().index()).collect();
    for (index, op) in ops.iter().enumerate() {
        let Op::Store(store) = op else { continue };
        match store.to {
            Destination::Memory(memory) => stores.entry(memory.index()).or_default().push(index),
            _ => open.push(index),
        }
    }
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut needed[index], true) {
            open.extend(ops[index].arguments().into_iter().map(Node::index));
            open.extend(stores.remove(&index).unwrap_or_default());
        }
    }
    mark_repeats(ops, &mut needed);
    needed
}

/// Begin and end of a repeat are needed where a value between them is.
fn mark_repeats(ops: &[Op], needed: &mut [bool]) {
    let mut begins = vec![];
    for index in 0..ops.len() {
        match &ops[index] {
            Op::Begin(_) => begins.push(index),
            Op::End(_) => {
                let begin = begins.pop().unwrap_or(index);
                let is_needed = needed[begin..index].contains(&true);
                (needed[begin], needed[index]) = (is_needed, is_needed);
            }
            _ => {}
        }
    }
}
