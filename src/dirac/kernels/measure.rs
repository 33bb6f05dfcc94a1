//! Times of the kernels on this machine, for benchmarks.

use super::hopping::{Sublattice, Task, With};
use crate::context::Precision;
use crate::dirac::lanes::field::Field;
use crate::dirac::linear::{Full, Linear};
use crate::dirac::operator::Dirac;
use crate::dirac::side::Side;
use crate::error::{Error, Result};
use crate::simd::Native;
use std::time::Instant;

/// The part of an operator that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The hopping term alone.
    Hopping,
    /// The whole operator D.
    Operator,
}

/// A kernel with fields of its own, to be timed.
pub struct Timed {
    run: Box<dyn FnMut()>,
}

impl Timed {
    /// A kernel of an operator in a precision, on `count` fields together.
    pub fn new(dirac: &Dirac, kernel: Measured, precision: Precision, count: usize) -> Result<Self> {
        let run = match (precision, dirac.single()) {
            (Precision::F64, _) => runner(dirac.double(), kernel, count)?,
            (Precision::F32, Some(single)) => runner(single, kernel, count)?,
            (Precision::F32, None) => {
                return Err(Error::Unsupported("lattice: expected even extents for f32, got odd ones".into()));
            }
        };
        Ok(Self { run })
    }

    /// Seconds that one run takes.
    pub fn seconds(&mut self) -> f64 {
        let start = Instant::now();
        (self.run)();
        start.elapsed().as_secs_f64()
    }
}

fn runner<T: Native>(full: Full<T>, kernel: Measured, count: usize) -> Result<Box<dyn FnMut()>> {
    let fields = || (0..count).map(|_| full.zeros()).collect::<Result<Vec<Field<T>>>>();
    let (mut from, mut to, mut scratch) = (fields()?, fields()?, vec![]);
    scratch.resize_with(count, Field::default);
    for field in &mut from {
        field.numbers_mut().iter_mut().enumerate().for_each(|(i, x)| *x = T::from_f64((i % 17) as f64 * 0.1));
    }
    Ok(Box::new(move || match kernel {
        Measured::Operator => full.apply_many(Side::Plain, &from, &mut to, &mut scratch),
        Measured::Hopping => {
            let tasks = from.iter().zip(&mut to).map(|(from, to)| Task { from, with: With::hopping(), to });
            full.hopping.hop_many((Side::Plain, Sublattice::All), tasks.collect());
        }
    }))
}
