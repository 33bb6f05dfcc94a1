//! Planned programs, their parameters, and runs over batches.

use super::super::short::Short;
use super::super::steps::{Convolve, Geometry, Plan, STRIP, Step, Weights};
use super::super::{Output, Program};
use super::block::Block;
use super::dispatch::{run_block, width};
use super::prior::Key;
use super::{convolve, spectral, winograd};
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_length};
use crate::simd::{Instructions, Lines, Real};
use std::sync::{Arc, Mutex, PoisonError};

/// A planned program for one precision and instruction set.
pub struct Executable {
    program: Program,
    plan: Plan,
    precision: Precision,
    instructions: Instructions,
    arenas: Mutex<Vec<(usize, Lines)>>,
}

/// What feeds an input.
#[derive(Clone, Copy, Debug)]
pub enum Feed<'a> {
    /// `batch x count` numbers.
    Array(&'a [f64]),
    /// Standard normal numbers, drawn from keyed streams.
    Normal(Key),
}

/// An executable with its parameters, ready to run.
#[derive(Clone)]
pub struct Bound {
    executable: Arc<Executable>,
    parameters: Vec<f64>,
    packed: Packed,
}

#[derive(Clone)]
enum Packed {
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
    /// Plans a program for the widest instruction set of this processor.
    pub fn new(program: Program, precision: Precision) -> Self {
        Self {
            plan: Plan::new(&program),
            program,
            precision,
            instructions: Instructions::best(),
            arenas: Mutex::default(),
        }
    }

