//! Planned programs on the CPU or on OpenCL devices, their parameters, and runs over batches.

use super::feed::{self, Feed, Samples};
use super::finished::{Output, Program};
use super::gradient::{Parted, Postlude};
use super::prelude::Prelude;
use super::uniform::Split;
use super::{cpu, opencl};
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_length};
use crate::memory;
use crate::simd::Instructions;
use std::sync::Arc;

/// A planned program for the CPU or for OpenCL devices.
pub struct Executable {
    program: Program,
    /// Computes what is the same for all samples, where there is such a thing.
    prelude: Option<Prelude>,
    runner: Runner,
}

enum Runner {
    Cpu(cpu::Executable),
    OpenCl(opencl::Executable),
    /// The samples of a program whose gradient is finished behind them.
    Parted(Arc<Executable>, Box<Postlude>),
}

/// An executable with its parameters, ready to run.
pub struct Bound {
    executable: Arc<Executable>,
    /// The parameters, and what a prelude adds to them.
    numbers: Vec<f64>,
    conditions: Vec<f64>,
    packed: Packed,
}

enum Packed {
    Cpu(cpu::Packed),
    OpenCl(opencl::Packed),
    Parted(Box<Bound>),
}

impl Executable {
    /// Plans a program for the devices of a context, in its precision; on the CPU for the widest instruction set.
    pub fn new(program: Program, context: &Context) -> Result<Self> {
        if context.devices().is_empty() {
            return Self::with_instructions(program, context.precision(), Instructions::best());
        }
        let (devices, options) = (context.devices(), context.options());
        let on_devices = |program: &Program| opencl::Executable::new(program, context.precision(), devices, options);
        Self::split(program, |program| on_devices(program).map(Runner::OpenCl))
    }

    /// Plans a program for an instruction set of the CPU.
    pub fn with_instructions(program: Program, precision: Precision, instructions: Instructions) -> Result<Self> {
        let instructions = instructions.require()?;
        Self::split(program, |program| Ok(Runner::Cpu(cpu::Executable::new(program, precision, instructions))))
    }

    /// Plans a program, without what its prelude computes, as `plan` does.
    fn split(program: Program, plan: impl FnOnce(&Program) -> Result<Runner>) -> Result<Self> {
        program.recorder.expect_complete()?;
        if let Some(gradient) = &program.gradient {
            let Some(Parted { prelude, samples, postlude }) = Parted::new(&program, gradient) else {
                return Self::split(program.recorded(gradient), plan);
            };
            let runner = Runner::Parted(Arc::new(Self::split(samples, plan)?), Box::new(postlude));
            return Ok(Self { program, prelude: Some(prelude), runner });
        }
        let Some((prelude, rest)) = Split::new(&program).map(Prelude::of) else {
            let runner = plan(&program)?;
            return Ok(Self { program, prelude: None, runner });
        };
        let runner = plan(&rest)?;
        Ok(Self { program, prelude: Some(prelude), runner })
    }

