//! Fields in SIMD lanes, and the linear algebra of solvers.
//!
//! A field holds `reals` numbers on each outer site of a grid, each number a line of lanes: `[outer site][number][lane]`.
//! Sums are taken over blocks of fixed size, block by block, so that they do not depend on the number of threads.

use super::grid::Grid;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::memory;
use crate::simd::{Line, Native};
use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// A field on some outer sites of a grid.
#[derive(Debug)]
pub(crate) struct Field<T> {
    lines: Vec<Line>,
    scalar: PhantomData<T>,
}

/// Lines in a block of sums and of parallel work.
const BLOCK: usize = 1024;

impl<T> Default for Field<T> {
    /// No lines at all.
    fn default() -> Self {
        Self { lines: vec![], scalar: PhantomData }
    }
}

impl<T: Native> Field<T> {
    /// Zeros, `lines` lines of them.
    pub fn zeros(lines: usize) -> Result<Self> {
        let missing = |_| Error::BadShape(format!("field: expected memory for {lines} lines of 64 bytes, got none"));
        Ok(Self { lines: memory::filled(Line::ZERO, lines).map_err(missing)?, scalar: PhantomData })
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Its lines, to be changed.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// All its numbers.
    pub fn numbers(&self) -> &[T] {
        // SAFETY: a line of 64 bytes holds WIDTH numbers, and all bits are numbers.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * T::WIDTH) }
    }

    /// All its numbers, to be changed.
    pub fn numbers_mut(&mut self) -> &mut [T] {
        // SAFETY: as for numbers.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * T::WIDTH) }
    }

    /// Takes numbers `[site][number]` of all sites.
    pub fn import(&mut self, grid: &Grid, reals: usize, numbers: &[f64]) {
        let own = self.numbers_mut();
        for (site, &(outer, lane)) in grid.places.iter().enumerate() {
            for (k, &x) in numbers[reals * site..reals * (site + 1)].iter().enumerate() {
                own[(outer as usize * reals + k) * T::WIDTH + lane as usize] = T::from_f64(x);
            }
        }
    }

    /// Gives numbers `[site][number]` of all sites.
    pub fn export(&self, grid: &Grid, reals: usize, numbers: &mut [f64]) {
        let own = self.numbers();
        for (site, &(outer, lane)) in grid.places.iter().enumerate() {
            for (k, x) in numbers[reals * site..reals * (site + 1)].iter_mut().enumerate() {
                *x = own[(outer as usize * reals + k) * T::WIDTH + lane as usize].to_f64();
            }
        }
    }

    /// Applies `change` to blocks of this field and of another one.
    pub fn update(&mut self, context: &Context, other: &Self, change: impl Fn(&mut [T], &[T]) + Sync) {
        let block = BLOCK * T::WIDTH;
        let parts: Vec<_> = self.numbers_mut().chunks_mut(block).zip(other.numbers().chunks(block)).collect();
        let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        context.share(parts.len(), |_, i| {
            if let Some((mine, other)) = parts[i].lock().ok().and_then(|mut part| part.take()) {
                change(mine, other);
            }
        });
    }

    /// The same number everywhere.
    pub fn fill(&mut self, number: f64) {
        self.numbers_mut().fill(T::from_f64(number));
    }

    /// self = other.
    pub fn copy(&mut self, context: &Context, other: &Self) {
        self.update(context, other, |x, y| x.copy_from_slice(y));
    }

    /// self = a self.
    pub fn scale(&mut self, context: &Context, a: f64) {
        let a = T::from_f64(a);
        let length = BLOCK * T::WIDTH;
        context.share_chunks(self.numbers_mut(), length, |_, x| {
            x.iter_mut().for_each(|x| *x = x.mul_add(a, T::from_f64(0.0)))
        });
    }

    /// self += a other.
    pub fn add(&mut self, context: &Context, a: f64, other: &Self) {
        let a = T::from_f64(a);
        self.update(context, other, |x, y| x.iter_mut().zip(y).for_each(|(x, &y)| *x = y.mul_add(a, *x)));
    }

    /// self = other + a self.
    pub fn scale_and_add(&mut self, context: &Context, a: f64, other: &Self) {
        let a = T::from_f64(a);
        self.update(context, other, |x, y| x.iter_mut().zip(y).for_each(|(x, &y)| *x = x.mul_add(a, y)));
    }

    /// The real part of the scalar product.
    pub fn dot(&self, context: &Context, other: &Self) -> f64 {
        let block = BLOCK * T::WIDTH;
        let (x, y) = (self.numbers(), other.numbers());
        let count = x.len().div_ceil(block);
        let sums: Vec<AtomicF64> = (0..count).map(|_| AtomicF64::default()).collect();
        context.share(count, |_, i| {
            let range = i * block..x.len().min((i + 1) * block);
            let mut lanes = [0.0; 16];
            for (x, y) in x[range.clone()].chunks(16).zip(y[range].chunks(16)) {
                for ((sum, x), y) in lanes.iter_mut().zip(x).zip(y) {
                    *sum += x.to_f64() * y.to_f64();
                }
            }
            sums[i].set(lanes.iter().sum());
        });
        sums.iter().map(AtomicF64::get).sum()
    }

    /// |self|^2.
    pub fn norm2(&self, context: &Context) -> f64 {
        self.dot(context, self)
    }
}

/// A double that threads write once each.
#[derive(Debug, Default)]
struct AtomicF64(std::sync::atomic::AtomicU64);

impl AtomicF64 {
    fn set(&self, x: f64) {
        self.0.store(x.to_bits(), Ordering::Relaxed);
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}
