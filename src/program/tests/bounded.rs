//! Numbers with bounds on their rounding errors, and sums of them.

use super::super::value::Shape;
use crate::context::Precision;

/// A number, and how far a computation may be from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounded {
    pub value: f64,
    pub error: f64,
}

/// How an executor rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    pub precision: Precision,
    /// Wide numbers are doubles, and not sums of two floats.
    pub has_double: bool,
}

impl Rounding {
    /// Unit roundoff of a computation, with that of the reference added to it.
    pub fn unit(self, wide: bool) -> f64 {
        let (float, double) = (f64::from(f32::EPSILON) / 2.0, f64::EPSILON / 2.0);
        match self.precision {
            Precision::F32 if !wide => float + double,
            // In squares of a float's roundoff sums of two floats lose 3 in a sum, 5 in a product and 15 in a quotient:
            // M. Joldes, J.-M. Muller, V. Popescu, ACM Trans. Math. Softw. 44, 15res (2017).
            Precision::F32 if !self.has_double => 16.0 * float * float + double,
            _ => 2.0 * double,
        }
    }

    /// Below this magnitude results may lose digits or vanish.
    pub fn underflow(self) -> f64 {
        match self.precision {
            Precision::F32 => f64::from(f32::MIN_POSITIVE),
            Precision::F64 => f64::MIN_POSITIVE,
        }
    }
}

/// A sum with its error: of its terms, and of adding them.
#[derive(Default)]
pub struct Sum {
    pub value: f64,
    terms: f64,
    pub magnitude: f64,
    count: usize,
}

impl Sum {
    pub fn add(&mut self, x: Bounded) {
        self.value += x.value;
        self.terms += x.error;
        self.magnitude += x.value.abs() + x.error;
        self.count += 1;
    }

    pub fn add_product(&mut self, x: Bounded, w: Bounded) {
        let error = x.value.abs() * w.error + w.value.abs() * x.error + x.error * w.error;
        self.add(Bounded { value: x.value * w.value, error });
    }

    pub fn total(&self, u: f64) -> Bounded {
        Bounded { value: self.value, error: self.terms + (self.count + 1) as f64 * u * self.magnitude }
    }
}

/// The sum of one output over samples: lanes are added in the output's precision, blocks in f64.
pub fn sum_of_samples(samples: &[Bounded], rounding: Rounding, shape: Shape) -> Bounded {
    let mut sum = Sum::default();
    samples.iter().for_each(|&x| sum.add(x));
    // Beyond the 16 lanes of a block rounding is that of f64.
    let blocks = 16.0 * rounding.unit(shape.wide) * sum.magnitude;
    let total = sum.total(f64::EPSILON);
    Bounded { error: total.error + blocks + rounding.underflow(), ..total }
}
