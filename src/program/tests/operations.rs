//! Every operation that is not elementwise: its value, and its first and second derivatives.

use super::super::recorder::Node;
use super::super::{Kernel, NONE, Recorder, Shape, Stencil};
use super::derivatives::{Case, assert_derivatives};
use crate::lattice::Lattice;

/// A stencil of three taps from 6 sites to 4; some taps read nothing.
fn stencil() -> Stencil {
    let table = vec![0, 1, 2, 3, NONE, 4, 5, 0, NONE, NONE, NONE, 5];
    Stencil::new(6, 3, table).unwrap()
}

fn of_input(
    channels: usize,
    sites: usize,
    operation: impl Fn(&mut Recorder, Node) -> Node,
) -> impl Fn(&mut Recorder) -> Case {
    move |recorder| {
        let x = recorder.input(Shape::new(channels, sites));
        let result = operation(recorder, x);
        Case { inputs: vec![x], parameters: vec![], result }
    }
}

#[test]
fn maps() {
    let lattice = Lattice::new(&[4, 3]).unwrap();
    let shift = Stencil::shift(&lattice, &[1, -1]).unwrap();
    let some = Stencil::pick(12, &[3, 0, 7]).unwrap();
    let back = some.transposed();
    assert_derivatives("shift", of_input(3, 12, |r, x| r.map(x, &shift)));
    assert_derivatives("pick", of_input(2, 12, |r, x| r.map(x, &some)));
    assert_derivatives("spread to more sites", of_input(2, 3, |r, x| r.map(x, &back)));
}

#[test]
fn sums_and_their_opposites() {
    assert_derivatives("sum_sites", of_input(3, 5, |r, x| r.sum_sites(x)));
    assert_derivatives("spread_sites", of_input(3, 1, |r, x| r.spread_sites(x, 5)));
    assert_derivatives("total", of_input(3, 5, |r, x| r.total(x)));
    assert_derivatives("spread", |r| {
        let x = r.input(Shape::WIDE);
        let result = r.spread(x, Shape::new(2, 3));
        Case { inputs: vec![x], parameters: vec![], result }
    });
}

#[test]
fn views_of_channels() {
    assert_derivatives("channels", of_input(5, 3, |r, x| r.channels(x, 1, 3)));
    assert_derivatives("place", of_input(2, 3, |r, x| r.place(x, 1, 4)));
    assert_derivatives(
        "channels of channels",
        of_input(5, 3, |r, x| {
            let some = r.channels(x, 1, 4);
            r.channels(some, 2, 2)
        }),
    );
}

#[test]
fn parameters_are_the_same_for_all_samples() {
    assert_derivatives("parameter", |r| {
        let (x, p, q) = (r.input(Shape::new(3, 4)), r.parameter(3), r.parameter(3));
        let spread = r.spread_sites(p, 4);
        let product = r.multiply(x, spread);
        let divisor = r.spread_sites(q, 4);
        let divisor = r.offset(divisor, 2.0);
        let result = r.divide(product, divisor);
        Case { inputs: vec![x], parameters: vec![p, q], result }
    });
}

/// A convolution of an input with 3 channels to 2; weights are parameters, or an input of their own.
fn convolution(transposed: bool, varying: bool, biased: bool) -> impl Fn(&mut Recorder) -> Case {
    move |r| {
        let stencil = if transposed { stencil().transposed() } else { stencil() };
        let mut inputs = vec![r.input(Shape::new(3, stencil.inputs()))];
        let mut parameters = vec![];
        let mut numbers = |r: &mut Recorder, count| {
            let node = if varying { r.input(Shape::new(count, 1)) } else { r.parameter(count) };
            if varying {
                inputs.push(node)
            } else {
                parameters.push(node)
            }
            node
        };
        let weights = numbers(r, 3 * 2 * stencil.taps());
        let bias = biased.then(|| numbers(r, 2));
        let kernel = Kernel { weights, stencil: &stencil, transposed };
        let result = r.convolve(inputs[0], kernel, bias, 2);
        Case { inputs, parameters, result }
    }
}

#[test]
fn convolutions() {
    for transposed in [false, true] {
        for varying in [false, true] {
            for biased in [false, true] {
                let name = format!("convolution, transposed {transposed}, varying {varying}, biased {biased}");
                assert_derivatives(&name, convolution(transposed, varying, biased));
            }
        }
    }
}

#[test]
fn correlations() {
    for transposed in [false, true] {
        assert_derivatives("correlation", |r| {
            let stencil = stencil();
            let (x, g) = (r.input(Shape::new(3, 6)), r.input(Shape::new(2, 4)));
            let result = r.correlate(x, g, &stencil, transposed);
            Case { inputs: vec![x, g], parameters: vec![], result }
        });
    }
}

#[test]
fn a_rectifier_behind_a_convolution() {
    assert_derivatives("convolution with rectifier", |r| {
        let case = convolution(false, false, true)(r);
        // A hundredth of the slope on one side: both sides occur among the samples.
        let result = r.leaky_relu(case.result, 0.01);
        Case { result, ..case }
    });
}
