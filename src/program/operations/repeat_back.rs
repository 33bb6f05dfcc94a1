//! The derivative of a repeat: another repeat, in the other direction.
//!
//! With C_i the cotangent of the carried values at the start of step i and Y_i those of the stacked results,
//!
//! ```text
//! (C_i, X_i, P_i) = (df/d(c, x, p) at c_i, x_i, p)^T (C_(i+1), Y_i).
//! ```
//!
//! C is carried, and so is the sum of P_i; the c_i (their *history*), x_i and Y_i are read row by row, and the X_i are stacked.
//! The body computes f again. A cotangent of the history, as second derivatives have it, is added to C_i.

use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::outcome::Which;
use super::repeat::{Arguments, Body, Repeat, Values};
use std::sync::Arc;

/// Cotangents of some results of a repeat.
#[derive(Default)]
struct Given {
    carried: Vec<(usize, Node)>,
    stacked: Vec<(usize, Node)>,
    history: Vec<(usize, Node)>,
}

/// The arguments whose cotangents are computed, by their indices.
struct Wanted {
    carried: Vec<usize>,
    rows: Vec<usize>,
    captured: Vec<usize>,
}

impl Repeat {
    /// Records cotangents of the arguments that depend on the variables from those of some results of this repeat, `own`.
    pub fn pull_back_all(
        &self,
        recorder: &mut Recorder,
        (own, depends): (Node, &[bool]),
        results: &[(Which, Node)],
    ) -> Vec<(Node, Node)> {
        let mut given = Given::default();
        for &(which, g) in results {
            match which {
                Which::Carried(i) => given.carried.push((i, g)),
                Which::Stacked(i) => given.stacked.push((i, g)),
                Which::History(i) => given.history.push((i, g)),
            }
        }
        let wanted = self.wanted(depends, &given);
        let back = self.back(recorder, own, (&wanted, &given));
        let pulled = recorder.outcomes(back);
        let pick = |nodes: &[Node], of: &[usize]| of.iter().map(|&i| nodes[i]).collect::<Vec<_>>();
        let arguments = [pick(&self.carried, &wanted.carried), pick(&self.captured, &wanted.captured)].concat();
        let rows = pick(&self.rows, &wanted.rows);
        arguments.into_iter().zip(pulled.carried).chain(rows.into_iter().zip(pulled.stacked)).collect()
    }

    /// Carried values that both depend on a variable and have a cotangent; rows and captured values that do.
    fn wanted(&self, depends: &[bool], given: &Given) -> Wanted {
        let indices = |nodes: &[Node]| (0..nodes.len()).filter(|&i| depends[nodes[i].index()]).collect::<Vec<_>>();
        let (rows, captured) = (indices(&self.rows), indices(&self.captured));
        let Body { recorder, arguments: own, results } = &*self.body;
        let readers = |on: &[Node]| recorder.dependents(on, recorder.ops.len());
        let pick = |nodes: &[Node], of: &[usize]| of.iter().map(|&i| nodes[i]).collect::<Vec<_>>();
        let count = own.carried.len();
        let of_carried: Vec<Vec<bool>> = own.carried.iter().map(|&c| readers(&[c])).collect();
        let of_others = readers(&[pick(&own.rows, &rows), pick(&own.captured, &captured)].concat());
        let reaches = |from: usize, to: usize| of_carried[from][results.carried[to].index()];
        let moved: Vec<bool> =
            (0..count).map(|i| depends[self.carried[i].index()] || of_others[results.carried[i].index()]).collect();
        let moved = closed(moved, reaches);
        let has = |list: &[(usize, Node)], i: usize| list.iter().any(|&(of, _)| of == i);
        let stacked = |i: usize| given.stacked.iter().any(|&(m, _)| of_carried[i][results.stacked[m].index()]);
        let seen = (0..count).map(|i| has(&given.carried, i) || has(&given.history, i) || stacked(i)).collect();
        let seen = closed(seen, |from, to| reaches(to, from));
        Wanted { carried: (0..count).filter(|&i| moved[i] && seen[i]).collect(), rows, captured }
    }

