//! Samples that a thread keeps of a model: windows of samples drawn together, and log q of the fields it has seen.
//!
//! A window starts at a multiple of its size, so that a sample does not depend on the counter that was drawn first.

use crate::error::{Error, Result};
use crate::flow::{Model, REJECTED};
use crate::memory;
use std::thread::ThreadId;

/// Bytes of windows that one thread keeps, beside the one window that it always keeps.
const MOST_BYTES: usize = 1 << 20;
/// Most windows that one thread keeps: one for each chain that it drives alternately.
const MOST_WINDOWS: usize = 8;

/// Samples and log q that one thread keeps.
pub(super) struct Recollection {
    pub(super) owner: ThreadId,
    pub(super) windows: Windows,
    pub(super) densities: Densities,
}

impl Recollection {
    pub(super) fn new(model: &dyn Model, owner: ThreadId) -> Self {
        let volume = model.domain().count();
        let size = model.window().max(1);
        let bytes = size.saturating_mul(volume).saturating_mul(size_of::<f64>());
        let most = (MOST_BYTES / bytes).clamp(1, MOST_WINDOWS);
        Self {
            owner,
            windows: Windows { size, volume, most, clock: 0, kept: Vec::new() },
            // One proposed and one current field for each chain.
            densities: Densities { most: 2 * most, clock: 0, kept: Vec::new() },
        }
    }
}

struct Window {
    start: u64,
    used: u64,
    fields: Vec<f64>,
    log_q: Vec<f64>,
}

/// Samples drawn together.
pub(super) struct Windows {
    size: usize,
    volume: usize,
    most: usize,
    clock: u64,
    kept: Vec<Window>,
}

impl Windows {
    /// The sample of a counter and its log q, [`REJECTED`] where one of them overflows.
    pub(super) fn sample(&mut self, model: &dyn Model, counter: u64) -> Result<(&[f64], f64)> {
        let size = self.size as u64;
        let start = counter - counter % size;
        if start.checked_add(size - 1).is_none() {
            return Err(Error::BadInput(format!("counter: expected less than {}, got {counter}", start)));
        }
        self.clock += 1;
        let place = match self.kept.iter().position(|window| window.start == start) {
            Some(place) => place,
            None => self.draw(model, start)?,
        };
        let window = &mut self.kept[place];
        window.used = self.clock;
        let offset = (counter - start) as usize;
        let field = &window.fields[offset * self.volume..(offset + 1) * self.volume];
        let log_q = window.log_q[offset];
        let is_finite = log_q.is_finite() && field.iter().all(|x| x.is_finite());
        Ok((field, if is_finite { log_q } else { REJECTED }))
    }

    /// Draws the window at `start`; it is not in the list of windows while it is being drawn.
    fn draw(&mut self, model: &dyn Model, start: u64) -> Result<usize> {
        let mut window = match self.leaving(start) {
            Some(place) => self.kept.swap_remove(place),
            None => self.fresh()?,
        };
        window.start = start;
        model.sample(start, self.size, &mut window.fields, &mut window.log_q)?;
        self.kept.push(window);
        Ok(self.kept.len() - 1)
    }

    /// The window to overwrite: the one before `start`, as a chain that moves on leaves it behind, or the oldest.
    fn leaving(&self, start: u64) -> Option<usize> {
        let behind = self.kept.iter().position(|window| window.start.checked_add(self.size as u64) == Some(start));
        let oldest = || (0..self.kept.len()).min_by_key(|&place| self.kept[place].used);
        behind.or_else(|| if self.kept.len() < self.most { None } else { oldest() })
    }

    fn fresh(&self) -> Result<Window> {
        Ok(Window { start: 0, used: 0, fields: numbers(self.size, self.volume)?, log_q: numbers(self.size, 1)? })
    }
}

fn numbers(size: usize, volume: usize) -> Result<Vec<f64>> {
    memory::filled("window of samples", 0.0, size.saturating_mul(volume))
}

struct Density {
    used: u64,
    field: Vec<f64>,
    log_q: f64,
}

/// log q of the fields that were used last.
pub(super) struct Densities {
    most: usize,
    clock: u64,
    kept: Vec<Density>,
}

impl Densities {
    /// log q of a field that is remembered, bit for bit.
    pub(super) fn find(&mut self, field: &[f64]) -> Option<f64> {
        self.clock += 1;
        let density = self.kept.iter_mut().find(|density| same_bits(&density.field, field))?;
        density.used = self.clock;
        Some(density.log_q)
    }

    /// Stores log q of a field; where all places are taken it replaces the one used longest ago.
    pub(super) fn learn(&mut self, field: &[f64], log_q: f64) -> Result<()> {
        self.clock += 1;
        let oldest = || (0..self.kept.len()).min_by_key(|&place| self.kept[place].used);
        let place = self.kept.iter().position(|density| same_bits(&density.field, field));
        match place.or_else(|| if self.kept.len() < self.most { None } else { oldest() }) {
            Some(place) => {
                let density = &mut self.kept[place];
                density.field.copy_from_slice(field);
                (density.log_q, density.used) = (log_q, self.clock);
            }
            None => {
                let field = memory::cloned("field with its log q", field)?;
                self.kept.push(Density { used: self.clock, field, log_q });
            }
        }
        Ok(())
    }
}

/// Compares eight numbers at a time, which vectorises and still stops early.
fn same_bits(a: &[f64], b: &[f64]) -> bool {
    let same = |(a, b): (&[f64], &[f64])| a.iter().zip(b).fold(0, |or, (a, b)| or | (a.to_bits() ^ b.to_bits())) == 0;
    a.len() == b.len() && a.chunks(8).zip(b.chunks(8)).all(same)
}
