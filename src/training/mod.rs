//! Training: a flow learns the density exp(−S)/Z of an action by minimising the reverse Kullback-Leibler divergence.

mod adam;
mod checkpoint;
mod loss;
mod spec;
mod trainer;

#[cfg(test)]
mod tests;

pub use adam::State;
pub use checkpoint::{load, save};
pub use spec::{Estimator, Schedule, TrainSpec};
pub use trainer::{Progress, train};