    /// The repeat that computes the cotangents: first those of the wanted carried values, then of the captured ones.
    fn back(&self, outer: &mut Recorder, own: Node, (wanted, given): (&Wanted, &Given)) -> Repeat {
        let body = self.body.back(wanted, given);
        let mut carried = vec![];
        for &i in &wanted.carried {
            let start = given.carried.iter().find(|&&(of, _)| of == i).map(|&(_, g)| g);
            carried.push(start.unwrap_or_else(|| outer.constant(0.0, outer.shape(self.carried[i]))));
        }
        for &i in &wanted.captured {
            carried.push(outer.constant(0.0, outer.shape(self.captured[i])));
        }
        let mut rows = outer.histories(own);
        rows.extend(&self.rows);
        rows.extend(given.stacked.iter().map(|&(_, g)| g));
        rows.extend(given.history.iter().filter(|(i, _)| wanted.carried.contains(i)).map(|&(_, g)| g));
        let stacked: Vec<Shape> = wanted.rows.iter().map(|&i| outer.shape(self.rows[i])).collect();
        let Self { steps, reversed, short, .. } = *self;
        let captured = self.captured.clone();
        Repeat { body: Arc::new(body), steps, reversed: !reversed, short, carried, rows, captured, stacked }
    }
}

impl Body {
    /// The body of the derivative.
    fn back(&self, wanted: &Wanted, given: &Given) -> Self {
        let Self { mut recorder, arguments: own, results } = self.clone();
        let mut arguments = |of: &mut dyn Iterator<Item = Node>| -> Vec<Node> {
            of.map(|like| recorder.argument(recorder.shape(like))).collect()
        };
        let carried = arguments(&mut wanted.carried.iter().map(|&i| own.carried[i]));
        let sums = arguments(&mut wanted.captured.iter().map(|&i| own.captured[i]));
        let stacked = arguments(&mut given.stacked.iter().map(|&(i, _)| results.stacked[i]));
        let kept: Vec<usize> = given.history.iter().map(|&(i, _)| i).filter(|i| wanted.carried.contains(i)).collect();
        let history = arguments(&mut kept.iter().map(|&i| own.carried[i]));
        let mut seeds: Vec<(Node, Node)> =
            wanted.carried.iter().zip(&carried).map(|(&i, &g)| (results.carried[i], g)).collect();
        seeds.extend(given.stacked.iter().zip(&stacked).map(|(&(i, _), &g)| (results.stacked[i], g)));
        let pick = |nodes: &[Node], of: &[usize]| of.iter().map(|&i| nodes[i]).collect::<Vec<_>>();
        let variables =
            [pick(&own.carried, &wanted.carried), pick(&own.captured, &wanted.captured), pick(&own.rows, &wanted.rows)]
                .concat();
        let mut pulled = recorder.pull_back(&seeds, &variables);
        for (i, &g) in kept.iter().zip(&history) {
            if let Some(at) = wanted.carried.iter().position(|j| j == i) {
                pulled[at] = recorder.add(pulled[at], g);
            }
        }
        for (at, &sum) in sums.iter().enumerate() {
            let at = carried.len() + at;
            pulled[at] = recorder.add(pulled[at], sum);
        }
        let rows = [own.carried, own.rows, stacked, history].concat();
        let arguments = Arguments { carried: [carried, sums].concat(), rows, captured: own.captured };
        let stacked = pulled.split_off(arguments.carried.len());
        Self { recorder, arguments, results: Values { carried: pulled, stacked } }
    }
}

/// The indices that are reached from some, by steps that are allowed.
fn closed(mut reached: Vec<bool>, step: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let count = reached.len();
    // Each round reaches at least one more, if any.
    for _ in 0..count {
        for to in 0..count {
            reached[to] |= (0..count).any(|from| reached[from] && step(from, to));
        }
    }
    reached
}
