//! Groups of elementwise operations that run together.

use super::super::operations::fused::{Member, Operand, Step as Fused};
use super::super::operations::{Op, Step};
use super::super::value::Node;
use super::Planner;
use std::collections::HashMap;

impl Planner<'_> {
    /// True for elementwise values that no convolution applies itself.
    pub(super) fn is_fusable(&self, index: usize) -> bool {
        matches!(self.op(index), Op::Elementwise(_)) && !self.swallowed.contains_key(&index)
    }

    /// The last member of the group around a value: of those that run site by site, or of consecutive needed elementwise operations of
    /// one shape, which are fused.
    pub(super) fn group_end(&self, index: usize) -> usize {
        if let Some(end) = self.site_group[index] {
            return end;
        }
        let mut end = index;
        if !self.is_fusable(index) {
            return end;
        }
        for next in index + 1..self.needed.len() {
            if !self.needed[next] || self.is_free(next) || matches!(self.op(next), Op::Parameter(_)) {
                continue;
            }
            if !self.is_fusable(next) || self.shape(next) != self.shape(index) {
                break;
            }
            end = next;
        }
        end
    }

    /// Adds the step of a group of members, with strips for values that only the group reads. Parameters among them are put
    /// on the lanes before it.
    pub(super) fn emit_fused(&mut self, first: usize, end: usize) {
        let members: Vec<usize> = (first..=end).filter(|&i| self.needed[i] && self.is_fusable(i)).collect();
        for index in first..=end {
            if !self.needed[index] || self.is_fusable(index) || self.is_free(index) {
                continue;
            }
            let step = self.flat.recorder.ops[index].step(&mut self.places, Node(index as u32));
            self.steps.push(step);
        }
        let inside = |i: &usize| *i >= first && *i <= end && members.contains(i);
        let mut strips: HashMap<usize, usize> = HashMap::new();
        let (mut idle, mut used): (Vec<usize>, usize) = (vec![], 0);
        let mut fused = Fused { operations: vec![], shape: self.shape(first) };
        for &member in &members {
            let Op::Elementwise(applied) = &self.flat.recorder.ops[member] else { continue };
            let (operation, arguments, constant) = (applied.operation, applied.arguments, applied.constant());
            let place = |n: Node| match strips.get(&n.index()) {
                Some(&strip) => Operand::Strip(strip),
                None => Operand::Line(self.places.line(n)),
            };
            let arguments_at = arguments.map(place);
            let readers = &self.readers[member];
            let to = if readers.outputs == 0 && readers.nodes.iter().all(inside) {
                let strip = idle.pop().unwrap_or_else(|| {
                    used += 1;
                    used - 1
                });
                strips.insert(member, strip);
                Operand::Strip(strip)
            } else {
                Operand::Line(self.places.take(Node(member as u32)))
            };
            fused.operations.push(Member { operation, constant, arguments: arguments_at, to });
            for argument in arguments.map(Node::index) {
                if self.readers[argument].nodes.iter().all(|&r| r <= member) {
                    idle.extend(strips.remove(&argument));
                }
            }
        }
        self.strips = self.strips.max(used);
        self.steps.push(Step::Fused(fused));
    }
}
