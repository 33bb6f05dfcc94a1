//! Numbers in bytes of either order.

use crate::error::{Error, Result};
use crate::memory;
use serde::{Deserialize, Serialize};

/// Order of the bytes of a number: `'big'` or `'little'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// Bytes of a number: `'f32'` or `'f64'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Width {
    /// Numbers of four bytes, f32.
    #[serde(rename = "f32")]
    Single,
    /// Numbers of eight bytes, f64.
    #[serde(rename = "f64")]
    Double,
}

impl Width {
    /// Bytes of a number, 4 or 8.
    pub fn bytes(self) -> usize {
        match self {
            Width::Single => 4,
            Width::Double => 8,
        }
    }
}

/// The 32-bit word that these bytes hold.
pub fn word(bytes: &[u8], order: Order) -> u32 {
    let word = [bytes[0], bytes[1], bytes[2], bytes[3]];
    match order {
        Order::Big => u32::from_be_bytes(word),
        Order::Little => u32::from_le_bytes(word),
    }
}

/// The word at an offset of a file; None where the file is too short.
pub fn word_at(bytes: &[u8], at: usize, order: Order) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?).map(|b| word(b, order))
}

/// The double at an offset of a file; None where the file is too short.
pub fn double_at(bytes: &[u8], at: usize, order: Order) -> Option<f64> {
    let eight: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(match order {
        Order::Big => f64::from_be_bytes(eight),
        Order::Little => f64::from_le_bytes(eight),
    })
}

/// All numbers of a block as doubles.
pub fn reals(bytes: &[u8], width: Width, order: Order) -> impl Iterator<Item = f64> + '_ {
    bytes.chunks_exact(width.bytes()).map(move |b| match width {
        Width::Single => f64::from(f32::from_bits(word(b, order))),
        Width::Double => {
            let halves = (u64::from(word(b, order)), u64::from(word(&b[4..], order)));
            f64::from_bits(match order {
                Order::Big => halves.0 << 32 | halves.1,
                Order::Little => halves.1 << 32 | halves.0,
            })
        }
    })
}

/// Appends numbers in this precision and byte order.
pub fn put_reals(to: &mut Vec<u8>, numbers: &[f64], width: Width, order: Order) {
    match (width, order) {
        (Width::Single, Order::Big) => put(to, numbers, |x| (x as f32).to_be_bytes()),
        (Width::Single, Order::Little) => put(to, numbers, |x| (x as f32).to_le_bytes()),
        (Width::Double, Order::Big) => put(to, numbers, f64::to_be_bytes),
        (Width::Double, Order::Little) => put(to, numbers, f64::to_le_bytes),
    }
}

fn put<const W: usize>(to: &mut Vec<u8>, numbers: &[f64], bytes: impl Fn(f64) -> [u8; W]) {
    // Appended block by block: number by number, the capacity would be checked for each.
    const BLOCK: usize = 512;
    let mut block = [[0; W]; BLOCK];
    for numbers in numbers.chunks(BLOCK) {
        block.iter_mut().zip(numbers).for_each(|(to, &number)| *to = bytes(number));
        to.extend_from_slice(block[..numbers.len()].as_flattened());
    }
}

/// Appends words in this byte order.
pub fn put_words(to: &mut Vec<u8>, words: impl IntoIterator<Item = u32>, order: Order) {
    to.extend(words.into_iter().flat_map(|word| match order {
        Order::Big => word.to_be_bytes(),
        Order::Little => word.to_le_bytes(),
    }));
}

/// Extents as words.
pub fn extent_words(extent: &[usize]) -> Result<Vec<u32>> {
    let word = |&length: &usize| {
        let most = i32::MAX;
        let word = i32::try_from(length).map(|word| word as u32);
        word.map_err(|_| Error::Unsupported(format!("extent: expected at most {most}, got {length}")))
    };
    extent.iter().map(word).collect()
}

/// An empty vector with capacity for the bytes of a file; an error where memory is short.
pub fn reserved(bytes: usize) -> Result<Vec<u8>> {
    memory::reserved("file", bytes)
}

/// A vector of zeros; an error where memory is short.
pub fn zeros(count: usize) -> Result<Vec<f64>> {
    memory::filled("links", 0.0, count)
}

/// All numbers of a block as a vector of doubles; an error where memory is short.
pub fn all_reals(bytes: &[u8], width: Width, order: Order) -> Result<Vec<f64>> {
    match (width, order) {
        (Width::Single, Order::Big) => converted(bytes, |b| f32::from_be_bytes(b).into()),
        (Width::Single, Order::Little) => converted(bytes, |b| f32::from_le_bytes(b).into()),
        (Width::Double, Order::Big) => converted(bytes, f64::from_be_bytes),
        (Width::Double, Order::Little) => converted(bytes, f64::from_le_bytes),
    }
}

fn converted<const W: usize>(bytes: &[u8], number: impl Fn([u8; W]) -> f64) -> Result<Vec<f64>> {
    let (whole, _) = bytes.as_chunks::<W>();
    memory::collected("links", whole.iter().map(|&bytes| number(bytes)))
}
