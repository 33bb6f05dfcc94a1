//! Operations whose results at a site depend on values at that site alone, run together on a few sites at a time. Values that
//! only the group reads are held for these sites alone, in the first levels of the cache.

use super::super::convolution::{Convolution, Ends};
use super::super::cpu::convolve::convolve;
use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::position::Position;
use super::elementwise::Elementwise;
use super::operation::Run;
use crate::simd::{Lanes, Work};

/// Sites that are computed together: whole tiles of the convolution kernel, of three and of four sites.
pub const SITES: usize = 12;

/// Where a value is.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// All of its sites, from this line of the plan on.
    Whole(usize),
    /// The present sites, from this line of the group's own memory on.
    Strip(usize),
}

impl At {
    /// Lines from one channel to the next, on a lattice of some sites.
    pub fn stride(self, sites: usize) -> usize {
        match self {
            At::Whole(_) => sites,
            At::Strip(_) => SITES,
        }
    }

    /// The line of the first channel at the present sites, the first of which is `site`.
    #[inline(always)]
    fn line(self, strips: usize, site: usize) -> usize {
        match self {
            At::Whole(line) => line + site,
            At::Strip(line) => strips + line,
        }
    }
}

/// One operation of a group.
#[derive(Debug)]
pub enum Member {
    Elementwise {
        operation: Elementwise,
        constant: f64,
        arguments: [At; 3],
        channels: usize,
        to: At,
    },
    /// Parameters `[channel][site]`, the same for all samples.
    Parameter {
        at: Position,
        channels: usize,
        to: At,
    },
    Constant {
        value: f64,
        channels: usize,
        to: At,
    },
    /// Channels that are copied to their places in a stack: where they are, the first place, and how many there are.
    Stack {
        parts: Vec<(At, usize, usize)>,
        to: At,
    },
    /// Sums over channels, whose geometry is that of [`SITES`] sites.
    Convolve {
        convolution: Box<Convolution>,
        from: At,
        to: At,
    },
}

impl Member {
    /// The convolution that it is, if it is one.
    pub fn convolution(&self) -> Option<&Convolution> {
        match self {
            Self::Convolve { convolution, .. } => Some(convolution),
            _ => None,
        }
    }
}

/// A group on a lattice of at least [`SITES`] sites.
#[derive(Debug)]
pub struct Step {
    pub members: Vec<Member>,
    pub sites: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let mut site = 0;
        while site < self.sites {
            // The last sites are computed together with some before them once more, which gives the same again: no member's result
            // is where the group reads another value.
            let first = site.min(self.sites - SITES);
            for member in &self.members {
                // SAFETY: the caller's promise.
                unsafe { self.run_member(member, frame, block, first) };
            }
            site += SITES;
        }
    }

    /// Nothing: plans for devices have no groups.
    fn write(&self, _: &mut Writer) {
        unreachable!("a plan for a device has no groups of sites");
    }
}

impl Step {
    /// Runs a member on the sites from `site` on.
    ///
    /// # Safety
    /// As for [`Run::run`].
    #[inline(always)]
    unsafe fn run_member<L: Lanes>(&self, member: &Member, frame: &Frame<L>, block: &mut Block, site: usize) {
        let strips = block.strips;
        let start = |at: At, channel: usize| frame.line(at.line(strips, site) + channel * at.stride(self.sites));
        // SAFETY: the caller's promise.
        unsafe {
            match member {
                Member::Elementwise { operation, constant, arguments, channels, to } => {
                    for channel in 0..*channels {
                        let arguments = arguments.map(|at| start(at, channel).cast_const());
                        let to = start(*to, channel);
                        L::isolate(Point { operation: *operation, arguments, constant: *constant, to });
                    }
                }
                Member::Parameter { at, channels, to } => {
                    let at = at.at(block.rows);
                    for channel in 0..*channels {
                        let numbers = &block.parameters[at + channel * self.sites + site..][..SITES];
                        let to = start(*to, channel);
                        numbers.iter().enumerate().for_each(|(i, &p)| *to.add(i) = L::constant(p));
                    }
                }
                Member::Constant { value, channels, to } => {
                    for channel in 0..*channels {
                        std::slice::from_raw_parts_mut(start(*to, channel), SITES).fill(L::constant(*value));
                    }
                }
                Member::Stack { parts, to } => {
                    for &(from, place, channels) in parts {
                        for channel in 0..channels {
                            let (from, to) = (start(from, channel), start(*to, place + channel));
                            std::ptr::copy_nonoverlapping(from, to, SITES);
                        }
                    }
                }
                Member::Convolve { convolution, from, to } => {
                    let frame = frame.with_weights(convolution.records.packed.at(block.rows));
                    let ends = Ends { from: from.line(strips, site), to: to.line(strips, site) };
                    convolve(convolution, &frame, ends);
                }
            }
        }
    }
}

/// An elementwise operation on the lines of one channel.
struct Point<L> {
    operation: Elementwise,
    arguments: [*const L; 3],
    constant: f64,
    to: *mut L,
}

impl<L: Lanes> Work for Point<L> {
    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: the caller's promise.
        unsafe { self.operation.apply(self.arguments, self.constant, self.to, SITES) };
    }
}
