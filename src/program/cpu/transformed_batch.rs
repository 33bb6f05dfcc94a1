//! Fourier transforms of a batch of fields in lanes, without a program around them: for comparison with other libraries.
//!
//! Fields and half spectra are kept as the executor keeps values: one line of 64 bytes holds one number of each sample of
//! a block, `[block][site]` and `[block][part][mode]`. The whole batch has memory of its own.

use super::super::fourier::{Factor, Fourier, Way};
use super::super::transform::Transform;
use super::transform::Channels;
use crate::context::Precision;
use crate::error::Result;
use crate::random::{Purpose, Stream};
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, Native, Real, Work, launch};

/// A batch of real fields, and memory for their half spectra.
pub struct TransformedBatch {
    step: Transform,
    precision: Precision,
    blocks: usize,
    fields: Lines,
    spectra: Lines,
    scratch: Lines,
}

impl TransformedBatch {
    /// `batch` fields, rounded up to whole blocks, of uniform numbers in (-1, 1).
    pub fn new(fourier: &Fourier, precision: Precision, batch: usize) -> Result<Self> {
        let step = Transform::new(fourier, Way::Forward, fourier.factors(Factor::One), 1);
        let blocks = batch.div_ceil(width(precision));
        let mut made = Self {
            precision,
            blocks,
            fields: Lines::new(blocks * step.volume())?,
            spectra: Lines::new(blocks * 2 * step.modes())?,
            scratch: Lines::new(2 * step.parts().count())?,
            step,
        };
        let mut stream = Stream::new(1, Purpose::Start, 0);
        for place in 0..blocks * made.step.volume() * width(precision) {
            let number = 2.0 * stream.uniform() - 1.0;
            // SAFETY: the fields hold this many numbers.
            unsafe {
                match precision {
                    Precision::F32 => *made.fields.start().cast::<f32>().add(place) = number as f32,
                    Precision::F64 => *made.fields.start().cast::<f64>().add(place) = number,
                }
            }
        }
        Ok(made)
    }

    /// Transforms all fields on the calling thread.
    pub fn transform(&mut self) {
        match self.precision {
            Precision::F32 => self.transform_in::<f32>(),
            Precision::F64 => self.transform_in::<f64>(),
        }
    }

    fn transform_in<T: Native>(&mut self) {
        let (fields, spectra, scratch) = (self.fields.start(), self.spectra.start(), self.scratch.start());
        let blocks = Blocks { step: &self.step, blocks: self.blocks, fields, spectra, scratch };
        // SAFETY: the lines are those of all blocks; the best instruction set is one of this processor.
        unsafe { launch::<T>(Instructions::best(), blocks) };
    }

    /// The field of a sample, and its half spectrum as it was last computed.
    pub fn sample(&mut self, index: usize) -> [Vec<f64>; 2] {
        let (block, lane) = (index / width(self.precision), index % width(self.precision));
        assert!(block < self.blocks, "a sample of the batch");
        let numbers = |lines: *const Line, count: usize| -> Vec<f64> {
            let number = |i: usize| {
                let line = lines.wrapping_add(block * count + i);
                // SAFETY: the line is one of the block.
                unsafe {
                    match self.precision {
                        Precision::F32 => (*line.cast::<f32>().add(lane)).to_f64(),
                        Precision::F64 => *line.cast::<f64>().add(lane),
                    }
                }
            };
            (0..count).map(number).collect()
        };
        let (fields, spectra) = (self.fields.start(), self.spectra.start());
        [numbers(fields, self.step.volume()), numbers(spectra, 2 * self.step.modes())]
    }
}

/// Samples of a block.
fn width(precision: Precision) -> usize {
    match precision {
        Precision::F32 => f32::WIDTH,
        Precision::F64 => f64::WIDTH,
    }
}

/// All blocks of a batch.
struct Blocks<'a> {
    step: &'a Transform,
    blocks: usize,
    fields: *mut Line,
    spectra: *mut Line,
    scratch: *mut Line,
}

impl<T: Native> Launch<T> for Blocks<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        let (sites, numbers) = (self.step.volume(), 2 * self.step.modes());
        for block in 0..self.blocks {
            let channels = Channels {
                step: self.step,
                from: self.fields.cast::<L>().wrapping_add(block * sites),
                to: self.spectra.cast::<L>().wrapping_add(block * numbers),
                scratch: self.scratch.cast(),
            };
            // SAFETY: the caller's promise.
            unsafe { channels.run() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_has_the_sum_of_its_field_as_mode_zero() {
        for precision in [Precision::F32, Precision::F64] {
            let fourier = Fourier::new(&[4, 6]).unwrap();
            let mut batch = TransformedBatch::new(&fourier, precision, 20).unwrap();
            batch.transform();
            for index in 0..20 {
                let [field, spectrum] = batch.sample(index);
                let sum: f64 = field.iter().sum();
                assert!((spectrum[0] - sum).abs() < 1e-5 && sum != 0.0 && spectrum[fourier.modes()] == 0.0);
            }
        }
    }
}
