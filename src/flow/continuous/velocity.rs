//! The velocity of a continuous flow, and its divergence.
//!
//! ```text
//! v_x(φ, t) = sum_b sum_y W_b(x − y; t) G_b(φ_y),   W_b(r; t) = sum_d w[b, d, orbit(r)] K_d(t)
//! G_b(φ)    = a[b, 0] φ + sum_n a[b, n] sin(n ω φ),
//! div v     = sum_x sum_b W_b(0; t) G_b'(φ_x)
//! ```
//!
//! Gerdes, de Haan, Rainone, Bondesan, Cheng, arXiv:2207.00283. All G are odd, so that the flow commutes with φ -> −φ. K_d are the
//! Chebyshev polynomials of 2t − 1, times powers of the conditions. The convolution is a product of Fourier coefficients, and what
//! depends on t and on parameters alone is computed once, when the programs are bound.

use super::collective::Collective;
use super::flux::Flux;
use super::orbits::Orbits;
use crate::error::Result;
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Filter, Fourier, Node, Recorder, Shape, Stencil};

/// Sizes of a velocity.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Kernels and functions G_b.
    pub channels: usize,
    /// Sines of each function.
    pub harmonics: usize,
    /// Functions of time K_d.
    pub times: usize,
    /// Terms of the velocity of the mean beyond the first; None: it has no velocity of its own.
    pub mean: Option<usize>,
    /// Terms of the velocity of the lowest shell; 0: it has none of its own.
    pub shell: usize,
    /// Conditions of the model.
    pub conditions: usize,
    /// Initial size of the kernels.
    pub initial_output: f64,
}

impl Sizes {
    /// Powers of conditions that multiply each function of time: 1, and each condition and its square.
    fn powers(&self) -> usize {
        1 + 2 * self.conditions
    }

    /// Functions of time and conditions.
    pub fn basis(&self) -> usize {
        self.times * self.powers()
    }
}

/// The velocity on a lattice.
#[derive(Clone, Debug)]
pub struct Velocity {
    sizes: Sizes,
    volume: usize,
    fourier: Fourier,
    orbits: Orbits,
    collective: Vec<Collective>,
    /// One tap on one site: products of matrices with columns, on all sites, on all modes, and on one site.
    points: [Stencil; 3],
}

/// Recorded values that are the same at all times and for all fields.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// ω, one channel.
    frequency: Node,
    /// a[b][n] as a column.
    features: Node,
    /// w[b, d] at r = 0 as a column.
    origins: Node,
    /// Fourier coefficients of the kernels of each b: d in the channels.
    spectra: Vec<Node>,
    /// Parameters of collective modes, two for each.
    collective: Vec<Node>,
    /// Factors of the functions of time from the condition, where the model has any.
    factors: Option<Node>,
}

impl Fixed {
    /// As values that a repeat captures.
    pub fn captured(&self) -> Vec<Node> {
        let Self { frequency, features, origins, spectra, collective, factors } = self;
        [*frequency, *features, *origins].iter().chain(spectra).chain(collective).chain(factors).copied().collect()
    }

    /// The same values where a repeat has captured them.
    pub fn within(&self, captured: &[Node]) -> Self {
        let (own, rest) = captured.split_at(3);
        let (spectra, rest) = rest.split_at(self.spectra.len());
        let (collective, factors) = rest.split_at(self.collective.len());
        Self {
            frequency: own[0],
            features: own[1],
            origins: own[2],
            spectra: spectra.to_vec(),
            collective: collective.to_vec(),
            factors: factors.first().copied(),
        }
    }
}

/// Name of the tensor of kernels.
const KERNEL: &str = "kernel";
/// ω at the start.
const FREQUENCY: f64 = 0.5;

