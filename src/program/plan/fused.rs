//! Groups of elementwise operations that run together.

use super::super::recorder::{Node, Op};
use super::super::steps::{Fused, FusedOperation, Place, Step};
use super::Planner;
use std::collections::HashMap;

impl Planner<'_> {
    /// True for elementwise values that no convolution applies itself.
    pub(super) fn is_fusable(&self, index: usize) -> bool {
        matches!(self.op(index), Op::Elementwise { .. }) && !self.swallowed.contains_key(&index)
    }

    /// The last member of the fused group around a value: consecutive needed elementwise operations of one shape.
    pub(super) fn group_end(&self, index: usize) -> usize {
        let mut end = index;
        if !self.is_fusable(index) {
            return end;
        }
        for next in index + 1..self.needed.len() {
            if !self.needed[next] || self.is_free(next) {
                continue;
            }
            if !self.is_fusable(next) || self.shape(next) != self.shape(index) {
                break;
            }
            end = next;
        }
        end
    }

    /// The step of a group of members, with strips for what only the group reads.
    pub(super) fn emit_fused(&mut self, first: usize, end: usize) {
        let members: Vec<usize> = (first..=end).filter(|&i| self.needed[i] && !self.is_free(i)).collect();
        let inside = |i: &usize| *i >= first && *i <= end && members.contains(i);
        let mut strips: HashMap<usize, usize> = HashMap::new();
        let (mut idle, mut used): (Vec<usize>, usize) = (vec![], 0);
        let mut fused = Fused { operations: vec![], shape: self.shape(first) };
        for &member in &members {
            let Op::Elementwise { operation, arguments, constant } = *self.op(member) else { continue };
            let place = |n: Node| match strips.get(&(n.0 as usize)) {
                Some(&strip) => Place::Strip(strip),
                None => Place::Line(self.line(n)),
            };
            let arguments_at = [place(arguments[0]), place(arguments[1])];
            let readers = &self.readers[member];
            let to = if readers.outputs == 0 && readers.nodes.iter().all(inside) {
                let strip = idle.pop().unwrap_or_else(|| {
                    used += 1;
                    used - 1
                });
                strips.insert(member, strip);
                Place::Strip(strip)
            } else {
                Place::Line(self.take(member))
            };
            let constant = f64::from_bits(constant);
            fused.operations.push(FusedOperation { operation, constant, arguments: arguments_at, to });
            for argument in arguments.map(|a| a.0 as usize) {
                if self.readers[argument].nodes.iter().all(|&r| r <= member) {
                    idle.extend(strips.remove(&argument));
                }
            }
        }
        self.plan.strips = self.plan.strips.max(used);
        self.plan.steps.push(Step::Fused(fused));
    }
}
