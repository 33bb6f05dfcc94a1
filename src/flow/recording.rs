//! A flow in recordings: prior, coupling layers, density and its inverse.

use super::affine::{Affine, State};
use super::checkerboard::Checkerboard;
use super::network::Tensor;
use super::spec::{ModelSpec, Prior};
use super::spectrum::Spectrum;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::program::{Node, Output, Program, Recorder, Shape, Stencil};

/// The layers of a flow, able to record themselves.
#[derive(Clone, Debug)]
pub struct Layers {
    board: Checkerboard,
    spectrum: Option<Spectrum>,
    layers: Vec<Affine>,
    pick: [Stencil; 2],
    spread: [Stencil; 2],
}

/// A recorded draw: the prior's numbers, what each layer was given, and the result.
pub struct Draw {
    /// The prior's numbers z on all sites.
    pub prior: Node,
    /// Parameters of each layer, and of the prior behind them where it has such.
    pub parameters: Vec<Vec<Node>>,
    /// What each layer was given, and after them the result.
    pub states: Vec<State>,
}

impl Draw {
    /// The sampled field with its log density.
    pub fn result(&self) -> State {
        self.states[self.states.len() - 1]
    }
}

impl Layers {
    /// The layers of a spec on a lattice.
    pub fn new(spec: &ModelSpec, lattice: &Lattice) -> Result<Self> {
        let board = Checkerboard::new(lattice)?;
        let (count, network) = spec.network()?;
        network.expect_fit(count, lattice)?;
        let pair = [Affine::new(&network, &board, 0)?, Affine::new(&network, &board, 1)?];
        let layers = (0..count).map(|i| pair[i % 2].clone()).collect();
        let pick = [board.pick(0)?, board.pick(1)?];
        let spread = [board.spread(0)?, board.spread(1)?];
        let spectrum = match spec.prior() {
            Prior::White => None,
            Prior::Spectrum => Some(Spectrum::new(lattice)?),
        };
        Ok(Self { board, spectrum, layers, pick, spread })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        self.board.lattice()
    }

    /// Tensors of parameters in recorded order, with the layer's number in their names.
    pub fn tensors(&self) -> Vec<Tensor> {
        let named = |(i, layer): (usize, &Affine)| {
            let rename = move |t: Tensor| Tensor { name: format!("layers.{i}.{}", t.name), ..t };
            layer.tensors().into_iter().map(rename).collect::<Vec<_>>()
        };
        self.layers.iter().enumerate().flat_map(named).chain(self.spectrum.iter().map(Spectrum::tensor)).collect()
    }

    /// Records the parameters of each layer, and of the prior behind them.
    pub fn parameters(&self, recorder: &mut Recorder) -> Vec<Vec<Node>> {
        let of_layer = |layer: &Affine| layer.tensors();
        let tensors = self.layers.iter().map(of_layer).chain(self.spectrum.iter().map(|s| vec![s.tensor()]));
        tensors.map(|tensors| tensors.iter().map(|t| recorder.parameter(t.count())).collect()).collect()
    }

    /// The prior's spectrum with its parameters.
    fn spectrum<'a>(&'a self, parameters: &[Vec<Node>]) -> Option<(&'a Spectrum, Node)> {
        self.spectrum.as_ref().map(|spectrum| (spectrum, parameters[self.layers.len()][0]))
    }

    /// Splits a field into its sublattices.
    pub fn split(&self, recorder: &mut Recorder, field: Node) -> [Node; 2] {
        [recorder.map(field, &self.pick[0]), recorder.map(field, &self.pick[1])]
    }

    /// Joins sublattices to a field.
    pub fn join(&self, recorder: &mut Recorder, halves: [Node; 2]) -> Node {
        let even = recorder.map(halves[0], &self.spread[0]);
        let odd = recorder.map(halves[1], &self.spread[1]);
        recorder.add(even, odd)
    }

    /// log of the standard normal density of z: -z²/2 - V log(2 pi) / 2.
    fn log_prior(&self, recorder: &mut Recorder, z: Node) -> Node {
        let square = recorder.multiply(z, z);
        let sum = recorder.total(square);
        let scaled = recorder.scale(sum, -0.5);
        let volume = self.lattice().volume() as f64;
        recorder.offset(scaled, -0.5 * volume * (2.0 * std::f64::consts::PI).ln())
    }

    /// Records a draw.
    pub fn draw(&self, recorder: &mut Recorder) -> Draw {
        let prior = recorder.input(Shape::new(1, self.lattice().volume()));
        let parameters = self.parameters(recorder);
        let mut log_density = self.log_prior(recorder, prior);
        let mut field = prior;
        if let Some((spectrum, a)) = self.spectrum(&parameters) {
            field = spectrum.apply(recorder, prior, a, false);
            let log_det = spectrum.log_det(recorder, a);
            log_density = recorder.subtract(log_density, log_det);
        }
        let mut states = vec![State { halves: self.split(recorder, field), log_density }];
        for (layer, parameters) in self.layers.iter().zip(&parameters) {
            let next = layer.forward(recorder, states[states.len() - 1], parameters);
            states.push(next);
        }
        Draw { prior, parameters, states }
    }

    /// Records the score d log q / d phi of a draw's result, with the parameters held fixed.
    pub fn score(&self, recorder: &mut Recorder, draw: &Draw) -> [Node; 2] {
        // d log N(z) / dz = -z, and with x = C z for a symmetric C: d log q(x) / dx = -C^-1 z.
        let minus = recorder.scale(draw.prior, -1.0);
        let of_prior = match self.spectrum(&draw.parameters) {
            Some((spectrum, a)) => spectrum.apply(recorder, minus, a, true),
            None => minus,
        };
        let mut score = self.split(recorder, of_prior);
        for (i, layer) in self.layers.iter().enumerate() {
            score = layer.score(recorder, draw.states[i], score, &draw.parameters[i]);
        }
        score
    }

    /// The program of sampling: input z; outputs the field and log q.
    pub fn sampling(&self) -> Program {
        let mut recorder = Recorder::new();
        let result = self.draw(&mut recorder).result();
        let field = self.join(&mut recorder, result.halves);
        Program::new(recorder, vec![Output::PerSample(field), Output::PerSample(result.log_density)])
    }

    /// The program of the inverse: input a field; outputs z and log q of the field.
    pub fn inversion(&self) -> Program {
        let mut recorder = Recorder::new();
        let field = recorder.input(Shape::new(1, self.lattice().volume()));
        let parameters = self.parameters(&mut recorder);
        let zero = recorder.constant(0.0, Shape::WIDE);
        let mut state = State { halves: self.split(&mut recorder, field), log_density: zero };
        for (layer, parameters) in self.layers.iter().zip(&parameters).rev() {
            state = layer.inverse(&mut recorder, state, parameters);
        }
        let mut z = self.join(&mut recorder, state.halves);
        let mut log_density = state.log_density;
        if let Some((spectrum, a)) = self.spectrum(&parameters) {
            z = spectrum.apply(&mut recorder, z, a, true);
            let log_det = spectrum.log_det(&mut recorder, a);
            log_density = recorder.subtract(log_density, log_det);
        }
        let prior = self.log_prior(&mut recorder, z);
        let log_q = recorder.add(prior, log_density);
        Program::new(recorder, vec![Output::PerSample(z), Output::PerSample(log_q)])
    }
}
