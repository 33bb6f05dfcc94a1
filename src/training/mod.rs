//! Training: a flow learns the density exp(−S)/Z of an action, or that of given fields, by minimising a
//! Kullback-Leibler divergence.

mod adam;
mod annealed_work;
mod average;
mod checkpoint;
mod fingerprint;
mod forward_kl;
mod freeze;
mod least_squares;
mod mean_work;
mod objective;
mod reverse_kl;
mod score_matching;
mod spec;
mod theory;
mod trainer;

#[cfg(test)]
mod tests;

pub use adam::TrainingState;
pub use checkpoint::{Learned, load, load_any, save, save_layers};
pub use spec::{Estimator, Optimiser, PathsSpec, Schedule, TrainSpec};
pub use trainer::{Progress, Watcher, train, train_annealed, train_on, train_paths};
