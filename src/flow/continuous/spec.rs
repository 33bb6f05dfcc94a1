//! Spec of a continuous flow.

use super::Continuous;
use super::tableau::Integrator;
use super::velocity::Sizes;
use crate::error::Result;
use crate::flow::layer::Layer;
use crate::flow::network::MOST_PARAMETERS;
use crate::lattice::Lattice;
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a layer: `{type: 'continuous', channels: 6, harmonics: 8, times: 5, steps: 20, integrator: 'rk4'}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuousSpec {
    /// Kernels, and functions of the field that they act on.
    #[serde(default = "channels")]
    channels: usize,
    /// Sines of each function.
    #[serde(default = "harmonics")]
    harmonics: usize,
    /// Polynomials of time in each kernel.
    #[serde(default = "times")]
    times: usize,
    /// Sines of the mean, which has a velocity of its own; by default it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mean: Option<usize>,
    /// Terms of a velocity of the lowest shell of momenta; 0: it has none of its own.
    #[serde(default, skip_serializing_if = "is_none")]
    shell: usize,
    /// Steps of the integrator.
    #[serde(default = "steps")]
    steps: usize,
    /// The integrator.
    #[serde(default)]
    integrator: Integrator,
    /// Initial size of the kernels, relative to the usual one.
    #[serde(default = "initial_output")]
    initial_output: f64,
}

fn channels() -> usize {
    6
}

fn harmonics() -> usize {
    8
}

fn times() -> usize {
    5
}

fn steps() -> usize {
    20
}

fn is_none(terms: &usize) -> bool {
    *terms == 0
}

fn initial_output() -> f64 {
    1.0
}

impl ContinuousSpec {
    /// The layer on a lattice, in a model with some conditions.
    pub fn build(&self, lattice: &Lattice, conditions: usize) -> Result<Arc<dyn Layer>> {
        let Self { channels, harmonics, times, mean, shell, steps, integrator, initial_output } = *self;
        for (key, value, [low, high]) in [
            ("channels", channels, [1, 64]),
            ("harmonics", harmonics, [0, 64]),
            ("times", times, [1, 64]),
            ("mean", mean.unwrap_or(0), [0, 64]),
            ("shell", shell, [0, 64]),
            ("steps", steps, [1, 4096]),
        ] {
            expect((low..=high).contains(&value), key, &format!("{low} to {high}"), value)?;
        }
        let is_size = initial_output.is_finite() && initial_output >= 0.0;
        expect(is_size, "initial_output", "a finite number of at least 0", initial_output)?;
        let sizes = Sizes { channels, harmonics, times, mean, shell, conditions, initial_output };
        let longest = lattice.extent().iter().max();
        let expected = "0 on a lattice without an extent of at least 3";
        expect(shell == 0 || longest.is_some_and(|&length| length > 2), "shell", expected, shell)?;
        // Each site is in an orbit, so that this bounds the parameters before tables are made.
        let kernels = channels * times * (1 + 2 * conditions);
        let expected = format!("at most {MOST_PARAMETERS} parameters in all layers");
        expect(kernels <= MOST_PARAMETERS, "channels", &expected, kernels)?;
        Ok(Arc::new(Continuous::new(lattice, sizes, steps, integrator)?))
    }
}
