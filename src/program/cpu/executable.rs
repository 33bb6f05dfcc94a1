//! Planned programs, their parameters, and runs over batches.

use super::super::convolution::{Convolution, Packing};
use super::super::feed::Samples;
use super::super::finished::{Output, Program};
use super::super::operations::fused::STRIP;
use super::super::short::Short;
use super::super::steps::Plan;
use super::dispatch::{run_block, width};
use super::frame::Block;
use super::{convolve, spectral, winograd};
use crate::context::{Context, Precision};
use crate::error::Result;
use crate::memory;
use crate::simd::{Instructions, Lines, Real};
use std::sync::{Mutex, PoisonError};

/// A planned program for one precision and instruction set.
pub(in super::super) struct Executable {
    plan: Plan,
    precision: Precision,
    instructions: Instructions,
    arenas: Mutex<Vec<(usize, Lines)>>,
}

/// Parameters as the kernels read them.
pub(in super::super) enum Packed {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Packed {
    fn start(&self) -> *const u8 {
        match self {
            Packed::F32(numbers) => numbers.as_ptr().cast(),
            Packed::F64(numbers) => numbers.as_ptr().cast(),
        }
    }
}

/// Most jobs that a batch is cut into; sums over samples are taken job by job.
const MOST_JOBS: usize = 32;

impl Executable {
    /// Plans a program for an instruction set.
    pub fn new(program: &Program, precision: Precision, instructions: Instructions) -> Self {
        Self { plan: Plan::new(program, true), precision, instructions, arenas: Mutex::default() }
    }

    /// Samples that are computed together in the lanes.
    pub fn block(&self) -> usize {
        width(self.precision)
    }

    /// Bytes of working memory of one thread.
    pub fn workspace(&self) -> usize {
        64 * (self.plan.lines + STRIP * self.plan.strips)
    }

    /// Numbers per sample of each input, by its index; None for an input that is not read.
    pub fn inputs(&self) -> Vec<Option<usize>> {
        self.plan.input_counts()
    }

    /// Parameters as the kernels read them.
    pub fn pack(&self, parameters: &[f64]) -> Result<Packed> {
        let mut packed = match self.precision {
            Precision::F32 => Packed::F32(memory::filled("packed parameters", 0.0, self.plan.packed)?),
            Precision::F64 => Packed::F64(memory::filled("packed parameters", 0.0, self.plan.packed)?),
        };
        packed.fill(self, parameters);
        Ok(packed)
    }

    /// Working memory of a thread: that of its last run, if it is not in use, since it is still in that core's cache.
    fn arena(&self, thread: usize) -> Result<Lines> {
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        let own = arenas.iter().position(|&(owner, _)| owner == thread);
        let kept = own.map(|own| arenas.swap_remove(own).1);
        drop(arenas);
        kept.map_or_else(|| Lines::new(self.plan.lines + STRIP * self.plan.strips), Ok)
    }

    fn keep(&self, thread: usize, arena: Lines) {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner).push((thread, arena));
    }
}

/// Packs the weights of a convolution for the kernel that computes it.
fn pack<T: Real>(step: &Convolution, parameters: &[f64], registers: usize, to: &mut [T]) {
    let geometry = &step.geometry;
    match &step.short {
        None => convolve::pack(geometry, parameters, registers, to),
        Some((Short::Rows(_), _)) => winograd::pack(geometry, parameters, registers, to),
        Some((Short::Torus(torus), _)) => spectral::pack(geometry, torus, parameters, registers, to),
    }
}

/// A program with its parameters, and the samples that it is to run on.
pub(in super::super) struct Work<'a> {
    pub program: &'a Program,
    pub parameters: &'a [f64],
    pub packed: &'a Packed,
    pub samples: Samples<'a>,
}

/// Consecutive blocks with their results.
struct Job<'a> {
    first: usize,
    samples: usize,
    results: Vec<&'a mut [f64]>,
    sums: Vec<Vec<f64>>,
}

impl Packed {
    /// A copy; an error where there is no memory for it.
    pub fn copied(&self) -> Result<Self> {
        Ok(match self {
            Packed::F32(numbers) => Packed::F32(memory::cloned("packed parameters", numbers)?),
            Packed::F64(numbers) => Packed::F64(memory::cloned("packed parameters", numbers)?),
        })
    }

