//! A row of a stacked value in a flat recording, and copies of values from one place in memory to another.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::position::Position;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::operation::{Cotangent, Operation, Run};
use super::table::Table;
use super::{Op, Step as AnyStep, input, parameter, table};
use crate::simd::Lanes;

/// Numbers of a source from a position on. Of a short last segment those beyond the end of the source are not set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub of: Source,
    pub at: Position,
    /// Shape of the whole source.
    pub whole: Shape,
}

/// Source of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Another value.
    Value(Node),
    /// Parameters from this offset on.
    Parameter(usize),
    /// The input with this index.
    Input(usize),
    /// A table.
    Table(Table),
}

impl Operation for Row {
    fn arguments(&self) -> Vec<Node> {
        match self.of {
            Source::Value(x) => vec![x],
            _ => vec![],
        }
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.of {
            Source::Value(x) => vec![x],
            _ => vec![],
        }
    }

    /// Nothing: recordings are differentiated before they are made flat.
    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}

impl Row {
    /// The row of a value, where that is a row, a part or a source itself.
    pub fn of(recorder: &Recorder, x: Node) -> Self {
        let whole = recorder.shape(x);
        let of = |of| Self { of, at: Position::default(), whole };
        match recorder.op(x) {
            Op::Row(row) => row.clone(),
            Op::Parameter(parameter) => of(Source::Parameter(parameter.offset)),
            Op::Input(input) => of(Source::Input(input.index())),
            Op::Table(table) => of(Source::Table(table.clone())),
            Op::Channels(channels) => {
                let row = Self::of(recorder, channels.x);
                let at = row.at.plus(&Position::fixed(channels.first * whole.sites));
                Self { at, ..row }
            }
            _ => of(Source::Value(x)),
        }
    }

    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> AnyStep {
        let (shape, whole, at) = (places.shape(value), self.whole, self.at.clone());
        let part = Part { at, count: shape.count(), whole: whole.count() };
        match &self.of {
            Source::Value(x) => {
                let (from, to) = (places.line(*x), places.take(value));
                let [from, to] = [Place { line: from, whole }, Place { line: to, whole: shape }];
                AnyStep::Transfer(Transfer { from, to, part, is_stored: false })
            }
            &Source::Parameter(offset) => {
                AnyStep::Parameter(parameter::Step { offset, to: places.take(value), part, wide: shape.wide })
            }
            &Source::Input(index) => AnyStep::Input(input::Step { index, to: places.take(value), shape, whole, part }),
            Source::Table(of) => {
                AnyStep::Table(table::Step { values: of.values().collect(), to: places.take(value), part })
            }
        }
    }
}

/// Numbers of a larger array from a position on.
#[derive(Clone, Debug)]
pub struct Part {
    pub at: Position,
    /// Numbers of the part.
    pub count: usize,
    /// Numbers of the array.
    pub whole: usize,
}

impl Part {
    /// All numbers of an array.
    pub fn all(count: usize) -> Self {
        Self { at: Position::default(), count, whole: count }
    }

    /// The first of the numbers, and how many there are.
    #[inline(always)]
    pub fn range(&self, rows: &[usize]) -> (usize, usize) {
        let at = self.at.at(rows);
        (at, self.count.min(self.whole - at))
    }

    /// The condition that number i is in the array, as OpenCL C that is put before a statement.
    pub fn guard(&self) -> String {
        if self.at.last() + self.count <= self.whole {
            return String::new();
        }
        format!("if ({} + i < {}) ", self.at.text(), self.whole)
    }
}

/// A value in memory.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub line: usize,
    pub whole: Shape,
}

/// Copies a part of a value to another value, or a value to a part of another one.
#[derive(Debug)]
pub struct Transfer {
    pub from: Place,
    pub to: Place,
    pub part: Part,
    /// The part is one of the value that is written.
    pub is_stored: bool,
}

impl Run for Transfer {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let (from, to) = (frame.line(self.from.line), frame.line(self.to.line));
        // SAFETY: the caller's promise.
        unsafe {
            if self.from.whole.wide {
                self.copy::<L::Wide>(from.cast(), to.cast(), block.rows);
            } else {
                self.copy::<L>(from, to, block.rows);
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (at, guard) = (self.part.at.text(), self.part.guard());
        let mut start = |place: Place| {
            if place.whole.wide { writer.wide_numbers(place.line, place.whole.count()) } else { place.line }
        };
        let (from, to) = (start(self.from), start(self.to));
        let (read, written) = if self.is_stored { (String::new(), at + " + ") } else { (at + " + ", String::new()) };
        let array = if self.from.whole.wide { "wide" } else { "a" };
        writer.each(self.part.count, &format!("{guard}{array}[{to} + {written}i] = {array}[{from} + {read}i];"));
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        self.to.whole.wide.then(|| (self.to.line, self.to.whole.count())).into_iter().collect()
    }
}

impl Transfer {
    /// Copies the part.
    ///
    /// # Safety
    /// Both values are in memory.
    #[inline(always)]
    unsafe fn copy<L: Lanes>(&self, from: *const L, to: *mut L, rows: &[usize]) {
        let (at, count) = self.part.range(rows);
        let (read, written) = if self.is_stored { (0, at) } else { (at, 0) };
        // SAFETY: the caller's promise; different values do not share memory.
        unsafe { std::ptr::copy_nonoverlapping(from.add(read), to.add(written), count) };
    }
}
