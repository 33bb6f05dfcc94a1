//! The cheapest of several kernels, by a short search; its cost is then measured anew, by other random numbers, since the least of
//! several numbers with errors is too small on average.

use instanton::error::{Error, Result};
use instanton::statistics::Estimate;

/// What a cost is measured for.
#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    /// The choice of a kernel.
    Search,
    /// The figure.
    Figure,
}

impl Purpose {
    /// Seed of the chain that is measured.
    pub fn seed(self) -> u64 {
        match self {
            Purpose::Search => 41,
            Purpose::Figure => 43,
        }
    }
}

/// The cheapest kernel and its cost. `cost` gives none for a kernel that is of no use; one whose chain hardly moves is of none either.
pub fn cheapest<K>(kernels: &[K], cost: impl Fn(&K, Purpose) -> Result<Option<Estimate>>) -> Result<(&K, Estimate)> {
    let mut best: Option<(f64, &K)> = None;
    for kernel in kernels {
        let found = match cost(kernel, Purpose::Search) {
            Ok(Some(found)) => found,
            Ok(None) | Err(Error::NotConverged(_)) => continue,
            Err(error) => return Err(error),
        };
        if best.is_none_or(|(least, _)| found.value < least) {
            best = Some((found.value, kernel));
        }
    }
    let useless =
        || Error::BadInput(format!("kernels: expected one that is of use, got {} that are not", kernels.len()));
    let (_, kernel) = best.ok_or_else(useless)?;
    Ok((kernel, cost(kernel, Purpose::Figure)?.ok_or_else(useless)?))
}
