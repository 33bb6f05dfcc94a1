//! Spec text: every object of the library is built from JSON5 text, `{type: 'phi4', mass_squared: -4, lambda: 6.975}`.
//!
//! The text is read into a tree first, and the tree into the wanted type. The place of a fault of the second step
//! is found by reading altered trees (`locate`), so that the message can name the key and list the
//! keys that the type knows, although no such list is written down anywhere.

mod fault;
mod locate;
mod value;
mod words;

pub use value::Value;

use crate::error::{Error, Result};
use crate::memory;
use fault::Fault;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use std::fmt::Display;

/// Longest spec text in bytes; lists with one number for each site may be long.
const LONGEST: usize = 64 << 20;

/// Reads the JSON5 `text` of a spec; empty text means `{}`. Errors (`BadSpec`) start with `what` the spec is for, name
/// the key, and list the keys that are known.
pub fn parse<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    let bad = |message: String| Error::BadSpec(format!("{what}: {message}"));
    if text.len() <= LONGEST {
        // The readers of text abort where memory is short, so it is checked first: at most so many bytes for each
        // letter.
        const BYTES: usize = 64;
        memory::expect(what, BYTES * text.len())?;
    }
    match tree(text) {
        Ok(value) => read(&value).map_err(bad),
        Err(message) => {
            let known = locate::known_keys(&Value::Map(Vec::new()), &[], &fault_of::<T>);
            Err(bad(format!("{message}{known}")))
        }
    }
}

/// Reads a part of a spec; the message names the key, what was expected and got, and the keys known there.
pub fn read<T: DeserializeOwned>(value: &Value) -> std::result::Result<T, String> {
    T::deserialize(value.reader()).map_err(|fault| locate::explain(value, &fault, &fault_of::<T>))
}

fn fault_of<T: DeserializeOwned>(value: &Value) -> Option<Fault> {
    T::deserialize(value.reader()).err()
}

/// Reads a type whose variants are chosen by the key `tag`, with a default for that key.
///
/// For serde's `deserialize_with`: `|d| spec::with_default_tag(d, "form", "a")`.
pub fn with_default_tag<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
    tag: &str,
    default: &str,
) -> std::result::Result<T, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    match &mut value {
        Value::Map(entries) if entries.iter().all(|(key, _)| key != tag) => {
            entries.push((tag.to_string(), Value::Text(default.to_string())));
        }
        Value::Map(_) => {}
        other => return Err(D::Error::custom(format!("expected an object, got {}", other.describe()))),
    }
    T::deserialize(value.reader())
}

/// Checks the value of a key: `lambda: expected a finite number, got NaN`.
pub fn expect(holds: bool, key: &str, expected: &str, got: impl Display) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::BadSpec(format!("{key}: expected {expected}, got {got}")))
}

/// Checks a seed: hosts without unsigned numbers have all of them.
pub fn expect_seed(seed: u64) -> Result<()> {
    expect(i64::try_from(seed).is_ok(), "seed", "0 to 9223372036854775807", seed)
}

/// Checks that the number of a key is neither NaN nor infinite.
pub fn expect_finite(key: &str, number: f64) -> Result<()> {
    expect(number.is_finite(), key, "a finite number", number)
}

fn tree(text: &str) -> std::result::Result<Value, String> {
    if text.len() > LONGEST {
        return Err(format!("expected at most {LONGEST} bytes of text, got {}", text.len()));
    }
    if text.trim().is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    let value = json5::from_str::<Value>(text).map_err(|error| unreadable(text, &error))?;
    match value {
        Value::Map(_) => Ok(value),
        other => Err(format!("expected an object {{key: value}}, got {}", other.describe())),
    }
}

/// The message for a text that the reader of JSON5 refuses.
fn unreadable(text: &str, error: &json5::Error) -> String {
    use json5::ErrorCode::{ExpectedBool, ExpectedNull, ExpectedNumber, ExpectedValue};
    match (error.code(), error.position()) {
        _ if text.trim_start().starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
            "expected an object {key: value}, got text without braces".to_string()
        }
        // The reader gives the start of the innermost object that is not closed; the end of the text is the more useful
        // place.
        (Some(code), _) if code.to_string().starts_with("EOF") => {
            format!("{code} at {}", json5::Position::from_offset(text.len(), text))
        }
        // For a word without quotes the reader expects a literal that begins with its first letter.
        (Some(ExpectedBool | ExpectedNull | ExpectedNumber | ExpectedValue), Some(position)) => {
            let start = word_start(text, position);
            format!("expected a number, 'text' in quotes, true, false, null, [...] or {{...}} at {start}")
        }
        _ => error.to_string(),
    }
}

/// Start of the word in which the reader stopped: of `trie` it reads `tr`, which `true` begins with, and stops at `i`.
fn word_start(text: &str, stopped: json5::Position) -> json5::Position {
    // The line terminators of JSON5, of which CR LF is a single one.
    let text = text.replace("\r\n", "\n");
    let line = text.split(['\n', '\r', '\u{2028}', '\u{2029}']).nth(stopped.line).unwrap_or_default();
    let offset = line.char_indices().nth(stopped.column).map_or(line.len(), |(offset, _)| offset);
    let letters = line[..offset].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').count();
    json5::Position { column: stopped.column - letters, ..stopped }
}

#[cfg(test)]
mod tests;
