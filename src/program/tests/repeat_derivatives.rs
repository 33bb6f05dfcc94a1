//! Derivatives of repeats, first and second.

use super::super::{Filter, Recorder, Scan, Shape, Stencil, Values};
use super::agreement::ways;
use super::derivatives::{Case, Differences, assert_derivatives, assert_derivatives_of};
use super::repeats::{CHANNELS, How, SITES, inputs, record};

/// Value and derivatives of a chain, with stacked results in the value.
fn chain(how: How) -> impl Fn(&mut Recorder) -> Case {
    move |r| {
        let (inputs, parameters) = inputs(r, how.count);
        let end = record::<true>(r, how, &inputs, &parameters);
        let bent = r.tanh(end.stacked[0]);
        let sum = r.total(bent);
        let start = r.add(sum, end.carried[1]);
        // Small, so that nothing saturates and differences are accurate.
        let start = r.scale(start, 0.05);
        // Another repeat reads the wide numbers of the steps.
        let wide = r.tanh(end.stacked[1]);
        let wide = r.add(wide, end.stacked[1]);
        let wide = r.scale(wide, 0.05);
        let scan = Scan { count: how.count, carried: &[start], rows: &[wide], ..Scan::default() };
        let sum = r.repeat(&scan, |r, of| {
            let product = r.multiply(of.carried[0], of.rows[0]);
            Values { carried: vec![r.add(product, of.rows[0])], stacked: vec![] }
        });
        let narrow = r.spread(sum.carried[0], Shape::new(CHANNELS, SITES));
        let product = r.multiply(narrow, end.carried[0]);
        let result = r.add(product, end.carried[2]);
        let result = r.scale(result, 0.003);
        Case { inputs, parameters, result }
    }
}

#[test]
fn derivatives_of_chains() {
    for how in [How { count: 1, reversed: false, keep: 1 }, How { count: 2, reversed: true, keep: 1 }] {
        assert_derivatives(&format!("{how:?}"), chain(how));
    }
}

#[test]
fn derivatives_of_longer_chains_of_which_some_states_are_kept() {
    // Higher derivatives grow with each step, and with them the error of differences.
    let small = Differences { step: 1e-4, ..Differences::default() };
    for (count, reversed, keep) in [(2, false, 2), (5, false, 1), (5, true, 2), (5, false, 3), (4, true, 2)] {
        let how = How { count, reversed, keep };
        assert_derivatives_of(ways(), &format!("{how:?}"), chain(how), &small);
    }
}

#[test]
fn derivatives_of_carried_values_that_change_places() {
    assert_derivatives("exchange", |r| {
        let shape = Shape::new(2, 3);
        let inputs = vec![r.input(shape), r.input(shape), r.input(Shape::WIDE), r.input(Shape::WIDE)];
        let scan = Scan { count: 3, carried: &inputs, ..Scan::default() };
        let end = r.repeat(&scan, |r, of| {
            let bent = r.tanh(of.carried[1]);
            let sum = r.total(bent);
            let wide = r.multiply(of.carried[2], sum);
            let x = r.multiply(bent, of.carried[0]);
            let y = r.add(x, of.carried[1]);
            let first = r.channels(of.carried[0], 1, 1);
            let twice = r.place(first, 0, 2);
            let y = r.add(y, twice);
            Values { carried: vec![of.carried[1], y, of.carried[3], wide], stacked: vec![] }
        });
        let wide = r.add(end.carried[2], end.carried[3]);
        let spread = r.spread(wide, shape);
        let sum = r.add(end.carried[0], spread);
        let product = r.multiply(sum, end.carried[1]);
        let result = r.scale(product, 0.05);
        Case { inputs, parameters: vec![], result }
    });
}

#[test]
fn derivatives_of_repeats_in_repeats() {
    for keep in [1, 2] {
        assert_derivatives("nested", |r| {
            let shape = Shape::new(1, 4);
            let (outer, inner) = (3, 2);
            let inputs = vec![r.input(shape), r.input(Shape::new(outer * inner, 4))];
            // Weights of each inner step, of each outer step, and of all.
            let parameters = vec![r.parameter(outer * inner), r.parameter(outer), r.parameter(1)];
            let rows = [inputs[1], parameters[0], parameters[1]];
            let scan = Scan {
                count: outer,
                keep,
                carried: &inputs[..1],
                rows: &rows,
                captured: &parameters[2..],
                reversed: true,
            };
            let end = r.repeat(&scan, |r, of| {
                let scan = Scan {
                    count: inner,
                    carried: &of.carried,
                    rows: &of.rows[..2],
                    captured: &[of.rows[2], of.captured[0]],
                    ..Scan::default()
                };
                let end = r.repeat(&scan, |r, of| {
                    let stencil = Stencil::pick(4, &[1, 2, 3, 0]).unwrap();
                    let filter = |weights| Filter { weights, stencil: &stencil, transposed: false };
                    let y = r.convolve(of.carried[0], filter(of.rows[1]), Some(of.captured[0]), 1);
                    let z = r.convolve(y, filter(of.captured[1]), None, 1);
                    let product = r.multiply(z, of.rows[0]);
                    let x = r.tanh(product);
                    Values { carried: vec![x], stacked: vec![x] }
                });
                Values { carried: end.carried, stacked: end.stacked }
            });
            let all = r.total(end.stacked[0]);
            let spread = r.spread(all, shape);
            let result = r.multiply(spread, end.carried[0]);
            Case { inputs, parameters, result }
        });
    }
}
