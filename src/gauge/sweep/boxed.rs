//! Sweeps over links that lie in SIMD lanes: eight boxes of each slice of the lattice, one in each lane, so that the links of a
//! staple are read as they lie, with their lanes permuted where they are in the next box.
//!
//! ```text
//! links    [slice][place][μ][row][column][re, im]      each number a line of lanes
//! ```
//!
//! A field is turned into lanes once for several sweeps. Places are updated block by block, so that the second-level cache holds
//! the links around a block while all its own are updated, class by class. Classes are those of a lattice as large as a box: places
//! of a class share no loop with each other or with themselves in another lane. Blocks of a stage share no loop with each other,
//! and are shared out to the threads.

#![allow(clippy::needless_range_loop)]

use super::colours::colours;
use super::weights::Rows;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::observables::Loops;
use crate::gauge::paths::Step;
use crate::gauge::plaquettes::boxes::{Boxes, WIDTH};
use crate::group::wide::Wide;
use crate::group::{Group, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, launch, prefetch};
use std::ops::Range;

/// Most links in the staples of a link.
pub(super) const MOST_LINKS: usize = 128;
/// Places that are turned into lanes in each part of a thread's work.
const PART: usize = 32;
/// Most places of a block: with the links around them they take about a megabyte in SU(3).
const BLOCK: usize = 64;
/// Least number of blocks, where the lattice has as many places.
const BLOCKS: usize = 32;
/// The number of no row.
pub(super) const NONE: u32 = u32::MAX;

/// A place of a slice, counted through all slices, and the number of its rows of weights, or NONE.
pub(super) struct Entry {
    pub place: u32,
    pub rows: u32,
}

/// Links of one direction in a block that are updated side by side: a range of all entries.
pub(super) struct Piece {
    pub mu: usize,
    pub entries: Range<usize>,
}

/// A lattice in boxes, with the order of a sweep.
pub(super) struct Boxed {
    pub boxes: Boxes,
    pub slices: usize,
    pub entries: Vec<Entry>,
    /// Blocks one after the other, each with a piece of every class.
    pub pieces: Vec<Piece>,
    pub classes: usize,
    /// Ranges of blocks.
    pub stages: Vec<Range<usize>>,
    /// Rows of weights of the links in the lanes of a place.
    pub rows: Vec<[u32; WIDTH]>,
}

