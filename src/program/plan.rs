//! Planning: what is not needed goes, elementwise neighbours fuse, values share memory.
//!
//! Memory is counted in lines of 64 bytes: one line holds one number of each sample of a block (16 f32 or 8 f64); a
//! wide number takes two. The plan is the same for both precisions and all instruction sets.

mod fused;

use super::arena::Allocator;
use super::elementwise::Elementwise;
use super::needs::needed;
use super::recorder::{Node, Op, Shape};
use super::short::Short;
use super::stencil::Stencil;
use super::steps::{Convolve, Correlate, Geometry, Group, Plan, Step, Weights, groups};
use super::{Output, Program};
use std::collections::HashMap;
use std::sync::Arc;

/// Who reads a value.
#[derive(Clone, Default)]
struct Readers {
    nodes: Vec<usize>,
    outputs: usize,
}

/// The state of planning.
struct Planner<'a> {
    program: &'a Program,
    needed: Vec<bool>,
    readers: Vec<Readers>,
    /// Rectifiers and the convolutions that apply them: the rectifier's node -> the convolution's, and back.
    swallowed: HashMap<usize, usize>,
    epilogue: HashMap<usize, usize>,
    /// First line of each value that has memory.
    place: Vec<Option<usize>>,
    allocator: Allocator,
    /// For each root value the position after which its memory is free.
    last_use: Vec<usize>,
    /// Roots by that position.
    last_used: Vec<Vec<usize>>,
    /// Outputs by the position where their memory is written.
    written: Vec<Vec<usize>>,
    /// Groups of sites of the stencils met so far.
    groups: HashMap<Stencil, Arc<[Group]>>,
    /// Whether convolutions take shorter ways, and large values are staggered against the first-level cache.
    for_lanes: bool,
    plan: Plan,
}

impl Plan {
    /// Plans a program for the lanes of the CPU, or for sums alone in memory without gaps.
    pub fn new(program: &Program, for_lanes: bool) -> Self {
        let count = program.recorder.ops.len();
        let mut planner = Planner {
            program,
            needed: needed(program),
            readers: vec![Readers::default(); count],
            swallowed: HashMap::new(),
            epilogue: HashMap::new(),
            place: vec![None; count],
            allocator: Allocator::default(),
            last_use: vec![0; count],
            last_used: vec![vec![]; count],
            written: vec![vec![]; count],
            groups: HashMap::new(),
            for_lanes,
            plan: Plan { steps: vec![], lines: 0, strips: 0, packed: 0 },
        };
        planner.find_readers();
        planner.find_epilogues();
        planner.find_last_uses();
        planner.find_written();
        planner.emit_all();
        planner.plan.lines = planner.allocator.lines();
        planner.plan
    }
}

/// Lines that a value takes. Large ones get half a way of a first-level cache more: a convolution's input and result
/// would otherwise begin at the same place modulo 4 KiB and push each other out.
fn lines(shape: Shape, for_lanes: bool) -> usize {
    const HALF_WAY: usize = 32;
    match shape.count() {
        count if !for_lanes => count,
        count if shape.wide => 2 * count,
        count if count >= 2 * HALF_WAY => count.next_multiple_of(2 * HALF_WAY) + HALF_WAY,
        count => count,
    }
}

