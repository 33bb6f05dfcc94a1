//! A convolutional network of a score, whose layers know the time.
//!
//! ```text
//! h_0 = f(x) = x,  or the local forces (x, x³, sum of all neighbours of x)
//! h_i = act((1 + G_i τ) conv(h_{i−1}) + b_i + B_i τ),   τ_d = cos(π d t)
//! N   = sum_d τ_d (conv_d(h_n) + conv_d(f))
//! ```
//!
//! The last line is a linear network beside the layers, whose kernels depend on time: alone it is the score of a free field within
//! its reach, and with local forces it is −dS/dφ of a theory of type φ⁴. The activation is SiLU, or tanh where N is odd under
//! x -> −x; then there are no b and B.

use super::probes::Probes;
use crate::error::Result;
use crate::flow::network::Symmetry;
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::program::{Filter, Node, Recorder, Shape, Stencil};
use crate::spec::expect;

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Channels of the hidden layers.
    pub hidden: Vec<usize>,
    /// Odd width of the convolutions.
    pub kernel: usize,
    /// Functions of time.
    pub times: usize,
    /// Behaviour under φ -> −φ.
    pub symmetry: Symmetry,
    /// Local forces are inputs.
    pub forces: bool,
    /// Initial size of the last convolutions, relative to the usual one.
    pub initial_output: f64,
}

/// The network on a lattice.
#[derive(Clone, Debug)]
pub struct Convolutional {
    sizes: Sizes,
    volume: usize,
    cube: Stencil,
    /// All nearest neighbours of a site.
    neighbours: Stencil,
    /// One tap on one site, and on all sites.
    points: [Stencil; 2],
    probes: Probes,
}

impl Convolutional {
    /// The network on a lattice.
    pub fn new(lattice: &Lattice, sizes: Sizes) -> Result<Self> {
        let volume = lattice.volume();
        let all: Vec<usize> = (0..volume).collect();
        let cube = Stencil::cube(lattice, sizes.kernel, &all, &all)?;
        let dimensions = lattice.dimensions();
        let unit = |mu: usize, d: i64| (0..dimensions).map(|nu| if nu == mu { d } else { 0 }).collect::<Vec<i64>>();
        let displacements: Vec<Vec<i64>> = (0..dimensions).flat_map(|mu| [unit(mu, 1), unit(mu, -1)]).collect();
        let neighbours = Stencil::on_torus(lattice, &displacements)?;
        let points = [Stencil::identity(1)?, Stencil::identity(volume)?];
        let reach = (sizes.hidden.len() + 1) * (sizes.kernel / 2) + usize::from(sizes.forces);
        let probes = Probes::new(lattice, Some(reach))?;
        Ok(Self { sizes, volume, cube, neighbours, points, probes })
    }

    /// Functions of time.
    pub fn times(&self) -> usize {
        self.sizes.times
    }

