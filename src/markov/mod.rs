//! Exact Markov chains: proposals for a host's own chain, kernels, and whole chains.
//!
//! Every kernel leaves exp(-S) invariant, but for Langevin steps that are not adjusted and complex ones; random numbers of a kernel are a
//! pure function of a key (seed, counter).

mod bonds;
mod annealed;
mod annealed_path;
mod annealed_runs;
mod annealed_spec;
mod annealing;
mod annealing_spec;
mod chain;
#[cfg(test)]
mod check;
mod checkpoint;
mod cluster;
#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod crooks_tests;
mod complex_langevin;
mod cycle;
mod drift_tail;
#[cfg(test)]
mod haar_tests;
mod first_fields;
mod heatbath;
mod hmc;
mod host_ladder;
mod independence;
mod integrators;
mod inversion;
mod jarzynski;
mod kernel;
mod ladder;
mod langevin;
mod learned_langevin;
#[cfg(test)]
mod learned_tests;
mod levels;
#[cfg(test)]
mod links;
mod local_moves;
mod masses;
#[cfg(test)]
mod masses_tests;
mod metropolis;
#[cfg(test)]
mod open_tests;
mod path;
mod plain_langevin;
mod path_ratio;
mod population;
mod proposal;
mod proposal_spec;
#[cfg(test)]
mod pseudofermion_tests;
mod ranks;
mod recollection;
mod reversal;
mod spec;
mod start;
mod tempered;
mod tempering;
mod transformed;
mod transformed_proposal;

pub use annealed::Annealed;
pub use annealed_path::{AnnealedPath, Change};
pub use annealed_spec::{AnnealedSpec, FirstSpec};
pub use annealing::Annealing;
pub use annealing_spec::AnnealingSpec;
pub use chain::{Chain, StepInfo};
pub use cluster::{Cluster, ClusterSpec};
pub use complex_langevin::{ComplexLangevin, ComplexLangevinSpec, Criterion, Scheme};
pub use cycle::Cycle;
pub use drift_tail::{DriftTail, Tail};
pub use heatbath::{Heatbath, HeatbathSpec};
pub use hmc::{Hmc, HmcSpec};
pub use host_ladder::{HostLadder, LadderSpec, Standing};
pub use independence::Independence;
pub use integrators::{Integrator, IntegratorName, Phase, Steps};
pub use jarzynski::{Jarzynski, JarzynskiSpec};
pub use kernel::{ChainState, Companions, Info, Kernel, Key};
pub use langevin::{Langevin, LangevinSpec};
pub use levels::LevelSpec;
pub use masses::MassSpec;
pub use metropolis::Metropolis;
pub(crate) use path::{Surroundings, equidistant};
pub use plain_langevin::PlainLangevin;
pub use population::Member;
pub use proposal::{Current, Proposal, Proposed};
pub use proposal_spec::{Ingredients, ProposalSpec};
pub use ranks::Ranks;
pub use reversal::Reversal;
pub(crate) use spec::annealing_kernel;
pub use spec::{ChainSpec, CycleSpec, IndependenceSpec, KernelSpec, Start, Turn};
pub use tempered::{Tempered, TemperedSpec};
pub use tempering::{Near, Sweeps, Tempering, TemperingSpec};
pub use transformed::{TransformedHmc, TransformedHmcSpec};
