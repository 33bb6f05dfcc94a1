//! Objects on disk: safetensors files with a header, one reader and one writer for all kinds of objects.
//!
//! The metadata hold one entry, `instanton`: JSON text of the header,
//!
//! ```text
//! {"kind": "model", "format": 2, "version": "0.1.0", "content": {...}, "checksum": "..."}
//! ```
//!
//! with what the kind needs in `content`. Unknown keys of a header are refused. The checksum is FNV-1a of the header with an empty
//! checksum, and then of name, type, shape and bytes of each tensor, in alphabetical order. Format 1 had no number of the format;
//! each kind reads its own files of that time.

use crate::error::{Error, Result};
use crate::file::{self, Laid};
use crate::memory;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The format that is written.
const FORMAT: u32 = 2;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header<C> {
    kind: String,
    format: u32,
    /// Version of the library that wrote the file.
    version: String,
    content: C,
    checksum: String,
}

/// A tensor that is written.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Type of its numbers.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, little-endian.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// A tensor of real numbers.
    pub fn reals(name: &str, shape: &[usize], numbers: &[f64]) -> Result<Self> {
        Ok(Self { name: name.into(), dtype: Dtype::F64, shape: shape.to_vec(), bytes: file::bytes_of(numbers)? })
    }

    /// A tensor of whole numbers.
    pub fn wholes(name: &str, numbers: &[u64]) -> Self {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self { name: name.into(), dtype: Dtype::U64, shape: vec![numbers.len()], bytes }
    }

    /// A tensor of one whole number.
    pub fn whole(name: &str, number: u64) -> Self {
        Self { name: name.into(), dtype: Dtype::U64, shape: vec![1], bytes: number.to_le_bytes().to_vec() }
    }
}

/// Writes an object; on an error the file that was there before is untouched.
pub fn write<C: Serialize>(path: &Path, kind: &str, content: C, tensors: &[Tensor]) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION").to_string();
    let mut header = Header { kind: kind.into(), format: FORMAT, version, content, checksum: String::new() };
    let mut pieces: Vec<Piece> = tensors.iter().map(Piece::of).collect();
    header.checksum = checksum(&text_of(&header)?, &mut pieces);
    let laid: Vec<Laid> = tensors.iter().map(|t| (&t.name[..], t.dtype, &t.shape[..], &t.bytes[..])).collect();
    file::write_atomic(path, &file::laid_out(&laid, &text_of(&header)?)?)
}

/// The content of a file.
pub enum Opened<'a, C> {
    /// A file of the present format, whose checksum is right.
    Present(C, Tensors<'a>),
    /// A file of format 1.
    First(Tensors<'a>),
}

/// Reads an object of a kind.
pub fn open<'a, C: DeserializeOwned + Serialize>(bytes: &'a [u8], kind: &str) -> Result<Opened<'a, C>> {
    #[derive(Deserialize)]
    struct Format {
        format: Option<u32>,
    }
    let (tensors, Format { format }) = file::parse(bytes, kind)?;
    match format {
        None => return Ok(Opened::First(Tensors(tensors))),
        Some(FORMAT) => {}
        Some(other) => return Err(Error::BadInput(format!("format: expected {FORMAT} or none, got {other}"))),
    }
    let (_, mut header): (_, Header<C>) = file::parse(bytes, kind)?;
    let expected = std::mem::take(&mut header.checksum);
    let all = tensors.tensors();
    let mut pieces: Vec<Piece> = all.iter().map(|(name, view)| Piece::of_view(name, view)).collect();
    let rewritten = text_of(&header)?;
    file::expect_checksum((bytes, kind), (&expected, rewritten), |text| checksum(text, &mut pieces))?;
    Ok(Opened::Present(header.content, Tensors(tensors)))
}

/// The tensors of a file.
pub struct Tensors<'a>(SafeTensors<'a>);

