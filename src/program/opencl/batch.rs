//! A batch of samples that a program is to run on.

use super::super::feed::Feed;
use super::super::finished::Program;
use super::super::steps::Plan;
use super::cut::Cut;
use crate::context::Precision;

/// A program, and the batch of samples that it is to run on.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub precision: Precision,
    pub feeds: &'a [Feed<'a>],
    pub size: usize,
    pub cut: Cut,
}
