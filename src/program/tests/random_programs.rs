//! Random recordings of all operations: values, gradients and second gradients as the reference has them.
//!
//! A program is drawn as a list of numbers, of which any part is a program as well: proptest shrinks a failure to a few
//! operations.

use super::super::Program;
use super::agreement::{Data, Sharpness, assert_agreement};
use super::random_recordings::{Builder, Choice, LATTICES};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// A program of drawn operations.
fn built(lattice: usize, draws: &[Choice]) -> Program {
    let mut builder = Builder::new(lattice);
    draws.iter().for_each(|&draw| builder.record(draw));
    builder.finish()
}

/// Checks `cases` programs of fewer than `most` drawn operations; returns the fraction of comparisons that were sharp.
pub fn sharpness_of_draws((cases, seed): (u32, u64), most: usize, check: impl Fn(&Program, usize) -> Sharpness) -> f64 {
    let rng_seed = RngSeed::Fixed(seed);
    let config = ProptestConfig { cases, rng_seed, failure_persistence: None, ..Default::default() };
    let draws = (0..LATTICES.len(), proptest::collection::vec((any::<u8>(), any::<u16>(), any::<u16>()), 1..most));
    let sharpness = std::cell::RefCell::new(Sharpness::default());
    let check = |(lattice, draws): (usize, Vec<Choice>)| {
        sharpness.borrow_mut().add(check(&built(lattice, &draws), draws.len()));
        Ok(())
    };
    TestRunner::new(config).run(&draws, check).unwrap();
    sharpness.into_inner().fraction()
}

#[test]
fn random_programs_agree_with_the_reference() {
    let fraction = sharpness_of_draws((200, 11), 16, |program, length| {
        // One in six cases fills several blocks.
        let batches: &[usize] = if length % 6 == 0 { &[1, 7, 8, 9, 15, 16, 17, 100] } else { &[1, 7, 8, 9] };
        let data = Data::new(program, batches[batches.len() - 1], 3);
        assert_agreement(program, &data, batches)
    });
    assert!(fraction > 0.9, "sharp comparisons: {fraction}");
}
