//! A hopping term between sites, whatever its kernel: half-fields, threads, what it is taken with.

use super::clover::Product;
use super::field::Field;
use super::grid::{Grid, Hop};
use super::hopping::{Side, Terms};
use super::site::Clover;
use crate::context::Context;
use crate::error::Result;
use crate::simd::{Instructions, Line, Native};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Outer sites of a parity that a thread takes at once.
const SITES: usize = 16;

/// Fields that go through the lattice together: each link comes from memory once for all of them, and what they need again
/// a slice later is still in a cache.
const FIELDS: usize = 4;

/// Lines of results that caches hold no longer; few enough in tests that they meet both cases.
const LARGE: usize = if cfg!(test) { 1 << 10 } else { 1 << 17 };

/// Lines of results of which the caches do not hold what they are made of.
const FAR: usize = LARGE / 2;

/// A hopping term in lanes of a precision.
pub(crate) struct HoppingTerm<T> {
    pub grid: Arc<Grid>,
    pub context: Arc<Context>,
    pub instructions: Instructions,
    /// Hops of each outer site.
    pub hops: Arc<Vec<Hop>>,
    pub links: Field<T>,
    /// What links of fewer numbers are completed with.
    pub factors: Field<T>,
    /// Lines of a spinor.
    pub spinor: usize,
    /// The kernel for some outer sites of fields, all with the same side.
    pub kernel: fn(&Self, &[Job<T>], Range<usize>),
}

/// A result = centre + hopping on some sites.
///
/// Fields are given as if they began at outer site 0.
pub(crate) struct Job<'a, T> {
    pub from: *const Line,
    pub to: *mut Line,
    pub terms: Terms<T>,
    pub side: Side,
    /// Whether results go past the caches.
    pub streams: bool,
    /// Whether what is read comes from memory.
    pub is_far: bool,
    /// What is put into the result before.
    product: Option<Product<'a>>,
}

// SAFETY: threads write different sites of `to` and read the rest.
unsafe impl<T: Sync> Sync for Job<'_, T> {}

/// A field to be read, the one that becomes the result, and what it is taken with.
pub(crate) struct Task<'a, T> {
    pub from: &'a Field<T>,
    pub with: With<'a, T>,
    pub to: &'a mut Field<T>,
}

/// Numbers and field that a hopping term is taken with.
pub(crate) struct With<'a, T> {
    pub hopping: f64,
    pub diagonal: f64,
    pub twist: f64,
    pub centre: Centre<'a, T>,
}

impl<T> With<'_, T> {
    /// The hopping term alone.
    pub fn hopping() -> Self {
        With { hopping: 1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None }
    }
}

/// The field of the site-diagonal terms.
pub(crate) enum Centre<'a, T> {
    None,
    Field(&'a Field<T>),
    /// A clover term's product with a field.
    Clover(&'a Clover<T>, &'a Field<T>),
}

/// Which sites a half-field holds, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Even,
    Odd,
}

impl<T: Native> HoppingTerm<T> {
    /// Outer sites of a part.
    pub fn sites(&self, part: Part) -> Range<usize> {
        match part {
            Part::All => 0..self.grid.sites,
            Part::Even => 0..self.grid.even,
            Part::Odd => self.grid.even..self.grid.sites,
        }
    }

    /// A field of zeros on a part.
    pub fn zeros(&self, part: Part) -> Result<Field<T>> {
        Field::zeros(self.sites(part).len() * self.spinor)
    }

    /// to = hopping H from + (diagonal + i twist g_5) centre on the part where `to` and `centre` live; `from` lives on the
    /// other one, or on all. The centre may be left out.
    pub fn hop(&self, at: (Side, Part), from: &Field<T>, with: With<T>, to: &mut Field<T>) {
        self.hop_many(at, vec![Task { from, with, to }]);
    }

    /// The same for several fields, which share each load of a link from memory.
    pub fn hop_many(&self, (side, part): (Side, Part), tasks: Vec<Task<T>>) {
        let mut jobs: Vec<Job<T>> = tasks.into_iter().map(|task| self.job((side, part), task)).collect();
        let (sites, even) = (self.sites(part), self.grid.even);
        let lines = jobs.len() * sites.len() * self.spinor;
        for job in &mut jobs {
            // What a product was just put into is in a cache.
            job.streams = lines >= LARGE && job.product.is_none();
            job.is_far = lines >= FAR;
        }
        for jobs in jobs.chunks(FIELDS) {
            let run = |sites: Range<usize>| {
                for product in jobs.iter().filter_map(|job| job.product) {
                    product.run::<T>(self.instructions, sites.clone());
                }
                (self.kernel)(self, jobs, sites);
            };
            if part == Part::All && self.grid.is_bipartite() {
                // Even and odd sites of a place in turn: both need the same links.
                self.context.share(even.div_ceil(SITES), |_, i| {
                    let (first, last) = (i * SITES, even.min((i + 1) * SITES));
                    run(first..last);
                    run(even + first..even + last);
                });
            } else {
                self.context.share(sites.len().div_ceil(SITES), |_, i| {
                    let first = sites.start + i * SITES;
                    run(first..sites.end.min(first + SITES));
                });
            }
        }
    }

    fn job<'a>(&self, (side, part): (Side, Part), task: Task<'a, T>) -> Job<'a, T> {
        let Task { from, with, to } = task;
        let source = match part {
            Part::All => Part::All,
            Part::Even => Part::Odd,
            Part::Odd => Part::Even,
        };
        let expect = |field: &Field<T>, part| assert_eq!(field.lines().len(), self.sites(part).len() * self.spinor);
        let start = |field: &Field<T>, part| {
            expect(field, part);
            field.lines().as_ptr().wrapping_sub(self.sites(part).start * self.spinor)
        };
        expect(to, part);
        let twist = if side == Side::Plain { with.twist } else { -with.twist };
        let result = to.lines_mut().as_mut_ptr().wrapping_sub(self.sites(part).start * self.spinor);
        let (centre, product) = match with.centre {
            Centre::None => (None, None),
            Centre::Field(field) => (Some(start(field, part)), None),
            Centre::Clover(clover, field) => {
                (Some(result.cast_const()), Some(clover.product(side, start(field, part), result)))
            }
        };
        let number = T::from_f64;
        let terms =
            Terms { hopping: number(with.hopping), diagonal: number(with.diagonal), twist: number(twist), centre };
        Job { from: start(from, source), to: result, terms, side, streams: false, is_far: false, product }
    }

    /// field <- (diagonal + i twist g_5) field.
    pub fn diagonal(&self, field: &mut Field<T>, diagonal: f64, twist: f64) {
        let (width, half, (a, t)) = (T::WIDTH, self.spinor / 2, (T::from_f64(diagonal), twist));
        let parts: Vec<_> = field.numbers_mut().chunks_mut(SITES * self.spinor * width).map(Mutex::new).collect();
        self.context.share(parts.len(), |_, i| {
            let Ok(mut part) = parts[i].lock() else { return };
            for spinor in part.chunks_exact_mut(self.spinor * width) {
                for (i, pair) in spinor.chunks_exact_mut(2 * width).enumerate() {
                    let (re, im) = pair.split_at_mut(width);
                    let t = if 2 * i < half { t } else { -t };
                    let (t, minus) = (T::from_f64(t), T::from_f64(-t));
                    for (x, y) in re.iter_mut().zip(im) {
                        let (u, v) = (*x, *y);
                        let zero = T::from_f64(0.0);
                        (*x, *y) = (u.mul_add(a, v.mul_add(minus, zero)), v.mul_add(a, u.mul_add(t, zero)));
                    }
                }
            }
        });
    }
}
