//! Planned programs, their parameters, and runs over batches.

use super::super::short::Short;
use super::super::steps::{Convolve, Geometry, Plan, STRIP, Step, Weights};
use super::super::{Feed, Output, Program};
use super::block::Block;
use super::dispatch::{run_block, width};
use super::{convolve, spectral, winograd};
use crate::context::{Context, Precision};
use crate::error::Result;
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
#[derive(Clone)]
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

    /// Bytes that one worker computes in.
    pub fn workspace(&self) -> usize {
        64 * (self.plan.lines + STRIP * self.plan.strips)
    }

    /// Numbers of the inputs that are read, by their index.
    pub fn inputs(&self) -> Vec<Option<usize>> {
        self.plan.input_counts()
    }

    /// Parameters as the kernels read them.
    pub fn pack(&self, parameters: &[f64]) -> Packed {
        let mut packed = match self.precision {
            Precision::F32 => Packed::F32(vec![0.0; self.plan.packed]),
            Precision::F64 => Packed::F64(vec![0.0; self.plan.packed]),
        };
        packed.fill(self, parameters);
        packed
    }

    /// What a thread computes in: what it had before, if it is not in use, so that it is in that core's cache.
    fn arena(&self, thread: usize) -> Result<Lines> {
        let kept = self.arenas.lock().ok().and_then(|mut arenas| {
            let own = arenas.iter().position(|&(owner, _)| owner == thread)?;
            Some(arenas.swap_remove(own).1)
        });
        kept.map_or_else(|| Lines::new(self.plan.lines + STRIP * self.plan.strips), Ok)
    }

    fn keep(&self, thread: usize, arena: Lines) {
        if let Ok(mut arenas) = self.arenas.lock() {
            arenas.push((thread, arena));
        }
    }
}

/// Packs the weights of a convolution for the kernel that takes it.
fn pack<T: Real>(geometry: &Geometry, short: Option<&Short>, parameters: &[f64], registers: usize, to: &mut [T]) {
    match short {
        None => convolve::pack(geometry, parameters, registers, to),
        Some(Short::Rows(_)) => winograd::pack(geometry, parameters, registers, to),
        Some(Short::Torus(torus)) => spectral::pack(geometry, torus, parameters, registers, to),
    }
}

/// Consecutive blocks with their results.
struct Job<'a> {
    first: usize,
    samples: usize,
    results: Vec<&'a mut [f64]>,
    sums: Vec<Vec<f64>>,
}

impl Packed {
    fn fill(&mut self, executable: &Executable, parameters: &[f64]) {
        let registers = executable.instructions.registers();
        for step in &executable.plan.steps {
            let Step::Convolve(step) = step else { continue };
            let geometry = &step.geometry;
            if let Weights::Parameter { offset, pack: to } = step.weights {
                let from = &parameters[offset..offset + geometry.outputs * geometry.inputs * geometry.taps];
                let short = step.short.as_ref().map(|(short, _)| short);
                let to = to..to + Convolve::packed(geometry, short);
                match self {
                    Packed::F32(packed) => pack(geometry, short, from, registers, &mut packed[to]),
                    Packed::F64(packed) => pack(geometry, short, from, registers, &mut packed[to]),
                }
            }
            if let Some(Weights::Parameter { offset, pack: to }) = step.bias {
                for (i, &b) in parameters[offset..offset + geometry.outputs].iter().enumerate() {
                    match self {
                        Packed::F32(packed) => packed[to + i] = b as f32,
                        Packed::F64(packed) => packed[to + i] = b,
                    }
                }
            }
        }
    }
}

impl Executable {
    /// Runs the program for a batch of samples, whose sizes were checked.
    pub fn run(
        &self,
        program: &Program,
        (parameters, packed): (&[f64], &Packed),
        context: &Context,
        (batch, feeds): (usize, &[Feed]),
        outputs: &mut [&mut [f64]],
    ) -> Result<()> {
        let jobs = self.jobs(program, batch, outputs);
        let failed = Mutex::new(None);
        context.share(jobs.len(), |thread, index| {
            let mut job = jobs[index].lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = self.run_job(thread, program, (parameters, packed), &mut job, feeds) {
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

    /// Cuts a batch into jobs of whole blocks; the cut depends on the batch alone.
    fn jobs<'a>(&self, program: &Program, batch: usize, outputs: &'a mut [&mut [f64]]) -> Vec<Mutex<Job<'a>>> {
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
                    sums.push(if summed { vec![0.0; count] } else { vec![] });
                }
                Mutex::new(Job { first: j * length, samples, results, sums })
            })
            .collect()
    }

    fn run_job(
        &self,
        thread: usize,
        program: &Program,
        (parameters, packed): (&[f64], &Packed),
        job: &mut Job,
        feeds: &[Feed],
    ) -> Result<()> {
        let block = self.block();
        let mut arena = self.arena(thread)?;
        for first in (0..job.samples).step_by(block) {
            let samples = block.min(job.samples - first);
            let mut results: Vec<&mut [f64]> = vec![];
            for (index, out) in job.results.iter_mut().enumerate() {
                let count = program.output_count(index);
                let range = if out.is_empty() { 0..0 } else { first * count..(first + samples) * count };
                results.push(&mut out[range]);
            }
            let mut block = Block {
                lines: arena.start(),
                packed: packed.start(),
                parameters,
                feeds,
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
