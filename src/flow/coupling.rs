//! Coupling layers (Dinh et al., arXiv:1605.08803): y_B = g(x_B; θ(x_A)), y_A = x_A, site by site on B.
//!
//! A and B are the two sets of a mask, on a checkerboard the sites of one parity and the others; θ comes from a network that reads A,
//! and log |det| = Σ_B log g'. What g is, an affine map or a spline, is a [`Transform`]. Sites in neither set stay as they are.

use super::layer::{At, Given, Layer, State};
use super::mask::Mask;
use super::network::{Network, NetworkSpec};
use super::partition::Partition;
use super::tensor::Tensor;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Node, Recorder};
use std::fmt::Debug;
use std::sync::Arc;

/// A monotonic function y = g(x; θ) of the field on each active site.
pub trait Transform: Debug + Send + Sync {
    /// Records y and log g'(x). `theta` are the outputs of the network on the active sites.
    fn forward(&self, recorder: &mut Recorder, x: Node, theta: &[Node]) -> Image;

    /// Records x(y) and log g'(x) there.
    fn inverse(&self, recorder: &mut Recorder, y: Node, theta: &[Node]) -> Image;
}

/// A recorded value of a transform.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// y, or x for the inverse.
    pub value: Node,
    /// log g' on each site.
    pub log_slope: Node,
}

/// One coupling layer.
#[derive(Clone, Debug)]
pub struct Coupling {
    frozen: usize,
    network: Network,
    transform: Arc<dyn Transform>,
    partition: Arc<Partition>,
}

/// A mask with its partition, shared by all couplings of a model.
#[derive(Clone, Debug)]
pub struct Board {
    /// The two sets of sites.
    pub mask: Mask,
    /// Maps between the field and the two sets.
    pub partition: Arc<Partition>,
}

impl Board {
    /// The checkerboard of a lattice whose extents are all even.
    pub fn checkerboard(lattice: &Lattice) -> Result<Self> {
        Self::on_grid(lattice, Mask::checkerboard(lattice)?, 1)
    }

    /// A mask of the sites of a lattice whose coordinates are multiples of a spacing.
    pub fn on_grid(lattice: &Lattice, mask: Mask, spacing: usize) -> Result<Self> {
        let partition = if spacing == 1 {
            Partition::of_sites(lattice, mask.sets())?
        } else {
            let grid = mask.grid();
            let on_lattice = |&site: &usize| {
                let scaled = |mu: usize| (spacing * grid.coordinate(site, mu)) as i64;
                lattice.site(&(0..grid.dimensions()).map(scaled).collect::<Vec<_>>())
            };
            let set = |number: usize| memory::collected("sites of a mask", mask.sets()[number].iter().map(on_lattice));
            Partition::of_sites(lattice, &[set(0)?, set(1)?])?
        };
        Ok(Self { mask, partition: Arc::new(partition) })
    }
}

impl Coupling {
    /// The layer that leaves the sites of the set `frozen` unchanged.
    pub fn new(spec: &NetworkSpec, board: &Board, frozen: usize, transform: Arc<dyn Transform>) -> Result<Self> {
        let network = Network::new(spec, &board.mask, frozen)?;
        Ok(Self { frozen, network, transform, partition: Arc::clone(&board.partition) })
    }

    fn active(&self) -> usize {
        1 - self.frozen
    }

    /// The state with another value on the active sites.
    fn moved(&self, recorder: &mut Recorder, state: &State, image: Image) -> State {
        let mut parts = state.parts.clone();
        parts[self.active()] = image.value;
        let log_det = recorder.total(image.log_slope);
        State { parts, log_density: recorder.subtract(state.log_density, log_det) }
    }
}

impl Layer for Coupling {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.network.tensors()
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let theta = self.network.record(recorder, x.parts[self.frozen], given);
        let image = self.transform.forward(recorder, x.parts[self.active()], &theta);
        self.moved(recorder, x, image)
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let theta = self.network.record(recorder, y.parts[self.frozen], given);
        let image = self.transform.inverse(recorder, y.parts[self.active()], &theta);
        self.moved(recorder, y, image)
    }

    /// The transposed Jacobian of a coupling is triangular and solved at once, so that no inverse is run:
    ///
    /// ```text
    /// w_B = (score_B − d log g' / dx_B) / g',   w_A = score_A − d/dx_A Σ_B [ w_B g + log g' ]   at fixed w_B
    /// ```
    ///
    /// Vaitl, Nicoli, Nakajima, Kessel, arXiv:2207.08219.
    fn score(&self, recorder: &mut Recorder, at: &At, score: &[Node], given: &Given) -> Vec<Node> {
        let (a, b) = (self.frozen, self.active());
        let [x_a, x_b] = [a, b].map(|i| at.x.parts[i]);
        let theta = self.network.record(recorder, x_a, given);
        let image = self.transform.forward(recorder, x_b, &theta);
        let ones = recorder.constant(1.0, recorder.shape(image.log_slope));
        // Both parts are variables: an earlier layer may have computed one from the other.
        let bent = recorder.pull_back(&[(image.log_slope, ones)], &[x_a, x_b])[1];
        let active = if recorder.is_zero(bent) { score[b] } else { recorder.subtract(score[b], bent) };
        let slope = recorder.exp(image.log_slope);
        let active = recorder.divide(active, slope);
        let pulled = recorder.pull_back(&[(image.value, active), (image.log_slope, ones)], &[x_a, x_b]);
        let mut result = score.to_vec();
        result[a] = recorder.subtract(score[a], pulled[0]);
        result[b] = active;
        result
    }
}
