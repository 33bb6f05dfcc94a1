//! Rows of repeats: chains of affine coupling layers on 8 x 8 with stacked parameters, recorded as one repeat.

use super::median;
use instanton::context::{Accelerators, Context, Precision};
use instanton::error::{Error, Result};
use instanton::lattice::Lattice;
use instanton::opencl::{Options, select};
use instanton::program::{
    Executable, Feed, Filter, Key, Node, Output, Program, Recorder, Scan, Shape, Stencil, Values,
};
use instanton::random::Purpose;
use instanton::simd::Instructions;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Channels of the hidden layers, and sites of the lattice.
const HIDDEN: usize = 8;
const VOLUME: usize = 64;
/// Builds of each program, of several seconds each.
const BUILDS: usize = 3;

/// A convolution of a coupling: its stencil, and its numbers of channels.
struct Convolution {
    stencil: Stencil,
    inputs: usize,
    outputs: usize,
}

/// The convolutions of the coupling that leaves the sites of a parity unchanged.
fn coupling(frozen: usize) -> Result<Vec<Convolution>> {
    let lattice = Lattice::new(&[8, 8])?;
    let all: Vec<usize> = (0..VOLUME).collect();
    let of = |parity| all.iter().copied().filter(|&s| lattice.parity(s) == parity).collect::<Vec<_>>();
    let (from, to) = (of(frozen), of(1 - frozen));
    let cube = |from: &[usize], to: &[usize]| Stencil::cube(&lattice, 3, from, to);
    Ok(vec![
        Convolution { stencil: cube(&from, &all)?, inputs: 1, outputs: HIDDEN },
        Convolution { stencil: cube(&all, &all)?, inputs: HIDDEN, outputs: HIDDEN },
        Convolution { stencil: cube(&all, &to)?, inputs: HIDDEN, outputs: 2 },
    ])
}

/// Scale and shift of a coupling from the frozen half.
fn network(r: &mut Recorder, x: Node, layers: &[Convolution], parameters: &[Node]) -> (Node, Node) {
    let mut h = x;
    for (i, (layer, pair)) in layers.iter().zip(parameters.chunks(2)).enumerate() {
        let filter = Filter { weights: pair[0], stencil: &layer.stencil, transposed: false };
        h = r.convolve(h, filter, Some(pair[1]), layer.outputs);
        h = if i + 1 < layers.len() { r.leaky_relu(h, 0.01) } else { r.tanh(h) };
    }
    (r.channels(h, 0, 1), r.channels(h, 1, 1))
}

/// Training of a chain of `layers` layers, two in each step: the loss and its gradient, summed over the samples.
fn training(layers: usize, keep: usize) -> Result<Program> {
    let couplings = [coupling(0)?, coupling(1)?];
    let (mut r, count) = (Recorder::new(), layers / 2);
    let half = Shape::new(1, VOLUME / 2);
    let z = [r.input(half), r.input(half)];
    let sizes = |c: &Convolution| [c.inputs * c.outputs * c.stencil.taps(), c.outputs];
    let rows: Vec<Node> = couplings.iter().flatten().flat_map(sizes).map(|size| r.parameter(count * size)).collect();
    let zero = r.constant(0.0, Shape::WIDE);
    let scan = Scan { count, keep, carried: &[z[0], z[1], zero], rows: &rows, ..Scan::default() };
    let end = r.repeat(&scan, |r, of| {
        let (mut halves, mut log_q) = ([of.carried[0], of.carried[1]], of.carried[2]);
        for (frozen, (layers, parameters)) in couplings.iter().zip(of.rows.chunks(of.rows.len() / 2)).enumerate() {
            let (s, t) = network(r, halves[frozen], layers, parameters);
            let factor = r.exp(s);
            let scaled = r.multiply(halves[1 - frozen], factor);
            halves[1 - frozen] = r.add(scaled, t);
            let log_det = r.total(s);
            log_q = r.subtract(log_q, log_det);
        }
        Values { carried: vec![halves[0], halves[1], log_q], stacked: vec![] }
    });
    let mut loss = end.carried[2];
    for &half in &end.carried[..2] {
        let square = r.multiply(half, half);
        let quartic = r.multiply(square, square);
        let action = r.total(quartic);
        loss = r.add(loss, action);
    }
    let gradient = r.gradient(loss, &rows);
    Ok(Program::new(r, std::iter::once(loss).chain(gradient).map(Output::Summed).collect()))
}

/// Working memory of a gradient of 200 steps over that of 20, with every k-th state kept.
fn memory(keep: [usize; 2]) -> Result<f64> {
    let workspace = |steps: usize, keep| {
        let program = training(2 * steps, keep)?;
        Ok(Executable::with_instructions(program, Precision::F32, Instructions::best())?.workspace() as f64)
    };
    Ok(workspace(200, keep[0])? / workspace(20, keep[1])?)
}

/// All states kept.
pub fn all_kept() -> Result<f64> {
    memory([1, 1])
}

/// As many states kept as steps of a segment, about.
pub fn some_kept() -> Result<f64> {
    memory([14, 5])
}

/// Seconds that a process of its own needs to build a training program on the first OpenCL device and run it once.
fn process(layers: usize) -> Result<f64> {
    let failed = |e: String| Error::Io(format!("bench: expected a process that tells a time, got {e}"));
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let driver = std::env::temp_dir().join(format!("instanton-bench-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&driver);
    let mut command = Command::new(program);
    command.arg("--repeat-build").arg(layers.to_string()).env("POCL_CACHE_DIR", &driver);
    let output = command.output().map_err(|e| failed(e.to_string()))?;
    let _ = std::fs::remove_dir_all(&driver);
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| failed(format!("{text}{}", String::from_utf8_lossy(&output.stderr))))
}

/// What [`build`] starts: prints the seconds of a build and of the first run.
pub fn child(layers: &str) -> Result<()> {
    let layers = layers.parse().map_err(|_| Error::BadSpec(format!("layers: expected a number, got {layers}")))?;
    let options = Options { cache: None, sources: None };
    let accelerators = Accelerators { devices: select("opencl", false)?, options };
    let context = Context::with_devices(1, Precision::F32, 0, accelerators)?;
    let program = training(layers, 1)?;
    let parameters = vec![0.01; program.parameters()];
    let mut results: Vec<Vec<f64>> = (0..13).map(|i| vec![0.0; program.output_count(i)]).collect();
    let start = Instant::now();
    let bound = Arc::new(Executable::new(program, &context)?).bind(&parameters)?;
    let feed = |stream| Feed::Normal(Key { seed: 1, purpose: Purpose::Prior, counter: 0, stream });
    let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    bound.run(&context, 1, &[feed(0), feed(1)], &mut slices)?;
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

/// Build time for 64 layers over that for 8.
pub fn build() -> Result<f64> {
    let mut ratios = vec![];
    for _ in 0..BUILDS {
        let few = process(8)?;
        ratios.push(process(64)? / few);
    }
    Ok(median(ratios))
}