    /// Colours of the divergence.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    fn features(&self) -> usize {
        if self.sizes.forces { 3 } else { 1 }
    }

    fn is_odd(&self) -> bool {
        self.sizes.symmetry == Symmetry::Odd
    }

    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        let Sizes { hidden, times, initial_output, .. } = &self.sizes;
        let (taps, mut inputs, mut tensors) = (self.cube.taps(), self.features(), vec![]);
        let mut add = |name: String, shape: Vec<usize>, bound: f64| tensors.push(Tensor { name, shape, bound });
        for (i, &outputs) in hidden.iter().enumerate() {
            let bound = 1.0 / ((inputs * taps) as f64).sqrt();
            add(format!("convolution.{i}.weight"), vec![outputs, inputs, taps], bound);
            add(format!("convolution.{i}.gain"), vec![outputs, *times], 0.5 / *times as f64);
            if !self.is_odd() {
                add(format!("convolution.{i}.bias"), vec![outputs], bound);
                add(format!("convolution.{i}.shift"), vec![outputs, *times], bound);
            }
            inputs = outputs;
        }
        let inputs = self.outermost();
        let bound = initial_output / ((inputs * taps) as f64).sqrt();
        add("output.weight".into(), vec![*times, inputs, taps], bound);
        if !self.is_odd() {
            add("output.bias".into(), vec![*times], bound);
        }
        tensors
    }

    /// Channels that the last convolution reads.
    fn outermost(&self) -> usize {
        self.features() + self.sizes.hidden.last().copied().unwrap_or(0)
    }

    /// Records N(x; t) from the functions of time.
    pub fn record(&self, recorder: &mut Recorder, (x, time): (Node, Node), parameters: &[Node]) -> Node {
        let mut rest = parameters.iter().copied();
        let mut take = || rest.next().expect("a recorded parameter for each tensor");
        let inputs = self.inputs(recorder, x);
        let mut h = inputs;
        for &outputs in &self.sizes.hidden {
            let (weights, gain) = (take(), take());
            let filter = Filter { weights, stencil: &self.cube, transposed: false };
            let y = recorder.convolve(h, filter, None, outputs);
            let gain = self.of_time(recorder, (time, gain), outputs);
            let gain = recorder.offset(gain, 1.0);
            let gain = recorder.spread_sites(gain, self.volume);
            let y = recorder.multiply(y, gain);
            h = if self.is_odd() {
                recorder.tanh(y)
            } else {
                let (bias, shift) = (take(), take());
                let shift = self.of_time(recorder, (time, shift), outputs);
                let shift = recorder.add(bias, shift);
                let shift = recorder.spread_sites(shift, self.volume);
                let y = recorder.add(y, shift);
                recorder.silu(y)
            };
        }
        let all = if self.sizes.hidden.is_empty() { inputs } else { recorder.stack(&[inputs, h]) };
        let (weights, bias) = (take(), (!self.is_odd()).then(&mut take));
        let filter = Filter { weights, stencil: &self.cube, transposed: false };
        let outputs = recorder.convolve(all, filter, bias, self.sizes.times);
        recorder.convolve(outputs, Filter { weights: time, stencil: &self.points[1], transposed: false }, None, 1)
    }

    /// Records a number for each channel, linear in the functions of time.
    fn of_time(&self, recorder: &mut Recorder, (time, weights): (Node, Node), outputs: usize) -> Node {
        recorder.convolve(time, Filter { weights, stencil: &self.points[0], transposed: false }, None, outputs)
    }

    /// Records the field, or the local forces.
    fn inputs(&self, recorder: &mut Recorder, x: Node) -> Node {
        if !self.sizes.forces {
            return x;
        }
        let square = recorder.multiply(x, x);
        let cube = recorder.multiply(square, x);
        let taps = self.neighbours.taps();
        let weights = recorder.constant(1.0, Shape::new(taps, 1));
        let filter = Filter { weights, stencil: &self.neighbours, transposed: false };
        let sum = recorder.convolve(x, filter, None, 1);
        recorder.stack(&[x, cube, sum])
    }
}

impl Sizes {
    /// An error for sizes out of range, or that would not fit into memory.
    pub fn expect_fit(&self, lattice: &Lattice) -> Result<()> {
        let Self { hidden, kernel, times, .. } = self;
        let is_hidden = hidden.len() <= 16 && hidden.iter().all(|h| (1..=1024).contains(h));
        expect(is_hidden, "hidden", "at most 16 layers of 1 to 1024 channels", format!("{hidden:?}"))?;
        expect(kernel % 2 == 1 && *kernel <= 15, "kernel", "an odd width from 1 to 15", kernel)?;
        expect((1..=64).contains(times), "times", "1 to 64", times)?;
        let taps = kernel.pow(lattice.dimensions() as u32);
        let most = hidden.iter().copied().fold(3 + times, usize::max);
        let (neighbours, values) = (taps * lattice.volume(), 2 * most * lattice.volume());
        expect(neighbours <= 1 << 26, "kernel", "at most 67108864 neighbours of all sites", neighbours)?;
        expect(values <= 1 << 24, "hidden", "at most 16777216 values on all sites of two layers", values)
    }
}
