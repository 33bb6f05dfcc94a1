//! Numbers in bytes of either order.

use crate::error::{Error, Result};

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// Bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// f32.
    Single,
    /// f64.
    Double,
}

impl Width {
    /// 4 or 8.
    pub fn bytes(self) -> usize {
        match self {
            Width::Single => 4,
            Width::Double => 8,
        }
    }

    /// Largest difference that rounding makes in a plaquette.
    pub fn tolerance(self) -> f64 {
        match self {
            Width::Single => 1e-6,
            Width::Double => 1e-10,
        }
    }
}

/// A 32-bit word.
pub fn word(bytes: &[u8], order: Order) -> u32 {
    let word = [bytes[0], bytes[1], bytes[2], bytes[3]];
    match order {
        Order::Big => u32::from_be_bytes(word),
        Order::Little => u32::from_le_bytes(word),
    }
}

/// The word at a place of a file that may be too short.
pub fn word_at(bytes: &[u8], at: usize, order: Order) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?).map(|b| word(b, order))
}

/// A double at a place of a file that may be too short.
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

/// A block of a file by its exact length.
pub fn block<'a>(bytes: &'a [u8], from: usize, length: usize, what: &str) -> Result<&'a [u8]> {
    let got = bytes.len().saturating_sub(from);
    if got != length {
        return Err(Error::BadInput(format!("{what}: expected {length} bytes, got {got}")));
    }
    Ok(&bytes[from..])
}

/// Finite numbers alone.
pub fn finite(links: Vec<f64>) -> Result<Vec<f64>> {
    match links.iter().position(|x| !x.is_finite()) {
        None => Ok(links),
        Some(i) => Err(Error::BadInput(format!("links: expected finite numbers, got {} at number {i}", links[i]))),
    }
}
