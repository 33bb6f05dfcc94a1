//! Tests of OpenCL devices beyond agreement with the reference: random numbers, sums, launches, and cached kernels.
//!
//! Operations, their derivatives and flows are checked on devices by the same tests as on the CPU.

use super::super::opencl::{self, LIBRARY, Target, build, session};
use super::super::operations::Op;
use super::super::{Executable, Feed, Key, Output, Program, Recorder, Shape};
use super::agreement::{Data, NOWHERE, Way, assert_agreement_of, device, device_ways, outputs, run};
use super::random_programs::sharpness_of_draws;
use super::{context, random};
use crate::context::Precision;
use crate::error::Error;
use crate::opencl::{Device, Options};
use crate::random::{Purpose, Stream};
use ocl::core::{self, ArgVal, MemFlags};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

const PURPOSE: Purpose = Purpose::Prior;

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = crate::file::of_tests(&format!("kernels-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A program that gives its input, its square's sum, and the sum of its squares over the samples.
fn copying(count: usize) -> Program {
    let mut recorder = Recorder::new();
    let x = recorder.input(Shape::new(1, count));
    let square = recorder.multiply(x, x);
    let total = recorder.total(square);
    Program::new(recorder, vec![Output::PerSample(x), Output::PerSample(total), Output::Summed(square)])
}

fn on(devices: &[Device], program: &Program, target: Target, precision: Precision) -> Executable {
    let devices: Vec<_> = devices.iter().map(|device| (device.clone(), target)).collect();
    let build = |program: &Program| opencl::Executable::with_targets(program, precision, &devices, &NOWHERE);
    Executable::built(program.clone(), build).unwrap()
}

#[test]
fn random_programs_agree_with_the_reference_on_devices() {
    let of = |precision| device_ways(precision).into_iter().map(move |way| (way, precision));
    let ways: Vec<_> = of(Precision::F32).chain(of(Precision::F64)).collect();
    let checked = std::cell::Cell::new(0);
    let fraction = sharpness_of_draws((2 * ways.len() as u32, 12), 12, |program, _| {
        // The ways in turn, one for each program. In some kernels with loops PoCL 3.1 leaves out what follows a barrier
        // where a work-group has several items, which it never has on a CPU outside of tests: on PoCL a program with a
        // repeat runs in one shape alone, in vectors with one item for each work-group, whichever way was drawn. On other
        // platforms, as on oclgrind, it runs in all shapes.
        let mut way = ways[checked.replace(checked.get() + 1) % ways.len()];
        let repeats = program.recorder.ops.iter().any(|op| matches!(op, Op::Repeat(_)));
        if repeats && device().platform_name.contains("Portable Computing Language") {
            way = ways[0];
        }
        assert_agreement_of(std::iter::once(way), program, &Data::new(program, 9, 3), &[1, 9])
    });
    assert!(fraction > 0.8 && checked.get() >= ways.len(), "sharp comparisons: {fraction}");
}

#[test]
fn integers_of_streams_are_the_same_bit_for_bit() {
    let head = "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n#define LANES 1\n#define WORKERS 1\n#define SINGLE 0\n\
                #define WIDE 1\n#define TO_DOUBLE convert_double\n#define TO_FLOAT convert_float\n#define AR global\n";
    let kernel = "kernel void draw(const ulong seed, const ulong purpose, const ulong counter, const ulong skipped,\n\
                  global ulong *integers, global double *uniforms, const uint count) {\n\
                  stream s = stream_of(seed, purpose, counter);\n  advance(&s, skipped);\n\
                  for (uint i = 0; i < count; i++) {\n    stream t = s;\n    integers[i] = bits(&s);\n\
                  uniforms[i] = uniform_of(bits(&t) >> 11);\n  }\n}\n";
    let session = session(device()).unwrap();
    let program = build(&session, &format!("{head}{LIBRARY}{kernel}"), &NOWHERE).unwrap().program;
    let kernel = core::create_kernel(&program, "draw").unwrap();
    let queue = session.queue().unwrap();
    let count = 300usize;
    // SAFETY: no host memory is involved.
    let (integers, uniforms) = unsafe {
        let buffer = |flags| core::create_buffer::<_, u64>(session.context(), flags, count, None::<&[u64]>).unwrap();
        (buffer(MemFlags::new().read_write()), buffer(MemFlags::new().read_write()))
    };
    for (seed, counter, skipped) in [(1, 0, 0), (u64::MAX, u64::MAX, 1), (7, 1 << 40, 12345), (3, 9, u64::MAX >> 3)] {
        let number = |at, x: &u64| core::set_kernel_arg(&kernel, at, ArgVal::scalar(x)).unwrap();
        for (at, x) in [seed, PURPOSE as u64, counter, skipped].iter().enumerate() {
            number(at as u32, x);
        }
        core::set_kernel_arg(&kernel, 4, ArgVal::mem(&integers)).unwrap();
        core::set_kernel_arg(&kernel, 5, ArgVal::mem(&uniforms)).unwrap();
        core::set_kernel_arg(&kernel, 6, ArgVal::scalar(&(count as u32))).unwrap();
        let (mut got, mut real) = (vec![0u64; count], vec![0.0f64; count]);
        // SAFETY: the buffers have as many numbers.
        unsafe {
            let none = || (None::<core::Event>, None::<&mut core::Event>);
            core::enqueue_kernel(&queue, &kernel, 1, None, &[1, 1, 1], None, none().0, none().1).unwrap();
            core::enqueue_read_buffer(&queue, &integers, true, 0, &mut got, none().0, none().1).unwrap();
            core::enqueue_read_buffer(&queue, &uniforms, true, 0, &mut real, none().0, none().1).unwrap();
        }
        let mut stream = Stream::new(seed, PURPOSE, counter);
        stream.advance(skipped);
        let mut again = stream.clone();
        assert_eq!(got, (0..count).map(|_| stream.bits()).collect::<Vec<_>>());
        assert_eq!(real, (0..count).map(|_| again.uniform()).collect::<Vec<_>>());
    }
}

#[test]
fn normal_numbers_agree_with_those_of_the_cpu() {
    for precision in [Precision::F32, Precision::F64] {
        for way in device_ways(precision) {
            // An odd count, and samples that do not fill the last vector.
            let (count, batch) = (37, 41);
            let bound = Arc::new(way.executable(&copying(count), precision)).bind(&[]).unwrap();
            let key = Key { seed: 5, purpose: PURPOSE, counter: u64::MAX - 20, stream: 0 };
            let (mut z, mut squares, mut sums) = (vec![0.0; batch * count], vec![0.0; batch], vec![0.0; count]);
            bound.run(context(), batch, &[Feed::Normal(key)], &mut [&mut z, &mut squares, &mut sums]).unwrap();
            let tolerance = if precision == Precision::F32 { 1e-6 } else { 1e-14 };
            for (i, z) in z.chunks(count).enumerate() {
                let mut expected = vec![0.0; count];
                Stream::new(5, PURPOSE, key.counter.wrapping_add(i as u64)).normals(&mut expected);
                for (z, x) in z.iter().zip(expected) {
                    assert!((z - x).abs() <= tolerance * (1.0 + x.abs()), "{way:?}: expected {x}, got {z}");
                }
                let sum: f64 = z.iter().map(|z| z * z).sum();
                assert!((squares[i] - sum).abs() < tolerance * sum, "{way:?}: {} {sum}", squares[i]);
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_devices_nor_on_the_run() {
    let (program, batch) = (copying(6), 777);
    let numbers = random(3, 6 * batch);
    for precision in [Precision::F32, Precision::F64] {
        for way in device_ways(precision).into_iter().take(2) {
            let Way::Device(layout) = way else { continue };
            let feeds = [Feed::Array(&numbers), Feed::Normal(Key { seed: 1, purpose: PURPOSE, counter: 3, stream: 0 })];
            let results = |count: usize| {
                let devices = vec![device().clone(); count];
                let bound = Arc::new(on(&devices, &program, layout, precision)).bind(&[]).unwrap();
                let run = |feed: Feed| {
                    let (mut x, mut total, mut sum) = (vec![0.0; 6 * batch], vec![0.0; batch], vec![0.0; 6]);
                    bound.run(context(), batch, &[feed], &mut [&mut x, &mut total, &mut sum]).unwrap();
                    [x, total, sum].concat().into_iter().map(f64::to_bits).collect::<Vec<_>>()
                };
                let first = feeds.map(run);
                assert_eq!(feeds.map(run), first, "{way:?}: a second run");
                first
            };
            let alone = results(1);
            assert_eq!(results(3), alone, "{way:?} on three devices");
        }
    }
}

#[test]
fn batches_beyond_a_device_run_in_rounds_with_the_same_results() {
    let (program, batch) = (copying(6), 777);
    let numbers = random(5, 6 * batch);
    let results = |devices: &[Device], targets: &[Target]| {
        let devices: Vec<_> = devices.iter().cloned().zip(targets.iter().copied()).collect();
        let build = |program: &Program| opencl::Executable::with_targets(program, Precision::F64, &devices, &NOWHERE);
        let bound = Arc::new(Executable::built(program.clone(), build).unwrap()).bind(&[]).unwrap();
        let (mut x, mut total, mut sum) = (vec![0.0; 6 * batch], vec![0.0; batch], vec![7.0; 6]);
        let outputs = &mut [&mut x[..], &mut total, &mut sum];
        let launches = bound.run(context(), batch, &[Feed::Array(&numbers)], outputs).unwrap();
        (launches, x, total, sum)
    };
    let whole = device().clone();
    let mut small = whole.clone();
    (small.max_allocation, small.memory) = (1 << 13, 1 << 16);
    let local = Target { lanes: 1, workers: 8, is_local: true, has_double: true };
    let global = Target { workers: 4, is_local: false, ..local };
    let (launches, x, total, sum) = results(std::slice::from_ref(&whole), &[local]);
    assert_eq!((launches, &x), (2, &numbers));
    for (devices, targets) in [
        (vec![small.clone()], vec![local]),
        (vec![small.clone()], vec![Target { workers: 8, ..global }]),
        (vec![small.clone(), whole.clone(), small.clone()], vec![local; 3]),
    ] {
        let (more, again, totals, sums) = results(&devices, &targets);
        assert!(more > 2 * devices.len(), "{targets:?}: {more} launches");
        assert!((&again, &totals, &sums) == (&x, &total, &sum), "{targets:?}");
    }
    // Devices of different kinds add the numbers of a sample in different orders.
    let (_, again, totals, sums) = results(&[whole.clone(), small], &[local, global]);
    assert!(again == x && sums == sum);
    assert!(totals.iter().zip(&total).all(|(a, b)| (a - b).abs() <= 1e-15 * b), "{totals:?}");
}

#[test]
fn threads_share_a_device() {
    // PoCL builds a kernel for each size of a batch.
    let program = copying(6);
    let way = device_ways(Precision::F64)[0];
    let bound = Arc::new(way.executable(&program, Precision::F64)).bind(&[]).unwrap();
    let numbers = random(4, 6 * 300);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (bound, numbers) = (&bound, &numbers);
            scope.spawn(move || {
                for round in 0..40 {
                    let batch = 1 + (thread * 67 + round * 29) % 300;
                    let (mut x, mut total, mut sum) = (vec![0.0; 6 * batch], vec![0.0; batch], vec![0.0; 6]);
                    let feeds = [Feed::Array(&numbers[..6 * batch])];
                    bound.run(context(), batch, &feeds, &mut [&mut x, &mut total, &mut sum]).unwrap();
                    assert_eq!(x, numbers[..6 * batch]);
                    let squares = |sample: &[f64]| sample.iter().map(|x| x * x).sum::<f64>();
                    assert!(x.chunks(6).zip(&total).all(|(x, total)| (squares(x) - total).abs() < 1e-14 * total));
                    let (all, own) = (sum.iter().sum::<f64>(), total.iter().sum::<f64>());
                    assert!((all - own).abs() < 1e-13 * own, "{all} {own}");
                }
            });
        }
    });
}

#[test]
fn kept_kernels_are_used_again_and_bad_files_are_not() {
    let folder = folder("kept");
    let options = Options { cache: Some(folder.join("deep")), sources: Some(folder.join("sources")) };
    fs::create_dir_all(folder.join("sources")).unwrap();
    let program = copying(5);
    let Way::Device(target) = device_ways(Precision::F64)[0] else { panic!() };
    let result = || {
        let devices = [(device().clone(), target)];
        let build = |program: &Program| opencl::Executable::with_targets(program, Precision::F64, &devices, &options);
        let executable = Executable::built(program.clone(), build).unwrap();
        run(&Arc::new(executable).bind(&[]).unwrap(), &program, &Data::new(&program, 7, 2), 7)
    };
    let files = || {
        let names = fs::read_dir(folder.join("deep")).unwrap().map(|entry| entry.unwrap().path());
        names.collect::<Vec<PathBuf>>()
    };
    let first = result();
    let [file] = &files()[..] else { panic!("one kept file, got {:?}", files()) };
    let whole = fs::read(file).unwrap();
    assert_eq!(result(), first);
    // A truncated file, one with a changed byte, one of other content: the kernel is built again, the file replaced.
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for bad in [&whole[..whole.len() / 3], &changed[..], b"", b"instanton"] {
        fs::write(file, bad).unwrap();
        assert_eq!(result(), first);
        assert_ne!(fs::read(file).unwrap(), bad);
    }
    // Several threads at once.
    fs::remove_file(file).unwrap();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(result)).collect();
        all.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), first));
    });
    assert_eq!(files().len(), 1);
    let source = fs::read_dir(folder.join("sources")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(source).unwrap().contains("kernel __attribute__"));
    fs::remove_dir_all(&folder).unwrap();
}