impl Velocity {
    /// The velocity on a lattice whose extents have factors 2, 3 and 5 alone.
    pub fn new(lattice: &Lattice, sizes: Sizes) -> Result<Self> {
        let fourier = Fourier::new(lattice.extent())?;
        let orbits = Orbits::new(lattice, &fourier)?;
        let volume = lattice.volume();
        let points = [Stencil::identity(volume)?, Stencil::identity(fourier.modes())?, Stencil::identity(1)?];
        let basis = sizes.basis();
        let mut collective = vec![];
        if let Some(sines) = sizes.mean {
            collective.push(Collective::mean(lattice, sines, basis)?);
        }
        if sizes.shell > 0 {
            collective.push(Collective::shell(lattice, sizes.shell, basis)?);
        }
        Ok(Self { sizes, volume, fourier, orbits, collective, points })
    }

    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        let Sizes { channels, harmonics, initial_output, .. } = self.sizes;
        let tensor = |name: &str, shape: Vec<usize>, bound| Tensor { name: name.into(), shape, bound };
        let features = (1.0 / (harmonics + 1) as f64).sqrt();
        let kernel = initial_output / (channels * self.sizes.basis() * self.volume) as f64;
        let mut tensors = vec![
            tensor("frequency", vec![1], 0.0),
            tensor("features", vec![channels, harmonics + 1], features),
            tensor(KERNEL, vec![channels, self.sizes.basis(), self.orbits.count()], kernel),
        ];
        tensors.extend(self.collective.iter().flat_map(Collective::tensors));
        tensors
    }

    /// The parameters of a velocity on another lattice, with its kernels carried over to this one.
    pub fn transfer(&self, from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        let mut own = memory::reserved("parameters", self.tensors().iter().map(Tensor::count).sum())?;
        let (mut rest, carry) = (parameters, self.orbits.carry(from)?);
        for (tensor, other) in self.tensors().iter().zip(tensors) {
            let (now, later) = rest.split_at(other.count());
            rest = later;
            if tensor.name == KERNEL {
                for kernel in now.chunks_exact(other.shape[2]) {
                    let start = own.len();
                    own.resize(start + self.orbits.count(), 0.0);
                    carry.iter().for_each(|&(to, of, weight)| own[start + to] += weight * kernel[of]);
                }
            } else {
                own.extend_from_slice(now);
            }
        }
        Ok(own)
    }

    /// Records what does not depend on time.
    pub fn fixed(&self, recorder: &mut Recorder, parameters: &[Node], condition: Option<Node>) -> Fixed {
        let &[frequency, features, kernel, ref collective @ ..] = parameters else { unreachable!("three tensors") };
        let (channels, basis, orbits) = (self.sizes.channels, self.sizes.basis(), self.orbits.count());
        let frequency = recorder.exp(frequency);
        let frequency = recorder.scale(frequency, FREQUENCY);
        let cosines = recorder.table(self.orbits.cosines(), Shape::new(orbits, self.fourier.modes()));
        // Values of their own, so that cotangents of one are not spread over all.
        let spectrum = |recorder: &mut Recorder, b: usize| {
            let weights = recorder.channels(kernel, b * basis * orbits, basis * orbits);
            recorder.convolve(cosines, Filter { weights, stencil: &self.points[1], transposed: false }, None, basis)
        };
        let spectra = (0..channels).map(|b| spectrum(recorder, b)).collect();
        let kernels: Vec<Node> = (0..channels * basis).map(|i| recorder.channels(kernel, i * orbits, 1)).collect();
        let origins = recorder.stack(&kernels);
        let factors = condition.map(|condition| self.factors(recorder, condition));
        Fixed { frequency, features, origins, spectra, collective: collective.to_vec(), factors }
    }

    /// Number of values that do not depend on time, where there is no condition.
    pub fn fixed_count(&self) -> usize {
        3 + self.sizes.channels + 2 * self.collective.len()
    }

    /// What does not depend on time, out of the values that a repeat has captured, where there is no condition.
    pub fn unconditional(&self, captured: &[Node]) -> Fixed {
        let (own, rest) = captured.split_at(3);
        let (spectra, collective) = rest.split_at(self.sizes.channels);
        Fixed {
            frequency: own[0],
            features: own[1],
            origins: own[2],
            spectra: spectra.to_vec(),
            collective: collective.to_vec(),
            factors: None,
        }
    }

    /// Powers of the conditions, repeated for each function of time: `[time, power]`.
    fn factors(&self, recorder: &mut Recorder, condition: Node) -> Node {
        let one = recorder.constant(1.0, Shape::new(1, 1));
        let square = recorder.multiply(condition, condition);
        let powers = recorder.stack(&[one, condition, square]);
        let all = vec![powers; self.sizes.times];
        recorder.stack(&all)
    }

    /// Numbers of a time: K_d at `t` for each function of time, repeated for each power of the conditions.
    pub fn times(&self, t: f64) -> Vec<f64> {
        let angle = (2.0 * t - 1.0).clamp(-1.0, 1.0).acos();
        let value = |d: usize| vec![(d as f64 * angle).cos(); self.sizes.powers()];
        (0..self.sizes.times).flat_map(value).collect()
    }

    /// Numbers of [`Velocity::times`].
    pub fn numbers_of_time(&self) -> usize {
        self.sizes.basis()
    }

    /// Records the velocity of a field, with the numbers of its time.
    pub fn record(&self, recorder: &mut Recorder, field: Node, time: Node, fixed: &Fixed) -> Flux {
        let channels = self.sizes.channels;
        let [on_sites, on_modes, on_one] = &self.points;
        let time = fixed.factors.map_or(time, |factors| recorder.multiply(time, factors));
        let [functions, slopes] = self.harmonics(recorder, field, fixed.frequency);
        let filter = Filter { weights: fixed.features, stencil: on_sites, transposed: false };
        let functions = recorder.convolve(functions, filter, None, channels);
        // sum_b W_b(0; t) a[b, n] for each n.
        let filter = Filter { weights: fixed.origins, stencil: on_one, transposed: false };
        let origins = recorder.convolve(time, filter, None, channels);
        let filter = Filter { weights: fixed.features, stencil: on_one, transposed: true };
        let slope = recorder.convolve(origins, filter, None, self.sizes.harmonics + 1);
        let local = recorder.convolve(slopes, Filter { weights: slope, stencil: on_sites, transposed: false }, None, 1);
        let modes = recorder.fourier(functions, &self.fourier);
        let mut kernels = vec![];
        for &own in &fixed.spectra {
            let filter = Filter { weights: time, stencil: on_modes, transposed: false };
            let kernel = recorder.convolve(own, filter, None, 1);
            // Real and imaginary parts have the same factor.
            kernels.extend([kernel, kernel]);
        }
        let kernels = recorder.stack(&kernels);
        let products = recorder.multiply(modes, kernels);
        let parity: Vec<f64> =
            (0..2).flat_map(|part| (0..2 * channels).map(move |c| f64::from(c % 2 == part))).collect();
        let parity = recorder.table(&parity, Shape::new(parity.len(), 1));
        let sums =
            recorder.convolve(products, Filter { weights: parity, stencil: on_modes, transposed: false }, None, 2);
        let velocity = recorder.inverse_fourier(sums, &self.fourier);
        let mut flux = Flux { velocity, divergence: recorder.total(local) };
        for (modes, parameters) in self.collective.iter().zip(fixed.collective.chunks(2)) {
            let own = modes.record(recorder, field, time, parameters);
            flux.velocity = recorder.add(flux.velocity, own.velocity);
            flux.divergence = recorder.add(flux.divergence, own.divergence);
        }
        flux
    }

    /// Records φ and sin(n ω φ), and their derivatives.
    fn harmonics(&self, recorder: &mut Recorder, field: Node, frequency: Node) -> [Node; 2] {
        let one = recorder.constant(1.0, Shape::new(1, self.volume));
        let omega = recorder.spread_sites(frequency, self.volume);
        let angle = recorder.multiply(omega, field);
        let (mut functions, mut slopes) = (vec![field], vec![one]);
        if self.sizes.harmonics > 0 {
            let (sine, cosine) = (recorder.sin(angle), recorder.cos(angle));
            let (mut s, mut c) = (sine, cosine);
            for n in 1..=self.sizes.harmonics {
                functions.push(s);
                let scaled = recorder.scale(c, n as f64);
                slopes.push(recorder.multiply(scaled, omega));
                // Sine and cosine of the next multiple by those of a sum.
                let products = [(s, cosine), (c, sine), (c, cosine), (s, sine)].map(|(a, b)| recorder.multiply(a, b));
                (s, c) = (recorder.add(products[0], products[1]), recorder.subtract(products[2], products[3]));
            }
        }
        [functions, slopes].map(|parts| recorder.stack(&parts))
    }
}
