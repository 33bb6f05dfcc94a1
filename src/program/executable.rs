//! Planned programs on the CPU or on OpenCL devices, their parameters, and runs over batches.

use super::{Key, Output, Program, cpu, opencl};
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_length};
use crate::simd::Instructions;
use std::sync::Arc;

/// A planned program, where it runs.
pub struct Executable {
    program: Program,
    runner: Runner,
}

enum Runner {
    Cpu(cpu::Executable),
    OpenCl(opencl::Executable),
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
    Cpu(cpu::Packed),
    OpenCl(opencl::Packed),
}

impl Executable {
    /// Plans a program for the devices of a context, in its precision; on the CPU for the widest instruction set.
    pub fn new(program: Program, context: &Context) -> Result<Self> {
        if context.devices().is_empty() {
            return Self::with_instructions(program, context.precision(), Instructions::best());
        }
        let devices = (context.devices(), context.options());
        let runner = Runner::OpenCl(opencl::Executable::new(&program, context.precision(), devices)?);
        Ok(Self { program, runner })
    }

    /// Plans a program for an instruction set of the CPU.
    pub fn with_instructions(program: Program, precision: Precision, instructions: Instructions) -> Result<Self> {
        let runner = Runner::Cpu(cpu::Executable::new(&program, precision, instructions.require()?));
        Ok(Self { program, runner })
    }

    /// A program that was built for devices in some way.
    #[cfg(test)]
    pub(super) fn built(program: Program, built: opencl::Executable) -> Self {
        Self { program, runner: Runner::OpenCl(built) }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Samples that are computed together in a vector.
    pub fn block(&self) -> usize {
        match &self.runner {
            Runner::Cpu(cpu) => cpu.block(),
            Runner::OpenCl(opencl) => opencl.block(),
        }
    }

    /// Bytes that one worker, a thread or a work-group, computes in.
    pub fn workspace(&self) -> usize {
        match &self.runner {
            Runner::Cpu(cpu) => cpu.workspace(),
            Runner::OpenCl(opencl) => opencl.workspace(),
        }
    }

    /// Joins the program with parameters; weights are packed for the kernels.
    pub fn bind(self: &Arc<Self>, parameters: &[f64]) -> Result<Bound> {
        expect_length("parameters", self.program.parameters(), parameters.len())?;
        let packed = self.pack(parameters)?;
        Ok(Bound { executable: Arc::clone(self), parameters: parameters.to_vec(), packed })
    }

    fn pack(&self, parameters: &[f64]) -> Result<Packed> {
        Ok(match &self.runner {
            Runner::Cpu(cpu) => Packed::Cpu(cpu.pack(parameters)),
            Runner::OpenCl(opencl) => Packed::OpenCl(opencl.pack(parameters)?),
        })
    }

    fn check(&self, batch: usize, feeds: &[Feed], outputs: &[&mut [f64]]) -> Result<()> {
        let inputs = match &self.runner {
            Runner::Cpu(cpu) => cpu.inputs(),
            Runner::OpenCl(opencl) => opencl.inputs(),
        };
        for (index, count) in inputs.into_iter().enumerate() {
            let Some(count) = count else { continue };
            match feeds.get(index) {
                None => return Err(Error::BadShape(format!("feeds: expected input {index}, got {}", feeds.len()))),
                Some(Feed::Array(numbers)) => {
                    expect_length(&format!("input {index}"), batch.saturating_mul(count), numbers.len())?
                }
                Some(Feed::Normal(_)) => {}
            }
        }
        let wanted = &self.program.outputs;
        if outputs.len() != wanted.len() {
            return Err(Error::BadShape(format!("outputs: expected {}, got {}", wanted.len(), outputs.len())));
        }
        for (index, (kind, out)) in wanted.iter().zip(outputs).enumerate() {
            let count = self.program.output_count(index);
            let expected = if matches!(kind, Output::Summed(_)) { count } else { batch.saturating_mul(count) };
            expect_length(&format!("output {index}"), expected, out.len())?;
        }
        Ok(())
    }
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
        self.packed = self.executable.pack(parameters)?;
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    /// Runs the program for `batch` samples: one feed for each input, one array for each output.
    ///
    /// A per-sample output is `batch x count` numbers; a summed one is `count` numbers. Neither depends on the number
    /// of threads or devices: a sample is computed alone in its lane, and sums are taken in a fixed order. Returns the
    /// launches of kernels on devices.
    pub fn run(&self, context: &Context, batch: usize, feeds: &[Feed], outputs: &mut [&mut [f64]]) -> Result<usize> {
        let Executable { program, runner } = &*self.executable;
        self.executable.check(batch, feeds, outputs)?;
        if batch == 0 {
            for (out, kind) in outputs.iter_mut().zip(&program.outputs) {
                if matches!(kind, Output::Summed(_)) {
                    out.fill(0.0);
                }
            }
            return Ok(0);
        }
        match (runner, &self.packed) {
            (Runner::Cpu(cpu), Packed::Cpu(packed)) => {
                cpu.run(program, (&self.parameters, packed), context, (batch, feeds), outputs)?;
                Ok(0)
            }
            (Runner::OpenCl(opencl), Packed::OpenCl(packed)) => opencl.run(program, packed, (batch, feeds), outputs),
            _ => Err(Error::Internal("program: parameters packed for another device".into())),
        }
    }
}
