//! Layout of a program on a device.

use crate::context::Precision;

/// Layout of a program on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Target {
    /// Samples in a vector.
    pub lanes: usize,
    /// Work-items of a group.
    pub workers: usize,
    /// Whether values are in local memory.
    pub is_local: bool,
    /// Whether the device has numbers of 64 bits.
    pub has_double: bool,
}

/// Words of 32 bits of a number that is not wide.
pub(super) fn words(precision: Precision) -> usize {
    if precision == Precision::F32 { 1 } else { 2 }
}
