//! Actions with complex values, whose real fields are made complex for complex Langevin steps.
//!
//! ```text
//! φ → z = x + i y,    drift K = −∂S/∂z,    dz = K dt + √2 dw  with real noise dw
//! ```
//!
//! S is a polynomial of the z, so that holomorphic observables O have ⟨O(φ)⟩ = ⟨O(z)⟩, where complex Langevin dynamics is correct.
//! A field is `[site][component][re, im]`. G. Parisi, Phys. Lett. B 131, 393 (1983); J. R. Klauder, Phys. Rev. A 29, 2036 (1984).

use crate::error::{Error, Result, expect_length};
use crate::spec;
use num_complex::Complex64;
use serde::de::{SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Deserializer, Serialize};

/// An action with complex values.
pub trait ComplexAction: Send + Sync {
    /// Real numbers in a field, two for each complex one.
    fn reals(&self) -> usize;

    /// S of a field.
    fn complex_value(&self, field: &[f64]) -> Result<Complex64>;

    /// Writes K = −∂S/∂z of each complex number, as pairs of real and imaginary part.
    fn drift(&self, field: &[f64], drift: &mut [f64]) -> Result<()>;

    /// Holomorphic observables of a field by their names, each a mean over the sites.
    fn observables(&self, field: &[f64]) -> Result<Vec<(&'static str, Complex64)>>;
}

/// The error of real-valued algorithms for an action of this type.
pub(super) fn no_gradient(kind: &str) -> Error {
    let alone = "which chains of type 'complex_langevin' alone take";
    Error::Unsupported(format!("action: expected one with real values, got type '{kind}', {alone}"))
}

/// The complex number at a place of a field.
#[inline]
pub(super) fn number(numbers: &[[f64; 2]], place: usize) -> Complex64 {
    let [re, im] = numbers[place];
    Complex64::new(re, im)
}

/// The complex numbers of a field of the given count of real ones.
pub(super) fn numbers(field: &[f64], reals: usize) -> Result<&[[f64; 2]]> {
    expect_length("field", reals, field.len())?;
    Ok(field.as_chunks().0)
}

/// A complex number of a spec: a number, or a list of its real and its imaginary part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ComplexNumber(pub Complex64);

impl ComplexNumber {
    /// An error where it is not finite.
    pub fn expect_finite(self, key: &str) -> Result<()> {
        [self.0.re, self.0.im].into_iter().try_for_each(|part| spec::expect_finite(key, part))
    }
}

impl Serialize for ComplexNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0.im {
            0.0 => self.0.re.serialize(serializer),
            im => [self.0.re, im].serialize(serializer),
        }
    }
}

/// Reads a number or a pair of numbers.
struct NumberOrPair;

impl<'de> Visitor<'de> for NumberOrPair {
    type Value = ComplexNumber;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a number, or a list of its real and its imaginary part")
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<ComplexNumber, E> {
        Ok(ComplexNumber(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<ComplexNumber, E> {
        Ok(ComplexNumber((value as f64).into()))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<ComplexNumber, E> {
        Ok(ComplexNumber((value as f64).into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> std::result::Result<ComplexNumber, A::Error> {
        let mut parts = [0.0; 2];
        for (place, part) in parts.iter_mut().enumerate() {
            *part = sequence.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(place, &self))?;
        }
        match sequence.next_element::<f64>()? {
            Some(_) => Err(serde::de::Error::invalid_length(3, &self)),
            None => Ok(ComplexNumber(Complex64::new(parts[0], parts[1]))),
        }
    }
}

impl<'de> Deserialize<'de> for ComplexNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<ComplexNumber, D::Error> {
        deserializer.deserialize_any(NumberOrPair)
    }
}