/// A data race on the numbers 1 and 2 that does not change the result: scripts/oclgrind.sh checks that the simulator
/// reports it.
#[test]
fn a_race_that_changes_nothing() {
    let source = "kernel void run(global int *out) {\n  local int shared[8];\n  const int me = get_local_id(0);\n\
                  shared[me] = 1;\n  barrier(CLK_LOCAL_MEM_FENCE);\n  shared[me] = 2;\n\
                  out[me] = shared[(me + 1) % 8] >> 2;\n}\n";
    let session = session(device()).unwrap();
    let kernel = core::create_kernel(&build(&session, source, &NOWHERE).unwrap().program, "run").unwrap();
    let (queue, size, mut got) = (session.queue().unwrap(), [8, 1, 1], [7u32; 8]);
    // SAFETY: the buffers have eight numbers.
    unsafe {
        let flags = MemFlags::new().read_write().copy_host_ptr();
        let out = core::create_buffer(session.context(), flags, 8, Some(&got)).unwrap();
        core::set_kernel_arg(&kernel, 0, ArgVal::mem(&out)).unwrap();
        let none = || (None::<core::Event>, None::<&mut core::Event>);
        core::enqueue_kernel(&queue, &kernel, 1, None, &size, Some(size), none().0, none().1).unwrap();
        core::enqueue_read_buffer(&queue, &out, true, 0, &mut got, none().0, none().1).unwrap();
    }
    assert_eq!(got, [0; 8]);
}

