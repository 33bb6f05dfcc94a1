//! Rows in stencils: where output sites follow each other so that their taps overlap.
//!
//! A stencil has rows where its taps come in threes (left, middle, right) and each output site has a next one that reads
//! in the middle what the first reads on the right, in every triple. Convolutions of width 3 on periodic lattices are
//! such, also when read backwards. Rows are cut into tiles of four results, each from windows of six inputs.

use super::stencil::{NONE, Stencil};
use std::collections::HashMap;

/// Results of a tile.
pub(super) const RESULTS: usize = 4;
/// What a transform of a window or a tile costs in multiply-adds.
const TRANSFORM: usize = 50;
/// Inputs of a window, and products that make the results of a tile.
pub(super) const PRODUCTS: usize = 6;

/// A stencil's rows, cut into tiles.
#[derive(Debug)]
pub(super) struct Rows {
    /// Output sites of each tile; [`NONE`] beyond the end of a row.
    pub tiles: Vec<[u32; RESULTS]>,
    /// Input sites of each window, in the order in which the tiles need them.
    pub windows: Vec<[u32; PRODUCTS]>,
    /// How many windows each tile and those before it read.
    pub due: Vec<usize>,
    /// The window that a tile reads for each triple of taps: `[triple][tile]`.
    pub sources: Vec<u32>,
}

impl Rows {
    /// The rows of a stencil, if it has such.
    pub fn find(stencil: &Stencil) -> Option<Self> {
        if !stencil.taps().is_multiple_of(3) {
            return None;
        }
        let next = successors(stencil)?;
        let mut tiles = vec![];
        let mut starts: Vec<[usize; RESULTS]> = vec![];
        let mut seen = vec![false; next.len()];
        for first in 0..next.len() {
            let mut site = first;
            while !seen[site] {
                let mut tile = [NONE; RESULTS];
                let mut sites = [0; RESULTS];
                for i in 0..RESULTS {
                    sites[i] = site;
                    if !seen[site] {
                        tile[i] = site as u32;
                        seen[site] = true;
                    }
                    site = next[site];
                }
                tiles.push(tile);
                starts.push(sites);
            }
        }
        let (mut windows, mut known, mut due) = (vec![], HashMap::new(), vec![]);
        let triples = stencil.taps() / 3;
        let mut sources = vec![0; triples * tiles.len()];
        for (tile, sites) in starts.iter().enumerate() {
            for triple in 0..triples {
                let read = |i: usize, k: usize| stencil.row(sites[i])[3 * triple + k];
                let window = [read(0, 0), read(0, 1), read(0, 2), read(1, 2), read(2, 2), read(3, 2)];
                sources[triple * tiles.len() + tile] = *known.entry(window).or_insert_with(|| {
                    windows.push(window);
                    windows.len() as u32 - 1
                });
            }
            due.push(windows.len());
        }
        Some(Self { tiles, windows, due, sources })
    }

    /// False where the short algorithm cannot pay whatever the rows are: with rows of any length divisible by four it
    /// takes half the multiply-adds, and a quarter as many tiles and windows as there are sites.
    pub fn could_pay(sites: usize, taps: usize, inputs: usize, outputs: usize) -> bool {
        taps.is_multiple_of(3) && TRANSFORM * (inputs + outputs) < 2 * taps * inputs * outputs && sites >= RESULTS
    }

    /// True where the short algorithm takes less time than the sum. A transform of a window or a tile was measured to
    /// take as long as 50 multiply-adds.
    pub fn pays(&self, sites: usize, taps: usize, inputs: usize, outputs: usize) -> bool {
        let products = self.tiles.len() * PRODUCTS * taps / 3 * inputs * outputs;
        let transforms = TRANSFORM * (self.windows.len() * inputs + self.tiles.len() * outputs);
        products + transforms < sites * taps * inputs * outputs
    }
}

/// For each output site the next in its row; nothing unless all have one.
fn successors(stencil: &Stencil) -> Option<Vec<usize>> {
    let pairs = |site: usize, first: usize| -> Option<Vec<u32>> {
        let triples = stencil.row(site).chunks(3);
        triples.flat_map(|t| [t[first], t[first + 1]]).map(|s| (s != NONE).then_some(s)).collect()
    };
    let mut by_start = HashMap::new();
    for site in 0..stencil.outputs() {
        if by_start.insert(pairs(site, 0)?, site).is_some() {
            return None;
        }
    }
    let next: Option<Vec<usize>> = (0..stencil.outputs()).map(|site| by_start.get(&pairs(site, 1)?).copied()).collect();
    // Two sites with one successor would make a row without a beginning.
    let mut reached = vec![false; stencil.outputs()];
    next.filter(|next| next.iter().all(|&site| !std::mem::replace(&mut reached[site], true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    fn cube(extents: &[usize], kernel: usize) -> Stencil {
        let lattice = Lattice::new(extents).unwrap();
        let all: Vec<usize> = (0..lattice.volume()).collect();
        Stencil::cube(&lattice, kernel, &all, &all).unwrap()
    }

    #[test]
    fn each_result_reads_its_taps_in_a_window() {
        for extents in [&[8, 8][..], &[6, 4], &[5, 3], &[10, 2, 4]] {
            let stencil = cube(extents, 3);
            for stencil in [&stencil, &stencil.transposed()] {
                let rows = Rows::find(stencil).unwrap();
                let mut met = vec![0; stencil.outputs()];
                for (t, tile) in rows.tiles.iter().enumerate() {
                    for (i, &site) in tile.iter().enumerate().filter(|(_, site)| **site != NONE) {
                        met[site as usize] += 1;
                        for (k, &read) in stencil.row(site as usize).iter().enumerate() {
                            let window = rows.sources[k / 3 * rows.tiles.len() + t];
                            assert_eq!(rows.windows[window as usize][i + k % 3], read, "{extents:?}");
                        }
                    }
                }
                assert!(met.iter().all(|&m| m == 1));
                assert_eq!(rows.windows.len(), rows.tiles.len());
            }
        }
    }

    #[test]
    fn other_stencils_have_no_rows() {
        assert!(Rows::find(&cube(&[8, 8], 5)).is_none());
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let all: Vec<usize> = (0..16).collect();
        let even: Vec<usize> = all.iter().copied().filter(|&s| lattice.parity(s) == 0).collect();
        assert!(Rows::find(&Stencil::cube(&lattice, 3, &even, &all).unwrap()).is_none());
        assert!(Rows::find(&Stencil::cube(&lattice, 3, &all, &even).unwrap()).is_none());
    }
}
