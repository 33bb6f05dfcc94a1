//! Derivatives of operations on matrices that take several steps.

use super::super::super::recorder::Recorder;
use super::super::super::value::{Node, Shape};
use super::table::{Matrices, Point};

/// Squared distance of eigenvalues below which the derivative of their projectors is cut off.
const NEAREST: f64 = 1e-20;

/// D(x; e_1, .., e_K), symmetric and linear in the e: along e_i the adjoint map is D(x†; e_j†, .., g) with g in the place of
/// e_i, and along x it is D(x†; e_1†, .., e_K†, g).
pub fn exponential(recorder: &mut Recorder, at: &Point) -> Vec<Node> {
    let mut adjoints = vec![];
    for &x in at.x {
        adjoints.push(at.record(recorder, Matrices::Adjoint, &[x]));
    }
    let mut pulled = vec![at.record(recorder, Matrices::Exponential, &[&adjoints[..], &[at.g]].concat())];
    for i in 1..adjoints.len() {
        let mut others = adjoints.clone();
        others[i] = at.g;
        pulled.push(at.record(recorder, Matrices::Exponential, &others));
    }
    pulled
}

/// dθ_i = Im e^{−iθ_i} tr p_i du, so that the cotangent of u is i u Σ_i g_i p_i.
pub fn phases(recorder: &mut Recorder, at: &Point) -> Vec<Node> {
    let projectors = at.record(recorder, Matrices::Projectors, at.x);
    let sum = at.record(recorder, Matrices::Combined, &[at.g, projectors]);
    let product = at.record(recorder, Matrices::Product, &[at.x[0], sum]);
    vec![at.record(recorder, Matrices::Turned, &[product])]
}

/// dp_i = Σ_{j≠i} (p_i du p_j + p_j du p_i) / (λ_i − λ_j). The cotangent of u is the sum over pairs i < j of
/// (p_i d p_j + p_j d p_i) / (λ_i − λ_j)* with d = g_i − g_j; 1 / z* = z / |z|² is taken as z / (|z|² + ε²).
pub fn projectors(recorder: &mut Recorder, at: &Point) -> Vec<Node> {
    let (one, n) = (at.square.channels(), at.square.n);
    let shape = recorder.shape(at.x[0]);
    let mut result = recorder.constant(0.0, shape);
    for m in 0..shape.channels / one {
        let u = recorder.channels(at.x[0], m * one, one);
        let part = |recorder: &mut Recorder, of: Node, i: usize| recorder.channels(of, (m * n + i) * one, one);
        let (p, g): (Vec<Node>, Vec<Node>) = (0..n).map(|i| (part(recorder, at.y, i), part(recorder, at.g, i))).unzip();
        for i in 0..n {
            for j in i + 1..n {
                let factor = reciprocal_gap(recorder, at, u, [p[i], p[j]]);
                let difference = recorder.subtract(g[i], g[j]);
                for (left, right) in [(p[i], p[j]), (p[j], p[i])] {
                    let product = at.record(recorder, Matrices::Product, &[left, difference]);
                    let product = at.record(recorder, Matrices::Product, &[product, right]);
                    let product = at.record(recorder, Matrices::Product, &[factor, product]);
                    let placed = recorder.place(product, m * one, shape.channels);
                    result = recorder.add(result, placed);
                }
            }
        }
    }
    vec![result]
}

/// z / (|z|² + ε²) times the unit matrix, for z = λ_i − λ_j = tr (p_i − p_j) u.
fn reciprocal_gap(recorder: &mut Recorder, at: &Point, u: Node, [p, q]: [Node; 2]) -> Node {
    let difference = recorder.subtract(p, q);
    let product = at.record(recorder, Matrices::Product, &[difference, u]);
    let gap = at.record(recorder, Matrices::Trace, &[product]);
    let squares = recorder.multiply(gap, gap);
    let (re, im) = (recorder.channels(squares, 0, 1), recorder.channels(squares, 1, 1));
    let norm = recorder.add(re, im);
    let norm = recorder.offset(norm, NEAREST);
    let sites = recorder.shape(norm).sites;
    let one = recorder.constant(1.0, Shape::new(1, sites));
    let reciprocal = recorder.divide(one, norm);
    let (gap, reciprocal) =
        (at.record(recorder, Matrices::Unit, &[gap]), at.record(recorder, Matrices::RealUnit, &[reciprocal]));
    at.record(recorder, Matrices::Product, &[gap, reciprocal])
}

/// y = D(u; e) is the solution of E(x; y) = e, with x = log u and E the derivative of exp. With z = D(u†; g) the cotangent
/// of e is z, and that of u is −D(u†; E(x†; y†, z)).
pub fn logarithm_derivative(recorder: &mut Recorder, at: &Point) -> Vec<Node> {
    let u = at.record(recorder, Matrices::Adjoint, &[at.x[0]]);
    let z = at.record(recorder, Matrices::LogarithmDerivative, &[u, at.g]);
    let x = at.record(recorder, Matrices::Logarithm, &[u]);
    let y = at.record(recorder, Matrices::Adjoint, &[at.y]);
    let second = at.record(recorder, Matrices::Exponential, &[x, y, z]);
    let pulled = at.record(recorder, Matrices::LogarithmDerivative, &[u, second]);
    vec![recorder.scale(pulled, -1.0), z]
}
