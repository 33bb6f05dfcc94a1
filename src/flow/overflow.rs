//! Samples in which numbers overflow.

use super::REJECTED;
use crate::error::{Error, Result};

/// Marks samples whose field or log q is not finite as rejected; an error if these are all of several samples.
pub fn reject_overflows(volume: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
    let mut rejected = 0;
    let mut last = 0.0;
    for (field, log_q) in fields.chunks_exact_mut(volume).zip(&mut *log_q) {
        if !log_q.is_finite() || field.iter().any(|x| !x.is_finite()) {
            (last, rejected) = (*log_q, rejected + 1);
            *log_q = REJECTED;
            field.fill(0.0);
        }
    }
    if rejected > 1 && rejected == log_q.len() {
        return Err(Error::BadInput(format!("model: expected samples of finite numbers, got none: log q {last}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_overflow_are_rejected_alone() {
        let mut fields = [1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0, 7.0, 8.0];
        let mut log_q = [-1.0, -2.0, f64::NAN, f64::NEG_INFINITY];
        reject_overflows(2, &mut fields, &mut log_q).unwrap();
        assert_eq!(fields, [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(log_q, [-1.0, REJECTED, REJECTED, REJECTED]);
        let message = reject_overflows(2, &mut [0.0; 4], &mut [f64::NAN; 2]).unwrap_err().to_string();
        assert_eq!(message, "model: expected samples of finite numbers, got none: log q NaN");
    }
}
