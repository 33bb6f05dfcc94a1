//! Matrices whose memory may be short: faer's own constructors end the process there.

use crate::error::Result;
use crate::gauge::Complex64;
use crate::memory;
use faer::{Mat, MatRef};

/// What an error names where there is no memory for a matrix.
const WHAT: &str = "matrix of a spectrum";

/// A matrix of numbers computed from row and column.
pub(crate) fn made(
    rows: usize,
    columns: usize,
    number: impl FnMut(usize, usize) -> Complex64,
) -> Result<Mat<Complex64>> {
    let mut matrix = Mat::new();
    let missing = |_| memory::missing::<Complex64>(WHAT, rows.saturating_mul(columns));
    matrix.try_reserve(rows, columns).map_err(missing)?;
    matrix.resize_with(rows, columns, number);
    Ok(matrix)
}

/// A matrix of zeros.
pub(crate) fn zeros(rows: usize, columns: usize) -> Result<Mat<Complex64>> {
    made(rows, columns, |_, _| Complex64::default())
}

/// A copy.
pub(crate) fn copied(from: MatRef<Complex64>) -> Result<Mat<Complex64>> {
    let mut matrix = zeros(from.nrows(), from.ncols())?;
    matrix.copy_from(from);
    Ok(matrix)
}

/// Checks that faer can allocate `count` more matrices inside one of its decompositions.
pub(crate) fn expect(count: usize, rows: usize, columns: usize) -> Result<()> {
    let numbers = count.saturating_mul(rows).saturating_mul(columns);
    memory::expect(WHAT, numbers.saturating_mul(size_of::<Complex64>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_those_of_faer_and_none_where_there_is_no_memory() {
        let number = |i: usize, j: usize| Complex64::new(i as f64, j as f64);
        for (rows, columns) in [(0, 0), (0, 3), (5, 0), (5, 3), (1, 7), (64, 2)] {
            let matrix = made(rows, columns, number).unwrap();
            assert_eq!(matrix, Mat::from_fn(rows, columns, number));
            assert_eq!(copied(matrix.as_ref()).unwrap(), matrix);
            assert_eq!(zeros(rows, columns).unwrap(), Mat::<Complex64>::zeros(rows, columns));
        }
        let error = zeros(1 << 40, 1 << 10).unwrap_err();
        assert!(error.is_shortage() && error.to_string().starts_with(WHAT), "{error}");
        assert!(expect(12, 1 << 30, 1 << 30).unwrap_err().is_shortage());
        expect(2, 8, 8).unwrap();
    }
}
