//! Programs on OpenCL devices: kernels, parameters, and runs over batches.

use super::super::convolution::Packing;
use super::super::feed::Samples;
use super::super::finished::Program;
use super::super::steps::Plan;
use super::batch::Batch;
use super::buffers::{host, upload_numbers};
use super::build;
use super::convolutions;
use super::cut::{Cut, Sizes};
use super::kernels::{Built, turns};
use super::run::Run;
use super::source;
use super::target::{Target, words};
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
    pub fn new(program: &Program, precision: Precision, devices: &[Device], options: &Options) -> Result<Self> {
        let plan = Plan::new(program, false);
        let lanes = devices.iter().map(|device| build::lanes(device, precision)).min().unwrap_or(1);
        let target = |device: &Device| Ok((device.clone(), build::target(device, &plan, precision, lanes)?));
        let devices = devices.iter().map(target).collect::<Result<Vec<_>>>()?;
        let sizes = Sizes::new(program, &plan);
        Ok(Self { sizes, plan, precision, lanes, devices: built(&devices, options)? })
    }

    /// The same, with the target of each device given; values are in local memory only where the device has enough.
    #[cfg(test)]
    pub(in super::super) fn with_targets(
        program: &Program,
        precision: Precision,
        devices: &[(Device, Target)],
        options: &Options,
    ) -> Result<Self> {
        let plan = Plan::new(program, false);
        let (sizes, lanes) = (Sizes::new(program, &plan), devices[0].1.lanes);
        let fitting = |(device, target): &(Device, Target)| {
            let fits = build::target(device, &plan, precision, target.lanes)?.is_local;
            Ok((device.clone(), Target { is_local: target.is_local && fits, ..*target }))
        };
        let devices = devices.iter().map(fitting).collect::<Result<Vec<_>>>()?;
        Ok(Self { sizes, plan, precision, lanes, devices: built(&devices, options)? })
    }

    /// Samples of a vector on the first device.
    pub fn block(&self) -> usize {
        self.lanes
    }

    /// Bytes of working memory of a work-group.
    pub fn workspace(&self) -> usize {
        4 * words(self.precision) * self.lanes * self.plan.lines
    }

    /// Numbers per sample of each input, by its index; None for an input that is not read.
    pub fn inputs(&self) -> Vec<Option<usize>> {
        self.plan.input_counts()
    }

    /// Parameters as the kernels read them, on all devices.
    pub fn pack(&self, parameters: &[f64]) -> Result<Packed> {
        let mut packed = host(self.plan.packed + parameters.len())?;
        for step in self.plan.convolutions() {
            step.pack(parameters, |what, from, to| match what {
                Packing::Weights => convolutions::pack(&step.geometry, from, &mut packed[to]),
                Packing::Bias => packed[to].copy_from_slice(from),
            });
        }
        packed[self.plan.packed..].copy_from_slice(parameters);
        let upload = |built: &Built| upload_numbers(&built.session, self.precision, &packed).map(Arc::new);
        Ok(Packed(self.devices.iter().map(upload).collect::<Result<_>>()?))
    }

    /// Runs the program for a batch of samples, whose sizes were checked; returns the number of kernel launches.
    pub fn run(
        &self,
        program: &Program,
        weights: &Packed,
        samples: &Samples,
        outputs: &mut [&mut [f64]],
    ) -> Result<usize> {
        let &Samples { count: size, feeds } = samples;
        let cut = Cut::new(size, self.lanes, &self.sizes);
        let batch = Batch { program, plan: &self.plan, precision: self.precision, feeds, size, cut };
        let run = self.run_in_rounds(&batch, weights, outputs);
        if let Err(Error::NoDevice(_)) = run {
            self.devices.iter().for_each(|built| built.session.give_up());
        }
        run
    }

    /// Runs all devices at once, each with as many chunks as fit in its memory, until no chunk is left.
    fn run_in_rounds(&self, batch: &Batch, weights: &Packed, outputs: &mut [&mut [f64]]) -> Result<usize> {
        let (chunks, cut, sizes) = (batch.cut.chunks(), &batch.cut, &self.sizes);
        let devices = &self.devices[..self.devices.len().min(chunks)];
        let _turns = turns(devices);
        let fitting = |built: &Built| cut.chunks_within(sizes, built.device.max_allocation, built.device.memory / 2);
        let most = devices.iter().map(fitting).min().unwrap_or(1).min(chunks.div_ceil(devices.len()));
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

/// A program on each of its devices.
fn built(devices: &[(Device, Target)], options: &Options) -> Result<Vec<Built>> {
    devices.iter().map(|(device, target)| Built::new(device, options, *target)).collect()
}
