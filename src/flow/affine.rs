//! The affine transform of coupling layers (Dinh et al., arXiv:1605.08803): y = x exp(s) + t, log g' = s.
//!
//! With one network output of two channels (s, t) = tanh of these, as in arXiv:2101.08176. With symmetry `odd` the
//! network gives an odd t and an even s, of which only s is bounded by tanh: φ -> −φ then gives (s, −t), and the flow keeps
//! the symmetry exactly.

use super::coupling::{Image, Transform};
use super::network::{Head, Symmetry};
use crate::program::{Node, Recorder};

/// y = x exp(s) + t.
#[derive(Clone, Copy, Debug)]
pub struct Affine;

impl Affine {
    /// Outputs that the network has to give.
    pub fn heads(symmetry: Symmetry) -> Vec<Head> {
        match symmetry {
            Symmetry::None => vec![Head { name: None, channels: 2, is_odd: false }],
            Symmetry::Odd => vec![
                Head { name: Some("shift"), channels: 1, is_odd: true },
                Head { name: Some("scale"), channels: 1, is_odd: false },
            ],
        }
    }

    /// Scale s and shift t.
    fn scale_and_shift(recorder: &mut Recorder, theta: &[Node]) -> (Node, Node) {
        match *theta {
            [shift, scale] => (recorder.tanh(scale), shift),
            _ => {
                let [s, t] = [0, 1].map(|channel| recorder.channels(theta[0], channel, 1));
                (recorder.tanh(s), recorder.tanh(t))
            }
        }
    }
}

impl Transform for Affine {
    fn forward(&self, recorder: &mut Recorder, x: Node, theta: &[Node]) -> Image {
        let (s, t) = Self::scale_and_shift(recorder, theta);
        let slope = recorder.exp(s);
        let scaled = recorder.multiply(x, slope);
        Image { value: recorder.add(scaled, t), log_slope: s }
    }

    fn inverse(&self, recorder: &mut Recorder, y: Node, theta: &[Node]) -> Image {
        let (s, t) = Self::scale_and_shift(recorder, theta);
        let minus = recorder.scale(s, -1.0);
        let factor = recorder.exp(minus);
        let shifted = recorder.subtract(y, t);
        Image { value: recorder.multiply(shifted, factor), log_slope: s }
    }
}
