//! Programs on OpenCL devices: kernels, parameters, and runs over batches.

use super::super::steps::{Convolve, Plan, Step, Weights, inputs};
use super::super::{Feed, Output, Program};
use super::buffers::{argument, launch, read, room, upload, upload_numbers, upload_wide};
use super::build::{self, Session, failed};
use super::convolutions;
use super::cut::Cut;
use super::source::{self, Layout, Source};
use crate::context::Precision;
use crate::error::Result;
use crate::opencl::{Device, Options};
use ocl::core::{self, ArgVal, CommandQueue, Kernel, Mem};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A program built for some devices.
pub(in super::super) struct Executable {
    plan: Plan,
    precision: Precision,
    lanes: usize,
    devices: Vec<Built>,
}

/// A program on one device.
struct Built {
    session: Arc<Session>,
    options: Options,
    layout: Layout,
    /// Kernels by the inputs that they draw themselves; built when they are first asked for.
    variants: Mutex<HashMap<Vec<bool>, Arc<Variant>>>,
}

/// A kernel, and what runs compute in when none is running.
struct Variant {
    source: Source,
    program: core::Program,
    tables: Mem,
    numbers: Mem,
    idle: Mutex<Vec<Bench>>,
}

/// Kernels with their queue, for one run at a time.
struct Bench {
    queue: CommandQueue,
    run: Kernel,
    reduce: Option<Kernel>,
    launches: usize,
}

/// Parameters on all devices.
#[derive(Clone)]
pub(in super::super) struct Packed(Vec<Mem>);

impl Executable {
    /// Plans a program and builds it for the devices.
    pub fn new(program: &Program, precision: Precision, (devices, options): (&[Device], &Options)) -> Result<Self> {
        let plan = Plan::new(program, false);
        let lanes = devices.iter().map(|device| build::lanes(device, precision)).min().unwrap_or(1);
        let layouts = devices.iter().map(|device| build::layout(device, &plan, precision, lanes));
        let layouts = layouts.collect::<Result<Vec<_>>>()?;
        Self::planned(plan, precision, (devices, options), &layouts)
    }

    /// The same, laid out as told.
    #[cfg(test)]
    pub(in super::super) fn with_layouts(
        program: &Program,
        precision: Precision,
        (devices, options): (&[Device], &Options),
        layouts: &[Layout],
    ) -> Result<Self> {
        Self::planned(Plan::new(program, false), precision, (devices, options), layouts)
    }

    fn planned(
        plan: Plan,
        precision: Precision,
        (devices, options): (&[Device], &Options),
        layouts: &[Layout],
    ) -> Result<Self> {
        let built = |(device, &layout)| Built::new((device, options), layout);
        let devices = devices.iter().zip(layouts).map(built).collect::<Result<Vec<_>>>()?;
        Ok(Self { plan, precision, lanes: layouts[0].lanes, devices })
    }

    /// Samples of a vector on the first device.
    pub fn block(&self) -> usize {
        self.lanes
    }

    /// Bytes that a work-group computes in.
    pub fn workspace(&self) -> usize {
        self.plan.lines * self.block() * if self.precision == Precision::F32 { 4 } else { 8 }
    }

    /// Numbers of the inputs that are read, by their index.
    pub fn inputs(&self) -> Vec<Option<usize>> {
        self.plan.input_counts()
    }

