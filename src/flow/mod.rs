//! Learned densities: invertible maps with a tractable Jacobian.

mod absent;
mod affine;
mod chain;
mod condition;
mod conditioned;
mod continuous;
mod coupling;
mod diffusion;
mod elementwise;
mod haar;
mod identity;
mod layer;
mod layer_spec;
mod mask;
mod mask_spec;
mod mixture;
mod modes;
mod network;
mod normalizing;
mod overflow;
mod partition;
mod prior;
mod prior_spec;
mod pulled_back;
mod spec;
mod spectral;
mod spectrum;
mod spline;
mod stacked;
mod stages;
mod stout;
mod stout_spec;
mod tensor;
#[cfg(test)]
mod tests;
mod uniform;

pub use chain::{Chain, Draw, Parameters};
pub use condition::{Conditions, Values};
pub use diffusion::{
    CorrectorSpec, Derivatives, Diffused, Diffusion, DiffusionSpec, Noised, PathDraw, PathRatioSpec, PathRecording,
    PathSampler, Paths, Score, Target,
};
pub use elementwise::ElementwiseSpec;
pub use haar::HaarSpec;
pub use identity::Identity;
pub use layer::{Given, Layer, State};
pub use layer_spec::{LayerSpec, Parity};
pub use mask_spec::MaskSpec;
pub use mixture::MixtureSpec;
pub use network::{Activation, MOST_PARAMETERS, NetworkSpec, Symmetry};
pub use normalizing::Flow;
pub(crate) use normalizing::{write_log_density, write_samples};
pub use partition::Partition;
pub use prior::{Noise, Prior, Start};
pub use prior_spec::PriorSpec;
pub use pulled_back::PulledBack;
pub use spec::ModelSpec;
pub use spectral::SpectralSpec;
pub use stages::{Stages, Way, split};
pub use stout::Stout;
pub use stout_spec::{Family, StoutSpec};
pub use tensor::Tensor;
pub use uniform::UniformSpec;

use crate::action::Action;
use crate::error::{Error, Result};
use crate::space::Domain;
use std::sync::Arc;

/// log q of a sample that is to be rejected: one whose field or density overflows. Its weight exp(-S) / q is zero.
pub const REJECTED: f64 = f64::INFINITY;

/// Largest differences between log q of a sample and of the same field inverted, relative to V + |log q|: in single
/// precision about a thousand times its rounding, in double precision a hundredth of that, 5e9 times its rounding. Where
/// log q has the error of an integrator, the first holds in both.
pub const TOLERANCES: [f64; 2] = [1e-4, 1e-6];

/// A learned density q that can be drawn from: the one contract of every generator.
pub trait Model: Send + Sync {
    /// Where its fields live.
    fn domain(&self) -> &Domain;

    /// Draws the samples `counter .. counter + batch` of its stream: `fields` (batch x count) and `log_q` (batch). A sample
    /// that overflows has log q = [`REJECTED`], a weight of zero, and a field of zeros.
    fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()>;

    /// log q of given `fields` (batch x count).
    fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()>;

    /// Number of consecutive samples that are drawn together most efficiently.
    fn window(&self) -> usize {
        1
    }

    /// Largest difference between log q of a sample and of the same field inverted, relative to V + |log q|, with which the
    /// model may propose.
    fn tolerance(&self) -> f64 {
        TOLERANCES[1]
    }

    /// What tells it from other models; None where it is known by nothing but its density.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Its layers for paths through a defect, where it is made of them.
    fn stout(&self) -> Option<&Stout> {
        None
    }

    /// Its process, network and parameters, where it is a diffusion model; an error where it is another.
    fn diffused(&self) -> Result<Diffused> {
        Err(Error::Unsupported("model: expected one of type 'diffusion', got another".into()))
    }

    /// An action in the numbers z that the model maps to its fields; an error where it is no invertible map.
    fn pulled_back(&self, _action: Arc<dyn Action>) -> Result<PulledBack> {
        Err(Error::Unsupported("model: expected an invertible map of fields, got another".into()))
    }

    /// Its layers one by one; an error where it is not made of invertible ones.
    fn stages(&self) -> Result<Stages> {
        Err(Error::Unsupported("model: expected one of invertible layers, got another".into()))
    }
}
