//! A run of a program on one device, for some chunks of a batch.

use super::super::steps::{Plan, inputs};
use super::super::{Feed, Output, Program};
use super::buffers::{argument, host, launch, read, room, upload, upload_numbers, upload_wide, words};
use super::cut::Cut;
use super::kernels::{Bench, Built, Variant};
use crate::context::Precision;
use crate::error::Result;
use ocl::core::{ArgVal, Mem};
use std::ops::Range;
use std::sync::Arc;

/// What is to be run.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub precision: Precision,
    pub feeds: &'a [Feed<'a>],
    pub size: usize,
    pub cut: Cut,
}

/// A run that a device works on.
pub(super) struct Run<'a> {
    built: &'a Built,
    precision: Precision,
    variant: Arc<Variant>,
    bench: Bench,
    launches: usize,
    /// Samples of this device.
    samples: Range<usize>,
    results: Vec<PerSample>,
    /// Sums over the samples of each chunk, and how many numbers these are.
    totals: Option<(Mem, usize)>,
    /// Kept until the device is done.
    _buffers: Vec<Mem>,
    _weights: &'a Mem,
}

/// Results for each sample.
struct PerSample {
    /// Which output they are.
    index: usize,
    /// Numbers of a sample.
    count: usize,
    is_wide: bool,
    buffer: Mem,
}

impl<'a> Run<'a> {
    /// Gives the device its work.
    pub fn start(built: &'a Built, weights: &'a Mem, batch: &Batch, chunks: &Range<usize>) -> Result<Self> {
        let Batch { program, plan, precision, feeds, cut, .. } = *batch;
        let session = &*built.session;
        let samples = cut.samples(chunks, batch.size);
        let groups = cut.jobs(chunks).len();
        let variant = built.variant((program, plan), precision, feeds)?;
        let bench = variant.bench(session)?;
        let (mut buffers, mut keys) = (vec![], vec![]);
        for (index, shape) in inputs(plan).iter().enumerate() {
            let (mut key, mut numbers, mut wide) = ([0u64; 3], &[][..], false);
            if let Some(shape) = shape {
                wide = shape.wide;
                match feeds[index] {
                    Feed::Array(all) => numbers = &all[samples.start * shape.count()..samples.end * shape.count()],
                    Feed::Normal(k) => {
                        let counter = k.counter.wrapping_add(samples.start as u64);
                        key = [k.seed, k.purpose as u64, counter];
                    }
                }
            }
            keys.extend(key);
            buffers.push(if wide {
                upload_wide(session, built.layout.has_double, numbers)?
            } else {
                upload_numbers(session, precision, numbers)?
            });
        }
        let keys = upload(session, &keys)?;
        let mut results = vec![];
        for (index, output) in program.outputs.iter().enumerate() {
            let Output::PerSample(node) = output else { continue };
            let (count, is_wide) = (program.output_count(index), program.recorder.shape(*node).wide);
            let words = if is_wide { 2 } else { words(precision) };
            let buffer = room::<u32>(session, samples.len() * count * words)?;
            results.push(PerSample { index, count, is_wide, buffer });
        }
        let sum_count = variant.source.sum_count;
        let sums = room::<u32>(session, 2 * groups * sum_count)?;
        // Values in global memory: as many groups at once as there is room for.
        let (own, is_local) = (words(precision) * cut.lanes * plan.lines, built.layout.is_local);
        let all = built.device.max_allocation as usize / 8 / own.max(1);
        let most = if is_local { groups } else { all.clamp(1, groups) };
        let memory = room::<u32>(session, if is_local { 1 } else { most * own })?;
        let set = |at: usize, value: ArgVal| argument(session, &bench.run, at, value);
        let fixed = [weights, &variant.numbers, &variant.tables, &memory, &sums, &keys];
        for (at, buffer) in fixed.into_iter().enumerate() {
            set(at, ArgVal::mem(buffer))?;
        }
        let numbers = [samples.len(), 0, cut.length, cut.share, cut.jobs].map(|n| n as u32);
        for (at, number) in (6..).zip(&numbers) {
            set(at, ArgVal::scalar(number))?;
        }
        for (at, buffer) in (11..).zip(buffers.iter().chain(results.iter().map(|result| &result.buffer))) {
            set(at, ArgVal::mem(buffer))?;
        }
        let (workers, mut launches) = (built.layout.workers, 0);
        for first in (0..groups).step_by(most) {
            set(7, ArgVal::scalar(&(first as u32)))?;
            let count = most.min(groups - first);
            launch(session, &bench.queue, &bench.run, [count * workers, 1, 1], Some([workers, 1, 1]))?;
            launches += 1;
        }
        let mut totals = None;
        if let Some(reduce) = &bench.reduce {
            let total = room::<u32>(session, 2 * chunks.len() * sum_count)?;
            let numbers = [cut.jobs as u32, groups as u32];
            let arguments =
                [ArgVal::mem(&sums), ArgVal::mem(&total), ArgVal::scalar(&numbers[0]), ArgVal::scalar(&numbers[1])];
            for (at, value) in arguments.into_iter().enumerate() {
                argument(session, reduce, at, value)?;
            }
            launch(session, &bench.queue, reduce, [sum_count, chunks.len(), 1], None)?;
            launches += 1;
            totals = Some((total, chunks.len() * sum_count));
        }
        buffers.extend([keys, memory, sums]);
        Ok(Self {
            built,
            precision,
            variant,
            bench,
            launches,
            samples,
            results,
            totals,
            _buffers: buffers,
            _weights: weights,
        })
    }

    /// Waits for the results: writes those of its samples, and returns launches of kernels and the sums of each chunk.
    pub fn finish(self, outputs: &mut [&mut [f64]]) -> Result<(usize, Vec<f64>)> {
        for result in &self.results {
            let to = &mut outputs[result.index][self.samples.start * result.count..self.samples.end * result.count];
            self.read(result.is_wide, &result.buffer, to)?;
        }
        let mut sums = vec![];
        if let Some((from, count)) = &self.totals {
            sums = host(*count)?;
            self.read(true, from, &mut sums)?;
        }
        self.variant.give_back(self.bench);
        Ok((self.launches, sums))
    }

    /// Reads numbers as the device has them.
    fn read(&self, is_wide: bool, from: &Mem, to: &mut [f64]) -> Result<()> {
        let (session, queue) = (&*self.built.session, &self.bench.queue);
        let is_double = if is_wide { self.built.layout.has_double } else { self.precision == Precision::F64 };
        if is_double {
            return read(session, queue, from, to);
        }
        let parts = if is_wide { 2 } else { 1 };
        let mut numbers = host(parts * to.len())?;
        read::<f32>(session, queue, from, &mut numbers)?;
        let sums = numbers.chunks_exact(parts).map(|parts| parts.iter().copied().map(f64::from).sum::<f64>());
        to.iter_mut().zip(sums).for_each(|(to, x)| *to = x);
        Ok(())
    }
}
