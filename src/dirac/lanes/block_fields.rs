//! Linear algebra of several fields at once: their products, and sums of them.
//!
//! Fields are taken in pieces that stay in the cache while all pairs are multiplied. Numbers are pairs of lines, the real
//! and the imaginary part.

use super::field::Field;
use crate::context::Context;
use crate::gauge::Complex64;

/// Numbers of a field in a piece.
const PIECE: usize = 1024;
/// Pieces whose products are kept at a time.
const PIECES: usize = 256;
/// Numbers of a line.
const WIDTH: usize = 8;

/// The matrix of products x_i^dag y_j.
pub(crate) fn products(context: &Context, x: &[Field<f64>], y: &[Field<f64>]) -> faer::Mat<Complex64> {
    let length = x[0].numbers().len();
    let (pieces, count) = (length.div_ceil(PIECE), x.len() * y.len());
    let mut total = faer::Mat::<Complex64>::zeros(x.len(), y.len());
    // Some pieces at a time, so that memory does not grow with the fields.
    let mut sums = vec![Complex64::default(); count * PIECES.min(pieces)];
    for first in (0..pieces).step_by(PIECES) {
        let sums = &mut sums[..count * PIECES.min(pieces - first)];
        context.share_chunks(sums, count.max(1), |piece, sums| {
            let range = (first + piece) * PIECE..length.min((first + piece + 1) * PIECE);
            for (y, sums) in y.iter().zip(sums.chunks_exact_mut(x.len())) {
                for (x, sum) in x.iter().zip(sums) {
                    *sum = product(&x.numbers()[range.clone()], &y.numbers()[range.clone()]);
                }
            }
        });
        for sums in sums.chunks_exact(count.max(1)) {
            sums.iter().enumerate().for_each(|(k, sum)| total[(k % x.len(), k / x.len())] += sum);
        }
    }
    total
}

fn product(x: &[f64], y: &[f64]) -> Complex64 {
    let (mut re, mut im) = ([0.0; WIDTH], [0.0; WIDTH]);
    for (x, y) in x.chunks_exact(2 * WIDTH).zip(y.chunks_exact(2 * WIDTH)) {
        let ((xr, xi), (yr, yi)) = (x.split_at(WIDTH), y.split_at(WIDTH));
        for k in 0..WIDTH {
            re[k] += xr[k] * yr[k] + xi[k] * yi[k];
            im[k] += xr[k] * yi[k] - xi[k] * yr[k];
        }
    }
    Complex64::new(re.iter().sum(), im.iter().sum())
}

/// y_j += sum_i x_i a_ij.
pub(crate) fn add(context: &Context, x: &[Field<f64>], a: &faer::Mat<Complex64>, y: &mut [Field<f64>]) {
    let mut results: Vec<&mut [f64]> = y.iter_mut().map(Field::numbers_mut).collect();
    context.share_chunks_of_each(&mut results, PIECE, |piece, j, to| {
        for (i, x) in x.iter().enumerate() {
            add_multiple(a[(i, j)], &x.numbers()[piece * PIECE..][..to.len()], to);
        }
    });
}

fn add_multiple(a: Complex64, from: &[f64], to: &mut [f64]) {
    for (x, y) in from.chunks_exact(2 * WIDTH).zip(to.chunks_exact_mut(2 * WIDTH)) {
        let ((xr, xi), (yr, yi)) = (x.split_at(WIDTH), y.split_at_mut(WIDTH));
        for k in 0..WIDTH {
            yr[k] += a.re * xr[k] - a.im * xi[k];
            yi[k] += a.re * xi[k] + a.im * xr[k];
        }
    }
}
