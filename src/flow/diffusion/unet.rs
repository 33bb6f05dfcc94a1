//! A U-Net of a score on the torus, in one to four dimensions.
//!
//! ```text
//! h = conv(x);   each level: block, then halved extents, down to the coarsest;   back up: doubled extents, joined with the level's
//! own values, block;   N = sum_d τ_d conv_d(h, x),   τ_d = cos(π d t)
//!
//! block:  y = SiLU((1 + G τ) norm(conv(h)) + b + B τ),  h added where it has as many channels
//! norm:   the values of a group of channels on all sites, with mean 0 and variance 1 in each sample
//! ```
//!
//! Odd under x -> −x on request, as (N(x) − N(−x)) / 2. It sees the whole lattice. Ronneberger, Fischer, Brox, arXiv:1505.04597; Wu and
//! He, arXiv:1803.08494.

use super::probes::Probes;
use crate::error::{Error, Result};
use crate::flow::network::Symmetry;
use crate::flow::tensor::Tensor;
use crate::lattice::{Lattice, coordinates};
use crate::program::{Filter, Node, Recorder, Shape, Stencil};
use crate::spec::expect;

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Channels of the levels, finest first.
    pub channels: Vec<usize>,
    /// Odd width of the convolutions.
    pub kernel: usize,
    /// Functions of time.
    pub times: usize,
    /// Groups of channels whose values are normalised together.
    pub groups: usize,
    /// Behaviour under φ -> −φ.
    pub symmetry: Symmetry,
    /// Initial size of the last convolution, relative to the usual one.
    pub initial_output: f64,
}

/// The network on a lattice.
#[derive(Clone, Debug)]
pub struct Unet {
    sizes: Sizes,
    levels: Vec<Level>,
    /// One tap on one site, and on all sites.
    points: [Stencil; 2],
    probes: Probes,
}

/// Stencils of a level.
#[derive(Clone, Debug)]
struct Level {
    cube: Stencil,
    /// To the next coarser level, and from there; none at the coarsest.
    down: Option<[Stencil; 2]>,
}

/// A convolution among the tensors: its name, outputs, inputs, taps.
type Convolution = (String, usize, usize, usize);

/// Added to variances.
const EPSILON: f64 = 1e-5;

impl Sizes {
    /// An error for sizes out of range on a lattice.
    pub fn expect_fit(&self, lattice: &Lattice) -> Result<()> {
        let Self { channels, kernel, times, groups, .. } = self;
        let is_list = (1..=8).contains(&channels.len()) && channels.iter().all(|c| (1..=1024).contains(c));
        expect(is_list, "channels", "1 to 8 levels of 1 to 1024 channels", format!("{channels:?}"))?;
        expect(kernel % 2 == 1 && *kernel <= 15, "kernel", "an odd width from 1 to 15", kernel)?;
        expect((1..=64).contains(times), "times", "1 to 64", times)?;
        let divides = *groups > 0 && channels.iter().all(|c| c.is_multiple_of(*groups));
        expect(divides, "groups", "a divisor of the channels of all levels", groups)?;
        let factor = 1 << (channels.len() - 1);
        let halves = lattice.extent().iter().all(|length| length.is_multiple_of(factor) && *length >= 2 * factor);
        let expected =
            format!("extents of at least {}, multiples of {factor}, for {} levels", 2 * factor, channels.len());
        expect(halves, "channels", &expected, lattice.shape())?;
        let taps = kernel.pow(lattice.dimensions() as u32);
        let values = channels.iter().copied().fold(*times, usize::max) * 2 * lattice.volume();
        expect(taps * lattice.volume() <= 1 << 26, "kernel", "at most 67108864 neighbours of all sites", taps)?;
        expect(values <= 1 << 24, "channels", "at most 16777216 values on all sites of two layers", values)
    }
}

