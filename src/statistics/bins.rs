//! Bins of neighbouring measurements, the units of resampling.

use super::gamma::are_equal;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::memory;

/// Means of p series over n bins of equal size; where the length is no multiple of it, the first numbers, which are
/// the nearest to thermalisation, are left out.
#[derive(Debug)]
pub(super) struct Bins {
    /// n x p numbers, the series fastest.
    pub means: Vec<f64>,
    /// n.
    pub count: usize,
    /// Mean over all bins, p numbers.
    pub total: Vec<f64>,
}

impl Bins {
    pub fn new(series: &[&[f64]], size: usize) -> Result<Self> {
        let length = series.first().map_or(0, |numbers| numbers.len());
        for numbers in series {
            expect_length("series", length, numbers.len())?;
            expect_finite("series", numbers)?;
        }
        let count = length.checked_div(size).unwrap_or(0);
        if count < 2 {
            return Err(Error::BadShape(format!(
                "series: expected at least 2 bins of at least 1 number, got {length} numbers in bins of {size}"
            )));
        }
        if series.iter().all(|numbers| are_equal(numbers)) {
            return Err(Error::NotConverged(format!(
                "series: expected numbers that change, got {length} equal ones: a chain that never moved tells no error"
            )));
        }
        let skipped = length - count * size;
        let mut means = memory::reserved("means of bins", count.saturating_mul(series.len()))?;
        for bin in 0..count {
            let first = skipped + bin * size;
            means.extend(series.iter().map(|numbers| mean(numbers[first..first + size].iter().copied())));
        }
        let columns = series.len();
        let total = (0..columns).map(|alpha| mean(means.iter().skip(alpha).step_by(columns).copied()));
        let total = memory::collected("means", total)?;
        Ok(Self { means, count, total })
    }

    /// Means of one bin.
    pub fn bin(&self, index: usize) -> &[f64] {
        let columns = self.total.len();
        &self.means[index * columns..(index + 1) * columns]
    }
}

/// Mean, exact for a constant.
pub(super) fn mean(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let first = numbers.clone().next().unwrap_or(0.0);
    let (sum, count) = numbers.fold((0.0, 0usize), |(sum, count), x| (sum + (x - first), count + 1));
    first + sum / count.max(1) as f64
}