    /// The executable of a program that is built for devices in a given way.
    #[cfg(test)]
    pub(super) fn built(program: Program, build: impl FnOnce(&Program) -> Result<opencl::Executable>) -> Result<Self> {
        Self::split(program, |program| build(program).map(Runner::OpenCl))
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
            Runner::Parted(samples, _) => samples.block(),
        }
    }

    /// Bytes of working memory of one worker, a thread or a work-group.
    pub fn workspace(&self) -> usize {
        match &self.runner {
            Runner::Cpu(cpu) => cpu.workspace(),
            Runner::OpenCl(opencl) => opencl.workspace(),
            Runner::Parted(samples, _) => samples.workspace(),
        }
    }

    /// Binds parameters to a program without conditions; weights are packed for the kernels.
    pub fn bind(self: &Arc<Self>, parameters: &[f64]) -> Result<Bound> {
        self.bind_at(parameters, &[])
    }

    /// Binds parameters, and values of the conditions in the order in which they were recorded.
    pub fn bind_at(self: &Arc<Self>, parameters: &[f64], conditions: &[f64]) -> Result<Bound> {
        expect_length("parameters", self.program.parameters(), parameters.len())?;
        expect_length("conditions", self.program.conditions(), conditions.len())?;
        let numbers = match &self.prelude {
            Some(prelude) => prelude.numbers(parameters, conditions)?,
            None => memory::cloned("parameters", parameters)?,
        };
        let packed = self.pack(&numbers)?;
        let conditions = memory::cloned("conditions", conditions)?;
        Ok(Bound { executable: Arc::clone(self), numbers, conditions, packed })
    }

    fn pack(&self, numbers: &[f64]) -> Result<Packed> {
        Ok(match &self.runner {
            Runner::Cpu(cpu) => Packed::Cpu(cpu.pack(numbers)?),
            Runner::OpenCl(opencl) => Packed::OpenCl(opencl.pack(numbers)?),
            Runner::Parted(samples, _) => Packed::Parted(Box::new(samples.bind(numbers)?)),
        })
    }

    /// Numbers per sample of each input, by its index; None for an input that is not read.
    fn inputs(&self) -> Vec<Option<usize>> {
        match &self.runner {
            Runner::Cpu(cpu) => cpu.inputs(),
            Runner::OpenCl(opencl) => opencl.inputs(),
            Runner::Parted(samples, _) => samples.inputs(),
        }
    }

    fn check(&self, batch: usize, feeds: &[Feed], outputs: &[&mut [f64]]) -> Result<()> {
        feed::check(&self.inputs(), batch, feeds)?;
        let wanted: Vec<Output> = self.program.results().collect();
        if outputs.len() != wanted.len() {
            return Err(Error::BadShape(format!("outputs: expected {}, got {}", wanted.len(), outputs.len())));
        }
        for (index, (kind, out)) in wanted.iter().zip(outputs).enumerate() {
            let count = self.program.recorder.shape(kind.node()).count();
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

    /// A copy; an error where there is no memory for it.
    pub fn copied(&self) -> Result<Self> {
        let packed = match &self.packed {
            Packed::Cpu(packed) => Packed::Cpu(packed.copied()?),
            Packed::OpenCl(packed) => Packed::OpenCl(packed.clone()),
            Packed::Parted(samples) => Packed::Parted(Box::new(samples.copied()?)),
        };
        let numbers = memory::cloned("parameters", &self.numbers)?;
        let conditions = memory::cloned("conditions", &self.conditions)?;
        Ok(Self { executable: Arc::clone(&self.executable), numbers, conditions, packed })
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.numbers[..self.executable.program.parameters()]
    }

    /// The values of the conditions.
    pub fn conditions(&self) -> &[f64] {
        &self.conditions
    }

    /// Replaces the parameters.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
        let executable = Arc::clone(&self.executable);
        expect_length("parameters", executable.program.parameters(), parameters.len())?;
        match &executable.prelude {
            Some(prelude) => self.replace(&prelude.numbers(parameters, &self.conditions)?),
            None => self.replace(parameters),
        }
    }

    /// Replaces the values of the conditions.
    pub fn set_conditions(&mut self, conditions: &[f64]) -> Result<()> {
        let executable = Arc::clone(&self.executable);
        expect_length("conditions", self.conditions.len(), conditions.len())?;
        if let Some(prelude) = &executable.prelude {
            self.replace(&prelude.numbers(self.parameters(), conditions)?)?;
        }
        self.conditions.copy_from_slice(conditions);
        Ok(())
    }

    /// Replaces the parameters, and what a prelude adds to them.
    fn replace(&mut self, numbers: &[f64]) -> Result<()> {
        match (&self.executable.runner, &mut self.packed) {
            // Packing in place cannot fail.
            (Runner::Cpu(cpu), Packed::Cpu(packed)) => packed.fill(cpu, numbers),
            (_, Packed::Parted(samples)) => samples.set_parameters(numbers)?,
            _ => self.packed = self.executable.pack(numbers)?,
        }
        self.numbers.copy_from_slice(numbers);
        Ok(())
    }

    /// Runs the program for `batch` samples: one feed for each input, one array for each output.
    ///
    /// A per-sample output is `batch x count` numbers; a summed one is `count` numbers. Neither depends on the number
    /// of threads or devices: a sample is computed alone in its lane, and sums are taken in a fixed order. Returns the
    /// number of kernel launches on devices.
    pub fn run(&self, context: &Context, batch: usize, feeds: &[Feed], outputs: &mut [&mut [f64]]) -> Result<usize> {
        let Executable { program, runner, .. } = &*self.executable;
        self.executable.check(batch, feeds, outputs)?;
        if batch == 0 {
            for (out, kind) in outputs.iter_mut().zip(program.results()) {
                if matches!(kind, Output::Summed(_)) {
                    out.fill(0.0);
                }
            }
            return Ok(0);
        }
        let samples = Samples { count: batch, feeds };
        match (runner, &self.packed) {
            (Runner::Cpu(cpu), Packed::Cpu(packed)) => {
                cpu.run(context, &cpu::Work { program, parameters: &self.numbers, packed, samples }, outputs)?;
                Ok(0)
            }
            (Runner::OpenCl(opencl), Packed::OpenCl(packed)) => opencl.run(program, packed, &samples, outputs),
            (Runner::Parted(of, postlude), Packed::Parted(bound)) => {
                let (values, gradient) = outputs.split_at_mut(program.outputs.len());
                let mut sums = postlude.sums(&of.program)?;
                let mut all: Vec<&mut [f64]> = values.iter_mut().map(|value| &mut **value).collect();
                all.extend(sums.iter_mut().map(|sum| &mut sum[..]));
                let launches = bound.run(context, batch, feeds, &mut all)?;
                postlude.finish(&self.numbers, &sums, gradient)?;
                Ok(launches)
            }
            _ => Err(Error::Internal("program: parameters packed for another device".into())),
        }
    }
}
