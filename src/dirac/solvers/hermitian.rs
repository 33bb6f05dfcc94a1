//! Positive hermitian operators, as conjugate gradients need them: A^dag A, A A^dag, and A itself where it is positive.

use crate::context::Context;
use crate::dirac::lanes::field::Field;
use crate::dirac::linear::Linear;
use crate::dirac::side::Side;
use crate::error::Result;
use crate::simd::Native;

/// Scratch fields of one application of an operator.
pub(crate) struct Scratch<T> {
    image: Field<T>,
    rest: Field<T>,
}

/// A positive hermitian operator.
#[derive(Clone, Copy)]
pub(crate) struct Hermitian<'a, T> {
    operator: &'a dyn Linear<T>,
    form: Form,
    /// The shift s of K + s.
    shift: f64,
}

/// The positive form of an operator A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A, which is positive.
    Itself,
    /// A^dag A.
    Normal,
    /// A A^dag.
    Reverse,
}

impl Form {
    /// The sides of A that are applied first and last; None for A itself.
    fn sides(self) -> Option<[Side; 2]> {
        match self {
            Form::Itself => None,
            Form::Normal => Some([Side::Plain, Side::Adjoint]),
            Form::Reverse => Some([Side::Adjoint, Side::Plain]),
        }
    }
}

impl<'a, T: Native> Hermitian<'a, T> {
    /// A form of an operator.
    pub fn new(operator: &'a dyn Linear<T>, form: Form) -> Self {
        Self { operator, form, shift: 0.0 }
    }

    /// The operator with a multiple of 1 added.
    pub fn shifted(&self, shift: f64) -> Self {
        Self { shift: self.shift + shift, ..*self }
    }

    /// A field of zeros that it acts on.
    pub fn zeros(&self) -> Result<Field<T>> {
        self.operator.zeros()
    }

    /// Scratch fields for [`Hermitian::apply`].
    pub fn scratch(&self) -> Result<Scratch<T>> {
        // A itself needs no intermediate field.
        let image = if self.form == Form::Itself { Field::zeros(0)? } else { self.zeros()? };
        Ok(Scratch { image, rest: self.zeros()? })
    }

    /// to = K from.
    pub fn apply(&self, from: &Field<T>, to: &mut Field<T>, scratch: &mut Scratch<T>) {
        let Scratch { image, rest } = scratch;
        match self.form.sides() {
            None => self.operator.apply(Side::Plain, from, to, rest),
            Some([first, second]) => {
                self.operator.apply(first, from, image, rest);
                self.operator.apply(second, image, to, rest);
            }
        }
        self.add_shift(from, to);
    }

    fn add_shift(&self, from: &Field<T>, to: &mut Field<T>) {
        if self.shift != 0.0 {
            to.add(self.context(), self.shift, from);
        }
    }

    /// to[i] = K from[i].
    pub fn apply_many(
        &self,
        from: &[Field<T>],
        to: &mut [Field<T>],
        (images, rests): (&mut [Field<T>], &mut [Field<T>]),
    ) {
        match self.form.sides() {
            None => self.operator.apply_many(Side::Plain, from, to, rests),
            Some([first, second]) => {
                self.operator.apply_many(first, from, images, rests);
                self.operator.apply_many(second, images, to, rests);
            }
        }
        from.iter().zip(to).for_each(|(from, to)| self.add_shift(from, to));
    }

    /// The context whose threads compute.
    pub fn context(&self) -> &'a Context {
        self.operator.context()
    }
}