impl Unet {
    /// The network on a lattice that its sizes fit.
    pub fn new(lattice: &Lattice, sizes: Sizes) -> Result<Self> {
        let corners: Vec<Vec<i64>> = (0..1 << lattice.dimensions())
            .map(|k| coordinates(k, &vec![2; lattice.dimensions()]).iter().map(|&d| d as i64).collect())
            .collect();
        let (mut levels, mut own) = (vec![], lattice.clone());
        for level in 0..sizes.channels.len() {
            let all: Vec<usize> = (0..own.volume()).collect();
            let cube = Stencil::cube(&own, sizes.kernel, &all, &all)?;
            let is_last = level + 1 == sizes.channels.len();
            let down = (!is_last)
                .then(|| Ok::<_, Error>([Stencil::halving(&own, &corners)?, Stencil::doubling(&own, &corners)?]))
                .transpose()?;
            levels.push(Level { cube, down });
            if !is_last {
                own = Lattice::new(&own.extent().iter().map(|length| length / 2).collect::<Vec<_>>())?;
            }
        }
        let points = [Stencil::identity(1)?, Stencil::identity(lattice.volume())?];
        Ok(Self { sizes, levels, points, probes: Probes::new(lattice, None)? })
    }

    /// Functions of time.
    pub fn times(&self) -> usize {
        self.sizes.times
    }

    /// Colours of the divergence: one for each site.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    /// Convolutions in the order in which they are recorded, each with whether it is that of a block.
    fn convolutions(&self) -> Vec<(Convolution, bool)> {
        let channels = &self.sizes.channels;
        let cube = self.levels[0].cube.taps();
        let corners = self.levels[0].down.as_ref().map_or(1, |[down, _]| down.taps());
        let mut all = vec![(("input".to_string(), channels[0], 1, cube), false)];
        for (i, &own) in channels.iter().enumerate() {
            all.push(((format!("down.{i}"), own, own, cube), true));
            if let Some(&next) = channels.get(i + 1) {
                all.push(((format!("halved.{i}"), next, own, corners), false));
            }
        }
        for i in (0..channels.len() - 1).rev() {
            all.push(((format!("doubled.{i}"), channels[i], channels[i + 1], corners), false));
            all.push(((format!("up.{i}"), channels[i], 2 * channels[i], cube), true));
        }
        all.push((("output".to_string(), self.sizes.times, channels[0] + 1, cube), false));
        all
    }

    /// Tensors of parameters: of each convolution its weight and bias, of a block gain and shift as well.
    pub fn tensors(&self) -> Vec<Tensor> {
        let (times, mut tensors) = (self.sizes.times, vec![]);
        for ((name, outputs, inputs, taps), is_block) in self.convolutions() {
            let factor = if name == "output" { self.sizes.initial_output } else { 1.0 };
            let bound = factor / ((inputs * taps) as f64).sqrt();
            let mut add = |what: &str, shape: Vec<usize>, bound| {
                tensors.push(Tensor { name: format!("{name}.{what}"), shape, bound });
            };
            add("weight", vec![outputs, inputs, taps], bound);
            add("bias", vec![outputs], bound);
            if is_block {
                add("gain", vec![outputs, times], 0.5 / times as f64);
                add("shift", vec![outputs, times], 0.5 / times as f64);
            }
        }
        tensors
    }

    /// Records N(x; t) from the functions of time.
    pub fn record(&self, recorder: &mut Recorder, (x, time): (Node, Node), parameters: &[Node]) -> Node {
        let value = self.of_sign(recorder, (x, time), parameters);
        if self.sizes.symmetry == Symmetry::None {
            return value;
        }
        let minus = recorder.scale(x, -1.0);
        let mirrored = self.of_sign(recorder, (minus, time), parameters);
        let difference = recorder.subtract(value, mirrored);
        recorder.scale(difference, 0.5)
    }

