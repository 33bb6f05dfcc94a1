//! Positive hermitian operators, as conjugate gradients need them: A^dag A, A A^dag, and A itself where it is positive.

use super::field::Field;
use super::hopping::Side;
use super::operator::Linear;
use crate::context::Context;
use crate::error::Result;
use crate::simd::Native;

/// What an application of an operator computes in.
pub(crate) struct Scratch<T> {
    image: Field<T>,
    rest: Field<T>,
}

/// A positive hermitian operator.
#[derive(Clone, Copy)]
pub(crate) struct Hermitian<'a, T> {
    operator: &'a dyn Linear<T>,
    form: Form,
}

/// How an operator becomes a positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A, which is positive.
    Itself,
    /// A^dag A.
    Normal,
    /// A A^dag.
    Reverse,
}

impl<'a, T: Native> Hermitian<'a, T> {
    /// A form of an operator.
    pub fn new(operator: &'a dyn Linear<T>, form: Form) -> Self {
        Self { operator, form }
    }

    /// A field of zeros that it acts on.
    pub fn zeros(&self) -> Result<Field<T>> {
        self.operator.zeros()
    }

    /// What [`Hermitian::apply`] computes in.
    pub fn scratch(&self) -> Result<Scratch<T>> {
        // A itself needs no image.
        let image = if self.form == Form::Itself { Field::zeros(0)? } else { self.zeros()? };
        Ok(Scratch { image, rest: self.zeros()? })
    }

    /// to = K from.
    pub fn apply(&self, from: &Field<T>, to: &mut Field<T>, scratch: &mut Scratch<T>) {
        let Scratch { image, rest } = scratch;
        let (first, second) = match self.form {
            Form::Itself => return self.operator.apply(Side::Plain, from, to, rest),
            Form::Normal => (Side::Plain, Side::Adjoint),
            Form::Reverse => (Side::Adjoint, Side::Plain),
        };
        self.operator.apply(first, from, image, rest);
        self.operator.apply(second, image, to, rest);
    }

    /// to[i] = K from[i].
    pub fn apply_many(
        &self,
        from: &[Field<T>],
        to: &mut [Field<T>],
        (images, rests): (&mut [Field<T>], &mut [Field<T>]),
    ) {
        let (first, second) = match self.form {
            Form::Itself => return self.operator.apply_many(Side::Plain, from, to, rests),
            Form::Normal => (Side::Plain, Side::Adjoint),
            Form::Reverse => (Side::Adjoint, Side::Plain),
        };
        self.operator.apply_many(first, from, images, rests);
        self.operator.apply_many(second, images, to, rests);
    }

    /// Threads and more.
    pub fn context(&self) -> &'a Context {
        self.operator.context()
    }
}
