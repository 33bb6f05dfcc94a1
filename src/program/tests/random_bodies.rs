//! Bodies of repeats for drawn recordings.

use super::super::{Arguments, Filter, Node, Recorder, Scan, Stencil, Values};
use super::random_matrices::with_matrices;

/// A step: a convolution with stacked weights, values of each sample, and a carried wide number; in some with weights that are
/// computed, with matrices, or with a repeat in the body. Rows are weights, a bias and a value of each sample; captured are a
/// value of the shape of the carried one, and a parameter for each channel.
pub fn step(body: &mut Recorder, of: &Arguments, draw: u16) -> Values {
    let shape = body.shape(of.carried[0]);
    let sites = shape.sites as u32;
    let table = (0..sites).flat_map(|s| [s, (s + 1) % sites]).collect();
    let stencil = Stencil::new(shape.sites, 2, table).unwrap();
    let [weights, bias] = weights(body, of, draw / 3);
    let filter = Filter { weights, stencil: &stencil, transposed: false };
    let y = body.convolve(of.carried[0], filter, Some(bias), shape.channels);
    let y = body.leaky_relu(y, 0.2);
    let y = body.multiply(y, of.rows[2]);
    let mut y = body.add(y, of.captured[0]);
    if (draw / 5).is_multiple_of(3) {
        y = with_matrices(body, [y, of.rows[2]], draw / 7);
    }
    y = body.tanh(y);
    if !(draw / 24).is_multiple_of(3) {
        y = nested(body, y, of.captured[1]);
    }
    let sum = body.total(y);
    let wide = body.add(of.carried[1], sum);
    let wide = body.tanh(wide);
    Values { carried: vec![y, wide], stacked: vec![y, wide] }
}

/// Weights and bias as they are given; or computed of rows, of a captured value, or of both.
fn weights(body: &mut Recorder, of: &Arguments, draw: u16) -> [Node; 2] {
    let (weights, bias) = (of.rows[0], of.rows[1]);
    let factor = body.cos(of.captured[1]);
    match draw % 4 {
        0 => [body.tanh(weights), bias],
        1 => [weights, factor],
        2 => {
            let bent = body.tanh(bias);
            [body.sin(weights), body.multiply(bent, factor)]
        }
        _ => [weights, bias],
    }
}

/// A repeat over the channels of a value, which are multiplied by a function of a captured number for each channel.
fn nested(body: &mut Recorder, y: Node, captured: Node) -> Node {
    let shape = body.shape(y);
    let scan =
        Scan { count: shape.channels, carried: &[y], rows: &[y, captured], captured: &[captured], ..Scan::default() };
    let inner = body.repeat(&scan, |body, of| {
        let sum = body.total(of.rows[0]);
        let spread = body.spread(sum, shape);
        let product = body.multiply(of.carried[0], spread);
        let (row, all) = (body.cos(of.rows[1]), body.sin(of.captured[0]));
        let (row, all) = (body.total(row), body.total(all));
        let factor = body.multiply(row, all);
        let factor = body.spread(factor, shape);
        let product = body.multiply(product, factor);
        Values { carried: vec![body.tanh(product)], stacked: vec![of.rows[0]] }
    });
    body.add(inner.carried[0], inner.stacked[0])
}
