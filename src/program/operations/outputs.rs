//! Steps that write outputs: values of each sample, and sums over the samples.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::value::Shape;
use super::operation::Run;
use super::row::Part;
use crate::simd::{Lanes, Real};

/// Writes the values of an output, sample by sample.
#[derive(Debug)]
pub struct Copy {
    pub from: usize,
    pub index: usize,
    pub shape: Shape,
    /// The part of the output that these values are.
    pub part: Part,
}

/// Adds the values of an output over the samples.
#[derive(Debug)]
pub struct Reduce {
    pub from: usize,
    pub index: usize,
    pub shape: Shape,
    /// The part of the output that these values are.
    pub part: Part,
}

impl Run for Copy {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let from = frame.line(self.from);
        // SAFETY: the caller's promise.
        unsafe {
            if self.shape.wide {
                self.copy::<L::Wide>(from.cast(), block);
            } else {
                self.copy::<L>(from, block);
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, index, shape, ref part } = *self;
        let Part { ref at, count, whole } = *part;
        let (at, guard) = (at.text(), part.guard());
        if shape.wide {
            let from = writer.wide_numbers(from, count);
            let statement = format!("store_wide(output_{index}, wide[{from} + i], first, samples, {whole}, {at} + i);");
            writer.each(count, &format!("{guard}{statement}"));
            return;
        }
        let count = if guard.is_empty() { count.to_string() } else { format!("min((uint){count}, {whole} - ({at}))") };
        writer.line(&format!("    store(output_{index}, a + {from}, first, samples, {whole}, {at}, {count}, me);"));
        writer.barrier();
    }
}

impl Copy {
    /// Writes the lanes that hold samples.
    ///
    /// # Safety
    /// `from` can be read for the numbers of the part; the processor has the instruction set of the lanes.
    #[inline(always)]
    unsafe fn copy<L: Lanes>(&self, from: *const L, block: &mut Block) {
        let ((at, count), whole) = (self.part.range(block.rows), self.part.whole);
        let scalars = from.cast::<L::Scalar>();
        let to = &mut *block.results[self.index];
        for (lane, result) in to.chunks_exact_mut(whole).take(block.samples).enumerate() {
            for (i, x) in result[at..at + count].iter_mut().enumerate() {
                // SAFETY: `from` has `count` vectors.
                *x = unsafe { *scalars.add(i * L::WIDTH + lane) }.to_f64();
            }
        }
    }
}

impl Run for Reduce {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let (at, count) = self.part.range(block.rows);
        let sums = &mut block.sums[self.index][at..at + count];
        // SAFETY: the caller's promise.
        unsafe {
            if self.shape.wide {
                let values = frame.line(self.from).cast::<L::Wide>();
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum += (*values.add(i) * frame.valid.widen()).sum();
                }
            } else {
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum += (*frame.line(self.from + i) * frame.valid).sum().to_f64();
                }
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, index, shape, ref part } = *self;
        let (at, row, guard) = (writer.sums[index].unwrap_or_default(), part.at.text(), part.guard());
        let value = if shape.wide {
            format!("wide[{} + i]", writer.wide_numbers(from, part.count))
        } else {
            format!("widen(a[{from} + i])")
        };
        writer.each(part.count, &format!("{guard}add_to(sum + {at} + {row} + i, {value}, samples, is_first);"));
    }
}
