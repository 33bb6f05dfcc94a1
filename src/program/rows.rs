//! Rows of stencils: sequences of output sites whose taps overlap.
//!
//! A stencil has rows where its taps come in threes (left, middle, right) and each output site has a next one that reads
//! in the middle what the first reads on the right, in every triple. Convolutions of width 3 on periodic lattices are
//! such, also when read backwards; known displacements tell them at once. Rows are cut into tiles of four results, each from windows of six inputs.

use super::displacements::Scale;
use super::stencil::{NONE, Stencil};
use crate::lattice::{coordinates, index};
use std::collections::{HashMap, VecDeque};

/// Results of a tile.
pub(super) const RESULTS: usize = 4;
/// What a transform of a window or a tile costs in multiply-adds.
const TRANSFORM: usize = 50;
/// Inputs of a window, and products that make the results of a tile.
pub(super) const PRODUCTS: usize = 6;

/// Most tiles that are computed at once: the windows of all of them are in slots at the same time.
pub(super) const TOGETHER: usize = 3;
/// Lines that the slots of all channels should not exceed: more than half a first-level cache.
const CACHED: usize = 448;

/// A stencil's rows, cut into tiles, with a schedule by which windows are transformed into few slots of memory.
#[derive(Debug)]
pub(super) struct Rows {
    /// Output sites of each tile; [`NONE`] beyond the end of a row.
    pub tiles: Vec<[u32; RESULTS]>,
    /// Input sites of each window, in the order in which the tiles need them, and the slot that it goes to.
    pub windows: Vec<([u32; PRODUCTS], u32)>,
    /// Number of windows that must be transformed before each tile, counted from the start.
    pub due: Vec<usize>,
    /// The slot that a tile reads for each triple of taps: `[triple][tile]`.
    pub sources: Vec<u32>,
    /// Total number of slots.
    pub slots: usize,
}

impl Rows {
    /// The rows of a stencil, if it has any, scheduled for a convolution with this many input channels.
    pub fn find(stencil: &Stencil, inputs: usize) -> Option<Self> {
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
        let triples = stencil.taps() / 3;
        let (mut windows, mut known) = (vec![], HashMap::new());
        let mut reads: Vec<Vec<usize>> = starts
            .iter()
            .map(|sites| {
                let window = |triple: usize| {
                    let read = |i: usize, k: usize| stencil.row(sites[i])[3 * triple + k];
                    [read(0, 0), read(0, 1), read(0, 2), read(1, 2), read(2, 2), read(3, 2)]
                };
                let mut name = |window| {
                    *known.entry(window).or_insert_with(|| {
                        windows.push(window);
                        windows.len() - 1
                    })
                };
                (0..triples).map(|triple| name(window(triple))).collect()
            })
            .collect();
        let order = columns(&reads);
        tiles = order.iter().map(|&t| tiles[t]).collect();
        reads = order.iter().map(|&t| std::mem::take(&mut reads[t])).collect();
        Some(Self::schedule(tiles, &windows, &reads, CACHED / (PRODUCTS * inputs)))
    }

    /// Gives each window a slot when a tile needs it: a slot whose window is needed no more, else a new one, else, where
    /// all are taken, that of the window whose next use is farthest (L. Belady, IBM Systems Journal 5 (1966) 78),
    /// which is then transformed once more. There are more slots than `most` only where [`TOGETHER`] tiles read more.
    fn schedule(tiles: Vec<[u32; RESULTS]>, sites: &[[u32; PRODUCTS]], reads: &[Vec<usize>], most: usize) -> Self {
        let mut uses: Vec<VecDeque<usize>> = vec![VecDeque::new(); sites.len()];
        for (tile, windows) in reads.iter().enumerate() {
            windows.iter().for_each(|&window| uses[window].push_back(tile));
        }
        let triples = reads.first().map_or(0, Vec::len);
        let (mut windows, mut due, mut sources) = (vec![], vec![], vec![0; triples * tiles.len()]);
        let mut place: Vec<Option<usize>> = vec![None; sites.len()];
        // For each slot its window and the last tile that reads it so far.
        let mut slots: Vec<(usize, usize)> = vec![];
        for (tile, needed) in reads.iter().enumerate() {
            for (triple, &window) in needed.iter().enumerate() {
                let slot = place[window].unwrap_or_else(|| {
                    let next = |slot: &usize| uses[slots[*slot].0].front().copied().unwrap_or(usize::MAX);
                    let idle = (0..slots.len()).filter(|&slot| slots[slot].1 + TOGETHER <= tile && next(&slot) > tile);
                    let last = idle.max_by_key(|slot| next(slot));
                    let slot = match last.filter(|slot| slots.len() >= most || next(slot) == usize::MAX) {
                        Some(slot) => slot,
                        None => {
                            slots.push((window, tile));
                            slots.len() - 1
                        }
                    };
                    place[std::mem::replace(&mut slots[slot].0, window)] = None;
                    windows.push((sites[window], slot as u32));
                    slot
                });
                place[window] = Some(slot);
                slots[slot].1 = tile;
                uses[window].pop_front();
                sources[triple * tiles.len() + tile] = slot as u32;
            }
            due.push(windows.len());
        }
        Self { tiles, windows, due, sources, slots: slots.len() }
    }

