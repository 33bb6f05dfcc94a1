//! A run of a program on one device, for some chunks of a batch.

use super::super::feed::Feed;
use super::super::finished::Output;
use super::super::steps::inputs;
use super::batch::Batch;
use super::buffers::{Size, argument, buffer, host, launch, read, upload, upload_numbers, upload_wide};
use super::build::Session;
use super::kernels::{Bench, Built, Variant};
use super::target::words;
use crate::context::Precision;
use crate::error::Result;
use crate::memory;
use ocl::core::{ArgVal, Kernel, Mem};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A run in progress on a device.
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
    /// Buffers that must stay alive until the device is done.
    _buffers: Vec<Mem>,
    _weights: &'a Mem,
}

/// Results for each sample.
struct PerSample {
    /// Index of the output.
    index: usize,
    /// Numbers of a sample.
    count: usize,
    is_wide: bool,
    buffer: Mem,
}

impl<'a> Run<'a> {
    /// Starts the run: uploads inputs and launches the kernel.
    pub fn start(built: &'a Built, weights: &'a Mem, batch: &Batch, chunks: &Range<usize>) -> Result<Self> {
        let (session, cut) = (&*built.session, batch.cut);
        let samples = cut.samples(chunks, batch.size);
        let groups = cut.jobs(chunks).len();
        let variant = built.variant(batch)?;
        let bench = variant.bench(session)?;
        let (mut buffers, keys) = upload_inputs(built, batch, &samples)?;
        let results = results(built, batch, samples.len())?;
        let sums = buffer::<u32>(session, 2 * groups * variant.source.sum_count)?;
        // Where values are in global memory, only as many groups run at once as fit.
        let (own, is_local) = (words(batch.precision) * cut.lanes * batch.plan.lines, built.target.is_local);
        let all = built.device.max_allocation as usize / 8 / own.max(1);
        let most = if is_local { groups } else { all.clamp(1, groups) };
        let memory = buffer::<u32>(session, if is_local { 1 } else { most * own })?;
        let fixed = [weights, &variant.numbers, &variant.tables, &memory, &sums, &keys];
        let numbers = [samples.len(), 0, cut.length, cut.share, cut.jobs].map(|n| n as u32);
        let arguments = fixed.into_iter().map(ArgVal::mem).chain(numbers.iter().map(ArgVal::scalar));
        let fields = buffers.iter().chain(results.iter().map(|result| &result.buffer)).map(ArgVal::mem);
        set_arguments(session, &bench.run, arguments.chain(fields))?;
        let mut launches = launch_groups(built, &bench, groups, most)?;
        let totals = reduce(built, &bench, &sums, &Reduction { groups, chunks: chunks.len(), jobs: cut.jobs })?;
        let totals = totals.map(|total| (total, chunks.len() * variant.source.sum_count));
        launches += usize::from(totals.is_some());
        buffers.extend([keys, memory, sums]);
        let precision = batch.precision;
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

    /// Waits for the results and writes those of its samples; returns the number of launches and each chunk's sums.
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

    /// Reads numbers in the format of the device.
    fn read(&self, is_wide: bool, from: &Mem, to: &mut [f64]) -> Result<()> {
        let (session, queue) = (&*self.built.session, &self.bench.queue);
        let is_double = if is_wide { self.built.target.has_double } else { self.precision == Precision::F64 };
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

/// Inputs of some samples on a device, and the keys of the streams of those that it draws itself.
fn upload_inputs(built: &Built, batch: &Batch, samples: &Range<usize>) -> Result<(Vec<Mem>, Mem)> {
    let session = &*built.session;
    let (mut buffers, mut keys) = (vec![], vec![]);
    for (index, shape) in inputs(batch.plan).iter().enumerate() {
        let (mut key, mut numbers) = ([0u64; 3], Cow::Borrowed(&[][..]));
        if let Some(shape) = shape {
            let (feed, count) = (&batch.feeds[index], shape.count());
            if let Some((_, k)) = feed.drawn() {
                let counter = k.counter.wrapping_add(samples.start as u64);
                key = [k.seed, k.purpose.word(k.stream), counter];
            } else if let Feed::Array(all) = *feed {
                numbers = Cow::Borrowed(&all[samples.start * count..samples.end * count]);
            } else {
                // Rows are gathered here: the same on all devices.
                let mut rows = memory::reserved("rows of an array", samples.len() * count)?;
                samples.clone().for_each(|sample| rows.extend_from_slice(feed.numbers(sample, count)));
                numbers = Cow::Owned(rows);
            }
        }
        keys.extend(key);
        buffers.push(if shape.is_some_and(|shape| shape.wide) {
            upload_wide(session, built.target.has_double, &numbers)?
        } else {
            upload_numbers(session, batch.precision, &numbers)?
        });
    }
    Ok((buffers, upload(session, &keys)?))
}

/// Buffers for the results of `samples` samples.
fn results(built: &Built, batch: &Batch, samples: usize) -> Result<Vec<PerSample>> {
    let Batch { program, precision, .. } = *batch;
    let mut results = vec![];
    for (index, output) in program.outputs.iter().enumerate() {
        let Output::PerSample(node) = output else { continue };
        let (count, is_wide) = (program.output_count(index), program.recorder.shape(*node).wide);
        let words = if is_wide { 2 } else { words(precision) };
        let buffer = buffer::<u32>(&built.session, samples * count * words)?;
        results.push(PerSample { index, count, is_wide, buffer });
    }
    Ok(results)
}

/// Launches all groups, at most `most` at once; returns the number of launches.
fn launch_groups(built: &Built, bench: &Bench, groups: usize, most: usize) -> Result<usize> {
    let (session, workers) = (&*built.session, built.target.workers);
    for first in (0..groups).step_by(most) {
        // The first job of the launch.
        argument(session, &bench.run, 7, ArgVal::scalar(&(first as u32)))?;
        let size = Size { items: [most.min(groups - first) * workers, 1, 1], group: Some([workers, 1, 1]) };
        launch(session, &bench.queue, &bench.run, &size)?;
    }
    Ok(groups.div_ceil(most))
}

/// Numbers of the reduction of sums of jobs to sums of chunks.
struct Reduction {
    groups: usize,
    chunks: usize,
    /// Jobs of a chunk.
    jobs: usize,
}

/// Adds the sums of the jobs of each chunk, where the program has sums.
fn reduce(built: &Built, bench: &Bench, sums: &Mem, of: &Reduction) -> Result<Option<Mem>> {
    let Some(kernel) = &bench.reduce else { return Ok(None) };
    let session = &*built.session;
    let total = buffer::<u32>(session, 2 * of.chunks * bench.sum_count)?;
    let numbers = [of.jobs as u32, of.groups as u32];
    let buffers = [sums, &total].into_iter().map(ArgVal::mem);
    set_arguments(session, kernel, buffers.chain(numbers.iter().map(ArgVal::scalar)))?;
    launch(session, &bench.queue, kernel, &Size { items: [bench.sum_count, of.chunks, 1], group: None })?;
    Ok(Some(total))
}

/// Sets the arguments of a kernel, in their order.
fn set_arguments<'v>(session: &Session, kernel: &Kernel, values: impl Iterator<Item = ArgVal<'v>>) -> Result<()> {
    values.enumerate().try_for_each(|(at, value)| argument(session, kernel, at, value))
}
