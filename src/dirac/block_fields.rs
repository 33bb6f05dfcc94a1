//! Linear algebra of several fields at once: their products, and sums of them.
//!
//! Fields are taken in pieces that stay in the cache while all pairs are multiplied. Numbers are pairs of lines, the real
//! and the imaginary part.

use super::field::Field;
use crate::context::Context;
use crate::gauge::Complex64;
use std::sync::Mutex;

/// Numbers of a field in a piece.
const PIECE: usize = 1024;
/// Numbers of a line.
const WIDTH: usize = 8;

/// The matrix of products x_i^dag y_j.
pub(crate) fn products(context: &Context, x: &[Field<f64>], y: &[Field<f64>]) -> faer::Mat<Complex64> {
    let length = x[0].numbers().len();
    let pieces: Vec<Mutex<Vec<Complex64>>> = (0..length.div_ceil(PIECE)).map(|_| Mutex::default()).collect();
    context.share(pieces.len(), |_, piece| {
        let range = piece * PIECE..length.min((piece + 1) * PIECE);
        let mut sums = Vec::with_capacity(x.len() * y.len());
        for y in y {
            for x in x {
                sums.push(product(&x.numbers()[range.clone()], &y.numbers()[range.clone()]));
            }
        }
        if let Ok(mut place) = pieces[piece].lock() {
            *place = sums;
        }
    });
    let mut total = faer::Mat::<Complex64>::zeros(x.len(), y.len());
    for piece in pieces {
        let sums = piece.into_inner().unwrap_or_default();
        for (k, sum) in sums.into_iter().enumerate() {
            total[(k % x.len(), k / x.len())] += sum;
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
    let count = y.len();
    let mut pieces: Vec<Mutex<Vec<&mut [f64]>>> = vec![];
    for field in y.iter_mut() {
        for (i, piece) in field.numbers_mut().chunks_mut(PIECE).enumerate() {
            if i == pieces.len() {
                pieces.push(Mutex::new(Vec::with_capacity(count)));
            }
            if let Ok(place) = pieces[i].get_mut() {
                place.push(piece);
            }
        }
    }
    context.share(pieces.len(), |_, piece| {
        let Ok(mut results) = pieces[piece].lock() else { return };
        for (j, to) in results.iter_mut().enumerate() {
            for (i, x) in x.iter().enumerate() {
                let from = &x.numbers()[piece * PIECE..][..to.len()];
                add_multiple(a[(i, j)], from, to);
            }
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
