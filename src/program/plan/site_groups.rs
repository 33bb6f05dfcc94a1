//! Groups of operations that run site by site (`operations/site_by_site.rs`): consecutive needed elementwise operations, constants,
//! parameters, stacks, and sums over channels with weights that are parameters, all on the same number of sites.

use super::super::arena::Allocator;
use super::super::convolution::{Geometry, Group};
use super::super::operations::fused::STRIP;
use super::super::operations::site_by_site::{At, Member, SITES, Step as SiteBySite};
use super::super::operations::{Op, Step};
use super::super::value::Node;
use super::Planner;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Memory of the values that a group alone reads, while it is planned.
#[derive(Default)]
struct Strips {
    allocator: Allocator,
    /// Values, by their roots, and the position of the member that reads them last.
    until: HashMap<usize, usize>,
    /// Values that are made at their place in a stack: the stack, and the first channel there.
    homes: HashMap<usize, (usize, usize)>,
    /// First lines of the values that are in memory.
    starts: HashMap<usize, usize>,
}

impl Planner<'_> {
    /// Finds the groups: for each value in one the last of its group. They pay where stacks or parameters would be written to memory first;
    /// without these, fused operations and a convolution of whole values are as fast or faster.
    pub(super) fn find_site_groups(&mut self) {
        if !self.places.for_lanes {
            return;
        }
        let mut index = 0;
        while index < self.needed.len() {
            let sites = self.shape(index).sites;
            if sites < SITES || !self.is_local(index) {
                index += 1;
                continue;
            }
            let (mut end, mut has_sums, mut is_saved) = (index, false, false);
            for next in index..self.needed.len() {
                if !self.needed[next] || self.is_free(next) {
                    continue;
                }
                let is_local = self.is_local(next) && self.shape(next).sites == sites;
                if !is_local && self.is_number(next) {
                    continue;
                }
                if !is_local {
                    break;
                }
                has_sums |= matches!(self.op(next), Op::Convolve(_));
                is_saved |= matches!(self.op(next), Op::Stack(_) | Op::Parameter(_) | Op::Row(_));
                end = next;
            }
            if has_sums && is_saved {
                (index..=end).for_each(|i| self.site_group[i] = Some(end));
            }
            index = end + 1;
        }
    }

    /// True for values that may be computed site by site.
    fn is_local(&self, index: usize) -> bool {
        if !self.needed[index] || self.is_free(index) || self.shape(index).wide {
            return false;
        }
        match self.op(index) {
            Op::Elementwise(_) | Op::Constant(_) | Op::Stack(_) => true,
            // Beyond the end of a short last segment there are no numbers.
            Op::Row(row) if row.at.last() + self.shape(index).count() > row.whole.count() => false,
            Op::Parameter(_) | Op::Row(_) => self.is_number(index),
            Op::Convolve(convolve) => {
                let is_number = |value: Node| self.is_number(value.index());
                convolve.stencil.is_identity()
                    && is_number(convolve.weights)
                    && convolve.bias.is_none_or(is_number)
                    && !self.epilogue.contains_key(&index)
            }
            _ => false,
        }
    }

    /// True for parameters, and rows of these.
    fn is_number(&self, index: usize) -> bool {
        self.places.parameters[index].is_some()
    }

    /// Adds the step of a group, and before it those of parameters of other shapes among its members.
    pub(super) fn emit_site_group(&mut self, first: usize, end: usize) {
        let sites = self.shape(first).sites;
        let in_group = |planner: &Self, i: usize| planner.is_local(i) && planner.shape(i).sites == sites;
        let (members, others): (Vec<usize>, Vec<usize>) =
            (first..=end).filter(|&i| self.needed[i] && !self.is_free(i)).partition(|&i| in_group(self, i));
        for index in others {
            let step = self.flat.recorder.ops[index].step(&mut self.places, Node(index as u32));
            self.steps.push(step);
        }
        let mut strips = self.strips_of(&members, first, end);
        let mut steps = vec![];
        for member in members {
            steps.extend(self.member(member, &mut strips));
            self.release_strips(member, &mut strips);
        }
        self.strips = self.strips.max(strips.allocator.lines().div_ceil(STRIP));
        self.steps.push(Step::SiteBySite(SiteBySite { members: steps, sites }));
    }

    /// The values of a group that need no lines of the plan, and which of them are made at their place in a stack.
    fn strips_of(&self, members: &[usize], first: usize, end: usize) -> Strips {
        let all: HashSet<usize> = members.iter().copied().collect();
        let mut strips = Strips { until: all.iter().map(|&member| (member, member)).collect(), ..Strips::default() };
        for index in first..=end {
            let (readers, (root, _)) = (&self.readers[index], self.root(index));
            let is_view = |i: usize| i <= end && self.op(i).operation().view().is_some();
            if readers.outputs > 0 || readers.nodes.iter().any(|&i| !all.contains(&i) && !is_view(i)) {
                strips.until.remove(&root);
            }
            if let Some(until) = strips.until.get_mut(&root) {
                *until = readers.nodes.iter().copied().filter(|i| all.contains(i)).fold(*until, usize::max);
            }
        }
        for &stack in members {
            let (Op::Stack(parts), true) = (self.op(stack), strips.until.contains_key(&stack)) else { continue };
            let mut place = 0;
            for part in parts.parts.iter().map(|part| part.index()) {
                let is_own = self.root(part) == (part, 0) && !matches!(self.op(part), Op::Stack(_));
                if let (true, Some(&until)) = (is_own && !strips.homes.contains_key(&part), strips.until.get(&part)) {
                    strips.homes.insert(part, (stack, place));
                    strips.until.entry(stack).and_modify(|last| *last = until.max(*last));
                }
                place += self.shape(part).channels;
            }
        }
        strips
    }

    /// Memory for the result of a member.
    fn take_strip(&mut self, member: usize, strips: &mut Strips) -> At {
        if !strips.until.contains_key(&member) {
            return At::Whole(self.places.take(Node(member as u32)));
        }
        let (owner, place) = strips.homes.get(&member).copied().unwrap_or((member, 0));
        let count = self.shape(owner).channels * SITES;
        let start = *strips.starts.entry(owner).or_insert_with(|| strips.allocator.take(count)) + place * SITES;
        strips.starts.insert(member, start);
        At::Strip(start)
    }

    /// Where a value is that a member reads.
    fn at(&self, value: Node, strips: &Strips) -> At {
        let (root, offset) = self.root(value.index());
        match strips.starts.get(&root) {
            Some(start) => At::Strip(start + offset / self.shape(root).sites * SITES),
            None => At::Whole(self.places.line(value)),
        }
    }

    /// Frees the memory of values that a member was the last to read.
    fn release_strips(&self, member: usize, strips: &mut Strips) {
        let mut done: Vec<usize> =
            strips.until.iter().filter(|&(_, &until)| until == member).map(|(&root, _)| root).collect();
        // In order, so that the same program always has the same memory.
        done.sort_unstable();
        for root in done {
            let is_owner = !strips.homes.contains_key(&root);
            if let (true, Some(start)) = (is_owner, strips.starts.remove(&root)) {
                strips.allocator.give_back(start, self.shape(root).channels * SITES);
            }
        }
    }

    /// A member of a group; None where nothing is left to do.
    fn member(&mut self, index: usize, strips: &mut Strips) -> Option<Member> {
        let channels = self.shape(index).channels;
        Some(match &self.flat.recorder.ops[index] {
            Op::Elementwise(applied) => {
                let arguments = applied.arguments.map(|value| self.at(value, strips));
                let (operation, constant) = (applied.operation, applied.constant());
                Member::Elementwise { operation, constant, arguments, channels, to: self.take_strip(index, strips) }
            }
            Op::Constant(constant) => {
                Member::Constant { value: constant.value(), channels, to: self.take_strip(index, strips) }
            }
            Op::Stack(stack) => {
                let (mut parts, mut place) = (vec![], 0);
                for &part in &stack.parts {
                    let channels = self.shape(part.index()).channels;
                    if strips.homes.get(&part.index()) != Some(&(index, place)) {
                        parts.push((self.at(part, strips), place, channels));
                    }
                    place += channels;
                }
                let to = self.take_strip(index, strips);
                if parts.is_empty() {
                    return None;
                }
                Member::Stack { parts, to }
            }
            Op::Convolve(convolve) => {
                let from = self.at(convolve.x, strips);
                let to = self.take_strip(index, strips);
                let shape = self.shape(index);
                let own: Vec<u32> = (0..SITES as u32).collect();
                let geometry = Geometry {
                    groups: Arc::new([Group { taps: vec![0], sites: own.clone(), sources: own }]),
                    input_sites: from.stride(shape.sites),
                    output_sites: to.stride(shape.sites),
                    inputs: self.shape(convolve.x.index()).channels,
                    outputs: shape.channels,
                    taps: 1,
                    transposed: convolve.transposed,
                };
                Member::Convolve { convolution: Box::new(convolve.planned(&mut self.places, geometry, None)), from, to }
            }
            _ => {
                let at = self.places.position(Node(index as u32));
                Member::Parameter { at, channels, to: self.take_strip(index, strips) }
            }
        })
    }
}
