//! Polynomial actions as recorded operations, which samplers differentiate together with their own.

use super::polynomial::{Coupling, Polynomial};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::program::{Node, Recorder, Stencil};

impl Polynomial {
    /// S = sum_x [ q φ² + u φ⁴ − j φ + c + sum_k w_k φ^k ] − sum_r h_r sum_x φ(x) φ(x+r) of a field on the whole lattice.
    pub fn record(&self, recorder: &mut Recorder, lattice: &Lattice, field: Node) -> Result<Node> {
        let square = recorder.multiply(field, field);
        let fourth = recorder.multiply(square, square);
        let mut density = coupled(recorder, &self.quadratic, square);
        let quartic = coupled(recorder, &self.quartic, fourth);
        density = recorder.add(density, quartic);
        if self.source != Coupling::Uniform(0.0) {
            let source = coupled(recorder, &self.source, field);
            density = recorder.subtract(density, source);
        }
        let mut powers: Option<Node> = None;
        for w in self.powers.falling() {
            // Horner's rule.
            powers = Some(match powers {
                None => recorder.scale(field, w),
                Some(sum) => {
                    let sum = recorder.offset(sum, w);
                    recorder.multiply(sum, field)
                }
            });
        }
        if let Some(powers) = powers {
            let powers = recorder.multiply(square, powers);
            density = recorder.add(density, powers);
        }
        // One product of φ with the weighted sum of all neighbours.
        let mut neighbours: Option<Node> = None;
        for hop in &self.hops {
            let shifted = recorder.map(field, &Stencil::shift(lattice, &hop.displacement)?);
            let weighted = recorder.scale(shifted, hop.strength);
            neighbours = Some(neighbours.map_or(weighted, |sum| recorder.add(sum, weighted)));
        }
        if let Some(neighbours) = neighbours {
            let product = recorder.multiply(field, neighbours);
            density = recorder.subtract(density, product);
        }
        let total = recorder.total(density);
        match self.constant {
            0.0 => Ok(total),
            constant => Ok(recorder.offset(total, constant * lattice.volume() as f64)),
        }
    }
}

/// A value times a coupling.
fn coupled(recorder: &mut Recorder, coupling: &Coupling, value: Node) -> Node {
    match coupling {
        Coupling::Uniform(c) => recorder.scale(value, *c),
        Coupling::PerSite(c) => {
            let table = recorder.table(c, recorder.shape(value));
            recorder.multiply(value, table)
        }
    }
}
