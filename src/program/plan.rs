//! Planning: values that no output needs are left out, consecutive elementwise operations fuse, values share memory.
//! Bodies of repeats are planned once, where they stand in the flat recording.
//!
//! Memory is counted in lines of 64 bytes: one line holds one number of each sample of a block (16 f32 or 8 f64); a
//! wide number takes two. The plan is the same for both precisions and all instruction sets.

mod fused;
mod regions;
mod site_groups;

use super::convolution::{Correlation, InSum};
use super::finished::{Output, Program};
use super::flat::Flat;
use super::needs::needed;
use super::operations::bounds::Again;
use super::operations::elementwise::Elementwise;
use super::operations::row::{Part, Row, Source};
use super::operations::storage::{Destination, Store};
use super::operations::{Op, Step, outputs};
use super::places::Places;
use super::position::Position;
use super::steps::Plan;
use super::value::{Node, Shape};
use regions::Regions;
use std::collections::HashMap;

/// The readers of a value.
#[derive(Clone, Default)]
struct Readers {
    nodes: Vec<usize>,
    outputs: usize,
}

/// A program while it is planned.
struct Planner<'a> {
    flat: &'a Flat,
    regions: Regions,
    needed: Vec<bool>,
    readers: Vec<Readers>,
    /// Rectifiers and the convolutions that apply them: the rectifier's value -> the convolution's, and back.
    swallowed: HashMap<usize, usize>,
    epilogue: HashMap<usize, usize>,
    places: Places<'a>,
    /// For each value in a group that runs site by site the last of its group.
    site_group: Vec<Option<usize>>,
    /// For each root value the position after which its memory is free.
    last_use: Vec<usize>,
    /// Roots, by the position of their last use.
    last_used: Vec<Vec<usize>>,
    /// Outputs by the position where their memory is written.
    written: Vec<Vec<usize>>,
    steps: Vec<Step>,
    /// First steps of the repeats around the present one, and most repeats around any.
    begins: Vec<usize>,
    depth: usize,
    /// Strips of the largest fused group.
    strips: usize,
}

impl Plan {
    /// Plans a program for the lanes of the CPU, or with direct sums as only algorithm and without gaps in memory.
    pub fn new(program: &Program, for_lanes: bool) -> Self {
        let flat = Flat::new(program);
        let count = flat.recorder.ops.len();
        let mut planner = Planner {
            flat: &flat,
            regions: Regions::new(&flat.recorder.ops),
            needed: needed(&flat),
            readers: vec![Readers::default(); count],
            swallowed: HashMap::new(),
            epilogue: HashMap::new(),
            places: Places::new(&flat.recorder.shapes, for_lanes),
            site_group: vec![None; count],
            last_use: vec![0; count],
            last_used: vec![vec![]; count],
            written: vec![vec![]; count],
            steps: vec![],
            begins: vec![],
            depth: 0,
            strips: 0,
        };
        planner.find_readers();
        planner.find_epilogues();
        planner.find_roots();
        planner.find_parameters_and_sums();
        planner.find_site_groups();
        planner.find_last_uses();
        planner.find_written();
        planner.emit_all();
        let Planner { steps, places, strips, depth, .. } = planner;
        Plan { steps, lines: places.lines(), strips, depth, packed: places.packed }
    }
}

