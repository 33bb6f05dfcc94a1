//! Copies fields between a host's memory and the library's, tile by tile, on all threads of a context.
//!
//! A tile is small in all directions but time, so that it lies in few pages of both memories whichever direction the host
//! counts fastest. Its rows are taken into the first-level cache, checked there, and written past the caches. Places within
//! the host's memory need not be aligned.

use super::factors::{divide, multiply};
use super::places::for_each_site;
use super::{Fields, Layout};
use crate::context::{Precision, Team};
use crate::error::{Error, Result};
use crate::gauge::formats::LARGEST_DEVIATION;
use crate::gauge::{Complex64, farther_than};
use crate::lattice::{coordinates, index};
use crate::memory;
use crate::simd;
use std::cmp::Ordering;

/// Most sites of a tile in each direction.
const TILE: [usize; 4] = [16, 8, 8, 1];

/// Links of a row that are checked together, while as many of the next row are prefetched.
const PIECE: usize = 32;

/// A box of neighbouring sites.
struct Tile {
    corner: [usize; 4],
    extent: [usize; 4],
}

/// The sites of a row of a tile.
struct Row {
    x: [usize; 4],
    first: usize,
    length: usize,
}

/// An invalid number or link: the size of its violation, and the index of its first number in the field.
type Fault = (f64, usize);

/// A number in the host's precision.
trait Number: Copy {
    fn wide(self) -> f64;
    fn narrow(number: f64) -> Self;
}

impl Number for f64 {
    fn wide(self) -> f64 {
        self
    }

    fn narrow(number: f64) -> Self {
        number
    }
}

impl Number for f32 {
    fn wide(self) -> f64 {
        self.into()
    }

    fn narrow(number: f64) -> Self {
        number as f32
    }
}

/// Memory that threads read, or write to disjoint parts of.
#[derive(Clone, Copy)]
struct Shared<T>(T);

// SAFETY: threads use disjoint parts of a field.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: the same.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

/// Calls a method that is generic in the host's precision and in the count of numbers in a link.
macro_rules! with_numbers {
    ($layout:expr, $method:ident($($argument:expr),*)) => {
        match ($layout.precision, $layout.places.fields) {
            (Precision::F64, Fields::Real) => $layout.$method::<f64, 1>($($argument),*),
            (Precision::F64, Fields::U1) => $layout.$method::<f64, 2>($($argument),*),
            (Precision::F64, Fields::Su2) => $layout.$method::<f64, 8>($($argument),*),
            (Precision::F64, Fields::Su3) => $layout.$method::<f64, 18>($($argument),*),
            (Precision::F32, Fields::Real) => $layout.$method::<f32, 1>($($argument),*),
            (Precision::F32, Fields::U1) => $layout.$method::<f32, 2>($($argument),*),
            (Precision::F32, Fields::Su2) => $layout.$method::<f32, 8>($($argument),*),
            (Precision::F32, Fields::Su3) => $layout.$method::<f32, 18>($($argument),*),
        }
    };
}

