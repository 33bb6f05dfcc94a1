//! Programs on OpenCL devices: kernels, parameters, and runs over batches.

use super::super::steps::{Convolve, Plan, Step, Weights};
use super::super::{Feed, Program};
use super::buffers::{host, upload_numbers, words};
use super::build;
use super::convolutions;
use super::cut::{Cut, Sizes};
use super::kernels::{Built, turns};
use super::run::{Batch, Run};
use super::source::{self, Layout};
use crate::context::Precision;
use crate::error::{Error, Result};
use crate::opencl::{Device, Options};
use ocl::core::Mem;
use std::sync::Arc;

/// A program built for some devices.
pub(in super::super) struct Executable {
    plan: Plan,
    sizes: Sizes,
    precision: Precision,
    lanes: usize,
    devices: Vec<Built>,
}

/// Parameters on all devices.
#[derive(Clone)]
pub(in super::super) struct Packed(Vec<Arc<Mem>>);

impl Executable {
    /// Plans a program and builds it for the devices.
    pub fn new(program: &Program, precision: Precision, (devices, options): (&[Device], &Options)) -> Result<Self> {
        let plan = Plan::new(program, false);
        let lanes = devices.iter().map(|device| build::lanes(device, precision)).min().unwrap_or(1);
        let layouts = devices.iter().map(|device| build::layout(device, &plan, precision, lanes));
        let layouts = layouts.collect::<Result<Vec<_>>>()?;
        Self::planned((program, plan), precision, (devices, options), &layouts)
    }

    /// The same, laid out as told.
    #[cfg(test)]
    pub(in super::super) fn with_layouts(
        program: &Program,
        precision: Precision,
        (devices, options): (&[Device], &Options),
        layouts: &[Layout],
    ) -> Result<Self> {
        Self::planned((program, Plan::new(program, false)), precision, (devices, options), layouts)
    }

    fn planned(
        (program, plan): (&Program, Plan),
        precision: Precision,
        (devices, options): (&[Device], &Options),
        layouts: &[Layout],
    ) -> Result<Self> {
        let built = |(device, &layout)| Built::new((device, options), layout);
        let devices = devices.iter().zip(layouts).map(built).collect::<Result<Vec<_>>>()?;
        Ok(Self { sizes: Sizes::new(program, &plan), plan, precision, lanes: layouts[0].lanes, devices })
    }

    /// Samples of a vector on the first device.
    pub fn block(&self) -> usize {
        self.lanes
    }

    /// Bytes that a work-group computes in.
    pub fn workspace(&self) -> usize {
        4 * words(self.precision) * self.lanes * self.plan.lines
    }

    /// Numbers of the inputs that are read, by their index.
    pub fn inputs(&self) -> Vec<Option<usize>> {
        self.plan.input_counts()
    }

    /// Parameters as the kernels read them, on all devices.
    pub fn pack(&self, parameters: &[f64]) -> Result<Packed> {
        let mut packed = host(self.plan.packed + parameters.len())?;
        for step in &self.plan.steps {
            let Step::Convolve(Convolve { geometry, weights, bias, .. }) = step else { continue };
            if let Weights::Parameter { offset, pack } = *weights {
                let count = geometry.outputs * geometry.inputs * geometry.taps;
                convolutions::pack(geometry, &parameters[offset..offset + count], &mut packed[pack..pack + count]);
            }
            if let Some(Weights::Parameter { offset, pack }) = *bias {
                packed[pack..pack + geometry.outputs].copy_from_slice(&parameters[offset..offset + geometry.outputs]);
            }
        }
        packed[self.plan.packed..].copy_from_slice(parameters);
        let upload = |built: &Built| upload_numbers(&built.session, self.precision, &packed).map(Arc::new);
        Ok(Packed(self.devices.iter().map(upload).collect::<Result<_>>()?))
    }

    /// Runs the program for a batch of samples, whose sizes were checked; returns the launches of kernels.
    pub fn run(
        &self,
        program: &Program,
        weights: &Packed,
        (batch, feeds): (usize, &[Feed]),
        outputs: &mut [&mut [f64]],
    ) -> Result<usize> {
        let cut = Cut::new(batch, self.lanes, &self.sizes);
        let batch = Batch { program, plan: &self.plan, precision: self.precision, feeds, size: batch, cut };
        let run = self.run_in_rounds(&batch, weights, outputs);
        if let Err(Error::NoDevice(_)) = run {
            self.devices.iter().for_each(|built| built.session.give_up());
        }
        run
    }

    /// All devices at once, with as many chunks as all have room for, until none is left.
    fn run_in_rounds(&self, batch: &Batch, weights: &Packed, outputs: &mut [&mut [f64]]) -> Result<usize> {
        let (chunks, cut, sizes) = (batch.cut.chunks(), &batch.cut, &self.sizes);
        let devices = &self.devices[..self.devices.len().min(chunks)];
        let _turns = turns(devices);
        let room = |built: &Built| cut.chunks_within(sizes, built.device.max_allocation, built.device.memory / 2);
        let most = devices.iter().map(room).min().unwrap_or(1).min(chunks.div_ceil(devices.len()));
        let (firsts, sum_count) = source::sums(batch.program);
        for (out, _) in outputs.iter_mut().zip(&firsts).filter(|(_, first)| first.is_some()) {
            out.fill(0.0);
        }
        let mut launches = 0;
        for round in (0..chunks).step_by(most * devices.len()) {
            let mut runs = vec![];
            for ((built, weights), begin) in devices.iter().zip(&weights.0).zip((round..chunks).step_by(most)) {
                runs.push(Run::start(built, weights, batch, &(begin..chunks.min(begin + most)))?);
            }
            for run in runs {
                let (count, sums) = run.finish(outputs)?;
                launches += count;
                for chunk in sums.chunks(sum_count.max(1)) {
                    for (out, first) in outputs.iter_mut().zip(&firsts) {
                        let Some(at) = *first else { continue };
                        out.iter_mut().zip(&chunk[at..]).for_each(|(total, x)| *total += x);
                    }
                }
            }
        }
        Ok(launches)
    }
}
