//! Learned densities: invertible maps with a tractable Jacobian.

mod affine;
mod checkerboard;
mod network;
mod normalizing;
mod recording;
mod spec;
mod spectrum;
#[cfg(test)]
mod tests;

pub use affine::{Affine, State};
pub use checkerboard::Checkerboard;
pub use network::{Network, Tensor};
pub use normalizing::Flow;
pub use recording::{Draw, Layers};
pub use spec::{Activation, ModelSpec, NetworkSpec, Prior, Symmetry};

use crate::error::Result;
use crate::lattice::Lattice;

/// A learned density q that can be drawn from: the one contract of every generator.
pub trait Model: Send + Sync {
    /// The lattice on which its fields live.
    fn lattice(&self) -> &Lattice;

    /// Draws the samples `counter .. counter + batch` of its stream: `fields` (batch x V) and `log_q` (batch).
    fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()>;

    /// log q of given `fields` (batch x V).
    fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()>;

    /// How many neighbouring samples are best drawn together.
    fn window(&self) -> usize {
        1
    }
}
