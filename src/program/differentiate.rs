//! Differentiation: the gradient of a recording is more recording, so it can be differentiated again.

use super::elementwise::Point;
use super::recorder::{Kernel, Node, Op, Recorder, Shape};

impl Recorder {
    /// Gradients of a wide number with respect to `variables` (any values recorded before it).
    pub fn gradient(&mut self, of: Node, variables: &[Node]) -> Vec<Node> {
        let one = self.constant(1.0, Shape::WIDE);
        self.pull_back(&[(of, one)], variables)
    }

    /// Vector-Jacobian product: cotangents of `variables` from those of some values.
    ///
    /// The variables are held independent of each other: a derivative is not followed past them.
    pub fn pull_back(&mut self, cotangents: &[(Node, Node)], variables: &[Node]) -> Vec<Node> {
        let end = cotangents.iter().map(|(y, _)| y.0 as usize + 1).max().unwrap_or(0);
        let depends = self.dependents(variables, end);
        let mut gathered: Vec<Option<Node>> = vec![None; self.ops.len()];
        for &(y, g) in cotangents {
            self.accumulate(&mut gathered, y, g);
        }
        for index in (0..end).rev() {
            let node = Node(index as u32);
            if !depends[index] || variables.contains(&node) {
                continue;
            }
            if let Some(g) = gathered[index] {
                for (argument, contribution) in self.local_pull_back(node, g, &depends) {
                    self.accumulate(&mut gathered, argument, contribution);
                }
            }
        }
        let shapes: Vec<Shape> = variables.iter().map(|&v| self.shape(v)).collect();
        let found = variables.iter().zip(shapes);
        found.map(|(v, shape)| gathered[v.0 as usize].unwrap_or_else(|| self.constant(0.0, shape))).collect()
    }

    /// For each value before `end`: whether it depends on one of the variables.
    fn dependents(&self, variables: &[Node], end: usize) -> Vec<bool> {
        let mut depends = vec![false; self.ops.len()];
        for v in variables {
            depends[v.0 as usize] = true;
        }
        for index in 0..end {
            depends[index] |= self.ops[index].arguments().iter().any(|a| depends[a.0 as usize]);
        }
        depends
    }

    fn accumulate(&mut self, gathered: &mut [Option<Node>], at: Node, contribution: Node) {
        let slot = &mut gathered[at.0 as usize];
        *slot = Some(match *slot {
            None => contribution,
            Some(sum) => self.add(sum, contribution),
        });
    }

    /// Cotangents of the arguments of one operation that depend on the variables.
    fn local_pull_back(&mut self, y: Node, g: Node, depends: &[bool]) -> Vec<(Node, Node)> {
        let wanted = |n: Node| depends[n.0 as usize];
        match self.op(y).clone() {
            Op::Input { .. } | Op::Parameter { .. } | Op::Constant { .. } | Op::Table { .. } => vec![],
            Op::Elementwise { operation, arguments, constant } => {
                let at = Point { x: arguments, y, g, c: f64::from_bits(constant) };
                let pulled = operation.derivative(self, at);
                arguments.into_iter().zip(pulled).filter(|&(a, _)| wanted(a)).collect()
            }
            Op::Map { x, stencil } => vec![(x, self.map(g, &stencil.transposed()))],
            Op::Convolve { x, weights, bias, stencil, transposed } => {
                let mut pulled = vec![];
                if wanted(weights) {
                    pulled.push((weights, self.correlate(x, g, &stencil, transposed)));
                }
                if let Some(bias) = bias.filter(|&b| wanted(b)) {
                    pulled.push((bias, self.sum_sites(g)));
                }
                if wanted(x) {
                    let back = Kernel { weights, stencil: &stencil.transposed(), transposed: !transposed };
                    let channels = self.shape(x).channels;
                    pulled.push((x, self.convolve(g, back, None, channels)));
                }
                pulled
            }
            Op::Correlate { x, g: signal, stencil, transposed } => {
                let (inputs, outputs) = (self.shape(x).channels, self.shape(signal).channels);
                let back = Kernel { weights: g, stencil: &stencil.transposed(), transposed: !transposed };
                let forth = Kernel { weights: g, stencil: &stencil, transposed };
                vec![(x, self.convolve(signal, back, None, inputs)), (signal, self.convolve(x, forth, None, outputs))]
            }
            Op::SumSites { x } => vec![(x, self.spread_sites(g, self.shape(x).sites))],
            Op::SpreadSites { x } => vec![(x, self.sum_sites(g))],
            Op::Total { x } => vec![(x, self.spread(g, self.shape(x)))],
            Op::Spread { x } => vec![(x, self.total(g))],
            Op::Channels { x, first } => vec![(x, self.place(g, first, self.shape(x).channels))],
            Op::Place { x, first } => vec![(x, self.channels(g, first, self.shape(x).channels))],
        }
    }
}

impl Op {
    /// The values that an operation reads.
    pub(super) fn arguments(&self) -> Vec<Node> {
        match self {
            Op::Input { .. } | Op::Parameter { .. } | Op::Constant { .. } | Op::Table { .. } => vec![],
            Op::Elementwise { operation, arguments, .. } => arguments[..operation.arguments()].to_vec(),
            Op::Convolve { x, weights, bias, .. } => [Some(*x), Some(*weights), *bias].into_iter().flatten().collect(),
            Op::Correlate { x, g, .. } => vec![*x, *g],
            Op::Map { x, .. }
            | Op::SumSites { x }
            | Op::SpreadSites { x }
            | Op::Total { x }
            | Op::Spread { x }
            | Op::Channels { x, .. }
            | Op::Place { x, .. } => vec![*x],
        }
    }
}
