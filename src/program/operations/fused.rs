//! Elementwise operations of the table: recorded one by one, run in groups of consecutive ones of the same shape.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::elementwise::{Elementwise, Point};
use super::operation::{Cotangent, Operation, Run};
use crate::simd::{Lanes, Line};
use std::collections::BTreeSet;
use std::fmt::Write;

/// y = f(a, b, d; c).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applied {
    pub operation: Elementwise,
    /// Its arguments; the first one stands for those that it does not have.
    pub arguments: [Node; 3],
    constant: u64,
}

impl Applied {
    /// The constant c.
    pub fn constant(&self) -> f64 {
        f64::from_bits(self.constant)
    }
}

impl Recorder {
    /// An elementwise operation of the table.
    pub fn elementwise(&mut self, operation: Elementwise, arguments: &[Node], constant: f64) -> Node {
        let shape = self.shape(arguments[0]);
        assert_eq!(arguments.len(), operation.arguments(), "an elementwise operation has all its arguments");
        assert!(arguments.iter().all(|&a| self.shape(a) == shape), "elementwise arguments have one shape");
        let arguments = std::array::from_fn(|i| arguments.get(i).copied().unwrap_or(arguments[0]));
        self.push(Op::Elementwise(Applied { operation, arguments, constant: constant.to_bits() }), shape)
    }
}

impl Operation for Applied {
    fn arguments(&self) -> Vec<Node> {
        self.arguments[..self.operation.arguments()].to_vec()
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        self.arguments.iter_mut().collect()
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let point = Point { x: self.arguments, y: at.y, g: at.g, c: self.constant() };
        let pulled = self.operation.derivative(recorder, point);
        self.arguments.into_iter().zip(pulled).filter(|&(a, _)| at.wants(a)).collect()
    }
}

/// Elementwise operations that run together, a strip of lines at a time.
#[derive(Debug)]
pub struct Step {
    pub operations: Vec<Member>,
    pub shape: Shape,
}

/// One of the operations that run together.
#[derive(Debug)]
pub struct Member {
    pub operation: Elementwise,
    pub constant: f64,
    pub arguments: [Operand; 3],
    pub to: Operand,
}

/// Memory of an elementwise operand: in the arena, or in a strip that only the group uses.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Line(usize),
    Strip(usize),
}

/// Lines in a strip of a fused group.
pub const STRIP: usize = 8;

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, _: &Frame<L>, block: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.shape.wide {
                self.strip_by_strip::<L::Wide>(block.lines, block.strips);
            } else {
                self.strip_by_strip::<L>(block.lines, block.strips);
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        if self.shape.wide { self.write_wide(writer) } else { self.write_narrow(writer) }
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        let line = |member: &Member| match member.to {
            Operand::Line(line) => Some((line, self.shape.count())),
            Operand::Strip(_) => None,
        };
        if self.shape.wide { self.operations.iter().filter_map(line).collect() } else { vec![] }
    }
}

impl Step {
    /// Runs the group strip by strip; strips follow the plan's lines in memory.
    ///
    /// # Safety
    /// `lines` are those of the plan, with the strips behind them; the processor has the instruction set of the lanes.
    #[inline(always)]
    unsafe fn strip_by_strip<L: Lanes>(&self, lines: *mut Line, strips: usize) {
        let count = self.shape.count();
        // A strip holds fewer wide numbers.
        let strip = STRIP * size_of::<Line>() / size_of::<L>();
        let mut first = 0;
        while first < count {
            let length = strip.min(count - first);
            for step in &self.operations {
                // SAFETY: lines and strips are those of the plan.
                let at = |operand: Operand| match operand {
                    Operand::Line(line) => lines.wrapping_add(line).cast::<L>().wrapping_add(first),
                    Operand::Strip(strip) => lines.wrapping_add(strips + strip * STRIP).cast::<L>(),
                };
                let arguments = step.arguments.map(|a| at(a).cast_const());
                // SAFETY: as above.
                unsafe { step.operation.apply(arguments, step.constant, at(step.to), length) };
            }
            first += length;
        }
    }

    fn write_narrow(&self, writer: &mut Writer) {
        let mut statement = self.declared_strips("V");
        let at = |operand: Operand| match operand {
            Operand::Line(line) => format!("a[{line} + i]"),
            Operand::Strip(strip) => format!("s{strip}"),
        };
        for step in &self.operations {
            let [a, b, d] = step.arguments.map(at);
            let formula = step.operation.opencl().replace("{a}", &a).replace("{b}", &b).replace("{d}", &d);
            let formula = formula.replace("{c}", &format!("(V)({})", writer.number(step.constant)));
            let _ = write!(statement, "\n      {} = {formula}; ", at(step.to));
        }
        writer.each(self.shape.count(), &statement);
    }

    fn write_wide(&self, writer: &mut Writer) {
        let count = self.shape.count();
        let mut statement = self.declared_strips("D");
        for step in &self.operations {
            let mut at = |operand: Operand| match operand {
                Operand::Line(line) => format!("wide[{} + i]", writer.wide_numbers(line, count)),
                Operand::Strip(strip) => format!("s{strip}"),
            };
            let ([a, b, d], to) = (step.arguments.map(&mut at), at(step.to));
            let c = writer.wide_number(step.constant);
            let formula = format!("WIDE_{:?}({a}, {b}, {d}, {c})", step.operation);
            let _ = write!(statement, "\n      {to} = {formula}; ");
        }
        writer.each(count, &statement);
    }

    /// Declarations of the strips in OpenCL C.
    fn declared_strips(&self, kind: &str) -> String {
        let strip = |member: &Member| match member.to {
            Operand::Strip(strip) => Some(strip),
            Operand::Line(_) => None,
        };
        let strips: BTreeSet<usize> = self.operations.iter().filter_map(strip).collect();
        strips.into_iter().map(|strip| format!("{kind} s{strip}; ")).collect()
    }
}
