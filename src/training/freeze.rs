//! Tensors that stay as they are while others are trained: levels of a flow from coarse to fine.

use crate::error::{Error, Result};
use crate::flow::Tensor;
use std::ops::Range;

/// Places of the parameters whose tensors are frozen; an error for a name that no tensor has or begins with, and where nothing is left.
pub(super) fn frozen(names: &[String], tensors: &[Tensor]) -> Result<Vec<Range<usize>>> {
    let is_of = |tensor: &str, name: &str| {
        tensor.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    for name in names {
        if !tensors.iter().any(|tensor| is_of(&tensor.name, name)) {
            let expected = "expected names of tensors, or beginnings such as 'layers.0'";
            return Err(Error::BadSpec(format!("freeze: {expected}, got '{name}'")));
        }
    }
    let (mut ranges, mut start) = (vec![], 0);
    for tensor in tensors {
        if names.iter().any(|name| is_of(&tensor.name, name)) {
            ranges.push(start..start + tensor.count());
        }
        start += tensor.count();
    }
    match ranges.iter().map(Range::len).sum::<usize>() {
        all if all == start => Err(Error::BadSpec("freeze: expected a tensor that is left to train, got none".into())),
        _ => Ok(ranges),
    }
}