    /// Packs other parameters.
    pub fn fill(&mut self, executable: &Executable, parameters: &[f64]) {
        let registers = executable.instructions.registers();
        for step in executable.plan.convolutions() {
            step.pack(parameters, |what, from, to| match (what, &mut *self) {
                (Packing::Weights, Packed::F32(packed)) => pack(step, from, registers, &mut packed[to]),
                (Packing::Weights, Packed::F64(packed)) => pack(step, from, registers, &mut packed[to]),
                (Packing::Bias, Packed::F32(packed)) => {
                    packed[to].iter_mut().zip(from).for_each(|(number, &b)| *number = b as f32);
                }
                (Packing::Bias, Packed::F64(packed)) => packed[to].copy_from_slice(from),
            });
        }
    }
}

impl Executable {
    /// Runs the program for a batch of samples, whose sizes were checked.
    pub fn run(&self, context: &Context, work: &Work, outputs: &mut [&mut [f64]]) -> Result<()> {
        let program = work.program;
        let jobs = self.jobs(program, work.samples.count, outputs)?;
        let failed = Mutex::new(None);
        context.share(jobs.len(), |thread, index| {
            let mut job = jobs[index].lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = self.run_job(thread, work, &mut job) {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let sums: Vec<Vec<Vec<f64>>> =
            jobs.into_iter().map(|job| job.into_inner().unwrap_or_else(PoisonError::into_inner).sums).collect();
        for (index, kind) in program.outputs.iter().enumerate() {
            if matches!(kind, Output::Summed(_)) {
                for (i, total) in outputs[index].iter_mut().enumerate() {
                    *total = sums.iter().map(|job| job[index][i]).sum();
                }
            }
        }
        Ok(())
    }

    /// Runs the program for one block of samples at most, on the calling thread; it has no sums.
    pub fn run_alone(&self, work: &Work, outputs: &mut [&mut [f64]]) -> Result<()> {
        for job in self.jobs(work.program, work.samples.count, outputs)? {
            self.run_job(0, work, &mut job.into_inner().unwrap_or_else(PoisonError::into_inner))?;
        }
        Ok(())
    }

    /// Cuts a batch into jobs of whole blocks; the cut depends on the batch alone.
    fn jobs<'a>(&self, program: &Program, batch: usize, outputs: &'a mut [&mut [f64]]) -> Result<Vec<Mutex<Job<'a>>>> {
        let block = self.block();
        let length = block * batch.div_ceil(block).div_ceil(MOST_JOBS);
        let mut rest: Vec<&'a mut [f64]> = outputs.iter_mut().map(|out| &mut **out).collect();
        (0..batch.div_ceil(length))
            .map(|j| {
                let samples = length.min(batch - j * length);
                let (mut results, mut sums) = (vec![], vec![]);
                for (index, kind) in program.outputs.iter().enumerate() {
                    let count = program.output_count(index);
                    let summed = matches!(kind, Output::Summed(_));
                    let taken = std::mem::take(&mut rest[index]);
                    let (mine, others) = taken.split_at_mut(if summed { 0 } else { samples * count });
                    rest[index] = others;
                    results.push(mine);
                    sums.push(memory::filled("sums over samples", 0.0, if summed { count } else { 0 })?);
                }
                Ok(Mutex::new(Job { first: j * length, samples, results, sums }))
            })
            .collect()
    }

    fn run_job(&self, thread: usize, work: &Work, job: &mut Job) -> Result<()> {
        let block = self.block();
        let mut arena = self.arena(thread)?;
        let mut rows = memory::filled("rows of repeats", 0, self.plan.depth)?;
        for first in (0..job.samples).step_by(block) {
            let samples = block.min(job.samples - first);
            let mut results: Vec<&mut [f64]> = vec![];
            for (index, out) in job.results.iter_mut().enumerate() {
                let count = work.program.output_count(index);
                let range = if out.is_empty() { 0..0 } else { first * count..(first + samples) * count };
                results.push(&mut out[range]);
            }
            let mut block = Block {
                lines: arena.start(),
                strips: self.plan.lines,
                packed: work.packed.start(),
                parameters: work.parameters,
                feeds: work.samples.feeds,
                rows: &mut rows,
                first: job.first + first,
                samples,
                results: &mut results,
                sums: &mut job.sums,
            };
            // SAFETY: the arena holds the plan's lines and strips, the weights are packed for this precision and
            // instruction set, and the latter was required of the processor.
            unsafe { run_block(self.instructions, self.precision, &self.plan, &mut block) };
        }
        self.keep(thread, arena);
        Ok(())
    }
}
