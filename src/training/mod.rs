//! Training: a flow learns the density exp(−S)/Z of an action, or that of given fields, by minimising a
//! Kullback-Leibler divergence, or the score of noised fields.

mod adam;
mod annealed_work;
mod average;
mod checkpoint;
mod ensemble;
mod fingerprint;
mod forward_kl;
mod freeze;
mod least_squares;
mod mean_work;
mod objective;
mod path_kl;
mod reverse_kl;
mod runs;
mod score_matching;
mod spec;
mod theory;
mod trainer;

#[cfg(test)]
mod tests;

pub use adam::TrainingState;
pub use checkpoint::{Learned, load, load_any, save, save_layers};
pub use runs::{train, train_annealed, train_for, train_on, train_on_chain, train_path_ratio, train_paths};
pub use spec::{Estimator, FieldsSpec, Optimiser, PathsSpec, Schedule, ScoreTarget, TrainSpec};
pub use trainer::{Progress, Watcher};
