//! Spec of a diffusion model.

use super::convolutional::{Convolutional, Sizes};
use super::process::{Process, ProcessName};
use super::score_network::ScoreNetwork;
use super::spectral::Spectral;
use super::unet::{self, Unet};
use super::{Diffusion, Integrator};
use crate::error::{Error, Result};
use crate::flow::continuous::Sizes as SpectralSizes;
use crate::flow::network::{MOST_PARAMETERS, Symmetry};
use crate::flow::partition::Partition;
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a model: `{type: 'diffusion', process: 'variance_exploding', sigma_min: 0.01, sigma_max: 10, steps: 50}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiffusionSpec {
    /// The process that turns fields into noise.
    #[serde(default = "process")]
    process: ProcessName,
    /// σ at time 0 where the variance explodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sigma_min: Option<f64>,
    /// σ at time 1 where the variance explodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sigma_max: Option<f64>,
    /// β at time 0 where the variance is preserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beta_min: Option<f64>,
    /// β at time 1 where the variance is preserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beta_max: Option<f64>,
    /// Width of the numbers of a field, about.
    #[serde(default = "width")]
    width: f64,
    /// The network of the score.
    #[serde(default)]
    network: ScoreSpec,
    /// Steps of the integrator.
    #[serde(default = "steps")]
    steps: usize,
    /// The integrator of the probability flow.
    #[serde(default)]
    integrator: Integrator,
}

/// Spec of the network of a score, by its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScoreSpec {
    /// Local convolutions.
    Convolutional {
        /// Channels of the hidden layers.
        #[serde(default = "hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "kernel")]
        kernel: usize,
        /// Functions of time.
        #[serde(default = "times")]
        times: usize,
        /// Symmetry under φ -> −φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// φ³ and the sum of neighbours are inputs beside φ.
        #[serde(default)]
        forces: bool,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "initial_output")]
        initial_output: f64,
    },
    /// Kernels over the whole lattice that act on functions of single sites.
    Spectral {
        /// Kernels, and functions of the field that they act on.
        #[serde(default = "kernels")]
        channels: usize,
        /// Sines of each function.
        #[serde(default = "harmonics")]
        harmonics: usize,
        /// Functions of time.
        #[serde(default = "times")]
        times: usize,
        /// Initial size of the kernels, relative to the usual one.
        #[serde(default = "initial_output")]
        initial_output: f64,
    },
    /// A U-Net.
    Unet {
        /// Channels of the levels, finest first.
        #[serde(default = "channels")]
        channels: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "kernel")]
        kernel: usize,
        /// Functions of time.
        #[serde(default = "times")]
        times: usize,
        /// Groups of channels that are normalised together.
        #[serde(default = "groups")]
        groups: usize,
        /// Symmetry under φ -> −φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "initial_output")]
        initial_output: f64,
    },
    /// A sum of networks.
    Sum {
        /// The networks.
        networks: Vec<ScoreSpec>,
    },
}

fn kernels() -> usize {
    4
}

fn harmonics() -> usize {
    4
}

fn channels() -> Vec<usize> {
    vec![16, 32]
}

fn groups() -> usize {
    4
}

fn process() -> ProcessName {
    ProcessName::VarianceExploding
}

fn width() -> f64 {
    1.0
}

fn steps() -> usize {
    50
}

fn hidden() -> Vec<usize> {
    vec![16]
}

fn kernel() -> usize {
    3
}

fn times() -> usize {
    6
}

fn initial_output() -> f64 {
    0.1
}

impl Default for ScoreSpec {
    fn default() -> Self {
        ScoreSpec::Convolutional {
            hidden: hidden(),
            kernel: kernel(),
            times: times(),
            symmetry: Symmetry::default(),
            forces: false,
            initial_output: initial_output(),
        }
    }
}

impl DiffusionSpec {
    /// The model on a lattice.
    pub fn build(&self, lattice: &Lattice) -> Result<Diffusion> {
        let process = Process::new(self.process, [self.sigma_min, self.sigma_max], [self.beta_min, self.beta_max])?;
        expect((1e-3..=1e3).contains(&self.width), "width", "0.001 to 1000", self.width)?;
        expect((1..=4096).contains(&self.steps), "steps", "1 to 4096", self.steps)?;
        let network = self.network.build(lattice).map_err(|error| error.within("network"))?;
        let count = network.tensors().iter().map(Tensor::count).sum::<usize>();
        expect(count <= MOST_PARAMETERS, "network", &format!("at most {MOST_PARAMETERS} parameters"), count)?;
        Ok(Diffusion {
            process,
            width: self.width,
            network,
            steps: self.steps,
            integrator: self.integrator,
            volume: lattice.volume(),
            partition: Arc::new(Partition::whole()),
        })
    }
}

impl ScoreSpec {
    /// The network, which may be a sum of networks that are no sums.
    fn build(&self, lattice: &Lattice) -> Result<ScoreNetwork> {
        let ScoreSpec::Sum { networks } = self else { return self.build_one(lattice) };
        let is_list = (1..=8).contains(&networks.len());
        expect(is_list, "networks", "1 to 8 entries", networks.len())?;
        let one =
            |(i, network): (usize, &Self)| network.build_one(lattice).map_err(|e| e.within(&format!("networks[{i}]")));
        networks.iter().enumerate().map(one).collect::<Result<_>>().map(ScoreNetwork::Sum)
    }

    fn build_one(&self, lattice: &Lattice) -> Result<ScoreNetwork> {
        match self.clone() {
            ScoreSpec::Convolutional { hidden, kernel, times, symmetry, forces, initial_output } => {
                expect_size(initial_output)?;
                let sizes = Sizes { hidden, kernel, times, symmetry, forces, initial_output };
                sizes.expect_fit(lattice)?;
                Ok(ScoreNetwork::Convolutional(Convolutional::new(lattice, sizes)?))
            }
            ScoreSpec::Spectral { channels, harmonics, times, initial_output } => {
                for (key, value, low) in [("channels", channels, 1), ("harmonics", harmonics, 0), ("times", times, 1)] {
                    expect((low..=64).contains(&value), key, &format!("{low} to 64"), value)?;
                }
                expect_size(initial_output)?;
                let (mean, shell, conditions) = (None, 0, 0);
                let sizes = SpectralSizes { channels, harmonics, times, mean, shell, conditions, initial_output };
                Ok(ScoreNetwork::Spectral(Spectral::new(lattice, sizes)?))
            }
            ScoreSpec::Unet { channels, kernel, times, groups, symmetry, initial_output } => {
                expect_size(initial_output)?;
                let sizes = unet::Sizes { channels, kernel, times, groups, symmetry, initial_output };
                sizes.expect_fit(lattice)?;
                Ok(ScoreNetwork::Unet(Unet::new(lattice, sizes)?))
            }
            ScoreSpec::Sum { .. } => Err(Error::BadSpec("type: expected a network that is no sum, got 'sum'".into())),
        }
    }
}

fn expect_size(initial_output: f64) -> Result<()> {
    let is_size = initial_output.is_finite() && initial_output >= 0.0;
    expect(is_size, "initial_output", "a finite number of at least 0", initial_output)
}
