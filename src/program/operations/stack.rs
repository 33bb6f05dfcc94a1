//! Values one after the other as the channels of one: [a; b; c].

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// The channels of all parts, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stack {
    pub parts: Vec<Node>,
}

impl Recorder {
    /// The channels of some values on the same sites as one value: [a; b; c].
    pub fn stack(&mut self, parts: &[Node]) -> Node {
        assert!(!parts.is_empty(), "a stack has a part");
        let shapes: Vec<Shape> = parts.iter().map(|&part| self.narrow(part)).collect();
        let sites = shapes[0].sites;
        assert!(shapes.iter().all(|shape| shape.sites == sites), "the parts of a stack have the same sites");
        if let [only] = parts {
            return *only;
        }
        let channels = shapes.iter().map(|shape| shape.channels).sum();
        self.push(Op::Stack(Stack { parts: parts.to_vec() }), Shape::new(channels, sites))
    }
}

impl Operation for Stack {
    fn arguments(&self) -> Vec<Node> {
        self.parts.clone()
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        self.parts.iter_mut().collect()
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let mut pulled = vec![];
        let mut first = 0;
        for &part in &self.parts {
            let channels = recorder.shape(part).channels;
            if at.wants(part) {
                pulled.push((part, recorder.channels(at.g, first, channels)));
            }
            first += channels;
        }
        pulled
    }
}

impl Stack {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let parts = self.parts.iter().map(|&part| (places.line(part), places.shape(part).count())).collect();
        Step { parts, to: places.take(value) }
    }
}

/// Copies the parts one behind the other.
#[derive(Debug)]
pub struct Step {
    /// First line and number of lines of each part.
    parts: Vec<(usize, usize)>,
    to: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        let mut to = self.to;
        for &(from, count) in &self.parts {
            // SAFETY: the caller's promise.
            unsafe { std::ptr::copy_nonoverlapping(frame.line(from), frame.line(to), count) };
            to += count;
        }
    }

    fn write(&self, writer: &mut Writer) {
        let mut to = self.to;
        for &(from, count) in &self.parts {
            writer.each(count, &format!("a[{to} + i] = a[{from} + i];"));
            to += count;
        }
    }
}
