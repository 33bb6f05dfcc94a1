//! Chains of layers: the prior's noise becomes a field, layer by layer, and its density is carried along.
//!
//! Fields of the host have the numbers of each site together, `[site][number]`; priors and layers see `[number][site]`, the
//! channels of a value. With one number for each site the two are the same.

use super::condition::Conditions;
use super::layer::{At, Given, Layer, State, expect_shapes};
use super::prior::{Prior, Start};
use super::tensor::Tensor;
use crate::error::Result;
use crate::memory;
use crate::program::{Feed, Key, Node, Output, Program, Recorder, Shape};
use crate::space::Domain;
use std::sync::Arc;

/// A prior and layers, with methods that record them as programs.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Where its fields live.
    pub domain: Domain,
    /// Couplings that the chain depends on.
    pub conditions: Conditions,
    /// Distribution that the first layer starts from.
    pub prior: Arc<dyn Prior>,
    /// The layers, in the order from the prior to the field.
    pub layers: Vec<Arc<dyn Layer>>,
}

/// Recorded parameters and condition of a chain.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Parameters of each layer, in the order of its tensors.
    pub layers: Vec<Vec<Node>>,
    /// Parameters of the prior.
    pub prior: Vec<Node>,
    /// Values of the conditions, scaled to [-1, 1].
    pub condition: Option<Node>,
}

impl Parameters {
    /// All parameters, in the order of [`Chain::tensors`].
    pub fn all(&self) -> Vec<Node> {
        self.layers.iter().flatten().chain(&self.prior).copied().collect()
    }

    fn of_layer(&self, i: usize) -> Given<'_> {
        Given { parameters: &self.layers[i], condition: self.condition }
    }
}

/// A recorded draw: that of the prior, the input of each layer, and the result.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Parameters and condition.
    pub parameters: Parameters,
    /// The prior's draw.
    pub start: Start,
    /// Input and output of each layer, cut into the parts that it sees.
    pub states: Vec<[State; 2]>,
    /// The field, in the host's order.
    pub field: Node,
    /// Log density of the field.
    pub log_density: Node,
}

impl Draw {
    /// The numbers z of a prior that is a map.
    pub fn z(&self) -> Node {
        self.start.noise[0]
    }
}

impl Chain {
    /// Tensors of parameters in recorded order, with the layer's number in their names.
    pub fn tensors(&self) -> Vec<Tensor> {
        let named = |(i, layer): (usize, &Arc<dyn Layer>)| {
            layer.tensors().into_iter().map(move |tensor| tensor.within(&format!("layers.{i}"))).collect::<Vec<_>>()
        };
        self.layers.iter().enumerate().flat_map(named).chain(self.prior.tensors()).collect()
    }

    /// An error where the log density of a layer cannot be recorded.
    pub fn expect_density(&self) -> Result<()> {
        self.layers.iter().try_for_each(|layer| layer.expect_density())
    }

    /// Its parameters from those of the same chain on a lattice of other extents. Layers that only one of the two has are left out,
    /// or have those of `initial`, which are some of this chain.
    pub fn transfer(&self, from: &Self, parameters: &[f64], initial: &[f64]) -> Result<Vec<f64>> {
        let count = |tensors: &[Tensor]| tensors.iter().map(Tensor::count).sum();
        let mut own = memory::reserved("parameters", count(&self.tensors()))?;
        let mut rest = parameters;
        for (i, (layer, other)) in self.layers.iter().zip(&from.layers).enumerate() {
            let tensors = other.tensors();
            let (now, later) = rest.split_at(count(&tensors));
            rest = later;
            let size = count(&layer.tensors());
            if size == 0 || tensors.is_empty() {
                own.extend_from_slice(&initial[own.len()..own.len() + size]);
                continue;
            }
            let transferred = layer.transfer(&from.domain.lattice, &tensors, now);
            own.extend(transferred.map_err(|error| error.within(&format!("layers[{i}]")))?);
        }
        expect_shapes(&self.prior.tensors(), &from.prior.tensors())?;
        own.extend_from_slice(rest);
        Ok(own)
    }

    /// Records the parameters of each layer, then those of the prior, and the condition.
    pub fn parameters(&self, recorder: &mut Recorder) -> Parameters {
        let mut record = |tensors: Vec<Tensor>| tensors.iter().map(|t| recorder.parameter(t.count())).collect();
        let layers = self.layers.iter().map(|layer| record(layer.tensors())).collect();
        let prior = record(self.prior.tensors());
        let shape = Shape::new(self.conditions.count(), 1);
        let condition = (!self.conditions.is_empty()).then(|| recorder.condition(shape));
        Parameters { layers, prior, condition }
    }

    /// Records a field of the host as an input.
    pub fn input(&self, recorder: &mut Recorder) -> Node {
        let (numbers, volume) = (self.numbers(), self.domain.lattice.volume());
        recorder.input(if numbers == 1 { Shape::new(1, volume) } else { Shape::new(volume, numbers) })
    }

