//! The shared check of execution: every instruction set, device and precision agrees with the reference, at every batch
//! size.

use super::super::opencl::{self, Target};
use super::super::{Bound, Executable, Feed, Output, Program};
use super::bounded::{Bounded, Rounding, sum_of_samples};
use super::reference::{Sample, evaluate};
use super::{context, input_counts, random};
use crate::context::Precision;
use crate::opencl::{Device, Options, devices};
use crate::simd::Instructions;
use std::sync::{Arc, OnceLock};

/// Samples and parameters for a program: uniform in (-1, 1).
pub struct Data {
    pub batch: usize,
    /// `inputs[i]` is `batch x count` numbers.
    pub inputs: Vec<Vec<f64>>,
    /// Parameters, and behind them the conditions.
    pub parameters: Vec<f64>,
}

impl Data {
    pub fn new(program: &Program, batch: usize, seed: u64) -> Self {
        let counts = input_counts(&program.recorder);
        let inputs = counts.iter().enumerate().map(|(i, n)| random(seed + 100 * i as u64 + 1, batch * n)).collect();
        Self { batch, inputs, parameters: random(seed, program.parameters() + program.conditions()) }
    }

    /// The inputs of one sample.
    pub fn sample(&self, index: usize) -> Vec<Vec<f64>> {
        let one = |numbers: &Vec<f64>| {
            let count = numbers.len() / self.batch;
            numbers[index * count..(index + 1) * count].to_vec()
        };
        self.inputs.iter().map(one).collect()
    }
}

/// The instruction set, or the device and its layout, that a program runs with.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Cpu(Instructions),
    Device(Target),
    /// The layout for a graphics processor, with the device's memory or a very small one.
    Graphics {
        is_small: bool,
    },
}

impl Way {
    /// Plans a program to run in this way.
    pub fn executable(self, program: &Program, precision: Precision) -> Executable {
        match self {
            Way::Cpu(instructions) => Executable::with_instructions(program.clone(), precision, instructions).unwrap(),
            Way::Device(target) => {
                let devices = [(device().clone(), target)];
                let build =
                    |program: &Program| opencl::Executable::with_targets(program, precision, &devices, &sources());
                Executable::built(program.clone(), build).unwrap()
            }
            Way::Graphics { is_small } => {
                let mut device = device().clone();
                device.is_cpu = false;
                if is_small {
                    // Values are in global memory, for a few work-groups at a time, and a batch takes many rounds.
                    (device.local_memory, device.max_allocation, device.memory) = (0, 1 << 12, 1 << 14);
                }
                let build = |program: &Program| opencl::Executable::new(program, precision, &[device], &sources());
                Executable::built(program.clone(), build).unwrap()
            }
        }
    }

    fn rounding(self, precision: Precision) -> Rounding {
        let has_double = match self {
            Way::Cpu(_) | Way::Graphics { .. } => true,
            Way::Device(target) => target.has_double,
        };
        Rounding { precision, has_double }
    }
}

/// Options that write sources to the folder that INSTANTON_TEST_SOURCES names.
fn sources() -> Options {
    Options { sources: std::env::var_os("INSTANTON_TEST_SOURCES").map(Into::into), ..NOWHERE }
}

/// Options without a kernel cache and without written sources.
pub const NOWHERE: Options = Options { cache: None, sources: None };

/// The OpenCL device that tests run on: the first one.
pub fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| devices().unwrap().into_iter().next().expect("an OpenCL device, as pocl-opencl-icd has"))
}

/// Ways on a device: vectors of samples or sites shared by work-items, values in local or global memory, with numbers of
/// 64 bits or without, and the layouts for graphics processors.
pub fn device_ways(precision: Precision) -> Vec<Way> {
    let single = precision == Precision::F32;
    let lanes = if single { 16 } else { 8 };
    let mut targets = vec![
        Target { lanes, workers: 1, is_local: true, has_double: true },
        Target { lanes: 1, workers: 8, is_local: true, has_double: true },
        Target { lanes: 2, workers: 4, is_local: false, has_double: true },
    ];
    if single {
        targets.push(Target { lanes: 4, workers: 2, is_local: true, has_double: false });
    }
    let graphics = [false, true].map(|is_small| Way::Graphics { is_small });
    targets.into_iter().map(Way::Device).chain(graphics).collect()
}

/// An executable with the parameters and conditions of the data.
pub fn bound(executable: Executable, data: &Data) -> Bound {
    let (parameters, conditions) = data.parameters.split_at(executable.program().parameters());
    Arc::new(executable).bind_at(parameters, conditions).unwrap()
}

/// Outputs of a program for the first `batch` samples.
pub fn outputs(program: &Program, data: &Data, how: (Way, Precision), batch: usize) -> Vec<Vec<f64>> {
    let bound = bound(how.0.executable(program, how.1), data);
    run(&bound, program, data, batch)
}