impl Tensors<'_> {
    /// True where there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    /// The shape of a tensor; empty where there is none of this name.
    pub fn shape(&self, name: &str) -> Vec<usize> {
        self.0.tensor(name).map_or(vec![], |view| view.shape().to_vec())
    }

    /// Bytes of a tensor of given type and shape.
    pub fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<Vec<u8>> {
        let view = self.0.tensor(name).map_err(|_| Error::BadInput(format!("{name}: expected a tensor, got none")))?;
        if view.dtype() != dtype || view.shape() != shape {
            let (got, found) = (view.dtype(), view.shape());
            return Err(Error::BadShape(format!("{name}: expected {dtype:?} {shape:?}, got {got:?} {found:?}")));
        }
        memory::cloned("tensor of a file", view.data())
    }

    /// A tensor of real numbers.
    pub fn reals(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        file::numbers_of(&self.bytes(name, Dtype::F64, shape)?)
    }

    /// A list of whole numbers.
    pub fn wholes(&self, name: &str) -> Result<Vec<u64>> {
        let bytes = self.bytes(name, Dtype::U64, &[self.shape(name).first().copied().unwrap_or(0)])?;
        Ok(bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }
}

fn text_of<C: Serialize>(header: &Header<C>) -> Result<String> {
    serde_json::to_string(header).map_err(|e| Error::Internal(format!("header: {e}")))
}

/// What of a tensor goes into the checksum.
struct Piece<'a> {
    name: &'a str,
    head: String,
    bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    fn of(tensor: &'a Tensor) -> Self {
        let Tensor { name, dtype, shape, bytes } = tensor;
        Self { name, head: format!("{name} {dtype:?} {shape:?}"), bytes }
    }

    fn of_view(name: &'a str, view: &'a TensorView) -> Self {
        Self { name, head: format!("{name} {:?} {:?}", view.dtype(), view.shape()), bytes: view.data() }
    }
}

fn checksum(header: &str, pieces: &mut [Piece]) -> String {
    pieces.sort_by_key(|piece| piece.name);
    let pieces = pieces.iter().flat_map(|piece| piece.head.bytes().chain(piece.bytes.iter().copied()));
    format!("{:016x}", file::checksum_of(header.bytes().chain(pieces)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Content {
        name: String,
    }

    #[test]
    fn what_was_written_is_read_and_any_change_is_seen() {
        let path = crate::file::of_tests("saved");
        let tensors = [Tensor::reals("b", &[2], &[1.5, -2.5]).unwrap(), Tensor::whole("a", 7)];
        write(&path, "thing", Content { name: "x".into() }, &tensors).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let Opened::Present(content, read) = open::<Content>(&bytes, "thing").unwrap() else { panic!("an old file") };
        assert_eq!((content.name.as_str(), read.reals("b", &[2]).unwrap()), ("x", vec![1.5, -2.5]));
        assert_eq!(read.bytes("a", Dtype::U64, &[1]).unwrap(), 7u64.to_le_bytes());
        assert!(read.reals("b", &[3]).unwrap_err().to_string().starts_with("b: expected F64 [3], got F64 [2]"));
        for place in (0..bytes.len()).filter(|&place| bytes[place] != b' ') {
            let mut spoilt = bytes.clone();
            spoilt[place] ^= 1;
            assert!(!matches!(open::<Content>(&spoilt, "thing"), Ok(Opened::Present(..))), "byte {place}");
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("\\\"format\\\":2"), "{text}");
        // A later version of the content has one key more, with a default.
        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        struct Later {
            name: String,
            #[serde(default)]
            more: u32,
        }
        let Opened::Present(later, _) = open::<Later>(&bytes, "thing").unwrap() else { panic!("an old file") };
        assert_eq!((later.name.as_str(), later.more), ("x", 0));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn unknown_keys_and_formats_of_the_future_are_refused() {
        let with = |header: &str| {
            let bytes = file::laid_out(&[], header).unwrap();
            open::<Content>(&bytes, "thing").err().map(|e| e.to_string()).unwrap_or_default()
        };
        let header = |format: u32, more: &str| {
            format!(
                "{{\"kind\":\"thing\",\"format\":{format},\"version\":\"9\",\"content\":{{\"name\":\"x\"}},\"checksum\":\"\"{more}}}"
            )
        };
        assert!(with(&header(3, "")).contains("format: expected 2 or none, got 3"));
        assert!(with(&header(2, ",\"more\":1")).contains("unknown field `more`"));
        assert!(with(&header(2, "")).contains("checksum: expected"));
    }
}
