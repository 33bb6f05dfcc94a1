//! Recording: a sequence of small operations on values of shape [channels, sites] per sample.
//!
//! Equal operations on equal arguments are recorded once. Values are real numbers in the network's precision; a *wide*
//! value is one number per sample in f64, made by sums, for densities and actions. The program that results knows
//! nothing of physics. Each operation adds its own method to the recorder, in its file in `operations`.

use super::operations::Op;
use super::stencil::Stencil;
use super::value::{Node, Shape};
use crate::error::{Error, Result};
use std::collections::HashMap;

/// Records operations; see the module.
#[derive(Clone, Default)]
pub struct Recorder {
    pub(super) ops: Vec<Op>,
    pub(super) shapes: Vec<Shape>,
    known: HashMap<(Op, Shape), Node>,
    pub(super) parameters: usize,
    pub(super) inputs: usize,
    pub(super) conditions: usize,
    /// The first shortage of memory; executables of the recording are then refused.
    fault: Option<Error>,
}

impl Recorder {
    /// An empty recording.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shape of a value.
    pub fn shape(&self, node: Node) -> Shape {
        self.shapes[node.index()]
    }

    /// Shape of a value in the network's precision.
    pub(super) fn narrow(&self, node: Node) -> Shape {
        let shape = self.shape(node);
        assert!(!shape.wide, "a wide number is spread before it is used on sites");
        shape
    }

    /// Number of parameters recorded so far.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Number of inputs recorded so far.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of numbers in the conditions recorded so far.
    pub fn conditions(&self) -> usize {
        self.conditions
    }

    /// The map of all sites to themselves.
    pub fn identity(&mut self, sites: usize) -> Stencil {
        let made = Stencil::identity(sites);
        self.available(made, || Stencil::without_table([sites, sites], 1))
    }

    /// The stencil of the transposed linear map.
    pub(super) fn transposed(&mut self, stencil: &Stencil) -> Stencil {
        let made = stencil.transposed();
        self.available(made, || Stencil::without_table([stencil.outputs(), stencil.inputs()], stencil.taps()))
    }

    /// What was made, or something in its place where there was no memory for it.
    pub(super) fn available<T>(&mut self, made: Result<T>, otherwise: impl FnOnce() -> T) -> T {
        made.unwrap_or_else(|error| {
            self.fault.get_or_insert(error);
            otherwise()
        })
    }

    /// An error where there was no memory for a part of the recording or of a body in it.
    pub(super) fn expect_complete(&self) -> Result<()> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.ops.iter().try_for_each(|op| match op {
            Op::Repeat(repeat) => repeat.body.recorder.expect_complete(),
            _ => Ok(()),
        })
    }

    pub(super) fn op(&self, node: Node) -> &Op {
        &self.ops[node.index()]
    }

    /// The value of an operation that is executed where it stands in a flat recording.
    pub(super) fn append(&mut self, op: Op, shape: Shape) -> Node {
        self.ops.push(op);
        self.shapes.push(shape);
        Node(self.ops.len() as u32 - 1)
    }

    /// The value of an operation: a new one, or that of an equal operation which was recorded before.
    pub(super) fn push(&mut self, op: Op, shape: Shape) -> Node {
        let next = Node(self.ops.len() as u32);
        *self.known.entry((op, shape)).or_insert_with_key(|(op, shape)| {
            self.ops.push(op.clone());
            self.shapes.push(*shape);
            next
        })
    }
}