    /// True where `count` tiles from `first` have three triples and each reads the windows of the one before it, the
    /// first left out, and one more.
    #[inline(always)]
    pub fn follow(&self, first: usize, count: usize) -> bool {
        let tiles = self.tiles.len();
        let shared =
            |tile: usize, row: usize| self.sources[row * tiles + tile] == self.sources[(row - 1) * tiles + tile + 1];
        self.sources.len() == 3 * tiles && (first..first + count - 1).all(|tile| shared(tile, 1) && shared(tile, 2))
    }

    /// False where the short algorithm cannot pay whatever the rows are: with rows of any length divisible by four it
    /// takes half the multiply-adds, and a quarter as many tiles and windows as there are sites.
    pub fn could_pay(sites: usize, taps: usize, inputs: usize, outputs: usize) -> bool {
        taps.is_multiple_of(3) && TRANSFORM * (inputs + outputs) < 2 * taps * inputs * outputs && sites >= RESULTS
    }

    /// Cost of a convolution along rows, in multiply-adds. A transform of a window or a tile was measured to take
    /// as long as 50 of them.
    pub fn cost(&self, taps: usize, inputs: usize, outputs: usize) -> usize {
        let products = self.tiles.len() * PRODUCTS * taps / 3 * inputs * outputs;
        products + TRANSFORM * (self.windows.len() * inputs + self.tiles.len() * outputs)
    }
}

/// The order of tiles in which one follows another that it shares most windows with: along the second direction.
fn columns(reads: &[Vec<usize>]) -> Vec<usize> {
    let mut by_start = HashMap::new();
    for (tile, windows) in reads.iter().enumerate() {
        by_start.entry(&windows[..windows.len() - 1]).or_insert(tile);
    }
    let (mut order, mut seen) = (vec![], vec![false; reads.len()]);
    for first in 0..reads.len() {
        let mut at = Some(first);
        while let Some(tile) = at.filter(|&tile| !std::mem::replace(&mut seen[tile], true)) {
            order.push(tile);
            at = by_start.get(&reads[tile][1..]).copied();
        }
    }
    order
}

