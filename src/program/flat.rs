//! Flat recordings: the bodies of repeats stand between a begin and an end, in the order of execution.
//!
//! Carried values and stacked results become memory that steps store to. A value that is nothing but a row of stacked
//! results, or of an output, is stored there at once. Rows of parameters, inputs and tables are read from these.

use super::finished::{Output, Program};
use super::operations::Op;
use super::operations::bounds::{Begin, End, Rows, Short};
use super::operations::constant::Constant;
use super::operations::outcome::Which;
use super::operations::repeat::{Body, Repeat};
use super::operations::row::{Row, Source};
use super::operations::storage::{Destination, Storage, Store};
use super::position::{Position, Stride};
use super::recorder::Recorder;
use super::uses::{Uses, uses};
use super::value::{Node, Shape};
use std::collections::HashMap;

/// A flat recording with its results.
pub(super) struct Flat {
    pub recorder: Recorder,
    /// The outputs, but for those that are stored row by row.
    pub outputs: Vec<Option<Output>>,
}

/// Numbers of a larger array.
#[derive(Clone)]
struct Target {
    to: Destination,
    at: Position,
    whole: Shape,
}

/// A recording while it is made flat.
struct Flattener {
    flat: Recorder,
    /// Rows of the repeats around the present place.
    around: Vec<usize>,
}

/// Values of a recording in the flat one.
struct Scope<'a> {
    recorder: &'a Recorder,
    uses: Uses,
    /// Names of values in the flat recording; a value that is not needed has none.
    names: Vec<Option<Node>>,
    /// Destinations of values that nothing else uses: results that are stored at once.
    targets: HashMap<usize, Target>,
    /// Results of repeats.
    outcomes: HashMap<(usize, Which), Node>,
}

impl Flat {
    /// The flat form of a program.
    pub fn new(program: &Program) -> Self {
        let recorder = &program.recorder;
        if !recorder.ops.iter().any(|op| matches!(op, Op::Repeat(_))) {
            return Self { recorder: recorder.clone(), outputs: program.outputs.iter().copied().map(Some).collect() };
        }
        let nodes: Vec<Node> = program.outputs.iter().map(|output| output.node()).collect();
        let uses = uses(recorder, &nodes);
        let mut targets = HashMap::new();
        for (index, output) in program.outputs.iter().enumerate() {
            let to = match output {
                Output::PerSample(_) => Destination::PerSample(index),
                Output::Summed(_) => Destination::Summed(index),
            };
            let target = Target { to, at: Position::default(), whole: recorder.shape(output.node()) };
            targets.insert(output.node().index(), target);
        }
        targets.retain(|&node, _| is_stacked(recorder, node) && uses.counts[node] == 1);
        let mut flattener = Flattener { flat: Recorder::new(), around: vec![] };
        let mut scope = Scope::new(recorder, uses, targets);
        flattener.all(&mut scope);
        let name = |output: &Output| {
            let node = scope.names[output.node().index()]?;
            Some(match output {
                Output::PerSample(_) => Output::PerSample(node),
                Output::Summed(_) => Output::Summed(node),
            })
        };
        Self { outputs: program.outputs.iter().map(name).collect(), recorder: flattener.flat }
    }
}

/// True for stacked results and histories.
fn is_stacked(recorder: &Recorder, index: usize) -> bool {
    matches!(&recorder.ops[index], Op::Outcome(outcome) if !matches!(outcome.of, Which::Carried(_)))
}

impl<'a> Scope<'a> {
    fn new(recorder: &'a Recorder, uses: Uses, targets: HashMap<usize, Target>) -> Self {
        let names = vec![None; recorder.ops.len()];
        Self { recorder, uses, names, targets, outcomes: HashMap::new() }
    }

    /// The name of a value that is needed.
    fn name(&self, node: Node) -> Node {
        self.names[node.index()].expect("a needed value comes before its readers")
    }

    /// Results of a repeat that are needed.
    fn wanted(&self, repeat: usize) -> Vec<(Which, usize)> {
        let of = |index: usize| match &self.recorder.ops[index] {
            Op::Outcome(outcome) if outcome.repeat.index() == repeat => Some((outcome.of, index)),
            _ => None,
        };
        (repeat..self.recorder.ops.len()).filter(|&index| self.uses.needed[index]).filter_map(of).collect()
    }
}

impl Flattener {
    /// All needed values of a recording.
    fn all(&mut self, scope: &mut Scope) {
        for index in 0..scope.recorder.ops.len() {
            if !scope.uses.needed[index] {
                continue;
            }
            match &scope.recorder.ops[index] {
                Op::Argument(_) => {}
                Op::Repeat(repeat) => self.repeat(scope, index, repeat),
                Op::Outcome(outcome) => {
                    scope.names[index] = scope.outcomes.get(&(outcome.repeat.index(), outcome.of)).copied();
                }
                op => {
                    let op = op.renamed(|node| scope.name(node));
                    scope.names[index] = Some(self.flat.append(op, scope.recorder.shapes[index]));
                }
            }
        }
    }

