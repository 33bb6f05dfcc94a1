//! Proposals by stochastic paths of a diffusion model, exact by the ratio of forward and backward paths.
//!
//! ```text
//! log ratio = W(path that ends in φ) − W(path that ends in φ')
//! ```
//!
//! with the logarithms W of the ratios of a path's probabilities (`flow/diffusion/paths.rs`). The space of a chain is extended by the
//! levels of noise above its field, whose density is that of the noising process: each proposal first draws these anew for the
//! current field, which keeps their density, and then proposes an independent path. The field and W of a new path are a pure
//! function of the counter, and neighbouring ones are drawn together.

use super::proposal::{Current, Proposal, Proposed};
use crate::error::{Result, expect_length};
use crate::flow::{Model, PathRatioSpec, Paths};
use crate::memory;
use crate::space::Domain;
use std::sync::{Mutex, PoisonError};

/// Proposals by independent paths.
pub struct PathRatio {
    paths: Paths,
    /// Paths that were drawn together, those used last at the end.
    windows: Mutex<Vec<Window>>,
}

/// Fields of neighbouring counters with W of their paths.
struct Window {
    start: u64,
    fields: Vec<f64>,
    weights: Vec<f64>,
}

/// Paths in a window.
const SIZE: u64 = 16;
/// Windows that are kept: those of a few chains.
const MOST_WINDOWS: usize = 8;

impl PathRatio {
    /// Proposals from a diffusion model.
    pub fn new(model: &dyn Model, spec: &PathRatioSpec) -> Result<Self> {
        Ok(Self { paths: Paths::new(&model.diffused()?, spec)?, windows: Mutex::default() })
    }

    /// Writes the field of a new path; its W.
    fn fresh(&self, counter: u64, field: &mut [f64]) -> Result<f64> {
        let start = counter - counter % SIZE;
        let lock = || self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let known = {
            let mut windows = lock();
            windows.iter().rposition(|window| window.start == start).map(|place| windows.remove(place))
        };
        let window = match known {
            Some(window) => window,
            None => {
                let fields = memory::filled("fields of paths", 0.0, field.len() * SIZE as usize)?;
                let mut window = Window { start, fields, weights: memory::filled("weights", 0.0, SIZE as usize)? };
                self.paths.denoise(start, &mut window.fields, &mut window.weights)?;
                window
            }
        };
        let place = (counter - start) as usize;
        field.copy_from_slice(&window.fields[place * field.len()..][..field.len()]);
        let weight = window.weights[place];
        let mut windows = lock();
        if windows.len() >= MOST_WINDOWS {
            windows.remove(0);
        }
        windows.push(window);
        Ok(weight)
    }

    /// The log ratio; the current field takes the place of one that overflows.
    fn decide(current: &[f64], proposed: &mut [f64], [old, new]: [f64; 2]) -> f64 {
        let log_ratio = old - new;
        if new.is_finite() && proposed.iter().all(|x| x.is_finite()) && !log_ratio.is_nan() {
            return log_ratio;
        }
        proposed.copy_from_slice(current);
        f64::NEG_INFINITY
    }
}

impl Proposal for PathRatio {
    fn domain(&self) -> &Domain {
        self.paths.domain()
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let count = self.domain().count();
        expect_length("current", count, current.field.len())?;
        expect_length("proposed", count, proposed.len())?;
        let mut old = [0.0];
        self.paths.noise(counter, current.field, &mut old).map_err(|error| error.within("current"))?;
        let new = self.fresh(counter, proposed)?;
        let log_ratio = Self::decide(current.field, proposed, [old[0], new]);
        Ok(Proposed { log_ratio, log_densities: None })
    }

    fn propose_many(&self, counter: u64, current: &[f64], proposed: &mut [f64], log_ratios: &mut [f64]) -> Result<()> {
        let count = self.domain().count();
        expect_length("current", count.saturating_mul(log_ratios.len()), current.len())?;
        expect_length("proposed", current.len(), proposed.len())?;
        let mut new = memory::filled("weights of paths", 0.0, log_ratios.len())?;
        self.paths.noise(counter, current, log_ratios).map_err(|error| error.within("current"))?;
        self.paths.denoise(counter, proposed, &mut new)?;
        let fields = current.chunks_exact(count).zip(proposed.chunks_exact_mut(count));
        for ((log_ratio, new), (current, proposed)) in log_ratios.iter_mut().zip(new).zip(fields) {
            *log_ratio = Self::decide(current, proposed, [*log_ratio, new]);
        }
        Ok(())
    }
}
