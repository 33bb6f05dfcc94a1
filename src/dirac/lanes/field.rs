//! Fields in SIMD lanes, and the linear algebra of solvers.
//!
//! A field holds `reals` numbers on each outer site of a grid, each number a line of lanes: `[outer site][number][lane]`.
//! Sums are taken over blocks of fixed size, block by block, so that they do not depend on the number of threads.

use super::grid::Grid;
use crate::context::Context;
use crate::error::Result;
use crate::memory;
use crate::simd::{Line, Native};
use std::marker::PhantomData;

/// A field on some outer sites of a grid.
#[derive(Debug)]
pub(crate) struct Field<T> {
    lines: Vec<Line>,
    scalar: PhantomData<T>,
}

/// Lines in a block: sums and the work of threads go block by block.
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
        Ok(Self { lines: memory::filled("field", Line::ZERO, lines)?, scalar: PhantomData })
    }

    /// Lines of the field, one for each outer site and real number.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Lines of the field, to be changed.
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

    /// Reads the field from numbers `[site][number]` in the order of the lattice.
    pub fn import(&mut self, grid: &Grid, reals: usize, numbers: &[f64]) {
        let own = self.numbers_mut();
        for (site, &(outer, lane)) in grid.places.iter().enumerate() {
            for (k, &x) in numbers[reals * site..reals * (site + 1)].iter().enumerate() {
                own[(outer as usize * reals + k) * T::WIDTH + lane as usize] = T::from_f64(x);
            }
        }
    }

    /// Writes the field to numbers `[site][number]` in the order of the lattice.
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
        let other = &other.numbers()[..self.numbers().len()];
        context.share_chunks(self.numbers_mut(), block, |i, mine| change(mine, &other[i * block..][..mine.len()]));
    }

    /// Sets all numbers to one value.
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
        context.sum(x.len().div_ceil(block), |i| {
            let range = i * block..x.len().min((i + 1) * block);
            let mut lanes = [0.0; 16];
            for (x, y) in x[range.clone()].chunks(16).zip(y[range].chunks(16)) {
                for ((sum, x), y) in lanes.iter_mut().zip(x).zip(y) {
                    *sum += x.to_f64() * y.to_f64();
                }
            }
            lanes.iter().sum()
        })
    }

    /// |self|^2.
    pub fn norm2(&self, context: &Context) -> f64 {
        self.dot(context, self)
    }
}