    /// Parameters as the kernels read them, on all devices.
    pub fn pack(&self, parameters: &[f64]) -> Result<Packed> {
        let mut packed = vec![0.0; self.plan.packed];
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
        packed.extend(parameters);
        let upload = |built: &Built| upload_numbers(&built.session, self.precision, &packed);
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
        let cut = Cut::new(batch, self.lanes);
        let chunks = cut.chunks();
        let count = self.devices.len().min(chunks);
        let _turns = build::turns(self.devices[..count].iter().map(|built| &*built.session));
        let mut runs = vec![];
        for (i, built) in self.devices[..count].iter().enumerate() {
            let mine = i * chunks / count..(i + 1) * chunks / count;
            runs.push(built.start(self, program, (&weights.0[i], feeds, batch), (cut, mine))?);
        }
        let mut launches = 0;
        let mut sums: Vec<f64> = vec![];
        for run in runs {
            launches += run.finish(self.precision, outputs, &mut sums)?;
        }
        let (firsts, sum_count) = source::sums(program);
        for (index, out) in outputs.iter_mut().enumerate() {
            let Some(at) = firsts[index] else { continue };
            for (i, total) in out.iter_mut().enumerate() {
                *total = sums.chunks(sum_count).map(|chunk| chunk[at + i]).sum();
            }
        }
        Ok(launches)
    }
}

/// A run that a device works on.
struct Run<'a> {
    built: &'a Built,
    variant: Arc<Variant>,
    bench: Bench,
    /// Samples of this device.
    samples: Range<usize>,
    /// Results with their outputs and numbers for each sample; whether they are wide.
    results: Vec<(usize, usize, bool, Mem)>,
    totals: Option<(Mem, usize)>,
    /// Kept until the device is done.
    _buffers: Vec<Mem>,
}

impl Built {
    fn new((device, options): (&Device, &Options), layout: Layout) -> Result<Self> {
        let (session, options) = (build::session(device)?, options.clone());
        Ok(Self { session, options, layout, variants: Mutex::default() })
    }

    /// The kernel that draws some inputs itself.
    fn variant(&self, executable: &Executable, program: &Program, drawn: &[bool]) -> Result<Arc<Variant>> {
        let mut variants = self.variants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = variants.get(drawn) {
            return Ok(Arc::clone(known));
        }
        let (session, precision) = (&self.session, executable.precision);
        let source = Source::new((program, drawn), &executable.plan, precision, self.layout);
        let variant = Arc::new(Variant {
            program: build::build(session, &source.text, &self.options)?,
            tables: upload(session, &source.tables)?,
            numbers: upload_numbers(session, precision, &source.numbers)?,
            source,
            idle: Mutex::default(),
        });
        variants.insert(drawn.to_vec(), Arc::clone(&variant));
        Ok(variant)
    }

    /// Kernels that no other run uses.
    fn bench(&self, variant: &Variant) -> Result<Bench> {
        if let Some(bench) = variant.idle.lock().ok().and_then(|mut idle| idle.pop()) {
            return Ok(bench);
        }
        let device = self.session.device();
        let kernel = |name| core::create_kernel(&variant.program, name).map_err(|e| failed(device, name, &e));
        let reduce = if variant.source.sum_count > 0 { Some(kernel("reduce")?) } else { None };
        Ok(Bench { queue: self.session.queue()?, run: kernel("run")?, reduce, launches: 0 })
    }

