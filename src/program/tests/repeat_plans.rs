//! Plans of repeats: memory, fused operations and counts of operations.

use super::super::operations::Step;
use super::super::steps::Plan;
use super::super::{Output, Program, Recorder, Scan, Shape, Values};
use super::repeats::{CHANNELS, How, SITES, repeated, training};

#[test]
fn what_no_result_needs_takes_no_memory() {
    let lines = |program: &Program| Plan::new(program, true).lines;
    let how = |count| How { count, reversed: false, keep: 1 };
    // Noise, stacked parameters and rows that are outputs are never held as a whole.
    let rows = |count: usize| lines(&repeated(how(count)));
    assert_eq!(rows(3), rows(300));
    // A gradient holds the carried values of each step, a state and a wide number, and nothing else that grows.
    let state = CHANNELS * SITES + 2;
    let [few, more] = [4, 40].map(|count| lines(&training(how(count))));
    assert!(more - few <= 36 * state + 200, "{few} {more}");
    let kept = lines(&training(How { keep: 5, ..how(40) }));
    assert!(kept <= few + (8 + 5) * state + 200, "{few} {more} {kept}");
}

#[test]
fn elementwise_operations_of_a_body_fuse() {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(2, 8));
    let scan = Scan { count: 9, carried: &[x], captured: &[x], ..Scan::default() };
    let end = r.repeat(&scan, |r, of| {
        let y = r.tanh(of.carried[0]);
        let y = r.multiply(y, of.captured[0]);
        Values { carried: vec![r.offset(y, 0.5)], stacked: vec![] }
    });
    let plan = Plan::new(&Program::new(r, vec![Output::PerSample(end.carried[0])]), true);
    let fused: Vec<usize> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Fused(fused) => Some(fused.operations.len()),
            _ => None,
        })
        .collect();
    assert_eq!(fused, [3]);
}

#[test]
fn operations_are_counted_in_each_step() {
    let flops = |how| repeated(how).flops();
    let one = flops(How { count: 1, reversed: false, keep: 1 });
    assert!(one > 0);
    for keep in [1, 3] {
        assert_eq!(flops(How { count: 6, reversed: true, keep }), 6 * one);
    }
}