    fn of_sign(&self, recorder: &mut Recorder, (x, time): (Node, Node), parameters: &[Node]) -> Node {
        let (channels, mut rest) = (&self.sizes.channels, parameters);
        let mut take = |count: usize| {
            let (own, later) = rest.split_at(count);
            rest = later;
            own
        };
        let convolve = |recorder: &mut Recorder, h: Node, own: &[Node], stencil: &Stencil, outputs: usize| {
            recorder.convolve(h, Filter { weights: own[0], stencil, transposed: false }, Some(own[1]), outputs)
        };
        let mut h = convolve(recorder, x, take(2), &self.levels[0].cube, channels[0]);
        let mut kept = vec![];
        for (i, level) in self.levels.iter().enumerate() {
            h = self.block(recorder, (h, time), take(4), (&level.cube, channels[i]));
            kept.push(h);
            if let Some([down, _]) = &level.down {
                h = convolve(recorder, h, take(2), down, channels[i + 1]);
            }
        }
        for (i, level) in self.levels.iter().enumerate().rev() {
            if let Some([_, up]) = &level.down {
                let doubled = convolve(recorder, h, take(2), up, channels[i]);
                let joined = recorder.stack(&[doubled, kept[i]]);
                h = self.block(recorder, (joined, time), take(4), (&level.cube, channels[i]));
            }
        }
        let all = recorder.stack(&[h, x]);
        let outputs = convolve(recorder, all, take(2), &self.levels[0].cube, self.sizes.times);
        recorder.convolve(outputs, Filter { weights: time, stencil: &self.points[1], transposed: false }, None, 1)
    }

    /// Records a block with weight, bias, gain and shift.
    fn block(
        &self,
        recorder: &mut Recorder,
        (h, time): (Node, Node),
        own: &[Node],
        (stencil, outputs): (&Stencil, usize),
    ) -> Node {
        let sites = stencil.outputs();
        let y = recorder.convolve(h, Filter { weights: own[0], stencil, transposed: false }, None, outputs);
        let y = self.normalised(recorder, y);
        let [gain, shift] = [own[2], own[3]].map(|weights| {
            recorder.convolve(time, Filter { weights, stencil: &self.points[0], transposed: false }, None, outputs)
        });
        let (gain, shift) = (recorder.offset(gain, 1.0), recorder.add(shift, own[1]));
        let [gain, shift] = [gain, shift].map(|number| recorder.spread_sites(number, sites));
        let y = recorder.multiply(y, gain);
        let y = recorder.add(y, shift);
        let y = recorder.silu(y);
        if recorder.shape(h) == recorder.shape(y) { recorder.add(h, y) } else { y }
    }

    /// Records values with mean 0 and variance 1 in each group of channels.
    fn normalised(&self, recorder: &mut Recorder, y: Node) -> Node {
        let Shape { channels, sites, .. } = recorder.shape(y);
        let size = channels / self.sizes.groups;
        let share = 1.0 / (size * sites) as f64;
        let entry = |o: usize, c: usize| if o / size == c / size { share } else { 0.0 };
        let weights: Vec<f64> = (0..channels * channels).map(|i| entry(i / channels, i % channels)).collect();
        let weights = recorder.table(&weights, Shape::new(channels * channels, 1));
        let mean = |recorder: &mut Recorder, y: Node| {
            let sums = recorder.sum_sites(y);
            let filter = Filter { weights, stencil: &self.points[0], transposed: false };
            recorder.convolve(sums, filter, None, channels)
        };
        let means = mean(recorder, y);
        let means = recorder.spread_sites(means, sites);
        let centred = recorder.subtract(y, means);
        let squares = recorder.multiply(centred, centred);
        let variances = mean(recorder, squares);
        let variances = recorder.offset(variances, EPSILON);
        let widths = recorder.sqrt(variances);
        let factors = recorder.reciprocal(widths);
        let factors = recorder.spread_sites(factors, sites);
        recorder.multiply(centred, factors)
    }
}