    /// Numbers of a field for each site.
    fn numbers(&self) -> usize {
        self.domain.space.numbers(&self.domain.lattice)
    }

    /// Records a field in the order of the host from that of the layers, or the other way round.
    fn reorder(&self, recorder: &mut Recorder, field: Node) -> Node {
        if self.numbers() == 1 { field } else { recorder.transpose(field) }
    }

    /// Feeds of the inputs that a draw records: the prior's noise, a stream for each.
    pub fn feeds(&self, key: Key) -> Vec<Feed<'static>> {
        let noise = self.prior.noise(&self.domain.lattice).into_iter().zip(key.stream..);
        noise.map(|(noise, stream)| noise.distribution.feed(Key { stream, ..key })).collect()
    }

    /// Records a draw.
    pub fn draw(&self, recorder: &mut Recorder) -> Draw {
        let noise = self.prior.noise(&self.domain.lattice);
        let noise: Vec<Node> = noise.iter().map(|noise| recorder.input(noise.shape)).collect();
        let parameters = self.parameters(recorder);
        let (field, log_density) = self.prior.draw(recorder, &noise, &parameters.prior);
        let start = Start { noise, field, log_density };
        let mut walk = Walk { field: Form::Whole(field), log_density };
        let mut states = vec![];
        for (i, layer) in self.layers.iter().enumerate() {
            let x = walk.cut(recorder, layer);
            let y = layer.forward(recorder, &x, &parameters.of_layer(i));
            walk = Walk { log_density: y.log_density, field: Form::Cut(Arc::clone(layer), y.parts.clone()) };
            states.push([x, y]);
        }
        let whole = walk.whole(recorder);
        Draw { parameters, start, states, field: self.reorder(recorder, whole), log_density: walk.log_density }
    }

    /// Records the score d log q / dφ of a draw's result, with the parameters held fixed.
    pub fn score(&self, recorder: &mut Recorder, draw: &Draw) -> Node {
        let score = self.prior.score(recorder, &draw.start, &draw.parameters.prior);
        // The density is not needed: scores are walked like fields.
        let mut walk = Walk { field: Form::Whole(score), log_density: draw.log_density };
        for (i, layer) in self.layers.iter().enumerate() {
            let score = walk.cut(recorder, layer).parts;
            let [x, y] = &draw.states[i];
            let parts = layer.score(recorder, &At { x, y }, &score, &draw.parameters.of_layer(i));
            walk.field = Form::Cut(Arc::clone(layer), parts);
        }
        let whole = walk.whole(recorder);
        self.reorder(recorder, whole)
    }

    /// Records the prior's numbers z of a field, or its field where it has no such numbers, and log q of the field.
    pub fn invert(&self, recorder: &mut Recorder, field: Node, parameters: &Parameters) -> (Node, Node) {
        let zero = recorder.constant(0.0, Shape::WIDE);
        let mut walk = Walk { field: Form::Whole(self.reorder(recorder, field)), log_density: zero };
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let y = walk.cut(recorder, layer);
            let x = layer.inverse(recorder, &y, &parameters.of_layer(i));
            walk = Walk { log_density: x.log_density, field: Form::Cut(Arc::clone(layer), x.parts) };
        }
        let field = walk.whole(recorder);
        let (z, log_prior) = self.prior.invert(recorder, field, &parameters.prior);
        let z = self.reorder(recorder, z);
        (z, recorder.add(log_prior, walk.log_density))
    }

    /// The program of sampling: inputs those of [`Chain::feeds`]; outputs the field and log q.
    pub fn sampling(&self) -> Program {
        let mut recorder = Recorder::new();
        let draw = self.draw(&mut recorder);
        Program::new(recorder, [draw.field, draw.log_density].map(Output::PerSample).to_vec())
    }

    /// The program of the inverse: input a field; outputs z and log q of the field.
    pub fn inversion(&self) -> Program {
        let mut recorder = Recorder::new();
        let field = self.input(&mut recorder);
        let parameters = self.parameters(&mut recorder);
        let (z, log_q) = self.invert(&mut recorder, field, &parameters);
        Program::new(recorder, [z, log_q].map(Output::PerSample).to_vec())
    }
}

/// A field on its way through the layers, with its log density. It is put together only where the next layer cuts it
/// another way.
struct Walk {
    field: Form,
    log_density: Node,
}

enum Form {
    Whole(Node),
    /// The parts that a layer left.
    Cut(Arc<dyn Layer>, Vec<Node>),
}

impl Walk {
    fn cut(&self, recorder: &mut Recorder, layer: &Arc<dyn Layer>) -> State {
        let parts = match &self.field {
            Form::Cut(last, parts) if last.partition() == layer.partition() => parts.clone(),
            _ => {
                let whole = self.whole(recorder);
                layer.partition().split(recorder, whole)
            }
        };
        State { parts, log_density: self.log_density }
    }

    fn whole(&self, recorder: &mut Recorder) -> Node {
        match &self.field {
            Form::Whole(field) => *field,
            Form::Cut(layer, parts) => layer.partition().join(recorder, parts),
        }
    }
}
