//! Affine coupling (Dinh et al., arXiv:1605.08803): y_B = x_B exp(s(x_A)) + t(x_A), y_A = x_A.
//!
//! A are the sites of one parity, B the others; log |det| = sum_B s.

use super::checkerboard::Checkerboard;
use super::network::{Network, Tensor};
use super::spec::NetworkSpec;
use crate::error::Result;
use crate::program::{Node, Recorder};

/// A field in recording: its two sublattices, and the log density so far (a wide number).
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Values on the even and on the odd sites.
    pub halves: [Node; 2],
    /// Log density of the field.
    pub log_density: Node,
}

/// One affine coupling layer.
#[derive(Clone, Debug)]
pub struct Affine {
    frozen: usize,
    network: Network,
}

impl Affine {
    /// The layer that keeps the sites of parity `frozen`.
    pub fn new(spec: &NetworkSpec, board: &Checkerboard, frozen: usize) -> Result<Self> {
        Ok(Self { frozen, network: Network::new(spec, board, frozen)? })
    }

    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        self.network.tensors()
    }

    fn active(&self) -> usize {
        1 - self.frozen
    }

    /// Records y(x).
    pub fn forward(&self, recorder: &mut Recorder, state: State, parameters: &[Node]) -> State {
        let (s, t) = self.network.record(recorder, state.halves[self.frozen], parameters);
        let factor = recorder.exp(s);
        let scaled = recorder.multiply(state.halves[self.active()], factor);
        let mut halves = state.halves;
        halves[self.active()] = recorder.add(scaled, t);
        let log_det = recorder.total(s);
        State { halves, log_density: recorder.subtract(state.log_density, log_det) }
    }

    /// Records x(y); the log density is that of y, seen from x: it loses log |det| as well.
    pub fn inverse(&self, recorder: &mut Recorder, state: State, parameters: &[Node]) -> State {
        let (s, t) = self.network.record(recorder, state.halves[self.frozen], parameters);
        let minus = recorder.scale(s, -1.0);
        let factor = recorder.exp(minus);
        let shifted = recorder.subtract(state.halves[self.active()], t);
        let mut halves = state.halves;
        halves[self.active()] = recorder.multiply(shifted, factor);
        let log_det = recorder.total(s);
        State { halves, log_density: recorder.subtract(state.log_density, log_det) }
    }

    /// Records the score d log q / dy on both halves from that at x: J^T score(y) = score(x) - d log|det J| / dx.
    ///
    /// `x` is what the layer was given. For a coupling the transposed Jacobian is triangular and solved at once:
    /// w_B = score_B exp(-s), w_A = score_A - d/dx_A [ w_B · (x_B exp(s) + t) + sum s ].
    /// Vaitl, Nicoli, Nakajima, Kessel, arXiv:2207.08219.
    pub fn score(&self, recorder: &mut Recorder, x: State, score: [Node; 2], parameters: &[Node]) -> [Node; 2] {
        let (a, b) = (self.frozen, self.active());
        let (s, t) = self.network.record(recorder, x.halves[a], parameters);
        let factor = recorder.exp(s);
        let active = recorder.divide(score[b], factor);
        // Cotangent of s: w_B x_B exp(s) + 1.
        let scaled = recorder.multiply(x.halves[b], factor);
        let product = recorder.multiply(active, scaled);
        let of_s = recorder.offset(product, 1.0);
        let pulled = recorder.pull_back(&[(s, of_s), (t, active)], &[x.halves[a]]);
        let mut result = score;
        result[a] = recorder.subtract(score[a], pulled[0]);
        result[b] = active;
        result
    }
}
