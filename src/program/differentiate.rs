//! Differentiation: a gradient is recorded as further operations, so that it can be differentiated again.

use super::operations::Op;
use super::operations::operation::Cotangent;
use super::operations::outcome::Which;
use super::recorder::Recorder;
use super::value::{Node, Shape};
use std::collections::HashMap;

impl Recorder {
    /// Gradients of a wide number with respect to `variables` (any values recorded before it).
    pub fn gradient(&mut self, of: Node, variables: &[Node]) -> Vec<Node> {
        let one = self.constant(1.0, Shape::WIDE);
        self.pull_back(&[(of, one)], variables)
    }

    /// Vector-Jacobian product: cotangents of `variables` from those of some values.
    ///
    /// The variables are taken as independent of each other: derivatives are not propagated past them.
    pub fn pull_back(&mut self, cotangents: &[(Node, Node)], variables: &[Node]) -> Vec<Node> {
        let end = cotangents.iter().map(|(y, _)| y.index() + 1).max().unwrap_or(0);
        let depends = self.dependents(variables, end);
        let mut gathered: Vec<Option<Node>> = vec![None; self.ops.len()];
        // Cotangents of the results of repeats, which are recorded behind these.
        let mut outcomes: HashMap<usize, Vec<(Which, Node)>> = HashMap::new();
        for &(y, g) in cotangents {
            self.accumulate(&mut gathered, y, g);
        }
        for index in (0..end).rev() {
            let y = Node(index as u32);
            let has_cotangent = gathered[index].is_some() || outcomes.contains_key(&index);
            if !has_cotangent || !depends[index] || variables.contains(&y) {
                continue;
            }
            let operation = self.op(y).clone();
            let pulled = match (&operation, gathered[index]) {
                (Op::Outcome(outcome), Some(g)) => {
                    outcomes.entry(outcome.repeat.index()).or_default().push((outcome.of, g));
                    vec![]
                }
                (Op::Repeat(repeat), _) => {
                    let results = outcomes.remove(&index).unwrap_or_default();
                    repeat.pull_back_all(self, (y, &depends), &results)
                }
                (operation, Some(g)) => operation.operation().pull_back(self, &Cotangent { y, g, depends: &depends }),
                _ => vec![],
            };
            for (argument, contribution) in pulled {
                self.accumulate(&mut gathered, argument, contribution);
            }
        }
        let shapes: Vec<Shape> = variables.iter().map(|&v| self.shape(v)).collect();
        let found = variables.iter().zip(shapes);
        found.map(|(v, shape)| gathered[v.index()].unwrap_or_else(|| self.constant(0.0, shape))).collect()
    }

    /// True where a value is recorded as zero, as derivatives of independent values are.
    pub fn is_zero(&self, value: Node) -> bool {
        matches!(self.op(value), Op::Constant(constant) if constant.value() == 0.0)
    }

    /// For each value before `end`: whether it depends on one of the variables.
    pub(super) fn dependents(&self, variables: &[Node], end: usize) -> Vec<bool> {
        let mut depends = vec![false; self.ops.len()];
        for v in variables {
            depends[v.index()] = true;
        }
        for index in 0..end {
            depends[index] |= self.ops[index].arguments().iter().any(|a| depends[a.index()]);
        }
        depends
    }

    fn accumulate(&mut self, gathered: &mut [Option<Node>], at: Node, contribution: Node) {
        let slot = &mut gathered[at.index()];
        *slot = Some(match *slot {
            None => contribution,
            Some(sum) => self.add(sum, contribution),
        });
    }
}
