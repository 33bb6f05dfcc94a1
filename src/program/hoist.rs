//! Uniform values move out of the bodies of repeats, so that they are computed once and not for each block of samples.
//!
//! What is computed in a body from captured values alone, u(p), is the same in all steps; what is computed from rows as well,
//! v(x_i, u), is another number in each step. If neither p nor x depends on inputs, the repeat becomes
//!
//! ```text
//! c_(i+1) = f(c_i, u(p), v(x_i, u(p)))   ->   U = u(p),   V_i = v(x_i, U),   c_(i+1) = f(c_i, U, V_i),
//! ```
//!
//! where U is computed in front of the repeat, and V by a repeat of its own, without carried values, whose stacked results
//! are rows of the first. Both are uniform values of what is around: they move out of all repeats, and the prelude computes
//! them (`uniform.rs`). Bodies of bodies come first. Weights that are computed in a body are rows of parameters then.

use super::dependence::{Dependence, Given, dependences, frontier, in_body};
use super::finished::{Output, Program};
use super::operations::Op;
use super::operations::repeat::{Arguments, Body, Repeat, Values, stacked};
use super::recorder::Recorder;
use super::uses::uses_behind;
use super::value::{Node, Shape};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// New names of values.
type Names = HashMap<Node, Node>;

/// The arguments of a body, each with the value around the repeat that it stands for.
struct Sources {
    carried: Vec<(Node, Node)>,
    rows: Vec<(Node, Node)>,
    captured: Vec<(Node, Node)>,
}

/// The program with its uniform values outside of all bodies.
pub(super) fn hoisted(program: &Program) -> Cow<'_, Program> {
    if !program.recorder.ops.iter().any(|op| matches!(op, Op::Repeat(_))) {
        return Cow::Borrowed(program);
    }
    let (recorder, names) = moved(&program.recorder, &Given::new());
    let outputs = program.outputs.iter().map(|output| match output {
        Output::PerSample(node) => Output::PerSample(names[node]),
        Output::Summed(node) => Output::Summed(names[node]),
    });
    Cow::Owned(Program::new(recorder, outputs.collect()))
}

/// A recording, or a body with arguments of given dependences, without uniform values in its repeats; and the names that its
/// values have there.
fn moved(from: &Recorder, given: &Given) -> (Recorder, Names) {
    let dependences = dependences(from, given);
    let (mut to, mut names) = (Recorder::new(), Names::new());
    (to.parameters, to.inputs, to.conditions) = (from.parameters, from.inputs, from.conditions);
    for (index, op) in from.ops.iter().enumerate() {
        let name = match op {
            Op::Argument(_) => to.argument(from.shapes[index]),
            Op::Repeat(repeat) => record(&mut to, repeat, (&names, in_body(&dependences, repeat))),
            op => to.push(op.renamed(|node| names[&node]), from.shapes[index]),
        };
        names.insert(Node(index as u32), name);
    }
    (to, names)
}

/// Records a repeat of another recording, behind the uniform values of its body.
fn record(to: &mut Recorder, repeat: &Repeat, (names, given): (&Names, Given)) -> Node {
    let (recorder, inner) = moved(&repeat.body.recorder, &given);
    let given = given.into_iter().map(|(argument, of)| (inner[&argument], of)).collect();
    let Body { arguments, results, .. } = &*repeat.body;
    let pairs = |arguments: &[Node], values: &[Node]| -> Vec<(Node, Node)> {
        arguments.iter().zip(values).map(|(argument, value)| (inner[argument], names[value])).collect()
    };
    let mut sources = Sources {
        carried: pairs(&arguments.carried, &repeat.carried),
        rows: pairs(&arguments.rows, &repeat.rows),
        captured: pairs(&arguments.captured, &repeat.captured),
    };
    let results = Values { carried: all(&results.carried, &inner), stacked: all(&results.stacked, &inner) };
    let roots = [&results.carried[..], &results.stacked].concat();
    let dependences = dependences(&recorder, &given);

    let uniform = frontier(&recorder, &dependences, &roots, Dependence::Uniform);
    let mut outside: Names = sources.captured.iter().copied().collect();
    let needed = uses_behind(&outside.keys().copied().collect(), &recorder, &uniform).needed;
    copy(to, (&recorder, &needed), &mut outside);
    sources.captured.extend(uniform.into_iter().map(|value| (value, outside[&value])));

    let stepwise = frontier(&recorder, &dependences, &roots, Dependence::Stepwise);
    if !stepwise.is_empty() {
        let whole = stepwise.iter().map(|&value| stacked(recorder.shape(value), repeat.steps)).collect();
        let own = Values { carried: vec![], stacked: stepwise.clone() };
        let carried = std::mem::take(&mut sources.carried);
        let like = Repeat { stacked: whole, reversed: false, ..repeat.clone() };
        let computed = with_body(&recorder, &own, (&sources, like));
        let rows = to.outcomes(computed).stacked;
        sources.carried = carried;
        sources.rows.extend(stepwise.into_iter().zip(rows));
    }
    to.push(Op::Repeat(with_body(&recorder, &results, (&sources, repeat.clone()))), Shape::new(0, 0))
}

/// A repeat with the part of a body that gives some results, and with those arguments that it reads.
fn with_body(from: &Recorder, results: &Values, (sources, like): (&Sources, Repeat)) -> Repeat {
    let Sources { carried, rows, captured } = sources;
    let known = carried.iter().chain(rows).chain(captured).map(|&(argument, _)| argument).collect();
    let needed = uses_behind(&known, from, &[&results.carried[..], &results.stacked].concat()).needed;
    let (mut recorder, mut names) = (Recorder::new(), Names::new());
    let mut arguments = |sources: &[(Node, Node)], is_read: &dyn Fn(Node) -> bool| -> (Vec<Node>, Vec<Node>) {
        let read = sources.iter().filter(|(argument, _)| is_read(*argument));
        let new = read.map(|&(argument, value)| {
            let name = recorder.argument(from.shape(argument));
            names.insert(argument, name);
            (name, value)
        });
        new.unzip()
    };
    let (own_carried, carried) = arguments(carried, &|_| true);
    let (own_rows, rows) = arguments(rows, &|argument| needed[argument.index()]);
    let (own_captured, captured) = arguments(captured, &|argument| needed[argument.index()]);
    copy(&mut recorder, (from, &needed), &mut names);
    let arguments = Arguments { carried: own_carried, rows: own_rows, captured: own_captured };
    let results = Values { carried: all(&results.carried, &names), stacked: all(&results.stacked, &names) };
    Repeat { body: Arc::new(Body { recorder, arguments, results }), carried, rows, captured, ..like }
}

/// Records the needed values of another recording that have no names yet.
fn copy(to: &mut Recorder, (from, needed): (&Recorder, &[bool]), names: &mut Names) {
    for index in (0..needed.len()).filter(|&index| needed[index]) {
        let node = Node(index as u32);
        if !names.contains_key(&node) {
            let name = to.push(from.ops[index].renamed(|node| names[&node]), from.shapes[index]);
            names.insert(node, name);
        }
    }
}

fn all(nodes: &[Node], names: &Names) -> Vec<Node> {
    nodes.iter().map(|node| names[node]).collect()
}
