//! Neighbouring rows of a periodic lattice: where the terms φ_x φ_{x+r} are computed without a table of sites.
//!
//! A row is the line of sites along x at fixed other coordinates. The field at x ± r is then a rotated row, read in
//! at most three straight runs, which the compiler turns into vector instructions.

use crate::action::Hop;
use crate::error::{Error, Result};
use crate::lattice::Lattice;

/// One hopping term in terms of rows.
struct RowHop {
    strength: f64,
    /// Displacement along x, between 0 and half the row.
    shift: usize,
    /// For each row, the first site of the rows that lie at + and − the displacement.
    neighbours: Vec<[usize; 2]>,
}

/// The hopping terms − Σ_r h_r Σ_x φ_x φ_{x+r} on one lattice.
pub struct Rows {
    length: usize,
    hops: Vec<RowHop>,
}

impl Rows {
    /// Finds the neighbouring rows of each hop; displacements have to lie within the extents.
    pub fn new(lattice: &Lattice, hops: &[Hop]) -> Result<Self> {
        let length = lattice.extent()[0];
        let hops: Result<Vec<RowHop>> = hops.iter().map(|hop| row_hop(lattice, hop)).collect();
        Ok(Self { length, hops: hops? })
    }

    /// Sites in a row.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Adds Σ_r h_r (φ_{x+r} + φ_{x−r}) of the sites of one row to `sum`.
    #[inline]
    pub fn add_neighbours(&self, field: &[f64], row: usize, sum: &mut [f64]) {
        let length = self.length;
        for hop in &self.hops {
            let [plus, minus] = hop.neighbours[row].map(|start| &field[start..start + length]);
            let (h, s) = (hop.strength, hop.shift);
            let (left, middle, right) = (s, length - s, length);
            add_pairs(&mut sum[..left], &plus[s..2 * s], &minus[length - s..], h);
            add_pairs(&mut sum[left..middle], &plus[2 * s..], &minus[..length - 2 * s], h);
            add_pairs(&mut sum[middle..right], &plus[..s], &minus[length - 2 * s..length - s], h);
        }
    }

    /// Σ_r h_r Σ_x φ_x φ_{x+r} over the sites x of one row.
    #[inline]
    pub fn product(&self, field: &[f64], row: usize) -> f64 {
        let length = self.length;
        let own = &field[row * length..(row + 1) * length];
        let mut total = 0.0;
        for hop in &self.hops {
            let start = hop.neighbours[row][0];
            let (head, tail) = field[start..start + length].split_at(hop.shift);
            let (near, far) = own.split_at(length - hop.shift);
            total += hop.strength * (dot(near, tail) + dot(far, head));
        }
        total
    }
}

fn row_hop(lattice: &Lattice, hop: &Hop) -> Result<RowHop> {
    let length = lattice.extent()[0];
    let rows = lattice.volume() / length;
    let mut forward = hop.displacement.clone();
    let mut backward: Vec<i64> = forward.iter().map(|r| -r).collect();
    (forward[0], backward[0]) = (forward[0].rem_euclid(length as i64), backward[0].rem_euclid(length as i64));
    if forward[0] > backward[0] {
        std::mem::swap(&mut forward, &mut backward);
    }
    let shift = forward[0] as usize;
    (forward[0], backward[0]) = (0, 0);
    let mut neighbours = Vec::new();
    neighbours
        .try_reserve_exact(rows)
        .map_err(|_| Error::BadShape(format!("hopping: expected memory for {rows} rows of neighbours, got none")))?;
    let start = |row: usize, displacement: &[i64]| lattice.shifted(row * length, displacement);
    neighbours.extend((0..rows).map(|row| [start(row, &forward), start(row, &backward)]));
    Ok(RowHop { strength: hop.strength, shift, neighbours })
}

#[inline]
fn add_pairs(sum: &mut [f64], plus: &[f64], minus: &[f64], h: f64) {
    for ((sum, plus), minus) in sum.iter_mut().zip(plus).zip(minus) {
        *sum += h * (plus + minus);
    }
}

#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a_blocks, a_rest) = a.as_chunks::<4>();
    let (b_blocks, b_rest) = b.as_chunks::<4>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * b;
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}