/// For each output site the next in its row; None unless all have one. On a torus rows run along the common difference of
/// the displacements in a triple; elsewhere they are found in the table.
fn successors(stencil: &Stencil) -> Option<Vec<usize>> {
    if let Some(torus) = stencil.displacements().filter(|torus| torus.scale() == Scale::Same) {
        let (step, extents) = (torus.step_of_triples()?, torus.outputs());
        let along = |site| {
            let x = coordinates(site, &extents).into_iter().zip(&step).zip(&extents);
            index(&x.map(|((x, d), length)| (x + d) % length).collect::<Vec<_>>(), &extents)
        };
        return Some((0..stencil.outputs()).map(along).collect());
    }
    let pairs = |site: usize, first: usize| -> Option<Vec<u32>> {
        let triples = stencil.row(site).chunks(3);
        triples.flat_map(|t| [t[first], t[first + 1]]).map(|s| (s != NONE).then_some(s)).collect()
    };
    // No tap reads a site twice (`Stencil::new`), so that each site has its own start and its own successor.
    let by_start: Option<HashMap<_, _>> =
        (0..stencil.outputs()).map(|site| pairs(site, 0).map(|start| (start, site))).collect();
    let by_start = by_start?;
    (0..stencil.outputs()).map(|site| by_start.get(&pairs(site, 1)?).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    /// Replays the schedule with `together` tiles at a time: the slots must hold the windows that the tiles read.
    fn follow(stencil: &Stencil, rows: &Rows, together: usize) {
        let mut met = vec![0; stencil.outputs()];
        let mut slots = vec![[NONE; PRODUCTS]; rows.slots];
        let (mut ready, count) = (0, rows.tiles.len());
        for first in (0..count).step_by(together) {
            let tiles = first..count.min(first + together);
            let due = rows.due[tiles.end - 1];
            rows.windows[ready..due].iter().for_each(|&(window, slot)| slots[slot as usize] = window);
            ready = due;
            for t in tiles {
                for (i, &site) in rows.tiles[t].iter().enumerate().filter(|(_, site)| **site != NONE) {
                    met[site as usize] += 1;
                    for (k, &read) in stencil.row(site as usize).iter().enumerate() {
                        let slot = rows.sources[k / 3 * count + t];
                        assert_eq!(slots[slot as usize][i + k % 3], read);
                    }
                }
            }
        }
        assert!(met.iter().all(|&m| m == 1));
        assert_eq!(ready, rows.windows.len());
    }

    #[test]
    fn each_result_reads_its_taps_in_a_slot() {
        for extents in [&[8, 8][..], &[6, 4], &[5, 3], &[16, 16], &[10, 2, 4], &[4, 2, 2, 4], &[12]] {
            let stencil = Stencil::of_lattice(extents, 3);
            for stencil in [&stencil, &stencil.transposed().unwrap()] {
                for inputs in [1, 8, 16, 1000] {
                    let rows = Rows::find(stencil, inputs).unwrap();
                    (1..=TOGETHER).for_each(|together| follow(stencil, &rows, together));
                    assert!(rows.windows.len() >= rows.tiles.len() && rows.slots <= rows.tiles.len());
                }
            }
        }
    }

    #[test]
    fn few_slots_serve_a_large_plane_and_tiles_follow_each_other() {
        let rows = Rows::find(&Stencil::of_lattice(&[16, 16], 3), 16).unwrap();
        // Where one column ends and the next begins the tiles of a group read seven windows.
        assert_eq!((rows.slots, rows.windows.len()), (7, 66));
        assert!((0..16 - TOGETHER).all(|tile| rows.follow(tile, TOGETHER)));
        let rows = Rows::find(&Stencil::of_lattice(&[8, 8], 3), 8).unwrap();
        assert_eq!((rows.slots <= CACHED / 48, rows.windows.len()), (true, 16));
    }

    #[test]
    fn displacements_give_the_rows_of_the_table() {
        let lattice = Lattice::new(&[6, 4, 2]).unwrap();
        let along = |d: [i64; 3]| [[0; 3], d, d.map(|d| 2 * d), [1, 2, 1], [1, 2, 1], [1, 2, 1]].map(Vec::from);
        let rows_of = |taps: &[Vec<i64>]| {
            let known = Stencil::on_torus(&lattice, taps).unwrap();
            let table = (0..48).flat_map(|site| known.row(site).to_vec()).collect();
            let plain = Stencil::new(48, taps.len(), table).unwrap();
            assert_eq!(successors(&known), successors(&plain), "{taps:?}");
            successors(&known).is_some()
        };
        assert!(rows_of(&along([1, 0, 0])[..3]) && rows_of(&along([-1, 2, 1])[..3]) && rows_of(&along([0; 3])));
        assert!(!rows_of(&along([1, 0, 0])) && !rows_of(&[vec![0; 3], vec![1, 0, 0], vec![3, 0, 0]]));
    }

    #[test]
    fn other_stencils_have_no_rows() {
        assert!(Rows::find(&Stencil::of_lattice(&[8, 8], 5), 1).is_none());
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let all: Vec<usize> = (0..16).collect();
        let even: Vec<usize> = all.iter().copied().filter(|&s| lattice.parity(s) == 0).collect();
        assert!(Rows::find(&Stencil::cube(&lattice, 3, &even, &all).unwrap(), 1).is_none());
        assert!(Rows::find(&Stencil::cube(&lattice, 3, &all, &even).unwrap(), 1).is_none());
    }
}
