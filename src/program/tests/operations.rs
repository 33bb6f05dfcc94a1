//! Every operation that is not elementwise: its value, and its first and second derivatives.

use super::super::value::Node;
use super::super::{Filter, NONE, Recorder, Shape, Stencil};
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
    let back = some.transposed().unwrap();
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
fn channels_and_sites_exchanged() {
    assert_derivatives("transpose", of_input(5, 3, |r, x| r.transpose(x)));
    assert_derivatives(
        "transpose of a product",
        of_input(2, 4, |r, x| {
            let square = r.multiply(x, x);
            r.transpose(square)
        }),
    );
    let mut recorder = Recorder::new();
    let x = recorder.input(Shape::new(2, 4));
    let turned = recorder.transpose(x);
    assert_eq!(recorder.shape(turned), Shape::new(4, 2));
    assert_eq!(recorder.transpose(turned), x);
}

#[test]
fn stacks_of_channels() {
    assert_derivatives("stack", |r| {
        let (x, y) = (r.input(Shape::new(2, 3)), r.input(Shape::new(1, 3)));
        let some = r.channels(x, 1, 1);
        let result = r.stack(&[y, x, some, y]);
        Case { inputs: vec![x, y], parameters: vec![], result }
    });
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
        let stencil = if transposed { stencil().transposed().unwrap() } else { stencil() };
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
        let filter = Filter { weights, stencil: &stencil, transposed };
        let result = r.convolve(inputs[0], filter, bias, 2);
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
fn strided_convolutions() {
    let lattice = Lattice::new(&[4, 2]).unwrap();
    let taps: Vec<Vec<i64>> = (0..9).map(|k| vec![k % 3 - 1, k / 3 - 1]).collect();
    let (down, up) = (Stencil::halving(&lattice, &taps).unwrap(), Stencil::doubling(&lattice, &taps).unwrap());
    assert_derivatives("down to half the extents and up again", |r| {
        let x = r.input(Shape::new(1, 8));
        let parameters = vec![r.parameter(2 * 9), r.parameter(2 * 9)];
        let down = Filter { weights: parameters[0], stencil: &down, transposed: false };
        let up = Filter { weights: parameters[1], stencil: &up, transposed: false };
        let coarse = r.convolve(x, down, None, 2);
        assert_eq!(r.shape(coarse), Shape::new(2, 2));
        let result = r.convolve(coarse, up, None, 1);
        Case { inputs: vec![x], parameters, result }
    });
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