#[test]
fn a_kernel_that_does_not_build_reports_the_log_and_the_numbered_source() {
    let session = session(device()).unwrap();
    let Err(Error::NoDevice(message)) = build(&session, "kernel void f() {\n  nonsense(1);\n}\n", &NOWHERE) else {
        panic!("an error of the device")
    };
    assert!(message.contains("expected a kernel that builds"), "{message}");
    assert!(message.contains("nonsense"), "{message}");
    assert!(message.contains("\n   2   nonsense(1);"), "{message}");
}

#[test]
fn a_device_without_doubles_is_refused_for_networks_in_double_precision() {
    let mut single = device().clone();
    single.has_f64 = false;
    let program = copying(4);
    let error =
        opencl::Executable::new(&program, Precision::F64, std::slice::from_ref(&single), &NOWHERE).err().unwrap();
    let name = &device().name;
    let expected = "expected a device that runs programs, got one that has no numbers of 64 bits for precision 'f64'";
    assert_eq!(error, Error::NoDevice(format!("opencl: {name}: {expected}")));
    assert!(opencl::Executable::new(&program, Precision::F32, &[single], &NOWHERE).is_ok());
}

#[test]
fn a_batch_is_one_launch_where_nothing_is_summed_over_it() {
    let mut recorder = Recorder::new();
    let x = recorder.input(Shape::new(1, 8));
    let y = recorder.tanh(x);
    let program = Program::new(recorder, vec![Output::PerSample(y)]);
    let way = device_ways(Precision::F64)[0];
    let bound = Arc::new(way.executable(&program, Precision::F64)).bind(&[]).unwrap();
    for batch in [1, 8, 9, 1000, 5000] {
        let mut y = vec![0.0; 8 * batch];
        assert_eq!(bound.run(context(), batch, &[Feed::Array(&random(1, 8 * batch))], &mut [&mut y]).unwrap(), 1);
    }
    assert_eq!(outputs(&program, &Data::new(&program, 3, 1), (way, Precision::F64), 0), [vec![0.0; 0]]);
}