    fn start(
        &self,
        executable: &Executable,
        program: &Program,
        (weights, feeds, batch): (&Mem, &[Feed], usize),
        (cut, chunks): (Cut, Range<usize>),
    ) -> Result<Run<'_>> {
        let (session, precision, lanes) = (&*self.session, executable.precision, cut.lanes);
        let samples = (chunks.start * cut.length * lanes).min(batch)..(chunks.end * cut.length * lanes).min(batch);
        let jobs = cut.jobs(&chunks);
        let own = samples.len();
        let drawn: Vec<bool> = feeds.iter().map(|feed| matches!(feed, Feed::Normal(_))).collect();
        let variant = self.variant(executable, program, &drawn)?;
        let mut bench = self.bench(&variant)?;
        let has_double = self.layout.has_double;
        let (mut buffers, mut keys) = (vec![], vec![]);
        for (index, shape) in inputs(&executable.plan).iter().enumerate() {
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
                upload_wide(session, has_double, numbers)?
            } else {
                upload_numbers(session, precision, numbers)?
            });
        }
        let keys = upload(session, &keys)?;
        let mut results = vec![];
        for (index, output) in program.outputs.iter().enumerate() {
            let Output::PerSample(node) = output else { continue };
            let (count, wide) = (program.output_count(index), program.recorder.shape(*node).wide);
            let bytes = match (wide, precision) {
                (true, _) | (false, Precision::F64) => 8,
                _ => 4,
            };
            results.push((index, count, wide, room::<u32>(session, own * count * bytes / 4)?));
        }
        let groups = jobs.len();
        let sum_count = variant.source.sum_count;
        let sums = room::<u32>(session, 2 * groups * sum_count)?;
        let bytes = executable.plan.lines.max(1) * lanes * if precision == Precision::F32 { 4 } else { 8 };
        // Values in global memory: as many groups at once as there is room for.
        let most = if self.layout.is_local {
            groups
        } else {
            (session.device().max_allocation as usize / 2 / bytes).clamp(1, groups)
        };
        let memory = room::<u32>(session, if self.layout.is_local { 1 } else { most * bytes / 4 })?;
        let numbers = [own, 0, cut.length, cut.share, cut.jobs].map(|n| n as u32);
        let set = |at: usize, value: ArgVal| argument(session, &bench.run, at, value);
        let fixed = [weights, &variant.numbers, &variant.tables, &memory, &sums, &keys];
        for (at, buffer) in fixed.into_iter().enumerate() {
            set(at, ArgVal::mem(buffer))?;
        }
        for (at, number) in numbers.iter().enumerate() {
            set(6 + at, ArgVal::scalar(number))?;
        }
        for (at, buffer) in (11..).zip(buffers.iter().chain(results.iter().map(|r| &r.3))) {
            set(at, ArgVal::mem(buffer))?;
        }
        let workers = self.layout.workers;
        for first in (0..groups).step_by(most) {
            let number = first as u32;
            argument(session, &bench.run, 7, ArgVal::scalar(&number))?;
            let count = most.min(groups - first);
            launch(session, &bench.queue, &bench.run, [count * workers, 1, 1], Some([workers, 1, 1]))?;
            bench.launches += 1;
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
            bench.launches += 1;
            totals = Some((total, chunks.len() * sum_count));
        }
        buffers.extend([keys, memory, sums, weights.clone()]);
        Ok(Run { built: self, variant, bench, samples, results, totals, _buffers: buffers })
    }
}

impl Run<'_> {
    /// Waits for the results.
    fn finish(mut self, precision: Precision, outputs: &mut [&mut [f64]], sums: &mut Vec<f64>) -> Result<usize> {
        let (session, queue, has_double) = (&*self.built.session, &self.bench.queue, self.built.layout.has_double);
        let wide = |from: &Mem, count: usize| -> Result<Vec<f64>> {
            if has_double {
                return read(session, queue, from, count);
            }
            let pairs = read::<f32>(session, queue, from, 2 * count)?;
            Ok(pairs.chunks_exact(2).map(|pair| f64::from(pair[0]) + f64::from(pair[1])).collect())
        };
        for (index, count, is_wide, from) in &self.results {
            let to = &mut outputs[*index][self.samples.start * count..self.samples.end * count];
            if *is_wide {
                to.copy_from_slice(&wide(from, to.len())?);
            } else if precision == Precision::F64 {
                to.copy_from_slice(&read::<f64>(session, queue, from, to.len())?);
            } else {
                let numbers = read::<f32>(session, queue, from, to.len())?;
                to.iter_mut().zip(numbers).for_each(|(to, x)| *to = f64::from(x));
            }
        }
        if let Some((from, count)) = &self.totals {
            sums.extend(wide(from, *count)?);
        }
        let launches = std::mem::take(&mut self.bench.launches);
        if let Ok(mut idle) = self.variant.idle.lock() {
            idle.push(self.bench);
        }
        Ok(launches)
    }
}