    /// The same for a given instruction set.
    pub fn with_instructions(program: Program, precision: Precision, instructions: Instructions) -> Result<Self> {
        Ok(Self { instructions: instructions.require()?, ..Self::new(program, precision) })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Samples that are computed together in the lanes.
    pub fn block(&self) -> usize {
        width(self.precision)
    }

    /// Bytes that one worker computes in.
    pub fn workspace(&self) -> usize {
        64 * (self.plan.lines + STRIP * self.plan.strips)
    }

    /// Joins the program with parameters; weights are packed for the kernels.
    pub fn bind(self: &Arc<Self>, parameters: &[f64]) -> Result<Bound> {
        expect_length("parameters", self.program.parameters(), parameters.len())?;
        let packed = match self.precision {
            Precision::F32 => Packed::F32(vec![0.0; self.plan.packed]),
            Precision::F64 => Packed::F64(vec![0.0; self.plan.packed]),
        };
        let mut bound = Bound { executable: Arc::clone(self), parameters: parameters.to_vec(), packed };
        bound.pack();
        Ok(bound)
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

impl Bound {
    /// The planned program.
    pub fn executable(&self) -> &Arc<Executable> {
        &self.executable
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Replaces the parameters.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
        expect_length("parameters", self.parameters.len(), parameters.len())?;
        self.parameters.copy_from_slice(parameters);
        self.pack();
        Ok(())
    }

    fn pack(&mut self) {
        let registers = self.executable.instructions.registers();
        for step in &self.executable.plan.steps {
            let Step::Convolve(step) = step else { continue };
            let geometry = &step.geometry;
            if let Weights::Parameter { offset, pack: to } = step.weights {
                let from = &self.parameters[offset..offset + geometry.outputs * geometry.inputs * geometry.taps];
                let short = step.short.as_ref().map(|(short, _)| short);
                let to = to..to + Convolve::packed(geometry, short);
                match &mut self.packed {
                    Packed::F32(packed) => pack(geometry, short, from, registers, &mut packed[to]),
                    Packed::F64(packed) => pack(geometry, short, from, registers, &mut packed[to]),
                }
            }
            if let Some(Weights::Parameter { offset, pack: to }) = step.bias {
                for (i, &b) in self.parameters[offset..offset + geometry.outputs].iter().enumerate() {
                    match &mut self.packed {
                        Packed::F32(packed) => packed[to + i] = b as f32,
                        Packed::F64(packed) => packed[to + i] = b,
                    }
                }
            }
        }
    }

    /// Runs the program for `batch` samples: one feed for each input, one array for each output.
    ///
    /// A per-sample output is `batch x count` numbers; a summed one is `count` numbers. Neither depends on the number
    /// of threads: a sample is computed alone in its lane, and sums are taken in a fixed order.
    pub fn run(&self, context: &Context, batch: usize, feeds: &[Feed], outputs: &mut [&mut [f64]]) -> Result<()> {
        self.check(batch, feeds, outputs)?;
        if batch == 0 {
            outputs.iter_mut().zip(&self.executable.program.outputs).for_each(|(out, kind)| {
                if matches!(kind, Output::Summed(_)) {
                    out.fill(0.0);
                }
            });
            return Ok(());
        }
        let jobs = self.jobs(batch, outputs);
        let failed = Mutex::new(None);
        context.share(jobs.len(), |thread, index| {
            if let Err(error) =
                self.run_job(thread, &mut jobs[index].lock().unwrap_or_else(PoisonError::into_inner), feeds)
            {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let sums: Vec<Vec<Vec<f64>>> =
            jobs.into_iter().map(|job| job.into_inner().unwrap_or_else(PoisonError::into_inner).sums).collect();
        for (index, kind) in self.executable.program.outputs.iter().enumerate() {
            if matches!(kind, Output::Summed(_)) {
                for (i, total) in outputs[index].iter_mut().enumerate() {
                    *total = sums.iter().map(|job| job[index][i]).sum();
                }
            }
        }
        Ok(())
    }

    fn check(&self, batch: usize, feeds: &[Feed], outputs: &[&mut [f64]]) -> Result<()> {
        let program = &self.executable.program;
        let inputs = self.executable.plan.steps.iter().filter_map(|step| match step {
            Step::Input { index, shape, .. } => Some((*index, shape.count())),
            _ => None,
        });
        for (index, count) in inputs {
            match feeds.get(index) {
                None => return Err(Error::BadShape(format!("feeds: expected input {index}, got {}", feeds.len()))),
                Some(Feed::Array(numbers)) => {
                    expect_length(&format!("input {index}"), batch.saturating_mul(count), numbers.len())?
                }
                Some(Feed::Normal(_)) => {}
            }
        }
        if outputs.len() != program.outputs.len() {
            let (expected, got) = (program.outputs.len(), outputs.len());
            return Err(Error::BadShape(format!("outputs: expected {expected}, got {got}")));
        }
        for (index, (kind, out)) in program.outputs.iter().zip(outputs).enumerate() {
            let count = program.output_count(index);
            let expected = if matches!(kind, Output::Summed(_)) { count } else { batch.saturating_mul(count) };
            expect_length(&format!("output {index}"), expected, out.len())?;
        }
        Ok(())
    }

    /// Cuts a batch into jobs of whole blocks; the cut depends on the batch alone.
    fn jobs<'a>(&self, batch: usize, outputs: &'a mut [&mut [f64]]) -> Vec<Mutex<Job<'a>>> {
        let program = &self.executable.program;
        let block = self.executable.block();
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

    fn run_job(&self, thread: usize, job: &mut Job, feeds: &[Feed]) -> Result<()> {
        let executable = &*self.executable;
        let block = executable.block();
        let mut arena = executable.arena(thread)?;
        for first in (0..job.samples).step_by(block) {
            let samples = block.min(job.samples - first);
            let mut results: Vec<&mut [f64]> = vec![];
            for (index, out) in job.results.iter_mut().enumerate() {
                let count = executable.program.output_count(index);
                let range = if out.is_empty() { 0..0 } else { first * count..(first + samples) * count };
                results.push(&mut out[range]);
            }
            let mut block = Block {
                lines: arena.start(),
                packed: self.packed.start(),
                parameters: &self.parameters,
                feeds,
                first: job.first + first,
                samples,
                results: &mut results,
                sums: &mut job.sums,
            };
            // SAFETY: the arena holds the plan's lines and strips, the weights are packed for this precision and
            // instruction set, and the latter was required of the processor.
            unsafe { run_block(executable.instructions, executable.precision, &executable.plan, &mut block) };
        }
        executable.keep(thread, arena);
        Ok(())
    }
}
