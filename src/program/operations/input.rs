//! An input, per sample: numbers of the caller, or random numbers from keyed streams.

use super::super::cpu::frame::{Block, Frame};
use super::super::cpu::noise::{normals, uniforms};
use super::super::feed::{Distribution, Key};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use super::row::Part;
use crate::simd::{Lanes, Real};

/// The input with this index, per sample.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    index: usize,
}

impl Recorder {
    /// The next input, per sample.
    pub fn input(&mut self, shape: Shape) -> Node {
        self.inputs += 1;
        self.push(Op::Input(Input { index: self.inputs - 1 }), shape)
    }
}

impl Operation for Input {
    fn arguments(&self) -> Vec<Node> {
        vec![]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![]
    }

    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }

    fn varies(&self) -> bool {
        true
    }
}

impl Input {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let shape = places.shape(value);
        Step { index: self.index, to: places.take(value), shape, whole: shape, part: Part::all(shape.count()) }
    }

    /// Index of the input.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// Reads or draws the samples of an input.
#[derive(Debug)]
pub struct Step {
    pub index: usize,
    pub to: usize,
    pub shape: Shape,
    /// Shape of the whole input.
    pub whole: Shape,
    /// The part of it that is read.
    pub part: Part,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.shape.wide {
                self.read::<L::Wide>(block, frame.line(self.to).cast());
            } else {
                self.read::<L>(block, frame.line(self.to));
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { index, to, ref part, .. } = *self;
        let Part { ref at, count, whole } = *part;
        let at = at.text();
        let drawn = writer.drawn(index).map(|distribution| match distribution {
            Distribution::Normal => "normals",
            Distribution::Uniform => "uniforms",
        });
        let key = 3 * index;
        if self.shape.wide {
            let (to, guard) = (writer.wide_numbers(to, count), part.guard());
            let number = match drawn {
                Some(draw) => format!("wide_{draw}(keys + {key}, first, samples, {at} + i)"),
                None => format!("load_wide(input_{index}, first, samples, {whole}, {at} + i)"),
            };
            writer.each(count, &format!("{guard}wide[{to} + i] = {number};"));
            return;
        }
        let range = if part.guard().is_empty() {
            format!("{at}, {count}")
        } else {
            format!("{at}, min((uint){count}, {whole} - ({at}))")
        };
        writer.line(&match drawn {
            Some(draw) => format!("    {draw}(a + {to}, keys + {key}, first, samples, {range}, me);"),
            None => format!("    load(a + {to}, input_{index}, first, samples, {whole}, {range}, me);"),
        });
        writer.barrier();
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        self.shape.wide.then_some((self.to, self.shape.count())).into_iter().collect()
    }
}

impl Step {
    /// Draws the numbers of a block, or puts those of the caller into the lanes; lanes beyond the last sample repeat it.
    ///
    /// # Safety
    /// `to` has the lines of the part of the input; the processor has the instruction set of the lanes.
    #[inline(always)]
    unsafe fn read<L: Lanes>(&self, block: &Block, to: *mut L) {
        let (feed, (at, count)) = (&block.feeds[self.index], self.part.range(block.rows));
        if let Some((distribution, key)) = feed.drawn() {
            let key = Key { counter: key.counter.wrapping_add(block.first as u64), ..key };
            // SAFETY: the caller's promise.
            unsafe {
                match distribution {
                    Distribution::Normal => normals(key, block.samples, (at, count), to),
                    Distribution::Uniform => uniforms(key, block.samples, (at, count), to),
                }
            }
            return;
        }
        let scalars = to.cast::<L::Scalar>();
        for lane in 0..L::WIDTH {
            let sample = block.first + lane.min(block.samples - 1);
            for (i, &x) in feed.numbers(sample, self.part.whole)[at..][..count].iter().enumerate() {
                // SAFETY: `to` has `count` vectors.
                unsafe { *scalars.add(i * L::WIDTH + lane) = L::Scalar::from_f64(x) };
            }
        }
    }
}