    fn repeat(&mut self, scope: &mut Scope, index: usize, repeat: &Repeat) {
        let wanted = scope.wanted(index);
        let carried: Vec<Node> = repeat.carried.iter().map(|&start| self.started(scope.name(start))).collect();
        let mut targets = HashMap::new();
        for &(which, node) in wanted.iter().filter(|(which, _)| !matches!(which, Which::Carried(_))) {
            let target = scope.targets.get(&node).cloned().unwrap_or_else(|| {
                let whole = scope.recorder.shapes[node];
                let memory = self.flat.append(Op::Storage(Storage), whole);
                scope.outcomes.insert((index, which), memory);
                Target { to: Destination::Memory(memory), at: Position::default(), whole }
            });
            targets.insert(which, target);
        }
        let rows = self.rows(repeat);
        self.flat.append(Op::Begin(Begin(rows.clone())), Shape::new(0, 0));
        self.around.push(repeat.steps);
        self.body(scope, repeat, (&carried, &targets));
        self.around.pop();
        self.flat.append(Op::End(End(rows)), Shape::new(0, 0));
        for (i, &memory) in carried.iter().enumerate() {
            scope.outcomes.insert((index, Which::Carried(i)), memory);
        }
    }

    fn rows(&self, repeat: &Repeat) -> Rows {
        let short = match (repeat.short, self.around.last()) {
            (Some(count), Some(around)) => Some(Short { last: around - 1, count }),
            _ => None,
        };
        Rows { depth: self.around.len(), count: repeat.steps, reversed: repeat.reversed, short }
    }

    /// Memory of a carried value, with a copy of its start.
    fn started(&mut self, start: Node) -> Node {
        let whole = self.flat.shape(start);
        let memory = self.flat.append(Op::Storage(Storage), whole);
        self.store(start, Target { to: Destination::Memory(memory), at: Position::default(), whole });
        memory
    }

    fn store(&mut self, value: Node, target: Target) {
        let Target { to, at, whole } = target;
        self.flat.append(Op::Store(Store { value, to, at, whole }), Shape::new(0, 0));
    }

    /// The position of the present row of values of this shape.
    fn position(&self, row: Shape) -> Position {
        let depth = self.around.len() - 1;
        Position { first: 0, strides: vec![Stride { depth, count: self.around[depth], distance: row.count() }] }
    }

    /// The steps of a body.
    fn body(&mut self, scope: &Scope, repeat: &Repeat, (carried, targets): (&[Node], &HashMap<Which, Target>)) {
        let Body { recorder, arguments, results } = &*repeat.body;
        let target = |flattener: &Self, which: Which, row: Shape| {
            let Target { to, at, whole } = targets.get(&which)?.clone();
            Some(Target { to, at: at.plus(&flattener.position(row)), whole })
        };
        let stacked = |i: usize| targets.contains_key(&Which::Stacked(i)).then_some(results.stacked[i]);
        let roots: Vec<Node> =
            results.carried.iter().copied().chain((0..results.stacked.len()).filter_map(stacked)).collect();
        let uses = uses(recorder, &roots);
        let mut own = HashMap::new();
        for (i, y) in results.stacked.iter().enumerate() {
            if is_stacked(recorder, y.index())
                && uses.counts[y.index()] == 1
                && let Some(target) = target(&*self, Which::Stacked(i), recorder.shape(*y))
            {
                own.insert(y.index(), target);
            }
        }
        let mut inner = Scope::new(recorder, uses, own);
        for (i, &memory) in carried.iter().enumerate() {
            if let Some(target) = target(&*self, Which::History(i), self.flat.shape(memory)) {
                self.store(memory, target);
            }
            inner.names[arguments.carried[i].index()] = Some(memory);
        }
        self.name_arguments(&mut inner, scope, repeat);
        self.all(&mut inner);
        for (i, y) in results.stacked.iter().enumerate() {
            if let (Some(value), Some(target)) =
                (inner.names[y.index()], target(&*self, Which::Stacked(i), recorder.shape(*y)))
            {
                self.store(value, target);
            }
        }
        let next: Vec<Node> = results.carried.iter().map(|&c| inner.name(c)).collect();
        self.carry(carried, &next);
    }

    /// Names captured values and the present rows of stacked ones.
    fn name_arguments(&mut self, inner: &mut Scope, scope: &Scope, repeat: &Repeat) {
        let Body { recorder, arguments, .. } = &*repeat.body;
        for (&argument, &value) in arguments.captured.iter().zip(&repeat.captured) {
            inner.names[argument.index()] = Some(scope.name(value));
        }
        for (&argument, &value) in arguments.rows.iter().zip(&repeat.rows) {
            inner.names[argument.index()] = Some(self.row(scope.name(value), recorder.shape(argument)));
        }
    }

    /// The present row of a value.
    fn row(&mut self, value: Node, shape: Shape) -> Node {
        if let Op::Constant(constant) = self.flat.op(value) {
            let constant: Constant = constant.clone();
            return self.flat.append(Op::Constant(constant), shape);
        }
        let row = Row::of(&self.flat, value);
        let at = row.at.plus(&self.position(shape));
        self.flat.append(Op::Row(Row { at, ..row }), shape)
    }

    /// Replaces carried values by the next ones. These may be the old ones of others, or parts of them, which are copied first.
    fn carry(&mut self, carried: &[Node], next: &[Node]) {
        let mut copies = vec![];
        for (&memory, &value) in carried.iter().zip(next).filter(|(memory, value)| memory != value) {
            let row = Row::of(&self.flat, value);
            let is_old = matches!(row.of, Source::Value(x) if carried.contains(&x));
            let shape = self.flat.shape(value);
            copies.push((memory, if is_old { self.flat.append(Op::Row(row), shape) } else { value }));
        }
        for (memory, value) in copies {
            let whole = self.flat.shape(memory);
            self.store(value, Target { to: Destination::Memory(memory), at: Position::default(), whole });
        }
    }
}
