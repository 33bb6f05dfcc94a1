//! The tree that spec text is read into, and its reader for serde.

use super::words::{TAGS, one_of, quoted};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::convert::Infallible;
use std::marker::PhantomData;

/// Deepest nesting of lists and objects: hostile text must not overflow the stack.
const DEEPEST: usize = 64;
/// Numbers are whole without loss up to this one, 2^53.
pub const WHOLE: u64 = 1 << 53;
/// Most keys of one object.
const MOST_KEYS: usize = 256;

/// A value of JSON5 text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A whole number of at least 0.
    Whole(u64),
    /// A negative whole number.
    Negative(i64),
    /// Any other number, NaN and the infinities among them.
    Number(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object, its keys in the order of the text.
    Map(Vec<(String, Value)>),
    /// A value that no text can hold: any type that reads it returns an error.
    Impossible,
}

impl Value {
    /// A deserializer for the value, with the errors of the caller's choice.
    pub fn reader<E>(&self) -> Reader<'_, E> {
        Reader { value: self, error: PhantomData }
    }

    /// The value as a message shows it.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Whole(value) => value.to_string(),
            Value::Negative(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::Text(text) => quoted(text),
            Value::List(_) => "a list".to_string(),
            Value::Map(_) => "an object".to_string(),
            Value::Impossible => "an impossible value".to_string(),
        }
    }
}

/// Reads one value; `depth` counts the lists and objects around it.
struct Tree {
    depth: usize,
}

impl Tree {
    fn deeper<E: Error>(&self) -> Result<Tree, E> {
        if self.depth == DEEPEST {
            return Err(E::custom(format!("expected at most {DEEPEST} levels of nesting, got more")));
        }
        Ok(Tree { depth: self.depth + 1 })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Tree { depth: 0 }.deserialize(deserializer)
    }
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or(Value::Negative(value), Value::Whole))
    }

    /// A whole number may be written 1e4 or 2.0; minus zero stays a number with a sign.
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(match value {
            _ if value.fract() != 0.0 || value.abs() > WHOLE as f64 || (value == 0.0 && value.is_sign_negative()) => {
                Value::Number(value)
            }
            _ if value < 0.0 => Value::Negative(value as i64),
            _ => Value::Whole(value as u64),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_string()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Impossible)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = sequence.next_element_seed(self.deeper()?)? {
            list.try_reserve(1).map_err(A::Error::custom)?;
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("expected each key once, got {} again", quoted(&key))));
            }
            if entries.len() == MOST_KEYS {
                return Err(A::Error::custom(format!("expected at most {MOST_KEYS} keys, got more")));
            }
            let mut value = map.next_value_seed(self.deeper()?)?;
            // Serde would accept the index of a variant; here only text can be the name of one.
            if TAGS.contains(&key.as_str()) && !matches!(value, Value::Text(_)) {
                value = Value::Text(value.describe());
            }
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}

/// A value seen as a deserializer with errors of type E.
pub struct Reader<'a, E> {
    value: &'a Value,
    error: PhantomData<E>,
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Reader<'_, E> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The expectation that a message states where a value is not text and so no name.
struct Choice(&'static [&'static str]);

impl Visitor<'_> for Choice {
    type Value = Infallible;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(&one_of(self.0))
    }
}

/// An entry of an object in the form that serde reads.
type Entry<'a, E> = (&'a str, Reader<'a, E>);

fn entries<'a, 'de, E: Error>(
    entries: &'a [(String, Value)],
) -> MapDeserializer<'de, impl Iterator<Item = Entry<'a, E>>, E> {
    MapDeserializer::new(entries.iter().map(|(key, value)| (key.as_str(), value.reader())))
}

impl<'de, E: Error> Deserializer<'de> for Reader<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Whole(value) => visitor.visit_u64(*value),
            Value::Negative(value) => visitor.visit_i64(*value),
            Value::Number(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_str(text),
            Value::Impossible => visitor.visit_bytes(&[0xff]),
            Value::List(list) => {
                let mut sequence = SeqDeserializer::new(list.iter().map(Value::reader));
                let result = visitor.visit_seq(&mut sequence)?;
                sequence.end()?;
                Ok(result)
            }
            Value::Map(map) => {
                let mut map = entries(map);
                let result = visitor.visit_map(&mut map)?;
                map.end()?;
                Ok(result)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        match self.value {
            Value::Text(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Value::Map(map) => visitor.visit_enum(MapAccessDeserializer::new(entries(map))),
            _ => self.deserialize_any(Choice(names)).map(|never| match never {}),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
