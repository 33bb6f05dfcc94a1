//! Fingerprint by which a stopped run recognises its action: S on fixed fields. (That of given fields is in `forward_kl.rs`.)
//!
//! This works for any action, also for a host's function, whose code is not known. Two actions with the same
//! differences between the values on these fields are taken as equal, since a constant in S cancels in exp(−S)/Z.
//! Another coupling is detected where it changes S by more than rounding. An action without a finite value on each of
//! these fields has no fingerprint, and then no action is refused.

use crate::action::Action;
use crate::error::{Error, Result};
use crate::memory;
use crate::random::{Purpose, Stream};

/// Number of fixed fields: normal numbers of width 1, the same for all libraries.
pub(super) const COUNT: usize = 4;
/// Seed of their streams.
const SEED: u64 = 0x61c7_10f1_e1d5;
/// Largest difference between values of one action, relative to all of them: beyond the rounding of a host's sums.
const TOLERANCE: f64 = 1e-9;

/// S on the fixed fields; None where one of them has no finite value.
pub(super) fn of(action: &dyn Action) -> Result<Option<Vec<f64>>> {
    let mut field = memory::filled("fixed field", 0.0, action.count())?;
    let mut values = vec![];
    for counter in 0..COUNT as u64 {
        Stream::new(SEED, Purpose::Start, counter).normals(&mut field);
        match action.value(&field) {
            Ok(value) if value.is_finite() => values.push(value),
            Ok(_) | Err(Error::BadInput(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(values))
}

/// S on fixed fields of links, drawn from the Haar measure.
pub(super) fn of_links(action: &dyn Action) -> Result<Vec<f64>> {
    let value =
        |counter| action.value(&action.space().hot(action.lattice(), &mut Stream::new(SEED, Purpose::Start, counter))?);
    (0..COUNT as u64).map(value).collect()
}

/// Checks that two actions are equal up to a constant, or that given fields are the same.
pub(super) fn expect_same(what: &str, expected: &[f64], got: &[f64]) -> Result<()> {
    let scale: f64 = expected.iter().chain(got).map(|value| value.abs()).sum();
    let other = (1..expected.len().min(got.len())).find(|&i| {
        let (of_run, of_call) = (expected[i] - expected[0], got[i] - got[0]);
        (of_run - of_call).abs() > TOLERANCE * scale
    });
    match other {
        None => Ok(()),
        Some(i) => Err(Error::BadInput(format!(
            "{what}: expected that of the run that was stopped, got another ({} in place of {} as number {i} of its \
             fingerprint); {{resume: false}} begins a new run from the parameters that are there",
            got[i] - got[0],
            expected[i] - expected[0]
        ))),
    }
}
