//! Errors of serde when it reads a spec, sorted by kind.

use super::value::{Value, WHOLE};
use super::words::{one_of, quoted};
use serde::de::{Expected, Unexpected};
use std::fmt::{Display, Formatter};

/// A reason why a tree is not a value of the wanted type.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A key that the type does not have.
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that the type has.
        known: &'static [&'static str],
    },
    /// A key that the type needs.
    MissingKey(&'static str),
    /// A name that is not one of a choice.
    UnknownName {
        /// The name.
        name: String,
        /// The names to choose from.
        known: &'static [&'static str],
    },
    /// A value of another kind or range.
    WrongValue {
        /// The value as `Value::describe` shows it.
        got: String,
        /// What was expected.
        expected: String,
    },
    /// Anything else.
    Other(String),
}

impl Fault {
    fn wrong(got: Unexpected, expected: &dyn Expected) -> Self {
        let got = match got {
            Unexpected::Bool(value) => value.to_string(),
            Unexpected::Unsigned(value) => value.to_string(),
            Unexpected::Signed(value) => value.to_string(),
            Unexpected::Float(value) => value.to_string(),
            Unexpected::Str(text) => quoted(text),
            Unexpected::Unit | Unexpected::Option => "null".to_string(),
            Unexpected::Seq => "a list".to_string(),
            Unexpected::Map => "an object".to_string(),
            Unexpected::Bytes(_) => Value::Impossible.describe(),
            other => other.to_string(),
        };
        Fault::WrongValue { got, expected: in_words(&expected.to_string()) }
    }
}

/// Replaces Rust's names of types in a message by words that authors of hosts use.
fn in_words(expected: &str) -> String {
    let words = match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if ["struct ", "enum ", "internally tagged enum "].iter().any(|kind| other.starts_with(kind)) => {
            "an object {key: value}"
        }
        other => other,
    };
    words.to_string()
}

impl serde::de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Fault::Other(message.to_string())
    }

    fn invalid_type(got: Unexpected, expected: &dyn Expected) -> Self {
        Fault::wrong(got, expected)
    }

    fn invalid_value(got: Unexpected, expected: &dyn Expected) -> Self {
        Fault::wrong(got, expected)
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Fault::UnknownName { name: name.to_string(), known }
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Fault::UnknownKey { key: key.to_string(), known }
    }

    fn missing_field(key: &'static str) -> Self {
        Fault::MissingKey(key)
    }
}

/// True for a whole number that floats do not have all neighbours of.
fn is_too_large(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number.fract() == 0.0 && number > WHOLE as f64)
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self {
            Fault::UnknownKey { key, .. } => write!(formatter, "unknown key {}", quoted(key)),
            Fault::MissingKey(key) => write!(formatter, "missing key '{key}'"),
            Fault::UnknownName { name, known } => {
                write!(formatter, "expected {}, got {}", one_of(known), quoted(name))
            }
            Fault::WrongValue { got, expected } if expected.starts_with("a whole number") && is_too_large(got) => {
                write!(formatter, "expected a whole number of at most {WHOLE}, got {got}")
            }
            Fault::WrongValue { got, expected } => write!(formatter, "expected {expected}, got {got}"),
            Fault::Other(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}