impl Boxed {
    /// The order of a sweep over all links; None where the lattice cannot be cut, or a loop holds two links of a place.
    pub fn new(lattice: &Lattice, terms: &[(f64, Loops)], rows: &Rows) -> Result<Option<Self>> {
        let Some(boxes) = Boxes::new(lattice)? else { return Ok(None) };
        let d = boxes.dimensions;
        let slices = lattice.extent()[d - 1];
        let links = |mu| terms.iter().flat_map(|(_, loops)| loops.staples(mu)).map(Vec::len).sum::<usize>();
        if (0..d).any(|mu| links(mu) > MOST_LINKS) || u32::try_from(boxes.places * slices).is_err() {
            return Ok(None);
        }
        let extent: Vec<usize> = boxes.local.iter().copied().chain([slices]).collect();
        let Ok(local) = Lattice::new(&extent) else { return Ok(None) };
        let neighbours = Neighbours::new(&local)?;
        let mut classes = vec![];
        for mu in 0..d {
            match colours(&local, &neighbours, terms, mu) {
                Ok(colours) => classes.push(colours),
                Err(Error::Unsupported(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let count = |colours: &Vec<u8>| 1 + usize::from(colours.iter().copied().max().unwrap_or(0));
        let number = classes.iter().map(count).sum();
        let (volume, block) = (local.volume(), block(&boxes.local, slices));
        let stage_of = stages(&local, &neighbours, terms, block)?;
        let (entries, pieces) = (
            memory::reserved("places in the order of a sweep", volume * d)?,
            memory::reserved("classes of blocks", volume / block * number)?,
        );
        let (stages, own) = (vec![], vec![]);
        let mut boxed = Self { boxes, slices, entries, pieces, classes: number, stages, rows: own };
        for stage in 0..stage_of.iter().fold(0, |most, &stage| most.max(usize::from(stage) + 1)) {
            let first = boxed.pieces.len() / number;
            for at in (0..stage_of.len()).filter(|&at| usize::from(stage_of[at]) == stage) {
                for (mu, colours) in classes.iter().enumerate() {
                    // Along μ first: a place shares links of its staples with the next one.
                    let stride = neighbours.next(0, mu).max(1);
                    let mut places: Vec<usize> = (block * at..block * (at + 1)).collect();
                    places.sort_by_key(|&place| {
                        let x = place / stride % extent[mu];
                        (place - x * stride, x)
                    });
                    for colour in 0..count(colours) {
                        let start = boxed.entries.len();
                        for &place in places.iter().filter(|&&place| usize::from(colours[place]) == colour) {
                            boxed.enter(place, mu, rows)?;
                        }
                        boxed.pieces.push(Piece { mu, entries: start..boxed.entries.len() });
                    }
                }
            }
            boxed.stages.push(first..boxed.pieces.len() / number);
        }
        Ok(Some(boxed))
    }

    /// Adds a place to a piece, unless its links are absent.
    fn enter(&mut self, place: usize, mu: usize, rows: &Rows) -> Result<()> {
        let d = self.boxes.dimensions;
        let links = self.boxes.links(1, place / self.boxes.places, place % self.boxes.places, mu);
        if rows.is_absent(links[0] / d, mu) {
            return Ok(());
        }
        let mut own = [NONE; WIDTH];
        for lane in 0..WIDTH {
            own[lane] = rows.of_link(links[lane] / d, mu).map_or(NONE, |row| row as u32);
        }
        let mut number = NONE;
        if own.iter().any(|&row| row != NONE) {
            number = self.rows.len() as u32;
            let unit = rows.unit() as u32;
            memory::push("weights of staples", &mut self.rows, own.map(|row| if row == NONE { unit } else { row }))?;
        }
        self.entries.push(Entry { place: place as u32, rows: number });
        Ok(())
    }

    /// Number of links that a sweep updates.
    pub fn count(&self) -> usize {
        self.entries.len() * WIDTH
    }

    /// Direction and sites of the links of each class of each stage, in the order of a sweep.
    #[cfg(test)]
    pub fn sites(&self) -> Vec<(usize, Vec<usize>)> {
        let (places, d, mut all) = (self.boxes.places, self.boxes.dimensions, vec![]);
        for stage in &self.stages {
            for class in 0..self.classes {
                let pieces = || stage.clone().map(|block| &self.pieces[block * self.classes + class]);
                let links = pieces().flat_map(|piece| {
                    self.entries[piece.entries.clone()].iter().flat_map(|entry| {
                        self.boxes.links(1, entry.place as usize / places, entry.place as usize % places, piece.mu)
                    })
                });
                all.push((pieces().next().unwrap().mu, links.map(|link| link / d).collect()));
            }
        }
        all
    }

    /// Memory for the links of a group.
    pub fn lines(&self, group: Group) -> Result<Lines> {
        Lines::new(self.slices * self.boxes.places * self.boxes.dimensions * group.reals())
    }

    /// Turns a field into lanes.
    pub fn read(&self, team: &Team, group: Group, field: &[f64], lines: &mut Lines) {
        self.turn(team, group, Direction::Read(field.as_ptr()), lines);
    }

    /// Writes links in lanes to a field.
    pub fn write(&self, team: &Team, group: Group, lines: &mut Lines, field: &mut [f64]) {
        self.turn(team, group, Direction::Write(field.as_mut_ptr()), lines);
    }

    fn turn(&self, team: &Team, group: Group, direction: Direction, lines: &mut Lines) {
        let (turn, count) = (Turn { boxed: self, direction, lines: lines.start() }, self.slices * self.boxes.places);
        team.share_count(count.div_ceil(PART), |part| {
            let places = PART * part..count.min(PART * (part + 1));
            with_colours!(group, turn_places(&turn, places));
        });
    }
}

/// Places of a block: some rows of a box, or planes of it.
fn block(local: &[usize], slices: usize) -> usize {
    let most = (local.iter().product::<usize>() * slices / BLOCKS).clamp(1, BLOCK);
    let mut block = 1;
    for &length in local {
        let part = (1..=length).rev().find(|&part| length.is_multiple_of(part) && block * part <= most);
        block *= part.unwrap_or(1);
        if part != Some(length) {
            break;
        }
    }
    block
}

/// The stage of each block of so many places: blocks that share a loop have different ones.
fn stages(local: &Lattice, neighbours: &Neighbours, terms: &[(f64, Loops)], block: usize) -> Result<Vec<u16>> {
    const NO_STAGE: u16 = u16::MAX;
    let mut stages = memory::filled("stages of a sweep", NO_STAGE, local.volume() / block)?;
    for at in 0..stages.len() {
        let mut used = vec![];
        for place in block * at..block * (at + 1) {
            for mu in 0..local.dimensions() {
                for path in terms.iter().flat_map(|(_, loops)| loops.staples(mu)) {
                    let mut end = neighbours.next(place, mu);
                    for &step in path {
                        let from = end;
                        end = step.end(neighbours, end);
                        let stage = stages[if matches!(step, Step::Backward(_)) { end } else { from } / block];
                        if stage != NO_STAGE && !used.contains(&stage) {
                            used.push(stage);
                        }
                    }
                }
            }
        }
        // A block has far fewer others around it than there are stages.
        stages[at] = (0..NO_STAGE).find(|stage| !used.contains(stage)).expect("a stage for each block");
    }
    Ok(stages)
}

/// Whether a field is turned into lanes or back.
enum Direction {
    Read(*const f64),
    Write(*mut f64),
}

struct Turn<'a> {
    boxed: &'a Boxed,
    direction: Direction,
    lines: *mut Line,
}

// SAFETY: threads read and write the links of different places.
unsafe impl Sync for Turn<'_> {}

fn turn_places<const N: usize>(turn: &Turn, places: Range<usize>) {
    // SAFETY: field and lines have all links of the lattice; the processor has the instruction set.
    unsafe { launch(Instructions::best(), TurnPlaces::<N> { turn, places }) };
}

struct TurnPlaces<'a, const N: usize> {
    turn: &'a Turn<'a>,
    places: Range<usize>,
}

impl<const N: usize> Launch<f64> for TurnPlaces<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let boxes = &self.turn.boxed.boxes;
        let (d, places) = (boxes.dimensions, boxes.places);
        let lines = self.turn.lines.cast::<Wide<L, N>>();
        let field = match self.turn.direction {
            Direction::Read(field) => field,
            Direction::Write(field) => field.cast_const(),
        };
        for place in self.places.clone() {
            let next = (place + 1) % (places * self.turn.boxed.slices);
            for at in boxes.links(2 * N * N, next / places, next % places, 0) {
                prefetch(field.wrapping_add(at), d * 2 * N * N);
            }
            for mu in 0..d {
                let at = boxes.links(2 * N * N, place / places, place % places, mu);
                // SAFETY: the caller's promise.
                unsafe {
                    let line = lines.add(place * d + mu);
                    match self.turn.direction {
                        Direction::Read(field) => line.write(Wide::load(field, &at)),
                        Direction::Write(field) => (*line).store(field, &at),
                    }
                }
            }
        }
    }
}