/// Outputs of a bound program.
pub fn run(bound: &Bound, program: &Program, data: &Data, batch: usize) -> Vec<Vec<f64>> {
    let feeds: Vec<Feed> = data.inputs.iter().map(|x| Feed::Array(&x[..x.len() / data.batch * batch])).collect();
    let mut results: Vec<Vec<f64>> = (0..program.outputs.len())
        .map(|i| match program.outputs[i] {
            Output::PerSample(_) => vec![f64::NAN; batch * program.output_count(i)],
            Output::Summed(_) => vec![f64::NAN; program.output_count(i)],
        })
        .collect();
    let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    bound.run(context(), batch, &feeds, &mut slices).unwrap();
    results
}

/// Every instruction set of this processor in both precisions.
pub fn ways() -> impl Iterator<Item = (Way, Precision)> {
    let sets = || Instructions::ALL.iter().copied().filter(|i| i.is_available()).map(Way::Cpu);
    [Precision::F32, Precision::F64].into_iter().flat_map(move |p| sets().map(move |i| (i, p)))
}

/// The default layout of a device, in both precisions; all layouts where INSTANTON_TEST_LAYOUTS is 'all', as on a
/// simulator, which builds kernels fast and checks each access to memory.
pub fn on_devices() -> impl Iterator<Item = (Way, Precision)> {
    let is_all = std::env::var("INSTANTON_TEST_LAYOUTS").is_ok_and(|which| which == "all");
    let count = if is_all { usize::MAX } else { 1 };
    let of = move |precision| device_ways(precision).into_iter().take(count).map(move |way| (way, precision));
    [Precision::F32, Precision::F64].into_iter().flat_map(of)
}

/// All ways to run a program: instruction sets and the device.
pub fn everywhere() -> impl Iterator<Item = (Way, Precision)> {
    ways().chain(on_devices())
}

/// How sharp a comparison was.
#[derive(Default)]
pub struct Sharpness {
    pub numbers: usize,
    /// Numbers whose bound is below 1e-3 in f32 and 1e-11 in f64, relative to the number or one.
    pub sharp: usize,
}

impl Sharpness {
    fn count(&mut self, bound: &Bounded, precision: Precision) {
        let limit = if precision == Precision::F32 { 1e-3 } else { 1e-11 };
        self.numbers += 1;
        self.sharp += usize::from(bound.error < limit * (1.0 + bound.value.abs()));
    }

    pub fn add(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.sharp += other.sharp;
    }

    pub fn fraction(&self) -> f64 {
        self.sharp as f64 / self.numbers as f64
    }
}

/// Compares outputs with the reference, for all instruction sets, both precisions, and each batch size; one program in
/// 48, selected by its size, runs on the device as well.
pub fn assert_agreement(program: &Program, data: &Data, batches: &[usize]) -> Sharpness {
    let is_one = (7 * program.parameters() + program.recorder.ops.len()).is_multiple_of(48);
    let devices = on_devices().take(if is_one { usize::MAX } else { 0 });
    assert_agreement_of(ways().chain(devices), program, data, batches)
}

/// Compares outputs with the reference as above, for given ways to run a program.
pub fn assert_agreement_of(
    ways: impl Iterator<Item = (Way, Precision)>,
    program: &Program,
    data: &Data,
    batches: &[usize],
) -> Sharpness {
    let mut sharpness = Sharpness::default();
    let mut known: Vec<(Rounding, Vec<_>)> = vec![];
    for (way, precision) in ways {
        let rounding = way.rounding(precision);
        if !known.iter().any(|(of, _)| *of == rounding) {
            known.push((rounding, reference(program, data, rounding)));
        }
        let expected = known.iter().find_map(|(of, expected)| (*of == rounding).then_some(expected)).unwrap();
        let bound = bound(way.executable(program, precision), data);
        for &batch in batches {
            let got = run(&bound, program, data, batch);
            for (index, got) in got.iter().enumerate() {
                let bounds = wanted(program, &expected[..batch], (index, rounding));
                assert_eq!(bounds.len(), got.len());
                for (bound, got) in bounds.iter().zip(got) {
                    let near = (got - bound.value).abs() <= bound.error;
                    let what = || format!("output {index}, {way:?}, {precision:?}, batch {batch}");
                    assert!(near, "{}: expected {bound:?}, got {got}", what());
                    sharpness.count(bound, precision);
                }
            }
        }
    }
    sharpness
}

/// Each output of each sample, by the reference.
fn reference(program: &Program, data: &Data, rounding: Rounding) -> Vec<Vec<Vec<Bounded>>> {
    let of_sample = |i: usize| {
        let sample = Sample { inputs: &data.sample(i), parameters: &data.parameters };
        let values = evaluate(&program.recorder, rounding, &sample);
        program.outputs.iter().map(|o| values[o.node().0 as usize].clone()).collect()
    };
    (0..data.batch).map(of_sample).collect()
}

/// The expected values of an output for some samples.
fn wanted(program: &Program, samples: &[Vec<Vec<Bounded>>], (index, rounding): (usize, Rounding)) -> Vec<Bounded> {
    match program.outputs[index] {
        Output::PerSample(_) => samples.iter().flat_map(|sample| sample[index].clone()).collect(),
        Output::Summed(node) => (0..program.output_count(index))
            .map(|i| {
                let terms: Vec<Bounded> = samples.iter().map(|sample| sample[index][i]).collect();
                sum_of_samples(&terms, rounding, program.recorder.shape(node))
            })
            .collect(),
    }
}