impl Planner<'_> {
    fn op(&self, index: usize) -> &Op {
        &self.program.recorder.ops[index]
    }

    fn shape(&self, index: usize) -> Shape {
        self.program.recorder.shapes[index]
    }

    fn find_readers(&mut self) {
        for index in 0..self.readers.len() {
            if self.needed[index] {
                for argument in self.program.recorder.ops[index].arguments() {
                    self.readers[argument.0 as usize].nodes.push(index);
                }
            }
        }
        for output in &self.program.outputs {
            self.readers[output.node().0 as usize].outputs += 1;
        }
    }

    /// A convolution whose only reader is a leaky rectifier applies it itself.
    fn find_epilogues(&mut self) {
        for index in 0..self.readers.len() {
            let readers = &self.readers[index];
            let alone = readers.nodes.len() == 1 && readers.outputs == 0;
            if !(self.needed[index] && alone && matches!(self.op(index), Op::Convolve { .. })) {
                continue;
            }
            let reader = readers.nodes[0];
            if matches!(self.op(reader), Op::Elementwise { operation: Elementwise::LeakyRelu, .. }) {
                self.epilogue.insert(index, reader);
                self.swallowed.insert(reader, index);
            }
        }
    }

    /// The value whose memory a value lies in, and the line where it begins there.
    fn root(&self, index: usize) -> (usize, usize) {
        match self.op(index) {
            Op::Channels { x, first } => {
                let (root, line) = self.root(x.0 as usize);
                (root, line + first * self.shape(x.0 as usize).sites)
            }
            _ => match self.epilogue.get(&index) {
                Some(&reader) => (reader, 0),
                None => (index, 0),
            },
        }
    }

    fn find_last_uses(&mut self) {
        for index in 0..self.readers.len() {
            // A fused group is emitted where its last member stands, so a use counts until the group's end.
            let end = self.group_end(index);
            for argument in self.program.recorder.ops[index].arguments() {
                if self.needed[index] {
                    let (root, _) = self.root(argument.0 as usize);
                    self.last_use[root] = self.last_use[root].max(end);
                }
            }
        }
        for index in (0..self.readers.len()).filter(|&i| self.needed[i]) {
            let end = self.group_end(index);
            let (root, _) = self.root(index);
            self.last_use[root] = self.last_use[root].max(end);
        }
    }

    /// True for values that take no step of their own where they stand.
    fn is_free(&self, index: usize) -> bool {
        match self.op(index) {
            Op::Channels { .. } => true,
            Op::Parameter { .. } => !self.is_materialised(index),
            _ => self.swallowed.contains_key(&index),
        }
    }

    /// True for parameters that something other than a convolution's weights reads.
    fn is_materialised(&self, index: usize) -> bool {
        let readers = &self.readers[index];
        let broadcast = |&reader: &usize| match self.op(reader) {
            Op::Convolve { x, .. } => x.0 as usize != index,
            _ => false,
        };
        readers.outputs > 0 || !readers.nodes.iter().all(broadcast)
    }

    fn emit_all(&mut self) {
        let mut index = 0;
        while index < self.needed.len() {
            if !self.needed[index] || self.is_free(index) {
                index += 1;
                continue;
            }
            let end = self.group_end(index);
            if self.is_fusable(index) {
                self.emit_fused(index, end);
            } else {
                self.emit(index);
            }
            self.emit_outputs(index, end);
            self.release(index, end);
            index = end + 1;
        }
    }

    /// Lines for a value, taken now.
    fn take(&mut self, index: usize) -> usize {
        let (root, _) = self.root(index);
        let start = self.allocator.take(lines(self.shape(root), self.for_lanes));
        self.place[root] = Some(start);
        start
    }

    /// First line of a value that has memory.
    fn line(&self, node: Node) -> usize {
        let (root, offset) = self.root(node.0 as usize);
        self.place[root].expect("a value is planned before it is read") + offset
    }

    /// Gives back what is used last at positions `first ..= end`.
    fn release(&mut self, first: usize, end: usize) {
        for at in first..=end {
            for root in std::mem::take(&mut self.last_used[at]) {
                if let Some(start) = self.place[root].take() {
                    self.allocator.give_back(start, lines(self.shape(root), self.for_lanes));
                }
            }
        }
    }

    fn emit_outputs(&mut self, first: usize, end: usize) {
        let program = self.program;
        let mut written: Vec<usize> = self.written[first..=end].concat();
        written.sort_unstable();
        for index in written {
            let output = &program.outputs[index];
            let node = output.node();
            if matches!(self.plan.steps.last(), Some(Step::Correlate(c)) if c.to == Err(index)) {
                continue;
            }
            let shape = self.shape(node.0 as usize);
            let from = self.line(node);
            self.plan.steps.push(match output {
                Output::PerSample(_) => Step::Copy { from, index, shape },
                Output::Summed(_) => Step::Reduce { from, index, shape },
            });
        }
    }

    fn find_written(&mut self) {
        for (index, output) in self.program.outputs.iter().enumerate() {
            let at = self.output_position(output.node().0 as usize);
            self.written[at].push(index);
        }
        for (root, &end) in self.last_use.iter().enumerate() {
            self.last_used[end].push(root);
        }
    }

    /// Where a value's memory is written: views follow their root.
    fn output_position(&self, index: usize) -> usize {
        let (root, _) = self.root(index);
        match self.swallowed.get(&root) {
            Some(&convolution) => convolution,
            None => root,
        }
    }

    fn geometry(&mut self, stencil: &Stencil, inputs: usize, outputs: usize, transposed: bool) -> Geometry {
        Geometry {
            groups: Arc::clone(self.groups.entry(stencil.clone()).or_insert_with(|| groups(stencil).into())),
            input_sites: stencil.inputs(),
            output_sites: stencil.outputs(),
            inputs,
            outputs,
            taps: stencil.taps(),
            transposed,
        }
    }

    /// The shorter way of a convolution with broadcast weights, where there is one.
    fn short(&self, stencil: &Stencil, geometry: &Geometry, weights: Node) -> Option<Short> {
        let broadcast = matches!(self.op(weights.0 as usize), Op::Parameter { .. });
        if broadcast && self.for_lanes { Short::find(stencil, geometry.inputs, geometry.outputs) } else { None }
    }

    /// Where weights lie; parameters are packed as this many numbers.
    fn weights(&mut self, node: Node, packed: usize) -> Weights {
        match self.op(node.0 as usize) {
            Op::Parameter { offset } => {
                let (offset, pack) = (*offset, self.plan.packed);
                self.plan.packed += packed;
                Weights::Parameter { offset, pack }
            }
            _ => Weights::Lines(self.line(node)),
        }
    }

    fn emit(&mut self, index: usize) {
        let shape = self.shape(index);
        let step = match self.op(index).clone() {
            Op::Input { index: input } => Step::Input { index: input, to: self.take(index), shape },
            Op::Parameter { offset } => Step::Parameter { offset, to: self.take(index), count: shape.count() },
            Op::Constant { bits } => Step::Constant { value: f64::from_bits(bits), to: self.take(index), shape },
            Op::Table { bits } => {
                Step::Table { values: bits.iter().map(|&b| f64::from_bits(b)).collect(), to: self.take(index) }
            }
            Op::Map { x, stencil } => {
                let sources = (0..stencil.outputs()).map(|s| stencil.row(s)[0]).collect();
                let (channels, inputs) = (shape.channels, stencil.inputs());
                Step::Map { from: self.line(x), to: self.take(index), channels, inputs, sources }
            }
            Op::Convolve { x, weights, bias, stencil, transposed } => {
                let inputs = self.shape(x.0 as usize).channels;
                let geometry = self.geometry(&stencil, inputs, shape.channels, transposed);
                let short = self.short(&stencil, &geometry, weights);
                let packed = Convolve::packed(&geometry, short.as_ref());
                let (from, weights) = (self.line(x), self.weights(weights, packed));
                let bias = bias.map(|b| self.weights(b, shape.channels));
                let rectifier = self.epilogue.get(&index).and_then(|&reader| match self.op(reader) {
                    Op::Elementwise { constant, .. } => Some(f64::from_bits(*constant)),
                    _ => None,
                });
                let to = self.take(index);
                let short = short.map(|short| {
                    let count = short.scratch(inputs, shape.channels);
                    let scratch = self.allocator.take(count);
                    self.allocator.give_back(scratch, count);
                    (short, scratch)
                });
                Step::Convolve(Convolve { geometry, from, to, weights, bias, rectifier, short })
            }
            Op::Correlate { x, g, stencil, transposed } => {
                let channels = |n: Node| self.shape(n.0 as usize).channels;
                let geometry = self.geometry(&stencil, channels(x), channels(g), transposed);
                let to = match self.only_sum(index) {
                    Some(output) => Err(output),
                    None => Ok(self.take(index)),
                };
                Step::Correlate(Correlate { geometry, from: self.line(x), signal: self.line(g), to })
            }
            Op::SumSites { x } => {
                let sites = self.shape(x.0 as usize).sites;
                Step::SumSites { from: self.line(x), to: self.take(index), channels: shape.channels, sites }
            }
            Op::SpreadSites { x } => {
                let (channels, sites) = (shape.channels, shape.sites);
                Step::SpreadSites { from: self.line(x), to: self.take(index), channels, sites }
            }
            Op::Total { x } => {
                let count = self.shape(x.0 as usize).count();
                Step::Total { from: self.line(x), to: self.take(index), count }
            }
            Op::Spread { x } => Step::Spread { from: self.line(x), to: self.take(index), count: shape.count() },
            Op::Place { x, first } => {
                let count = self.shape(x.0 as usize).count();
                let before = first * shape.sites;
                let after = shape.count() - before - count;
                Step::Place { from: self.line(x), to: self.take(index), before, count, after }
            }
            Op::Channels { .. } | Op::Elementwise { .. } => unreachable!("views and fused operations take no step"),
        };
        self.plan.steps.push(step);
    }

    /// The one output that sums this value, where nothing else reads it.
    fn only_sum(&self, index: usize) -> Option<usize> {
        let readers = &self.readers[index];
        if !readers.nodes.is_empty() || readers.outputs != 1 {
            return None;
        }
        self.program.outputs.iter().position(|o| *o == Output::Summed(Node(index as u32)))
    }
}