impl Layout {
    /// Imports a field from the host's memory, and divides out the factors of its links.
    ///
    /// Errors: `BadInput` for numbers that are not finite and, unless the spec says otherwise, links that are not in their
    /// group; the worst one is named with its place. The content of `to` is then undefined.
    ///
    /// # Safety
    /// `bytes()` bytes can be read from each of the `bases()` pointers, and `numbers()` numbers written at `to`, elsewhere.
    pub unsafe fn import(&self, team: &Team, from: &[*mut u8], to: *mut f64) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { self.pass(team, from, Some(to)) }
    }

    /// The error that an import would return, without importing.
    ///
    /// # Safety
    /// `bytes()` bytes can be read from each of the `bases()` pointers.
    pub unsafe fn check(&self, team: &Team, from: &[*mut u8]) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { self.pass(team, from, None) }
    }

    /// Exports a field into the host's memory, with the factors that its links have there.
    ///
    /// Errors: `BadInput` for numbers that do not fit the host's precision; nothing is written then.
    ///
    /// # Safety
    /// `bytes()` bytes can be written from each of the `bases()` pointers, elsewhere than the field, which is finite.
    pub unsafe fn export(&self, team: &Team, field: &[f64], to: &[*mut u8]) -> Result<()> {
        if self.precision == Precision::F32 {
            self.expect_range(team, field)?;
        }
        let to = Shared(to);
        team.share_count(self.tiles(), |i| {
            // SAFETY: the caller's promise.
            unsafe { with_numbers!(self, put(&self.tile(i), field, to.get())) };
        });
        Ok(())
    }

    /// # Safety
    /// As for `import` or, without `to`, for `check`.
    unsafe fn pass(&self, team: &Team, from: &[*mut u8], to: Option<*mut f64>) -> Result<()> {
        let shared = Shared((from, to));
        let mut found = memory::filled("faults of tiles", None, self.tiles())?;
        team.share_chunks(&mut found, 1, |i, found| {
            let (from, to) = shared.get();
            // SAFETY: the caller's promise.
            found[0] = unsafe { with_numbers!(self, take(&self.tile(i), from, to)) };
        });
        found.into_iter().flatten().reduce(worse).map_or(Ok(()), |fault| Err(self.error(fault)))
    }

    /// Checks that all numbers are within the range of the host's precision.
    fn expect_range(&self, team: &Team, field: &[f64]) -> Result<()> {
        let mut found = memory::filled("faults of tiles", None, self.tiles())?;
        team.share_chunks(&mut found, 1, |i, found| {
            found[0] = with_numbers!(self, misfit(&self.tile(i), field));
        });
        let Some(k) = found.into_iter().flatten().min() else { return Ok(()) };
        let got = field[k];
        Err(Error::BadInput(format!("fields: expected numbers that the layout can hold, got {got:e} at index {k}")))
    }

    /// Tiles along each direction.
    fn counts(&self) -> [usize; 4] {
        let extent = self.extent();
        std::array::from_fn(|mu| extent[mu].div_ceil(TILE[mu]))
    }

    /// How many tiles there are.
    fn tiles(&self) -> usize {
        self.counts().iter().product()
    }

    fn tile(&self, i: usize) -> Tile {
        let (extent, place) = (self.extent(), coordinates(i, &self.counts()));
        let corner = std::array::from_fn(|mu| place[mu] * TILE[mu]);
        Tile { corner, extent: std::array::from_fn(|mu| TILE[mu].min(extent[mu] - corner[mu])) }
    }

    /// Extents, those of missing directions 1.
    fn extent(&self) -> [usize; 4] {
        std::array::from_fn(|mu| self.places.lattice.extent().get(mu).copied().unwrap_or(1))
    }

    /// The message for a faulty link or number.
    pub(super) fn error(&self, (distance, number): Fault) -> Error {
        let (reals, directions) = (self.places.within.len(), self.places.directions());
        let (site, mu) = (number / reals / directions, number / reals % directions);
        let x = self.places.lattice.coordinates(site);
        let (base, byte) = self.offset(site, mu, number % reals);
        let place = format!("base[{base}] + {byte} bytes");
        Error::BadInput(match self.places.fields.group() {
            Some(group) if self.verify => format!(
                "links: expected links within {LARGEST_DEVIATION:e} of {}, got one off by {distance:.3e} at site {x:?}, \
                 direction {mu} ({place})",
                group.name()
            ),
            Some(_) => format!("links: expected finite numbers, got another at site {x:?}, direction {mu} ({place})"),
            None => format!("fields: expected finite numbers, got another at site {x:?} ({place})"),
        })
    }

    /// The worst of some numbers or links, if it is invalid.
    pub(super) fn worst(&self, numbers: &[f64]) -> Option<Fault> {
        if let (true, Some(group)) = (self.verify, self.places.fields.group()) {
            let found = farther_than(LARGEST_DEVIATION, group, numbers);
            return found.map(|(distance, link)| (distance, link * group.reals()));
        }
        if are_finite(numbers) {
            return None;
        }
        numbers.iter().position(|x| !x.is_finite()).map(|k| (f64::NAN, k))
    }

    fn rows(&self, tile: &Tile) -> Vec<Row> {
        let (extent, mut rows) = (self.extent(), vec![]);
        for_each_site(&tile.extent[1..], |place| {
            let mut x = tile.corner;
            x[1..].iter_mut().zip(place).for_each(|(x, place)| *x += place);
            rows.push(Row { x, first: index(&x, &extent), length: tile.extent[0] });
        });
        rows
    }

    /// First numbers of the links of a row.
    fn starts(&self, row: &Row) -> &[usize] {
        let directions = self.places.directions();
        &self.places.starts[row.first * directions..][..row.length * directions]
    }

    /// Prefetch: the host's memory of a link of the next row.
    #[inline(always)]
    fn ask_for<T: Number, const R: usize>(&self, next: &[usize], i: usize, bases: &[*mut u8]) {
        if let Some(&start) = next.get(i) {
            let base = bases[self.places.base(i % self.places.directions())];
            simd::prefetch(base.cast::<T>().wrapping_add(start).cast(), (R * size_of::<T>()).div_ceil(8));
        }
    }

    /// Calls `visit` for all links of a row: their place in the row, base pointer, first number and factor.
    #[inline(always)]
    fn for_each_link(&self, row: &Row, mut visit: impl FnMut(usize, usize, usize, Option<Complex64>)) {
        let (directions, mut x) = (self.places.directions(), row.x);
        for (i, starts) in self.starts(row).chunks(directions).enumerate() {
            for (mu, &start) in starts.iter().enumerate() {
                let factor =
                    self.factors.as_ref().map(|factors| factors.at(&x[..self.places.lattice.dimensions()], mu));
                visit(i * directions + mu, self.places.base(mu), start, factor);
            }
            x[0] += 1;
        }
    }

    /// Places of the numbers of a link.
    fn places<const R: usize>(&self) -> [usize; R] {
        std::array::from_fn(|k| self.places.within[k])
    }

    /// # Safety
    /// As for `pass`.
    unsafe fn take<T: Number, const R: usize>(
        &self,
        tile: &Tile,
        from: &[*mut u8],
        to: Option<*mut f64>,
    ) -> Option<Fault> {
        let (places, own) = (self.places::<R>(), std::array::from_fn(|k| k));
        let (is_whole, each) = (places == own, R * self.places.directions());
        let (mut numbers, mut worst) = (vec![[0.0; R]; tile.extent[0] * each / R], None);
        let rows = self.rows(tile);
        for (i, row) in rows.iter().enumerate() {
            let next = rows.get(i + 1).map_or(&[][..], |row| self.starts(row));
            self.for_each_link(row, |i, base, start, factor| {
                let link = &mut numbers[i];
                // SAFETY: the caller's promise.
                unsafe {
                    let from = from[base].cast::<T>().add(start);
                    if is_whole {
                        (0..R).for_each(|k| link[k] = from.add(k).read_unaligned().wide());
                    } else {
                        (0..R).for_each(|k| link[k] = from.add(places[k]).read_unaligned().wide());
                    }
                }
                if let Some(factor) = factor {
                    divide(link, factor);
                }
            });
            let (numbers, first) = (numbers.as_flattened(), row.first * each);
            for (piece, links) in numbers.chunks(PIECE * R).enumerate() {
                let start = piece * PIECE;
                (start..start + PIECE).for_each(|i| self.ask_for::<T, R>(next, i, from));
                let fault = self.worst(links).map(|(distance, k)| (distance, first + start * R + k));
                worst = [worst, fault].into_iter().flatten().reduce(worse);
            }
            if let Some(to) = to {
                // SAFETY: the caller's promise.
                unsafe { simd::write_past_caches(numbers, to.add(first)) };
            }
        }
        worst
    }

    /// # Safety
    /// As for `export`.
    unsafe fn put<T: Number, const R: usize>(&self, tile: &Tile, field: &[f64], to: &[*mut u8]) {
        let (places, own) = (self.places::<R>(), std::array::from_fn(|k| k));
        let (is_whole, each) = (places == own, R * self.places.directions());
        let rows = self.rows(tile);
        for (i, row) in rows.iter().enumerate() {
            let (numbers, next) = (&field[row.first * each..], rows.get(i + 1).map_or(&[][..], |row| self.starts(row)));
            self.for_each_link(row, |i, base, start, factor| {
                self.ask_for::<T, R>(next, i, to);
                let link = link_of::<R>(numbers, i, factor);
                // SAFETY: the caller's promise.
                unsafe {
                    let to = to[base].cast::<T>().add(start);
                    if is_whole {
                        to.cast::<[T; R]>().write_unaligned(link.map(T::narrow));
                    } else {
                        (0..R).for_each(|k| to.add(places[k]).write_unaligned(T::narrow(link[k])));
                    }
                }
            });
        }
    }

    /// The first number of a tile that the host's memory cannot hold.
    fn misfit<T: Number, const R: usize>(&self, tile: &Tile, field: &[f64]) -> Option<usize> {
        let (each, mut found) = (R * self.places.directions(), None);
        for row in self.rows(tile) {
            let numbers = &field[row.first * each..];
            self.for_each_link(&row, |i, _, _, factor| {
                let link = link_of::<R>(numbers, i, factor).map(|x| T::narrow(x).wide());
                if !are_finite(&link) && found.is_none() {
                    found = link.iter().position(|x| !x.is_finite()).map(|k| row.first * each + i * R + k);
                }
            });
        }
        found
    }
}

