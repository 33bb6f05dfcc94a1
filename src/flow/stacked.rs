//! Layers that are repeated with parameters of their own: a group of layers, recorded once, with stacked parameters.
//!
//! The numbers are those of the unrolled chain; programs stay as small as those of one group, however often it is repeated.

use super::layer::{At, Given, Layer, State};
use super::partition::Partition;
use super::tensor::Tensor;
use crate::program::{Arguments, Node, Recorder, Scan, Shape, Values};
use std::sync::Arc;

/// A group of layers, repeated.
#[derive(Clone, Debug)]
pub struct Stacked {
    group: Vec<Arc<dyn Layer>>,
    count: usize,
    /// That of all layers of the group; the whole field where they cut it in different ways.
    partition: Arc<Partition>,
}

impl Stacked {
    /// `count` repetitions of a group of at least one layer.
    pub fn new(group: Vec<Arc<dyn Layer>>, count: usize) -> Self {
        let common = group[0].partition();
        let is_common = group.iter().all(|layer| layer.partition() == common);
        let partition = if is_common { Arc::clone(common) } else { Arc::new(Partition::whole()) };
        Self { group, count, partition }
    }

    /// The parts that a layer of the group sees.
    fn cut(&self, recorder: &mut Recorder, layer: &Arc<dyn Layer>, parts: &[Node]) -> Vec<Node> {
        if *layer.partition() == self.partition {
            return parts.to_vec();
        }
        let whole = self.partition.join(recorder, parts);
        layer.partition().split(recorder, whole)
    }

    /// The parts of the group from those of one of its layers.
    fn joined(&self, recorder: &mut Recorder, layer: &Arc<dyn Layer>, parts: Vec<Node>) -> Vec<Node> {
        if *layer.partition() == self.partition {
            return parts;
        }
        let whole = layer.partition().join(recorder, &parts);
        self.partition.split(recorder, whole)
    }

    /// The layers of the group, each with the range of its parameters among those of the group.
    fn members(&self) -> Vec<(&Arc<dyn Layer>, std::ops::Range<usize>)> {
        let ends = self.group.iter().scan(0, |end, layer| {
            let start = *end;
            *end += layer.tensors().len();
            Some(start..*end)
        });
        self.group.iter().zip(ends).collect()
    }

    /// Records all steps forward; stacked are the parts at the start of each step.
    fn run(&self, recorder: &mut Recorder, x: &State, given: &Given) -> Values {
        let carried: Vec<Node> = x.parts.iter().copied().chain([x.log_density]).collect();
        let captured: Vec<Node> = given.condition.into_iter().collect();
        let scan = Scan {
            count: self.count,
            carried: &carried,
            rows: given.parameters,
            captured: &captured,
            ..Scan::default()
        };
        recorder.repeat(&scan, |body, of| {
            let mut state = carried_state(of);
            let stacked = state.parts.clone();
            for (layer, own) in self.members() {
                let x = State { parts: self.cut(body, layer, &state.parts), ..state };
                let y = layer.forward(body, &x, &of_step(of, own));
                state = State { parts: self.joined(body, layer, y.parts), ..y };
            }
            Values { carried: of_state(state), stacked }
        })
    }
}

fn carried_state(of: &Arguments) -> State {
    let (&log_density, parts) = of.carried.split_last().expect("the log density is carried");
    State { parts: parts.to_vec(), log_density }
}

fn of_state(state: State) -> Vec<Node> {
    state.parts.into_iter().chain([state.log_density]).collect()
}

/// Parameters of a layer in the rows of a step.
fn of_step(of: &Arguments, own: std::ops::Range<usize>) -> Given<'_> {
    Given { parameters: &of.rows[own], condition: of.captured.first().copied() }
}

impl Layer for Stacked {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        let stacked = |tensor: Tensor| {
            let shape = [&[self.count][..], &tensor.shape].concat();
            Tensor { shape, ..tensor }
        };
        let named = |(i, layer): (usize, &Arc<dyn Layer>)| {
            layer.tensors().into_iter().map(move |tensor| stacked(tensor.within(&i.to_string()))).collect::<Vec<_>>()
        };
        self.group.iter().enumerate().flat_map(named).collect()
    }

    fn is_integrated(&self) -> bool {
        self.group.iter().any(|layer| layer.is_integrated())
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let end = self.run(recorder, x, given).carried;
        let (&log_density, parts) = end.split_last().expect("the log density is carried");
        State { parts: parts.to_vec(), log_density }
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let carried = of_state(y.clone());
        let captured: Vec<Node> = given.condition.into_iter().collect();
        let scan = Scan {
            count: self.count,
            reversed: true,
            carried: &carried,
            rows: given.parameters,
            captured: &captured,
            ..Scan::default()
        };
        let end = recorder.repeat(&scan, |body, of| {
            let mut state = carried_state(of);
            for (layer, own) in self.members().into_iter().rev() {
                let y = State { parts: self.cut(body, layer, &state.parts), ..state };
                let x = layer.inverse(body, &y, &of_step(of, own));
                state = State { parts: self.joined(body, layer, x.parts), ..x };
            }
            Values { carried: of_state(state), stacked: vec![] }
        });
        let (&log_density, parts) = end.carried.split_last().expect("the log density is carried");
        State { parts: parts.to_vec(), log_density }
    }

    /// The scores of the layers one after the other, at the inputs that the steps of the forward map had.
    fn score(&self, recorder: &mut Recorder, at: &At, score: &[Node], given: &Given) -> Vec<Node> {
        let inputs = self.run(recorder, at.x, given).stacked;
        let rows: Vec<Node> = given.parameters.iter().chain(&inputs).copied().collect();
        let captured: Vec<Node> = given.condition.into_iter().collect();
        let scan = Scan { count: self.count, carried: score, rows: &rows, captured: &captured, ..Scan::default() };
        let parameters = given.parameters.len();
        let end = recorder.repeat(&scan, |body, of| {
            let log_density = body.constant(0.0, Shape::WIDE);
            let (mut x, mut score) = (State { parts: of.rows[parameters..].to_vec(), log_density }, of.carried.clone());
            for (layer, own) in self.members() {
                let given = of_step(of, own);
                x.parts = self.cut(body, layer, &x.parts);
                let own = self.cut(body, layer, &score);
                let y = layer.forward(body, &x, &given);
                let own = layer.score(body, &At { x: &x, y: &y }, &own, &given);
                score = self.joined(body, layer, own);
                x = State { parts: self.joined(body, layer, y.parts), ..y };
            }
            Values { carried: score, stacked: vec![] }
        });
        end.carried
    }
}
