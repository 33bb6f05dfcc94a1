//! Straight runs: the sums Σ_r h_r (φ_{x+r} + φ_{x−r}) without a table of sites.
//!
//! In memory the field at x ± r lies at a constant distance from the field at x for as long as no coordinate wraps
//! around. The sites are cut into such runs, which the compiler turns into vector instructions, and into blocks, which
//! stay in the first cache. The nearest neighbours along x would have the shortest runs; they are added as if nothing
//! wrapped around, and the two ends of each row are corrected afterwards.

use crate::action::Hop;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use std::ops::Range;

/// Sites in a block.
pub const BLOCK: usize = 128;
/// Most sites: a field of 32 GiB.
const MOST_SITES: usize = 1 << 32;

/// Sites whose neighbours lie at constant distances.
struct Run {
    start: usize,
    length: usize,
    plus: usize,
    minus: usize,
    strength: f64,
}

/// The hopping terms − Σ_r h_r Σ_x φ_x φ_{x+r} on one lattice.
pub struct Runs {
    row: usize,
    /// Strength of the hopping by one site along x.
    nearest: f64,
    runs: Vec<Run>,
    /// For each block the number of its first run, and at the end the number of runs.
    blocks: Vec<usize>,
}

impl Runs {
    /// Finds the runs of each hop; displacements have to lie within the extents.
    pub fn new(lattice: &Lattice, hops: &[Hop]) -> Result<Self> {
        if lattice.volume() > MOST_SITES {
            let (volume, shape) = (lattice.volume(), lattice.shape());
            return Err(Error::BadShape(format!(
                "lattice: expected at most {MOST_SITES} sites, got {volume} ({shape})"
            )));
        }
        // Where this fails no field would fit into memory either, and it fails at once.
        memory::expect("field", size_of::<f64>() * lattice.volume())?;
        let is_nearest = |hop: &&Hop| hop.displacement[0] == 1 && hop.displacement[1..].iter().all(|&r| r == 0);
        let (near, far): (Vec<&Hop>, Vec<&Hop>) = hops.iter().partition(is_nearest);
        let count = lattice.volume().div_ceil(BLOCK);
        let (mut runs, mut blocks) = (Vec::new(), memory::reserved("neighbours", count + 1)?);
        for block in 0..count {
            blocks.push(runs.len());
            let end = lattice.volume().min((block + 1) * BLOCK);
            for hop in &far {
                add_runs(&mut runs, lattice, hop, block * BLOCK..end)?;
            }
        }
        blocks.push(runs.len());
        Ok(Self { row: lattice.extent()[0], nearest: near.iter().map(|hop| hop.strength).sum(), runs, blocks })
    }

    /// Writes Σ_r h_r (φ_{x+r} + φ_{x−r}) for the sites of one block to `sum`.
    #[inline]
    pub fn neighbours(&self, field: &[f64], block: usize, sum: &mut [f64]) {
        let first = block * BLOCK;
        if self.nearest == 0.0 {
            sum.fill(0.0);
        } else {
            self.nearest_neighbours(field, first, sum);
        }
        for run in &self.runs[self.blocks[block]..self.blocks[block + 1]] {
            let length = run.length;
            let sum = &mut sum[run.start - first..][..length];
            let (plus, minus) = (&field[run.plus..][..length], &field[run.minus..][..length]);
            for i in 0..length {
                sum[i] += run.strength * (plus[i] + minus[i]);
            }
        }
    }

    /// Writes h (φ_{x+1} + φ_{x−1}), neighbours along x, for the sites from `first` on.
    #[inline]
    fn nearest_neighbours(&self, field: &[f64], first: usize, sum: &mut [f64]) {
        let (h, row, end) = (self.nearest, self.row, first + sum.len());
        let (start, stop) = (first.max(1), end.min(field.len() - 1));
        let inner = &mut sum[start - first..stop - first];
        let (minus, plus) = (&field[start - 1..stop - 1], &field[start + 1..stop + 1]);
        for ((sum, plus), minus) in inner.iter_mut().zip(plus).zip(minus) {
            *sum = h * (plus + minus);
        }
        for site in (first.next_multiple_of(row)..end).step_by(row) {
            sum[site - first] = h * (field[site + 1] + field[site + row - 1]);
        }
        for site in ((first + 1).next_multiple_of(row) - 1..end).step_by(row) {
            sum[site - first] = h * (field[site + 1 - row] + field[site - 1]);
        }
    }
}

/// Appends the runs of one hop within a range of sites.
fn add_runs(runs: &mut Vec<Run>, lattice: &Lattice, hop: &Hop, sites: Range<usize>) -> Result<()> {
    let opposite: Vec<i64> = hop.displacement.iter().map(|r| -r).collect();
    let (row, strength, old) = (lattice.extent()[0], hop.strength, runs.len());
    let mut start = sites.start;
    while start < sites.end {
        let (plus, minus) = (lattice.shifted(start, &hop.displacement), lattice.shifted(start, &opposite));
        // To the end of the block, or to where one of the three rows ends.
        let length = [start, plus, minus].iter().fold(sites.end - start, |length, site| length.min(row - site % row));
        match runs[old..].last_mut() {
            Some(run) if (run.plus + run.length, run.minus + run.length) == (plus, minus) => run.length += length,
            _ => {
                memory::push("neighbours", runs, Run { start, length, plus, minus, strength })?;
            }
        }
        start += length;
    }
    Ok(())
}