/// True where all numbers are finite: 0 x is zero only then; eight sums of 0 x are taken side by side.
#[inline(always)]
fn are_finite(numbers: &[f64]) -> bool {
    let (mut sums, pieces) = ([0.0; 8], numbers.chunks_exact(8));
    let rest: f64 = pieces.remainder().iter().map(|x| 0.0 * x).sum();
    for piece in pieces {
        (0..8).for_each(|k| sums[k] += 0.0 * piece[k]);
    }
    sums.iter().sum::<f64>() + rest == 0.0
}

/// The worse of two faults, NaN worst; the first of equal ones.
fn worse(a: Fault, b: Fault) -> Fault {
    let size = |fault: Fault| if fault.0.is_nan() { f64::INFINITY } else { fault.0 };
    match size(b).total_cmp(&size(a)) {
        Ordering::Greater => b,
        Ordering::Equal if b.1 < a.1 => b,
        _ => a,
    }
}

/// Link i of some, times its factor, as the host stores it.
#[inline(always)]
fn link_of<const R: usize>(numbers: &[f64], i: usize, factor: Option<Complex64>) -> [f64; R] {
    let mut link = std::array::from_fn(|k| numbers[i * R + k]);
    if let Some(factor) = factor {
        multiply(&mut link, factor);
    }
    link
}
