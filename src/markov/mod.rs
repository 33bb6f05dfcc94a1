//! Exact Markov chains: proposals for a host's own chain, kernels, and whole chains.
//!
//! Every kernel leaves exp(-S) invariant, and its random numbers are a pure function of a key (seed, counter).

mod chain;
#[cfg(test)]
mod check;
mod checkpoint;
mod cycle;
mod heatbath;
mod hmc;
mod independence;
mod integrators;
mod kernel;
mod levels;
#[cfg(test)]
mod links;
mod metropolis;
mod recollection;
mod spec;

pub use chain::{Chain, StepInfo};
pub use cycle::Cycle;
pub use heatbath::{Heatbath, HeatbathSpec};
pub use hmc::{Hmc, HmcSpec};
pub use independence::{Independence, Proposal};
pub use integrators::{Integrator, IntegratorName, Phase};
pub use kernel::{Info, Kernel, Key, State};
pub use levels::LevelSpec;
pub use metropolis::Metropolis;
pub use spec::{ChainSpec, CycleSpec, IndependenceSpec, KernelSpec, Start, Turn};
