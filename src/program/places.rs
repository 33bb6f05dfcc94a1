//! Memory of values: lines, allocated while a program is planned.

use super::arena::Allocator;
use super::convolution::{Geometry, Group, InSum, Weights, groups};
use super::position::Position;
use super::stencil::Stencil;
use super::value::{Node, Shape};
use std::collections::HashMap;
use std::sync::Arc;

/// Memory of values, and properties of them found by planning; vectors and maps are indexed as the recording is.
pub(super) struct Places<'a> {
    pub shapes: &'a [Shape],
    /// For each value its root, the value that owns its memory, and its first line there.
    pub roots: Vec<(usize, usize)>,
    /// Positions of the values that are parameters.
    pub parameters: Vec<Option<Position>>,
    /// Slopes of the rectifiers that convolutions apply themselves, by the convolution.
    pub rectifiers: HashMap<usize, f64>,
    /// Values that only a sum over samples reads, with the output that is this sum.
    pub summed: HashMap<usize, InSum>,
    /// True where convolutions may use faster algorithms, and large values are staggered for the first-level cache.
    pub for_lanes: bool,
    /// Numbers of weights packed so far.
    pub packed: usize,
    allocator: Allocator,
    /// First line of each value that has memory.
    starts: Vec<Option<usize>>,
    /// Groups of sites of the stencils met so far.
    groups: HashMap<Stencil, Arc<[Group]>>,
}

/// Lines of memory of a value. Large ones get half a way of a first-level cache more: a convolution's input and result
/// would otherwise begin at the same address modulo 4 KiB and evict each other from the cache.
fn lines(shape: Shape, for_lanes: bool) -> usize {
    const HALF_WAY: usize = 32;
    match shape.count() {
        count if !for_lanes => count,
        count if shape.wide => 2 * count,
        count if count >= 2 * HALF_WAY => count.next_multiple_of(2 * HALF_WAY) + HALF_WAY,
        count => count,
    }
}

impl<'a> Places<'a> {
    /// No value has memory yet.
    pub fn new(shapes: &'a [Shape], for_lanes: bool) -> Self {
        Self {
            shapes,
            roots: vec![],
            parameters: vec![],
            rectifiers: HashMap::new(),
            summed: HashMap::new(),
            for_lanes,
            packed: 0,
            allocator: Allocator::default(),
            starts: vec![None; shapes.len()],
            groups: HashMap::new(),
        }
    }

    /// Shape of a value.
    pub fn shape(&self, value: Node) -> Shape {
        self.shapes[value.index()]
    }

    /// Total number of lines.
    pub fn lines(&self) -> usize {
        self.allocator.lines()
    }

    /// Allocates the lines of a value; returns the first.
    pub fn take(&mut self, value: Node) -> usize {
        let (root, _) = self.roots[value.index()];
        let start = self.allocator.take(lines(self.shapes[root], self.for_lanes));
        self.starts[root] = Some(start);
        start
    }

    /// First line of a value that has memory.
    pub fn line(&self, value: Node) -> usize {
        let (root, offset) = self.roots[value.index()];
        self.starts[root].expect("a value is planned before it is read") + offset
    }

    /// Frees the lines of a value, if it has any.
    pub fn release(&mut self, root: usize) {
        if let Some(start) = self.starts[root].take() {
            self.allocator.give_back(start, lines(self.shapes[root], self.for_lanes));
        }
    }

    /// Allocates lines that are needed during one step alone; returns the first.
    pub fn scratch(&mut self, count: usize) -> usize {
        let start = self.allocator.take(count);
        self.allocator.give_back(start, count);
        start
    }

    /// Memory of weights; parameters are packed as `packed` numbers.
    pub fn weights(&mut self, value: Node, packed: usize) -> Weights {
        match &self.parameters[value.index()] {
            Some(position) => {
                let pack = self.packed;
                self.packed += packed;
                Weights::Parameter { offset: position.first, pack }
            }
            None => Weights::Lines(self.line(value)),
        }
    }

    /// Position of a value among the parameters, if it is one.
    pub fn position(&self, value: Node) -> Position {
        self.parameters[value.index()].clone().unwrap_or_default()
    }

    /// The geometry of a convolution with these numbers of input and output channels.
    pub fn geometry(&mut self, stencil: &Stencil, [inputs, outputs]: [usize; 2], transposed: bool) -> Geometry {
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
}
