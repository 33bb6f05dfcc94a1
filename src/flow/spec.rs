//! Specs of models: the registry. A new model is its file and one line here.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// A model by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelSpec {
    /// A Gaussian prior and affine coupling layers on alternating checkerboards.
    Affine {
        /// The Gaussian prior.
        #[serde(default)]
        prior: Prior,
        /// Number of coupling layers.
        #[serde(default = "default_layers")]
        layers: usize,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Symmetry under φ -> -φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one; small: the flow starts near the identity.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
    },
}

fn default_layers() -> usize {
    16
}

fn default_hidden() -> Vec<usize> {
    vec![8, 8]
}

fn default_kernel() -> usize {
    3
}

fn default_initial_output() -> f64 {
    1.0
}

/// The Gaussian distribution that couplings start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// White noise: independent standard normal numbers.
    #[default]
    White,
    /// A trainable power spectrum, on lattices of up to 1024 sites.
    Spectrum,
}

/// Activation of hidden layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0.01 x).
    #[default]
    LeakyRelu,
    /// tanh(x).
    Tanh,
}

/// How a network behaves under φ -> -φ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symmetry {
    /// No symmetry.
    #[default]
    None,
    /// The flow is an odd function: q(-φ) = q(φ).
    Odd,
}

/// What a coupling layer's network is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Channels of the hidden layers.
    pub hidden: Vec<usize>,
    /// Odd width of the convolutions.
    pub kernel: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Symmetry.
    pub symmetry: Symmetry,
    /// Initial size of the last convolution.
    pub initial_output: f64,
}

impl ModelSpec {
    /// The Gaussian prior.
    pub fn prior(&self) -> Prior {
        let ModelSpec::Affine { prior, .. } = self;
        *prior
    }

    /// Number of layers and the network of each, where all values are in range.
    pub fn network(&self) -> Result<(usize, NetworkSpec)> {
        let ModelSpec::Affine { prior: _, layers, hidden, kernel, activation, symmetry, initial_output } = self.clone();
        let range = |key: &str, expected: &str, got: String| {
            Err(Error::BadSpec(format!("{key}: expected {expected}, got {got}")))
        };
        if !(1..=1024).contains(&layers) {
            return range("layers", "1 to 1024", layers.to_string());
        }
        if hidden.len() > 16 || hidden.iter().any(|h| !(1..=1024).contains(h)) {
            return range("hidden", "at most 16 layers of 1 to 1024 channels", format!("{hidden:?}"));
        }
        if kernel % 2 == 0 || kernel > 15 {
            return range("kernel", "an odd width from 1 to 15", kernel.to_string());
        }
        if !(initial_output.is_finite() && initial_output >= 0.0) {
            return range("initial_output", "a finite number of at least 0", initial_output.to_string());
        }
        Ok((layers, NetworkSpec { hidden, kernel, activation, symmetry, initial_output }))
    }
}

impl NetworkSpec {
    /// Refuses what would not fit into memory: parameters, tables of neighbours, values of a hidden layer.
    pub fn expect_fit(&self, layers: usize, lattice: &Lattice) -> Result<()> {
        const MOST_PARAMETERS: usize = 1 << 26;
        const MOST_NEIGHBOURS: usize = 1 << 26;
        const MOST_VALUES: usize = 1 << 24;
        let (mut weights, mut inputs, mut widest) = (0, 1, 2);
        let taps = self.kernel.pow(lattice.dimensions() as u32);
        for &outputs in self.hidden.iter().chain(&[2]) {
            weights += inputs * outputs * taps;
            inputs = outputs;
            widest = widest.max(outputs);
        }
        let counts = [
            ("kernel", "neighbours of all sites", taps * lattice.volume(), MOST_NEIGHBOURS),
            ("hidden", "parameters in all layers", layers * weights, MOST_PARAMETERS),
            ("hidden", "values on all sites of a hidden layer", widest * lattice.volume(), MOST_VALUES),
        ];
        for (key, what, got, most) in counts {
            if got > most {
                return Err(Error::BadSpec(format!("{key}: expected at most {most} {what}, got {got}")));
            }
        }
        Ok(())
    }
}
