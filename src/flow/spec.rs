//! Specs of models: the registry. A new model is its file and one line here.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// A model by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelSpec {
    /// A normal prior and affine coupling layers on alternating checkerboards.
    Affine {
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

impl NetworkSpec {
    /// Checks that `layers` layers on a lattice take memory within reason: for parameters, tables and values.
    pub fn expect_size(&self, layers: usize, lattice: &Lattice) -> Result<()> {
        const MOST_PARAMETERS: usize = 1 << 25;
        const MOST_ENTRIES: usize = 1 << 26;
        const MOST_VALUES: usize = 1 << 24;
        let size = |factors: &[usize]| factors.iter().fold(1usize, |product, &f| product.saturating_mul(f));
        let taps = size(&vec![self.kernel; lattice.dimensions()]);
        let channels = [&[1], self.hidden.as_slice(), &[2]].concat();
        let weights = channels.windows(2).map(|pair| size(&[pair[0], pair[1], taps, layers]));
        let widest = channels.iter().copied().max().unwrap_or(1);
        for (what, most, got) in [
            ("weights", MOST_PARAMETERS, weights.fold(0, usize::saturating_add)),
            (
                "neighbours of sites in all convolutions",
                MOST_ENTRIES,
                size(&[taps, lattice.volume(), channels.len() - 1]),
            ),
            ("numbers in a hidden layer", MOST_VALUES, size(&[widest, lattice.volume()])),
        ] {
            if got > most {
                return Err(Error::BadShape(format!("size: expected at most {most} {what}, got {got}")));
            }
        }
        Ok(())
    }
}

impl ModelSpec {
    /// Number of layers and the network of each, where all values are in range.
    pub fn network(&self) -> Result<(usize, NetworkSpec)> {
        let ModelSpec::Affine { layers, hidden, kernel, activation, symmetry, initial_output } = self.clone();
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
        if symmetry == Symmetry::Odd && activation == Activation::LeakyRelu {
            return range("activation", "'tanh', an odd function, for symmetry 'odd'", "'leaky_relu'".into());
        }
        Ok((layers, NetworkSpec { hidden, kernel, activation, symmetry, initial_output }))
    }
}
