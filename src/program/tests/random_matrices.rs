//! Operations on matrices for drawn recordings: any values are brought into a shape and a range that an operation takes.

use super::super::operations::matrix::Matrices;
use super::super::stencil::NONE;
use super::super::{Node, Recorder, Shape, Stencil};
use super::matrix_cases::{first_argument, squares};

/// Most numbers of the matrices of an argument, where these have more than one site: the reference is slow.
const MOST: usize = 18;

/// Records a drawn operation on matrices made of two values of one shape.
pub fn record_matrices(recorder: &mut Recorder, [x, y]: [Node; 2], draw: u16) -> Node {
    let (draw, all) = (draw as usize, Matrices::ALL);
    let operation = all[draw % all.len()];
    let squares = squares(operation);
    let square = squares[draw / all.len() % squares.len()];
    let draw = draw / all.len() / squares.len();
    let matrices = if 2 * square.channels() <= MOST { 1 + draw % 2 } else { 1 };
    let [x, y] = [x, y].map(|x| on_sites(recorder, x, MOST / (matrices * square.channels())));
    let kinds = operation.arguments();
    // Derivatives of the exponential for the smaller matrices.
    let more = if operation == Matrices::Exponential && square.n <= 2 { draw / 2 % 3 } else { 0 };
    let mut arguments = vec![];
    for i in 0..kinds.len() + more {
        let channels = matrices * kinds[i.min(kinds.len() - 1)].channels(square);
        let numbers = bounded(recorder, if i % 2 == 0 { x } else { y }, (channels, i));
        arguments.push(numbers);
    }
    arguments[0] = if operation == Matrices::Exponential && (draw / 6).is_multiple_of(2) {
        let part = if (draw / 12).is_multiple_of(2) { Matrices::Traceless } else { Matrices::Antihermitian };
        recorder.matrices(part, square, &arguments[..1])
    } else {
        first_argument(recorder, operation, square, arguments[0])
    };
    recorder.matrices(operation, square, &arguments)
}

/// A value plus the result of a drawn operation on matrices made of it and another one.
pub fn with_matrices(recorder: &mut Recorder, [x, y]: [Node; 2], draw: u16) -> Node {
    let shape = recorder.shape(x);
    let result = record_matrices(recorder, [x, y], draw);
    let Shape { channels, sites, .. } = recorder.shape(result);
    let result = if channels < shape.channels {
        recorder.place(result, 0, shape.channels)
    } else {
        recorder.channels(result, 0, shape.channels)
    };
    let table = (0..shape.sites).map(|s| if s < sites { s as u32 } else { NONE }).collect();
    let result = recorder.map(result, &Stencil::new(sites, 1, table).unwrap());
    recorder.add(x, result)
}

/// The first sites of a value, at most some.
fn on_sites(recorder: &mut Recorder, x: Node, most: usize) -> Node {
    let sites = recorder.shape(x).sites;
    let first: Vec<usize> = (0..sites.min(most.max(1))).collect();
    recorder.map(x, &Stencil::pick(sites, &first).unwrap())
}

/// As many channels as are wanted, of numbers below 0.6: different functions of a value, one after the other.
fn bounded(recorder: &mut Recorder, x: Node, (channels, argument): (usize, usize)) -> Node {
    let own = recorder.shape(x).channels;
    let bent = recorder.tanh(x);
    let mut parts = vec![];
    for i in 0..channels.div_ceil(own) {
        let moved = recorder.offset(bent, 0.7 * i as f64 + 0.4 * argument as f64);
        let wave = recorder.sin(moved);
        parts.push(recorder.scale(wave, 0.6));
    }
    let all = recorder.stack(&parts);
    recorder.channels(all, 0, channels)
}