impl Planner<'_> {
    fn op(&self, index: usize) -> &Op {
        &self.flat.recorder.ops[index]
    }

    fn shape(&self, index: usize) -> Shape {
        self.flat.recorder.shapes[index]
    }

    fn find_readers(&mut self) {
        for index in 0..self.readers.len() {
            if self.needed[index] {
                for argument in self.flat.recorder.ops[index].arguments() {
                    self.readers[argument.index()].nodes.push(index);
                }
            }
        }
        for output in self.flat.outputs.iter().flatten() {
            self.readers[output.node().index()].outputs += 1;
        }
    }

    /// A convolution whose only reader is a leaky rectifier applies it itself.
    fn find_epilogues(&mut self) {
        for index in 0..self.readers.len() {
            let readers = &self.readers[index];
            let alone = readers.nodes.len() == 1 && readers.outputs == 0;
            if !(self.needed[index] && alone && matches!(self.op(index), Op::Convolve(_))) {
                continue;
            }
            let reader = readers.nodes[0];
            if let Op::Elementwise(applied) = &self.flat.recorder.ops[reader]
                && applied.operation == Elementwise::LeakyRelu
                && self.regions.are_one(index, reader)
            {
                self.epilogue.insert(index, reader);
                self.swallowed.insert(reader, index);
                self.places.rectifiers.insert(index, applied.constant());
            }
        }
    }

    /// Finds for each value its root, the value that owns its memory, and its first line there.
    fn find_roots(&mut self) {
        for index in 0..self.readers.len() {
            let root = match self.op(index).operation().view() {
                Some((x, first)) => {
                    let (root, line) = self.root(x.index());
                    (root, line + first * self.places.shape(x).sites)
                }
                None => (self.epilogue.get(&index).copied().unwrap_or(index), 0),
            };
            self.places.roots.push(root);
        }
    }

    fn root(&self, index: usize) -> (usize, usize) {
        self.places.roots[index]
    }

    fn find_parameters_and_sums(&mut self) {
        let position = |op: &Op| match op {
            Op::Parameter(parameter) => Some(Position::fixed(parameter.offset)),
            Op::Row(Row { of: Source::Parameter(offset), at, .. }) => Some(at.plus(&Position::fixed(*offset))),
            _ => None,
        };
        self.places.parameters = self.flat.recorder.ops.iter().map(position).collect();
        for (output, node) in self.flat.outputs.iter().enumerate() {
            let Some(Output::Summed(node)) = node else { continue };
            let readers = &self.readers[node.index()];
            if readers.nodes.is_empty() && readers.outputs == 1 {
                self.places.summed.insert(node.index(), InSum { output, at: Position::default() });
            }
        }
        for (index, op) in self.flat.recorder.ops.iter().enumerate() {
            let Op::Store(Store { value, to: Destination::Summed(output), at, .. }) = op else { continue };
            let readers = &self.readers[value.index()];
            if readers.nodes == [index] && readers.outputs == 0 && self.regions.are_one(value.index(), index) {
                self.places.summed.insert(value.index(), InSum { output: *output, at: at.clone() });
            }
        }
    }

    fn find_last_uses(&mut self) {
        for index in (0..self.readers.len()).filter(|&i| self.needed[i]) {
            // A fused group is emitted at the position of its last member, so a use counts until the group's end.
            let end = self.group_end(index);
            let own = Node(index as u32);
            for value in self.flat.recorder.ops[index].arguments().into_iter().chain([own]) {
                let (root, _) = self.root(value.index());
                self.last_use[root] = self.last_use[root].max(self.regions.needed_until(root, end));
            }
        }
    }

    /// True for values that have no step of their own at their position.
    fn is_free(&self, index: usize) -> bool {
        match self.op(index) {
            Op::Channels(_) => true,
            _ if self.places.parameters[index].is_some() => !self.is_materialised(index),
            _ => self.swallowed.contains_key(&index) || self.is_summed(index),
        }
    }

    /// True for a store to a sum over samples that a correlation adds to by itself.
    fn is_summed(&self, index: usize) -> bool {
        let Op::Store(Store { value, to: Destination::Summed(_), .. }) = self.op(index) else { return false };
        let value = value.index();
        matches!(self.op(value), Op::Correlate(_)) && self.places.summed.contains_key(&value)
    }

    /// True for parameters that something other than a convolution's weights reads.
    fn is_materialised(&self, index: usize) -> bool {
        let readers = &self.readers[index];
        let broadcast = |&reader: &usize| match self.op(reader) {
            Op::Convolve(convolve) => convolve.x.index() != index,
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
            if self.site_group[index].is_some() {
                self.emit_site_group(index, end);
            } else if self.is_fusable(index) {
                self.emit_fused(index, end);
            } else {
                self.emit(index);
            }
            self.emit_outputs(index, end);
            self.release(index, end);
            index = end + 1;
        }
    }

    fn emit(&mut self, index: usize) {
        let value = Node(index as u32);
        let step = match &self.flat.recorder.ops[index] {
            Op::Storage(_) => {
                self.places.take(value);
                return;
            }
            Op::End(end) => {
                let first = self.begins.pop().unwrap_or_default();
                Step::Again(Again { rows: end.0.clone(), first })
            }
            op => op.step(&mut self.places, value),
        };
        self.steps.push(step);
        if let Op::Begin(begin) = self.op(index) {
            self.depth = self.depth.max(begin.0.depth + 1);
            self.begins.push(self.steps.len());
        }
    }

    /// Frees the values that are last used at positions `first ..= end`.
    fn release(&mut self, first: usize, end: usize) {
        for at in first..=end {
            for root in std::mem::take(&mut self.last_used[at]) {
                self.places.release(root);
            }
        }
    }

    fn emit_outputs(&mut self, first: usize, end: usize) {
        let flat = self.flat;
        let mut written: Vec<usize> = self.written[first..=end].concat();
        written.sort_unstable();
        for index in written {
            let Some(output) = &flat.outputs[index] else { continue };
            let node = output.node();
            if matches!(self.steps.last(), Some(Step::Correlate(Correlation { to: Err(sum), .. })) if sum.output == index)
            {
                continue;
            }
            let (from, shape) = (self.places.line(node), self.places.shape(node));
            let part = Part::all(shape.count());
            self.steps.push(match output {
                Output::PerSample(_) => Step::Copy(outputs::Copy { from, index, shape, part }),
                Output::Summed(_) => Step::Reduce(outputs::Reduce { from, index, shape, part }),
            });
        }
    }

    fn find_written(&mut self) {
        for (index, output) in self.flat.outputs.iter().enumerate() {
            let Some(output) = output else { continue };
            let at = self.output_position(output.node().index());
            self.written[at].push(index);
        }
        for (root, &end) in self.last_use.iter().enumerate() {
            self.last_used[end].push(root);
        }
    }

    /// The position at which a value's memory is written; for a view that of its root.
    fn output_position(&self, index: usize) -> usize {
        let (root, _) = self.root(index);
        match (self.swallowed.get(&root), self.op(root)) {
            (Some(&convolution), _) => convolution,
            (None, Op::Storage(_)) => self.stored_until(root),
            (None, _) => root,
        }
    }

    /// The position after which nothing more is stored in a value's memory.
    fn stored_until(&self, memory: usize) -> usize {
        let stores = self.readers[memory].nodes.iter().filter(|&&reader| {
            matches!(self.op(reader), Op::Store(store) if store.to == Destination::Memory(Node(memory as u32)))
        });
        stores.map(|&store| self.regions.needed_until(memory, store)).max().unwrap_or(memory)
    }
}
